"""The body as a whole and what it stands on: where it goes, how its size changes, whether what should rest on the ground slides.

The camera's own motion is taken out where the pictures tell it (`core.tracks.pixels`); without pictures it counts as still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.tracks.bones import BONES
from core.tracks.joints import JOINTS, JointMotion, half_window, median, running_median
from core.tracks.spikes import spikes

_TRUNK = [JOINTS.index(f"{side}_{name}") for name in ("shoulder", "hip") for side in ("left", "right")]
_FEET = [JOINTS.index(f"{side}_ankle") for side in ("left", "right")]
_RESTING = [JOINTS.index(f"{side}_{name}") for name in ("ankle", "knee", "wrist", "hip") for side in ("left", "right")]
_SPANS = (*((upper, lower) for _, upper, lower in BONES), *((_TRUNK[a], _TRUNK[b]) for a in range(4) for b in range(a)))
_SLIP_SECONDS = 0.15
_FEWEST_SPANS = 5


@dataclass(frozen=True, eq=False)
class Root:
    """Of each frame, NaN where unknown; body heights, seconds; the camera's motion removed. Steps are from frame t-1 to t.

    speed       float64 [T]  of the middle of the trunk
    jump        float64 [T]  the part of its step that the motion around does not explain, in body heights (`spikes`)
    jump_score  float64 [T]  the same over what is usual around it
    growth      float64 [T]  change of the log of the body's size in the picture, a second
    slip        float64 [T]  speed of the slowest of ankles, knees, wrists and hips, over a third of a second: near 0 while anything rests
    foot_slip   float64 [T]  the same of the slower ankle, sideways only: a foot that slides, or the whole body that does
    rise        float64 [T]  the same of the slower ankle, upwards (negative: down): a body that floats
    """

    speed: np.ndarray
    jump: np.ndarray
    jump_score: np.ndarray
    growth: np.ndarray
    slip: np.ndarray
    foot_slip: np.ndarray
    rise: np.ndarray


def root(motion: JointMotion, paths: np.ndarray, keypoints: np.ndarray, camera: np.ndarray | None, times: np.ndarray) -> Root:
    """paths [T, J, 2] as `still_paths` gives them; keypoints [T, J, 2] of JOINTS in pixels, NaN unknown; camera [T, 4] as
    `PixelTracks.camera`, or None."""
    trunk = paths[:, _TRUNK].mean(axis=1)
    speed = np.full(len(paths), np.nan)
    speed[1:] = np.linalg.norm(np.diff(trunk, axis=0), axis=-1) / motion.duration[1:]
    spike = spikes(trunk[:, None], motion.duration, times)
    slow = _slow_velocity(paths, times)
    feet = slow[:, _FEET]
    slower = np.argmin(np.nan_to_num(np.linalg.norm(feet, axis=-1), nan=np.inf), axis=1)
    foot = np.take_along_axis(feet, slower[:, None, None], axis=1)[:, 0]
    resting = np.linalg.norm(slow[:, _RESTING], axis=-1)
    return Root(
        speed=speed,
        jump=spike.excess[:, 0].astype(np.float64),
        jump_score=spike.score[:, 0].astype(np.float64),
        growth=_growth(keypoints, camera) / motion.duration,
        slip=np.where(np.isfinite(resting).any(axis=1), np.nan_to_num(resting, nan=np.inf).min(axis=1), np.nan),
        foot_slip=np.abs(foot[:, 0]),
        rise=-foot[:, 1],
    )


def camera_steps(places: np.ndarray, camera: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """float64 [T, J, 2]: by how much the background behind places [T, J, 2] (pixels, in the frame before) moves to frame t."""
    camera = np.nan_to_num(np.asarray(camera, np.float64))
    x, y = places[..., 0] - (size[0] - 1) / 2, places[..., 1] - (size[1] - 1) / 2
    growth, turn = np.expm1(camera[:, 2])[:, None], camera[:, 3][:, None]
    return np.stack([camera[:, 0][:, None] + growth * x - turn * y, camera[:, 1][:, None] + growth * y + turn * x], axis=-1)


def still_paths(keypoints: np.ndarray, scale: np.ndarray, camera: np.ndarray | None, size: tuple[int, int]) -> np.ndarray:
    """float64 [T, J, 2]: the paths of key points [T, J, 2] (pixels, NaN unknown) as a camera that stands still sees them, in body heights.

    scale [T]: pixels that a body height is. Steps are added up, each in its own frame's body heights: a scale that changes moves nothing.
    """
    known = np.isfinite(keypoints[..., 0])
    if len(keypoints) < 2:
        return np.where(known[..., None], np.zeros(keypoints.shape), np.nan)
    places = np.stack([_filled(keypoints[:, joint]) for joint in range(keypoints.shape[1])], axis=1)
    step = np.diff(places, axis=0)
    if camera is not None:
        step = step - camera_steps(places[:-1], camera[1:], size)
    path = np.concatenate([np.zeros((1, *step.shape[1:])), np.cumsum(np.nan_to_num(step / scale[1:, None, None]), axis=0)])
    return np.where(known[..., None], path, np.nan)


def _filled(places: np.ndarray) -> np.ndarray:
    """Places [T, 2] with straight lines where they are unknown."""
    known = np.flatnonzero(np.isfinite(places[:, 0]))
    if not len(known):
        return np.zeros(places.shape)
    return np.stack([np.interp(np.arange(len(places)), known, places[known, axis]) for axis in range(2)], axis=-1)


def _slow_velocity(paths: np.ndarray, times: np.ndarray) -> np.ndarray:
    """[T, J, 2] a second: between the medians of a sixth of a second before and after, so that the noise of key points does not count."""
    if len(times) < 3:
        return np.full(paths.shape, np.nan)
    reach = half_window(times, _SLIP_SECONDS)
    flat = running_median(paths.reshape(len(paths), -1), max(1, reach // 2)).reshape(paths.shape)
    flat = np.where(np.isfinite(paths), flat, np.nan)
    velocity = np.full(paths.shape, np.nan)
    velocity[reach:-reach] = (flat[2 * reach :] - flat[: -2 * reach]) / (times[2 * reach :] - times[: -2 * reach])[:, None, None]
    return velocity


def _growth(keypoints: np.ndarray, camera: np.ndarray | None) -> np.ndarray:
    """[T]: change of the log of the size since the frame before: the median over the bones, the camera's zoom removed."""
    a, b = [span[0] for span in _SPANS], [span[1] for span in _SPANS]
    length = np.linalg.norm(np.asarray(keypoints, np.float64)[:, a] - keypoints[:, b], axis=-1)
    change = np.full(length.shape, np.nan)
    change[1:] = np.diff(np.log(np.maximum(length, 1.0)), axis=0)
    growth = median(change.T)
    growth[np.isfinite(change).sum(axis=1) < _FEWEST_SPANS] = np.nan
    return np.asarray(growth if camera is None else growth - np.nan_to_num(np.asarray(camera, np.float64)[:, 2]))
