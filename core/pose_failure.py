"""How likely it is that the extractor's pose is wrong: a logistic regression on what a failing estimate looks like.

A pose estimate fails where joints are hidden or out of the picture, where the body lies or hangs upside down, and it is seen to fail where
it moves while the picture under it does not. What a body does wrong must not look like that: steps count only as far as the optical flow
explains the picture, and nothing here asks whether a pose is possible. Fitted by tools/fit_pose_failure.py on rendered films, whose truth
is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.skeletons import OPENPOSE_BODY
from core.track import HumanTrack
from core.tracks.hinges import body_axes
from core.tracks.joints import JOINTS, JointMotion, half_window, joint_motion, running_median, running_quantile
from core.tracks.sides import sides

if TYPE_CHECKING:  # they need OpenCV and PyAV, this does not
    from core.tracks.flips import FlipTracks
    from core.tracks.pixels.measure import PixelTracks

BUNDLED = Path(__file__).resolve().parent.parent / "resources" / "pose_failure.json"
# What a joint tells, and what the whole frame tells, about a pose; the second of each pair needs pictures. Meanings: `pose_features`.
JOINT_FEATURES, JOINT_PICTURES = ("doubt", "hidden", "in_front", "outside"), ("off_flow", "off_flow_around")
FRAME_FEATURES = ("mean_doubt", "mean_hidden", "mean_in_front", "mean_outside", "tilt", "facing", "mismatch", "size")
FRAME_PICTURES = ("mean_off_flow", "mean_off_flow_around", "exchanged", "blur", "flow")
# With and without pictures.
KINDS, MIRROR = ("pictures", "alone"), "mirror"
# What the mirrored picture adds where it was looked at, to the log odds of what is known without it: of a frame, and of a joint.
FRAME_MIRROR = ("before", "flip", "flip_third", "flip_space")
JOINT_MIRROR = (*FRAME_MIRROR, "own_flip", "own_flip_space")
_KEYPOINT = [OPENPOSE_BODY.index(name) for name in JOINTS]
_P = {name: index for index, name in enumerate(JOINTS)}
_LIMBS = tuple(
    (f"{side}_{upper}", f"{side}_{lower}")
    for side in ("left", "right")
    for upper, lower in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
)
_TRUNK = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
# Body heights: half the thickness of a limb and of the trunk, a clear difference in depth, a clear way out of the picture.
_LIMB_HALF, _TRUNK_HALF, _DEPTH, _OUT = 0.05, 0.1, 0.05, 0.05
_FAINT = 0.004  # body heights: steps and gaps below it are noise
_AROUND = 0.15  # seconds
_SIDES_AROUND = 3  # frames
_MOST_EXCHANGED = 0.1  # body heights
_LEFT_OVER = 2.0  # grey levels that the flow leaves unexplained of any picture
_LOG_BLUR = 1.0


@dataclass(frozen=True, eq=False)
class PoseFailure:
    """Probability, 0..1, that the extractor is wrong; NaN where it saw nobody, and for an extractor whose failures are not known.

    frame  float32 [T]     about the pose as a whole
    joint  float32 [T, J]  about each of `joints.JOINTS`
    lost   bool [T]        so likely that the pose counts as lost; nowhere without pictures, which are needed to be so sure
    """

    frame: np.ndarray
    joint: np.ndarray
    lost: np.ndarray


@dataclass(frozen=True)
class Regression:
    """Logistic regression on standardised features, each held within the range [low, high] that the films it was fitted on span."""

    features: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray
    bias: float

    def probability(self, features: Mapping[str, np.ndarray]) -> np.ndarray:
        """float64, of the features' common shape; a feature that is unknown (NaN) counts as the mean. Raises KeyError for one missing."""
        score: np.ndarray = np.asarray(self.bias, np.float64)
        for place, name in enumerate(self.features):
            held = np.clip(np.asarray(features[name], np.float64), self.low[place], self.high[place])
            score = score + self.weight[place] * np.nan_to_num((held - self.mean[place]) / self.deviation[place])
        return np.asarray(1 / (1 + np.exp(-score)))


@dataclass(frozen=True)
class PoseFailureModel:
    """For one extractor. frame and joint: kind of KINDS, or MIRROR -> regression; lost: the same -> probability from which on a pose counts
    as lost, None where no probability tells it often enough.
    """

    extractor: str
    frame: Mapping[str, Regression]
    joint: Mapping[str, Regression]
    lost: Mapping[str, float | None]


def has_model(track: HumanTrack) -> bool:
    """Whether it is known how the extractor of this track fails."""
    return track.extractor.name == bundled_model().extractor


def pose_failure(track: HumanTrack, pixels: PixelTracks | None, flips: FlipTracks | None = None) -> PoseFailure:
    """pixels: what the pictures of the same frames tell; None where there are none, which tells much less. flips: what was found in the
    mirrored pictures of some of the frames."""
    model, seen, total = bundled_model(), track.seen(), len(track)
    if not has_model(track) or total < 2:
        unknown = np.full((total, len(JOINTS)), np.nan, np.float32)
        return PoseFailure(unknown[:, 0], unknown, np.zeros(total, bool))
    kind = "alone" if pixels is None else "pictures"
    of_frame, of_joint = pose_features(track, pixels)
    shared = {name: values[:, None] for name, values in of_frame.items()}
    frame = np.where(seen, model.frame[kind].probability(of_frame), np.nan)
    joint = np.where(seen[:, None], model.joint[kind].probability({**of_joint, **shared}), np.nan)
    lost = _at_least(frame, model.lost[kind])
    if flips is not None:
        looked = seen & np.isfinite(flips.picture).all(axis=1)
        with_frame, with_joint = mirror_features(frame, joint, flips)
        frame = np.where(looked, model.frame[MIRROR].probability(with_frame), frame)
        joint = np.where(looked[:, None], model.joint[MIRROR].probability(with_joint), joint)
        lost = np.where(looked, _at_least(frame, model.lost[MIRROR]), lost)
    return PoseFailure(frame.astype(np.float32), joint.astype(np.float32), lost)


def _at_least(probability: np.ndarray, least: float | None) -> np.ndarray:
    return np.zeros(len(probability), bool) if least is None else np.nan_to_num(probability) >= least


def mirror_features(frame: np.ndarray, joint: np.ndarray, flips: FlipTracks) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """FRAME_MIRROR of each frame [T] and JOINT_MIRROR of each joint [T, J], from the probabilities without the mirror, [T] and [T, J].

    before: their log odds; the others are logs of body heights: of the median joint, of the third farthest, of the median joint in space,
    of the joint itself and of it in space.
    """
    picture, space = (np.asarray(values, np.float64) for values in (flips.picture, flips.space))
    whole = {"flip": np.median(picture, axis=1), "flip_third": np.sort(picture, axis=1)[:, -3], "flip_space": np.median(space, axis=1)}
    logs = {name: np.log(values + _FAINT) for name, values in whole.items()}
    own = {"own_flip": np.log(picture + _FAINT), "own_flip_space": np.log(space + _FAINT)}
    shared = {name: values[:, None] for name, values in logs.items()}
    return {"before": _log_odds(frame), **logs}, {"before": _log_odds(joint), **shared, **own}


def _log_odds(probability: np.ndarray) -> np.ndarray:
    held = np.clip(np.asarray(probability, np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(held / (1 - held)))


def pose_features(track: HumanTrack, pixels: PixelTracks | None) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Of each frame [T] and of each joint of JOINTS [T, J]; lengths are body heights.

    doubt                     log odds that the joint is not visible
    hidden, in_front          0..1: behind or before the trunk or another limb
    outside                   0..1: out of the picture
    tilt                      1 minus the cosine between the trunk and the picture's vertical: 0 upright, 2 upside down
    facing                    1 turned to the camera, -1 turned away
    mismatch                  log of the distance between the key points and the points in space as the camera would see them
    size                      log of the body height in pixels
    off_flow, off_flow_around log of the distance between the joint's step and the optical flow under it, of the steps into and out of the
                              frame and of all around, as far as the flow explains the picture
    exchanged                 body heights by which steps are shorter if left and right have changed places, while the picture goes on
    blur                      log of the usual sharpness around over that of the frame
    flow                      log of the flow under the joints
    """
    motion = joint_motion(track, track.seen(), 0.0)
    joint = _joint_features(track, motion)
    frame = {f"mean_{name}": values.mean(axis=1) for name, values in joint.items()}
    axes = body_axes(np.asarray(motion.space, np.float64), JOINTS)
    frame |= {"tilt": 1 - axes[:, 1, 1], "facing": axes[:, 2, 2], "mismatch": _mismatch(motion), "size": np.log(motion.scale)}
    if pixels is not None:
        more, of_joints = _picture_features(track, motion, pixels)
        frame, joint = {**frame, **more}, {**joint, **of_joints}
    return frame, joint


def _joint_features(track: HumanTrack, motion: JointMotion) -> dict[str, np.ndarray]:
    visible = np.asarray(motion.confidence, np.float64)
    hidden, in_front = _overlaps(np.asarray(motion.space, np.float64))
    keypoints = np.asarray(track.keypoints[:, _KEYPOINT], np.float64)
    out = np.maximum(-keypoints, keypoints - np.asarray(track.size)).max(axis=-1) / motion.scale[:, None]
    return {
        "doubt": np.log((1.02 - visible) / (visible + 0.02)),
        "hidden": hidden,
        "in_front": in_front,
        "outside": np.clip(out / _OUT, 0, 1),
    }


def _overlaps(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """0..1 [T, J]: how far each joint lies behind, and before, the trunk and the limbs that it is no end of. points [T, J, 3]."""
    segments: list[tuple[np.ndarray, np.ndarray, float, tuple[str, ...]]]
    segments = [(points[:, _P[a]], points[:, _P[b]], _LIMB_HALF, (a, b)) for a, b in _LIMBS]
    shoulders, hips = ((points[:, _P[f"left_{name}"]] + points[:, _P[f"right_{name}"]]) / 2 for name in ("shoulder", "hip"))
    segments.append((shoulders, hips, _TRUNK_HALF, _TRUNK))
    behind, before = np.zeros(points.shape[:2]), np.zeros(points.shape[:2])
    for joint, name in enumerate(JOINTS):
        for start, stop, half, own in segments:
            if name in own:
                continue
            along = stop - start
            length = np.maximum((along[:, :2] ** 2).sum(axis=-1), 1e-9)
            share = np.clip(((points[:, joint, :2] - start[:, :2]) * along[:, :2]).sum(axis=-1) / length, 0, 1)
            apart = points[:, joint] - (start + share[:, None] * along)
            near = np.clip(1.5 - np.linalg.norm(apart[:, :2], axis=-1) / half, 0, 1)
            behind[:, joint] = np.fmax(behind[:, joint], near * np.clip(apart[:, 2] / _DEPTH, 0, 1))
            before[:, joint] = np.fmax(before[:, joint], near * np.clip(-apart[:, 2] / _DEPTH, 0, 1))
    return behind, before


def _mismatch(motion: JointMotion) -> np.ndarray:
    flat, deep = (np.asarray(values, np.float64)[..., :2] for values in (motion.image, motion.space))
    flat, deep = (values - values.mean(axis=1, keepdims=True) for values in (flat, deep))
    scale = (flat * deep).sum(axis=(1, 2)) / np.maximum((deep**2).sum(axis=(1, 2)), 1e-9)
    return np.asarray(np.log(np.sqrt(((flat - scale[:, None, None] * deep) ** 2).sum(axis=2).mean(axis=1)) + _FAINT))


def _picture_features(track: HumanTrack, motion: JointMotion, pixels: PixelTracks) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    second = half_window(track.times, 0.5)
    calm = _calm(np.asarray(pixels.unexplained[:, 1], np.float64), second)
    keypoints = np.asarray(track.keypoints[:, _KEYPOINT], np.float64)
    off = np.full(keypoints.shape[:2], np.nan)
    off[1:] = np.linalg.norm(np.diff(keypoints, axis=0) - pixels.joint_flow[1:], axis=-1) / motion.scale[1:, None] * calm[1:, None]
    out_of = np.full_like(off, np.nan)
    out_of[:-1] = off[1:]
    joint = {
        "off_flow": np.log(np.nan_to_num(np.fmax(off, out_of)) + _FAINT),
        "off_flow_around": np.log(np.nan_to_num(running_quantile(off, half_window(track.times, _AROUND), 1.0)) + _FAINT),
    }
    pairs = running_quantile(np.asarray(sides(motion.image).pairs, np.float64) * calm[:, None], _SIDES_AROUND, 1.0)
    sharpness = np.asarray(pixels.sharpness, np.float64)
    usual = running_median(sharpness[:, None], second)[:, 0]
    flow = np.linalg.norm(np.asarray(pixels.joint_flow, np.float64), axis=-1) / motion.scale[:, None]
    frame = {
        **{f"mean_{name}": values.mean(axis=1) for name, values in joint.items()},
        "exchanged": np.clip(np.nan_to_num(pairs.max(axis=1)), 0, _MOST_EXCHANGED),
        "blur": np.clip(np.log(np.maximum(usual, 1e-6) / np.maximum(sharpness, 1e-6)), -_LOG_BLUR, _LOG_BLUR),
        "flow": np.log(np.nan_to_num(flow) + _FAINT).mean(axis=1),
    }
    return frame, joint


def _calm(unexplained: np.ndarray, half: int) -> np.ndarray:
    """0..1 [T]: how far the flow explains the step into each frame, and those beside it, as well as it usually does around."""
    share = unexplained / np.fmax(running_median(unexplained[:, None], half)[:, 0], _LEFT_OVER)
    near = np.fmax(np.fmax(np.r_[np.nan, share[:-1]], share), np.r_[share[1:], np.nan])
    return np.asarray(1 - np.clip(np.nan_to_num(near, nan=1.0) - 1, 0, 1))


@lru_cache(maxsize=1)
def bundled_model() -> PoseFailureModel:
    """The model that comes with Telltale. Raises OSError, ValueError or KeyError when it is missing or damaged."""
    return model_from(json.loads(BUNDLED.read_text("utf-8")))


def model_from(content: Mapping[str, Any]) -> PoseFailureModel:
    """From what tools/fit_pose_failure.py wrote. Raises KeyError or ValueError when something is missing."""
    kinds = (*KINDS, MIRROR)
    frame, joint = ({kind: _regression(content[of][kind]) for kind in kinds} for of in ("frame", "joint"))
    lost = {kind: None if content["lost"][kind] is None else float(content["lost"][kind]["probability"]) for kind in kinds}
    return PoseFailureModel(content["extractor"], frame, joint, lost)


def _regression(content: Mapping[str, Any]) -> Regression:
    columns = {name: np.asarray([row[name] for row in content["features"]]) for name in ("mean", "deviation", "low", "high", "weight")}
    return Regression(tuple(row["name"] for row in content["features"]), **columns, bias=float(content["bias"]))
