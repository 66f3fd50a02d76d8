"""Trembling: joints that shake to and fro many times a second, and the picture under them that does the same.

The key points of a steady body tremble as well: that is the extractor's noise, and the picture has no part in it. So two paths of each
joint are compared, one of key points and one of the optical flow under them, both without what a parabola over a quarter of a second
explains. What the two have in common is motion; what only one of them has is noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import savgol_filter

from core.tracks.joints import half_window, running_median

_PARABOLA, _AROUND, _CALM = 0.12, 0.25, 0.25  # seconds on either side: of the parabola, of what is averaged, of the calm motion
_SLOW, _QUICK = 8.0, 12.0  # passages of the middle a second: limbs that turn at speed reach the first, trembling at 6 Hz the second
_LEAPS, _EVEN = 0.15, 0.35  # median over mean of the squared steps: a leap and another one back leave the first, a sine has 1
_ALIKE = 0.4  # correlation of the two, up to which they have nothing to do with one another
# What is ordinary, in body heights: at rest, and for each body height a second of calm motion (measured on clean films: limbs that turn
# quickly leave a rest that both paths share).
_REST, _PER_SPEED = 0.005, 0.02


@dataclass(frozen=True, eq=False)
class Trembling:
    """float64 [T, J]. reach: how far a joint is from its calm path, over half a second, body heights, as far as key points and flow agree;
    score: the same over what is ordinary for a joint that moves as fast, less where the two are less alike. NaN where either is unknown.
    """

    reach: np.ndarray
    score: np.ndarray


def trembling(paths: np.ndarray, flow: np.ndarray, camera: np.ndarray, times: np.ndarray) -> Trembling:
    """paths [T, J, 2]: of the key points, body heights, the camera's motion removed; flow [T, J, 2]: the picture's motion under each joint
    since the frame before, in the same units; camera [T, 2]: the camera's own, which was removed from both. NaN unknown.

    A camera that shakes, or whose motion is mistaken, makes both paths tremble alike: what it trembles counts as ordinary. Unknown
    altogether where the film is too short for a parabola.
    """
    shape = paths.shape[:2]
    unknown = Trembling(np.full(shape, np.nan), np.full(shape, np.nan))
    if len(paths) < 3:
        return unknown
    fit, around, calm = (half_window(times, seconds) for seconds in (_PARABOLA, _AROUND, _CALM))
    if len(paths) <= 2 * max(fit, calm):
        return unknown
    known = np.isfinite(paths[..., 0]) & np.isfinite(flow[..., 0])
    carried = np.cumsum(np.nan_to_num(flow), axis=0)
    seen = np.stack([_bridged(paths[:, joint]) for joint in range(shape[1])], axis=1)
    rests = [path - savgol_filter(path, 2 * fit + 1, 2, axis=0) for path in (seen, carried)]
    # Medians: a single leap is none of it.
    common, first, second = (
        running_median((a * b).sum(axis=-1), around) for a, b in ((rests[0], rests[1]), (rests[0], rests[0]), (rests[1], rests[1]))
    )
    reach = np.sqrt(np.maximum(common, 0))
    alike = common / np.maximum(np.sqrt(first * second), 1e-9)
    step = (times[-1] - times[0]) / (len(times) - 1)
    speed = np.linalg.norm(savgol_filter(seen, 2 * calm + 1, 2, deriv=1, axis=0), axis=-1) / step
    held = np.cumsum(np.nan_to_num(camera), axis=0)
    shaken = ((held - savgol_filter(held, 2 * fit + 1, 2, axis=0)) ** 2).sum(axis=-1)
    # The filter's running sum leaves rests of rounding, below zero as well.
    shaking = np.sqrt(np.maximum(uniform_filter1d(shaken, 2 * around + 1), 0))
    ordinary = _REST + _PER_SPEED * running_median(speed, around) + shaking[:, None]
    both = rests[0] + rests[1]
    turns = _turns(both, half_window(times, _CALM)) / step
    share = np.clip((alike - _ALIKE) / (1 - _ALIKE), 0, 1) * np.clip((turns - _SLOW) / (_QUICK - _SLOW), 0, 1)
    share = share * np.clip((_evenness(both, around) - _LEAPS) / (_EVEN - _LEAPS), 0, 1)
    score = reach * share / ordinary
    lost = running_median(known.astype(np.float64), around) < 1
    lost[: fit + 1] = lost[len(lost) - fit - 1 :] = True  # parabolas over the ends see too little
    return Trembling(np.where(lost | ~known, np.nan, reach), np.where(lost | ~known, np.nan, score))


def _turns(rest: np.ndarray, around: int) -> np.ndarray:
    """float64 [T, J]: passages of the rest [T, J, 2] through its middle, a frame, over 2 around + 1 frames.

    The axis that moves more counts more.
    """
    passes = np.zeros(rest.shape)
    passes[1:] = rest[1:] * rest[:-1] < 0
    size = 2 * around + 1
    often, power = (uniform_filter1d(values, size, axis=0, mode="nearest") for values in (passes, rest**2))
    return np.asarray((often * power).sum(axis=-1) / np.maximum(power.sum(axis=-1), 1e-12))


def _evenness(rest: np.ndarray, around: int) -> np.ndarray:
    """float64 [T, J]: median over mean of the squared steps of the rest [T, J, 2], over 2 around + 1 frames."""
    power = np.zeros(rest.shape[:2])
    power[1:] = (np.diff(rest, axis=0) ** 2).sum(axis=-1)
    usual, mean = running_median(power, around), uniform_filter1d(power, 2 * around + 1, axis=0, mode="nearest")
    return np.asarray(usual / np.maximum(mean, 1e-12))


def _bridged(path: np.ndarray) -> np.ndarray:
    """A path [T, 2] with straight lines where it is unknown; 0 where it never is known."""
    known = np.flatnonzero(np.isfinite(path[:, 0]))
    if not len(known):
        return np.zeros(path.shape)
    return np.stack([np.interp(np.arange(len(path)), known, path[known, axis]) for axis in range(2)], axis=-1)
