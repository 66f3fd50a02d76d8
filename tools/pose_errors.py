"""How far an extractor's pose is from the true one, in films whose truth is known (tools/render_mocap.py).

Key points and the joints of the filmed body name the same places but not quite the same points: a constant offset of each joint, in the
body's own axes, is no error and is taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.skeletons import OPENPOSE_BODY, SMPL
from core.track import HumanTrack
from core.tracks.hinges import body_axes
from core.tracks.joints import JOINTS, body_height, joint_motion

_KEYPOINT = [OPENPOSE_BODY.index(name) for name in JOINTS]
_TRUE = [SMPL.index("head" if name == "nose" else name) for name in JOINTS]
_HIPS = [JOINTS.index(f"{side}_hip") for side in ("left", "right")]
_ROUNDS, _CLOSEST = 15, 0.01


@dataclass(frozen=True, eq=False)
class Residuals:
    """Measured minus true place of the J joints over T frames, in body heights; NaN where the extractor saw nobody.

    picture float64 [T, J, 2]; space float64 [T, J, 3], from the middle of the hips; axes float64 [T, 3, 3] of the true body
    """

    picture: np.ndarray
    space: np.ndarray
    axes: np.ndarray


def residuals(track: HumanTrack, truth_space: np.ndarray, truth_pixels: np.ndarray) -> Residuals:
    """Of one film; truth_space [T, 24, 3] in camera space, truth_pixels [T, 24, 2]."""
    space = np.asarray(truth_space[:, _TRUE], np.float64)
    height = body_height(space, np.ones(len(space), bool))
    pixels_per_height = height * _spread(truth_pixels) / _spread(truth_space[..., :2])
    picture = (track.keypoints[:, _KEYPOINT] - truth_pixels[:, _TRUE]) / pixels_per_height[:, None, None]
    motion = joint_motion(track, track.scored(), 0.0)
    from_hips = (space - space[:, _HIPS].mean(axis=1, keepdims=True)) / height
    return Residuals(np.asarray(picture, np.float64), motion.space - from_hips, body_axes(space, JOINTS))


def joint_offsets(films: Sequence[Residuals]) -> np.ndarray:
    """float64 [J, 3]: the constant offset of each joint in the body's axes that leaves the least sum of distances in the picture."""
    offsets = np.zeros((len(JOINTS), 3))
    for joint in range(len(JOINTS)):
        known = [np.isfinite(film.picture[:, joint, 0]) for film in films]
        axes = np.concatenate([film.axes[seen, :2].reshape(-1, 3) for film, seen in zip(films, known, strict=True)])
        apart = np.concatenate([film.picture[seen, joint].reshape(-1) for film, seen in zip(films, known, strict=True)])
        weight = np.ones(len(apart))
        for _ in range(_ROUNDS):
            offsets[joint] = np.linalg.lstsq(axes * weight[:, None], apart * weight, rcond=None)[0]
            weight = 1 / np.sqrt(np.maximum(np.abs(apart - axes @ offsets[joint]), _CLOSEST))
    return offsets


def joint_errors(film: Residuals, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64 [T, J] in the picture and in space: distances from the truth in body heights without the constant offsets."""
    picture, space = _without(film, offsets)
    return np.linalg.norm(picture, axis=-1), np.linalg.norm(space, axis=-1)


def step_errors(film: Residuals, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `joint_errors`, of the steps from frame t-1 to t; 0 at 0."""
    picture, space = _without(film, offsets)
    return _steps(picture), _steps(space)


def _steps(errors: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(np.diff(errors, axis=0, prepend=errors[:1]), axis=-1))


def _without(film: Residuals, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    own = np.einsum("tij,kj->tki", film.axes, offsets)
    return film.picture - own[..., :2], film.space - (own - own[:, _HIPS].mean(axis=1, keepdims=True))


def _spread(points: np.ndarray) -> np.ndarray:
    values = np.asarray(points, np.float64)
    return np.asarray(np.sqrt(np.square(values - values.mean(axis=1, keepdims=True)).sum(axis=(1, 2))))
