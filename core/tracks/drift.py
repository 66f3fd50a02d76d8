"""Slow changes of what stays the same in a person: size, colours, looks. The second after a frame is compared with the second before it.

A running reference forgives what changes over many seconds; half a second on either side of the frame is left out, so that a change that
takes a second or two shows whole.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.tracks.joints import JOINTS, half_window, quantile

_GAP_SECONDS, _WINDOW_SECONDS = 0.6, 1.2
_SIDES_SECONDS = 0.5
_STRIDE_SECONDS = 0.1
_FEWEST = 4  # frames on each side
_PAIRS = 3.0  # pairs of frames in like poses
# Size: seconds on either side in which equal poses are looked for, and frames of a second that are looked at.
_SIZE_SECONDS, _SIZE_RATE = 3.0, 15.0
# Poses are equal when their normed shapes differ by less than _ALIKE, and stand at one place when each foot is within so many body heights.
_ALIKE, _SAME_PLACE = 0.1, 0.05
_LOWEST_CAMERA = 0.2  # body heights above the ground: the lower it is, the less do the feet of somebody who approaches move down
_DISAGREE = 0.5
# For colours poses only have to show the trunk from about the same side.
_NOT_TOO_DIFFERENT = 0.5
_OF_ALL = 0.1  # share of the pairs: among poses of somebody who lies down a few are alike by chance
_COVERED = 0.5  # of the change: within so much of it two colours are one
_THINNEST = 0.15  # half the width of a trunk in profile, as a share of its length


def size_drift(positions: np.ndarray, depth: np.ndarray, feet: np.ndarray, camera_scale: np.ndarray, times: np.ndarray) -> np.ndarray:
    """float64 [T]: log of the body's size after over before each frame, signed; NaN where no poses are alike.

    positions [T, J, 2] in the picture, any unit of length that does not change, NaN unknown; depth [T]: distance from the camera that the
    pose estimate needs for a body of this size, in any unit; feet [T, 2, 2]: paths of both feet as a camera that stands still sees them, in
    body heights, y down; camera_scale [T]: log of the scale that the background has gained since the frame before, 0 where unknown.

    Who comes nearer becomes larger too. So only frames are compared in which the feet stand at one place of the picture, in equal poses:
    a projected body changes its size with every pose. What is left of an approach shows in feet that move down by as much of the camera's
    height as the size grows by; for that the camera is taken to be low, and what can be explained so is not counted. Two witnesses have to
    agree, the size in the picture and the depth: half of what they differ by is taken off the smaller one.
    """
    positions, feet = np.asarray(positions, np.float64), np.asarray(feet, np.float64)
    known = np.isfinite(positions[..., 0])
    used = known.mean(axis=0) > 0.7
    result = np.full(len(positions), np.nan)
    if used.sum() < 4 or len(positions) < 2:
        return result
    size, shape = _normed(positions[:, used])
    zoom = np.cumsum(np.nan_to_num(camera_scale))
    near = np.asarray(depth, np.float64)
    levels = [np.log(np.maximum(size, 1e-9)) - zoom, -np.log(np.where(near > 0, near, np.nan)) - zoom]
    places = feet.reshape(len(feet), -1)
    usable = np.isfinite(shape).all(axis=1) & np.isfinite(places).all(axis=1) & np.isfinite(levels[1])
    ground = feet[..., 1].max(axis=1)
    every = max(1, round(1 / (_SIZE_RATE * max(float(np.median(np.diff(times))), 1e-6))))

    def of_pairs(before: np.ndarray, after: np.ndarray) -> float:
        before, after = (side[usable[side]][::every] for side in (before, after))
        if len(before) < _FEWEST or len(after) < _FEWEST:
            return float("nan")
        # The mean over the two feet of how far each has moved.
        apart = _squares(shape, before, after) / _ALIKE**2 + _squares(places, before, after) / 2 / _SAME_PLACE**2
        approach = (ground[after][None] - ground[before][:, None]) / _LOWEST_CAMERA
        found = []
        for level in levels:
            grown = level[after][None] - level[before][:, None]
            explained = np.clip(approach, np.minimum(grown, 0), np.maximum(grown, 0))
            found.append(_weighted_median(grown - explained, np.exp(-apart)))
        if found[0] * found[1] <= 0:
            return 0.0
        least = min(abs(found[0]), abs(found[1])) - _DISAGREE * abs(found[0] - found[1])
        return float(np.sign(found[0]) * max(least, 0.0))

    return _compared(len(positions), times, of_pairs, _GAP_SECONDS, _SIZE_SECONDS)


def colour_drift(trunk: np.ndarray, others: np.ndarray, positions: np.ndarray, times: np.ndarray) -> np.ndarray:
    """float64 [T]: change of the trunk's colour from before to after each frame, of poses that are not too different; NaN where unknown.

    trunk [T, 3] and others [T, P, 3]: Lab of the trunk, and of the other parts and the background; the change is in a and b. positions
    [T, 13, 2] of `joints.JOINTS` in the picture, NaN unknown. Frames in which an arm lies over the trunk say nothing of its colour, and a
    trunk that takes the colour of something else that has kept its own is covered by it, or was, and has not changed: 0.
    """
    positions = np.asarray(positions, np.float64)
    values = np.where(_arm_over_trunk(positions)[:, None], np.nan, np.asarray(trunk, np.float64))
    around = np.asarray(others, np.float64)
    _, shape = _normed(positions)
    known = np.isfinite(values[:, 0]) & np.isfinite(shape[:, 0])

    def of_pairs(before: np.ndarray, after: np.ndarray) -> float:
        before, after = before[known[before]], after[known[after]]
        if len(before) < _FEWEST or len(after) < _FEWEST:
            return float("nan")
        weight = np.nan_to_num(np.exp(-_squares(shape, before, after) / _NOT_TOO_DIFFERENT**2))
        if weight.mean() < _OF_ALL:
            return float("nan")
        changes = [_weighted_median(values[after, channel][None] - values[before, channel][:, None], weight) for channel in (1, 2)]
        change = float(np.hypot(changes[0], changes[1]))
        was, now = quantile(values[before], 0.5), quantile(values[after], 0.5)
        others_were, others_are = quantile(around[before], 0.5), quantile(around[after], 0.5)
        kept = np.linalg.norm(others_are - others_were, axis=1)
        alike = np.fmin(np.linalg.norm(now - others_are, axis=1), np.linalg.norm(was - others_were, axis=1))
        return 0.0 if (np.maximum(kept, alike) < _COVERED * change).any() else change

    return _compared(len(positions), times, of_pairs, _GAP_SECONDS, _WINDOW_SECONDS)


def _normed(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of positions [T, J, 2]: their size [T], and their shape [T, 2 J], centred and of size 1."""
    centred = positions - positions.mean(axis=1, keepdims=True)
    size = np.sqrt(np.square(centred).sum(axis=(1, 2)))
    return size, (centred / np.maximum(size, 1e-9)[:, None, None]).reshape(len(positions), -1)


def _squares(values: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """float64 [B, A]: squared distances of values [T, N] between the frames before and those after."""
    square = np.square(values[before]).sum(1)[:, None] + np.square(values[after]).sum(1) - 2 * values[before] @ values[after].T
    return np.asarray(np.maximum(square, 0))


def _weighted_median(change: np.ndarray, weight: np.ndarray) -> float:
    """The median of change [B, A] under the weights of the pairs; NaN where these are together worth too few pairs."""
    flat, weights = change.ravel(), np.nan_to_num(weight).ravel()
    if weights.sum() < _PAIRS:
        return float("nan")
    order = np.argsort(flat)
    total = np.cumsum(weights[order])
    return float(flat[order][np.searchsorted(total, total[-1] / 2)])


def _arm_over_trunk(positions: np.ndarray) -> np.ndarray:
    """bool [T]: an elbow or a wrist beside the line from the shoulders to the hips, no farther from it than the trunk is wide."""
    at = {name: positions[:, place] for place, name in enumerate(JOINTS)}
    top, bottom = ((at[f"left_{name}"] + at[f"right_{name}"]) / 2 for name in ("shoulder", "hip"))
    along = bottom - top
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-9)
    spans = [np.abs(at[f"left_{name}"] - at[f"right_{name}"]).max(axis=1) for name in ("shoulder", "hip")]
    width = np.maximum(np.maximum(*spans) / 2, _THINNEST * length)
    covered = np.zeros(len(positions), bool)
    for name in ("left_elbow", "right_elbow", "left_wrist", "right_wrist"):
        place = at[name] - top
        share = (place * along).sum(axis=1) / length**2
        aside = np.abs(place[:, 0] * along[:, 1] - place[:, 1] * along[:, 0]) / length
        covered |= (share > 0.1) & (share < 1.0) & (aside < width)
    return covered


def change(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """float64 [T]: length of the change of values [T, C] from the median before to the median after each frame; NaN where unknown."""
    values = np.asarray(values, np.float64)

    def of_medians(before: np.ndarray, after: np.ndarray) -> float:
        known = np.isfinite(values[:, 0])
        if known[before].sum() < _FEWEST or known[after].sum() < _FEWEST:
            return float("nan")
        return float(np.linalg.norm(quantile(values[after], 0.5) - quantile(values[before], 0.5)))

    return _compared(len(values), times, of_medians, _SIDES_SECONDS, _SIDES_SECONDS)


def steps(values: np.ndarray) -> np.ndarray:
    """float64 [T]: distance of values [T, C], brought to length 1, from those of the frame before; NaN at 0 and where unknown."""
    values = np.asarray(values, np.float64)
    unit = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
    result = np.full(len(values), np.nan)
    result[1:] = np.linalg.norm(np.diff(unit, axis=0), axis=1)
    return result


def _compared(
    total: int, times: np.ndarray, difference: Callable[[np.ndarray, np.ndarray], float], gap_seconds: float, window_seconds: float
) -> np.ndarray:
    """`difference(frames before, frames after)` at every tenth of a second, in between by interpolation."""
    result = np.full(total, np.nan)
    if total < 2:
        return result
    gap, window = half_window(times, gap_seconds), half_window(times, window_seconds)
    stride = max(1, half_window(times, _STRIDE_SECONDS) // 2)
    places = np.arange(0, total, stride)
    found = np.full(len(places), np.nan)
    for number, frame in enumerate(places.tolist()):
        before = np.arange(max(0, frame - gap - window), max(0, frame - gap))
        after = np.arange(min(total, frame + gap), min(total, frame + gap + window))
        if len(before) >= _FEWEST and len(after) >= _FEWEST:
            found[number] = difference(before, after)
    result[:] = np.interp(np.arange(total), places, found, left=np.nan, right=np.nan)
    return result
