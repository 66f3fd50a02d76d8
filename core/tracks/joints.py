"""Joint steps: how far each joint moves from one frame to the next, in body heights, and what is unusual about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.skeletons import BLAZEPOSE, OPENPOSE_BODY
from core.track import HumanTrack

# The points that key points and 3D points share and that lie on the body's levers.
JOINTS = (
    "nose", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
_KEYPOINT = [OPENPOSE_BODY.index(name) for name in JOINTS]
_POINT = [BLAZEPOSE.index(name) for name in JOINTS]
# Length of a segment in body heights (Winter, Biomechanics and Motor Control of Human Movement, after Drillis and Contini).
_SEGMENTS = (("knee", "ankle", 0.246), ("hip", "knee", 0.245), ("shoulder", "hip", 0.288))
_SCALE_SECONDS = 1.0
_CHUNK = 2048


@dataclass(frozen=True, eq=False)
class JointMotion:
    """Positions and steps of the J = 13 joints over T frames, in body heights; NaN where a frame is no witness.

    image       float32 [T, J, 2]  position in the picture
    space       float32 [T, J, 3]  position relative to the hips, camera axes
    image_step  float32 [T, J]     distance in the picture from frame t-1 to t; NaN at 0
    space_step  float32 [T, J]     the same in space
    confidence  float32 [T, J]     visibility 0..1
    duration    float64 [T]        seconds from frame t-1 to t; NaN at 0
    scale       float64 [T]        pixels of the frame that a body height is
    """

    image: np.ndarray
    space: np.ndarray
    image_step: np.ndarray
    space_step: np.ndarray
    confidence: np.ndarray
    duration: np.ndarray
    scale: np.ndarray

    @property
    def speed(self) -> np.ndarray:
        """float32 [T, J]: body heights a second in the picture."""
        return np.asarray(self.image_step / self.duration[:, None], np.float32)


def joint_motion(track: HumanTrack, witness: np.ndarray, minimum_confidence: float = 0.5) -> JointMotion:
    """The joints' motion over the frames where `witness` (bool [T]) holds; a joint below the minimum confidence is unknown there."""
    keypoints = np.asarray(track.keypoints[:, _KEYPOINT], np.float64)
    points = np.asarray(track.points3d[:, _POINT], np.float64)
    confidence = np.minimum(_known(track.keypoint_scores[:, _KEYPOINT]), _known(track.points3d_scores[:, _POINT]))
    use = witness[:, None] & (confidence >= minimum_confidence)
    height = body_height(points, witness)
    scale = pixels_per_metre(keypoints, points, use, track.times) * height
    image = np.where(use[:, :, None], keypoints, np.nan) / scale[:, None, None]
    space = np.where(use[:, :, None], points, np.nan) / height
    return JointMotion(
        image=image.astype(np.float32),
        space=space.astype(np.float32),
        image_step=_steps(np.where(use[:, :, None], keypoints, np.nan), scale),
        space_step=_steps(space, np.ones(len(track))),
        confidence=confidence.astype(np.float32),
        duration=np.diff(track.times, prepend=np.nan),
        scale=scale,
    )


def body_height(points: np.ndarray, witness: np.ndarray) -> float:
    """The subject's height in metres from the median lengths of shank, thigh and trunk (points [T, J, 3]); NaN without a witness."""
    lengths, shares = 0.0, 0.0
    for upper, lower, share in _SEGMENTS:
        sides = [points[:, JOINTS.index(f"{side}_{upper}")] - points[:, JOINTS.index(f"{side}_{lower}")] for side in ("left", "right")]
        values = np.linalg.norm(np.stack(sides), axis=-1)[:, witness]
        values = values[np.isfinite(values)]
        if values.size:
            lengths, shares = lengths + float(np.median(values)), shares + share
    return lengths / shares if shares else float("nan")


def pixels_per_metre(keypoints: np.ndarray, points: np.ndarray, use: np.ndarray, times: np.ndarray) -> np.ndarray:
    """float64 [T]: the scale of the picture at the subject, smoothed over a second, from the spread of the same joints in both units."""
    weight = (use & np.isfinite(keypoints[:, :, 0]) & np.isfinite(points[:, :, 0])).astype(np.float64)

    def spread(values: np.ndarray) -> np.ndarray:
        flat = np.where(weight[:, :, None] > 0, values[:, :, :2], 0.0)
        count = np.maximum(weight.sum(axis=1), 1.0)
        centred = (flat - (flat.sum(axis=1) / count[:, None])[:, None]) * weight[:, :, None]
        return np.sqrt((centred**2).sum(axis=(1, 2)) / count)

    metres = spread(points)
    trusted = (weight.sum(axis=1) >= 4) & (metres > 0)
    scale = np.full(len(keypoints), np.nan)
    scale[trusted] = spread(keypoints)[trusted] / metres[trusted]
    smooth = running_median(scale[:, None], half_window(times, _SCALE_SECONDS / 2))[:, 0]
    return np.where(np.isfinite(smooth), smooth, median(scale[:, None])[0])


def frame_seconds(times: np.ndarray) -> float:
    """The usual time from one frame to the next; 1 for fewer than two frames."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 1.0


def half_window(times: np.ndarray, seconds: float) -> int:
    """How many frames `seconds` are, at least 2."""
    step = float(np.median(np.diff(times))) if len(times) > 1 else seconds
    return max(2, round(seconds / step))


def running_median(values: np.ndarray, half: int) -> np.ndarray:
    """The median of values [T, J] over 2 half + 1 frames around each; NaN counts as absent, and where all are absent the result is NaN."""
    return running_quantile(values, half, 0.5)


def running_quantile(values: np.ndarray, half: int, share: float) -> np.ndarray:
    """As `running_median`, for the value below which `share` of the known values lie."""
    padded = np.pad(np.asarray(values, np.float64), ((half, half), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0)
    return np.concatenate([_quantile_last(windows[first : first + _CHUNK], share) for first in range(0, len(windows), _CHUNK)])


def median(values: np.ndarray) -> np.ndarray:
    """The median over the first axis without the NaNs; NaN where there is nothing else."""
    return quantile(values, 0.5)


def quantile(values: np.ndarray, share: float) -> np.ndarray:
    """As `median`, for the value below which `share` of the known values lie."""
    return _quantile_last(np.moveaxis(np.asarray(values, np.float64), 0, -1), share)


def _quantile_last(values: np.ndarray, share: float) -> np.ndarray:
    """np.nanquantile over the last axis, but quick and silent where nothing is known."""
    ordered = np.sort(values, axis=-1)  # NaN last
    count = np.isfinite(ordered).sum(axis=-1)
    place = share * np.maximum(count - 1, 0)
    low = np.floor(place).astype(int)
    high = np.ceil(place).astype(int)
    below = np.take_along_axis(ordered, low[..., None], axis=-1)[..., 0]
    above = np.take_along_axis(ordered, high[..., None], axis=-1)[..., 0]
    return np.asarray(below + (above - below) * (place - low))


def _steps(positions: np.ndarray, scale: np.ndarray) -> np.ndarray:
    steps = np.full(positions.shape[:2], np.nan, np.float32)
    steps[1:] = np.linalg.norm(np.diff(positions, axis=0), axis=-1) / scale[1:, None]
    return steps


def _known(scores: np.ndarray) -> np.ndarray:
    return np.nan_to_num(np.asarray(scores, np.float64), nan=0.0)
