"""Whether the pictures go on at their pace: frames shown again, steps that leave frames out, and regular patterns of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from core.tracks.joints import frame_seconds, half_window, quantile, running_quantile

# Grey levels of the thumbnails (`pixels.distances`): what fresh grain and compression do to a frame that is shown again (measured: 0.15 to
# 0.35), and the change below which nothing is said about pace, since pulses of the compression are as large.
_NOISE, _LEAST = 0.2, 0.8
_AROUND_SECONDS = 0.5
_USUAL = 0.6  # quantile of the changes around
_HELD = 4.0  # times less change than usual: the frame before, shown again
# Of a freeze: the fewest steps in a row without change. At rates below 20 a tenth of a second is two of them; at rates below 11 two are so
# long that people pause within them. In two steps a turning point may change 4 times less than beside it (measured: 4.3): less than _CLEAR
# times is nothing there. The longest that is looked at, in steps and in seconds, whichever is more.
_STEPS, _STEPS_OF_SLOW, _SLOW, _TOO_SLOW, _CLEAR = 3, 2, 1 / 20, 1 / 11, 8.0
_LONGEST, _LONGEST_SECONDS = 30, 1.0
PATTERN = 0.5  # of `regular`: a frame shown again above it belongs to a pattern
_PERIODS = range(2, 11)  # frames after which a conversion of the frame rate repeats itself
_NEIGHBOURS = (-3, -2, -1, 1, 2, 3)


@dataclass(frozen=True, eq=False)
class Pace:
    """Of each step from frame t-1 to t; NaN where unknown.

    usual    float64 [T]  the usual change around, in grey levels, without the frames that repeat
    held     float64 [T]  how many times less than usual the picture changes: 1 and below is ordinary, from 4 on the frame is shown again
    regular  float64 [T]  0..1: how far the repetition belongs to a regular pattern, as conversions of the frame rate make it
    freeze   float64 [T]  for steps in a run of three, or a tenth of a second (`freeze_steps`): how many times less the picture changes
                          in it than right before and after it; a turning point slows down and starts gently and reaches 2; patterns are
                          left out
    skip     float64 [T]  the change over the largest of the three steps before and after: 1 and below is ordinary
    """

    usual: np.ndarray
    held: np.ndarray
    regular: np.ndarray
    freeze: np.ndarray
    skip: np.ndarray


def pace(change: np.ndarray, flow: np.ndarray, times: np.ndarray) -> Pace:
    """change [T]: distance of each frame from the one before, in grey levels; flow [T]: the same as the length of the flow, in units in
    which 1 is the least that counts; NaN where unknown; times [T] in seconds."""
    change = np.asarray(change, np.float64)
    reach = max(4, half_window(times, _AROUND_SECONDS)) if len(times) > 1 else 4
    rough = running_quantile(change[:, None], reach, _USUAL)[:, 0]
    moving = np.where(change * _HELD > rough, change, np.nan)
    usual = running_quantile(moving[:, None], reach, _USUAL)[:, 0]
    quiet = np.maximum(change, _NOISE / 4)
    held = np.where(np.isfinite(change), np.where(usual >= _LEAST, usual / quiet, np.minimum(usual / quiet, 1.0)), np.nan)
    regular = _regular(held, change)
    # Repetitions that belong to the frame rate are taken out: what is left must not stand still.
    kept = np.flatnonzero(~(regular > PATTERN))
    freeze, skip = np.where(np.isfinite(change), 0.0, np.nan), np.where(np.isfinite(change), 0.0, np.nan)
    freeze[kept] = _freeze(change[kept], usual[kept], freeze_steps(times))
    skip[kept] = _skip(change[kept], np.asarray(flow, np.float64)[kept], held[kept])
    return Pace(usual, held, regular, freeze, skip)


def freeze_steps(times: np.ndarray) -> range:
    """How many steps in a row without change may be a freeze."""
    step = frame_seconds(times)
    return range(_STEPS_OF_SLOW if _SLOW <= step <= _TOO_SLOW else _STEPS, max(_LONGEST, round(_LONGEST_SECONDS / step)) + 1)


def _freeze(change: np.ndarray, usual: np.ndarray, sizes: range) -> np.ndarray:
    total = len(change)
    best = np.where(np.isfinite(change), 0.0, np.nan)
    quiet = np.maximum(np.nan_to_num(change, nan=np.inf), _NOISE)
    # A repetition that belongs to the clip's frame rate may stand right beside the freeze: the larger of two steps is its edge.
    moving = np.nan_to_num(change)
    before = np.maximum(_shifted(moving, -1), _shifted(moving, -2))
    after = np.maximum(_shifted(moving, 1), _shifted(moving, 2))
    for size in sizes:
        if size >= total:
            break
        first = np.arange(1, total - size + 1)
        most = np.lib.stride_tricks.sliding_window_view(quiet, size)[first].max(axis=1)
        # Between two jumps ordinary motion is no freeze: an edge counts as no more than a usual step.
        edge = np.minimum(np.minimum(before[first], usual[first]), np.minimum(after[first + size - 1], usual[first + size - 1]))
        spread = np.full(total, -np.inf)
        spread[first] = np.where((edge >= _LEAST) & ((size >= _STEPS) | (edge >= _CLEAR * most)), edge / most, 0.0)
        best = np.maximum(best, maximum_filter1d(spread, size, origin=(size - 1) // 2, mode="constant", cval=-np.inf))
    return best


def _regular(held: np.ndarray, change: np.ndarray) -> np.ndarray:
    """How many of the three repetitions before and after, a period apart, are there; the best of all periods."""
    # A turning point among fast motion changes little too, but more than a frame that is shown again.
    repeats = (np.nan_to_num(held) > _HELD) & (change < _LEAST)
    length = _run_lengths(repeats)
    result = np.zeros(len(held))
    for period in _PERIODS:
        lags = [period * number for number in (-3, -2, -1, 1, 2, 3)]
        there = np.sum([_shifted(repeats, lag) for lag in lags], axis=0)
        known = np.sum([_shifted(np.isfinite(held), lag) for lag in lags], axis=0)
        # A run as long as the period, or longer than those a period away, is a freeze and no pattern.
        fits = (length < period) & (length <= np.max([_shifted(length, lag) for lag in lags], axis=0))
        result = np.maximum(result, np.where(repeats & fits, there / np.maximum(known, 3), 0.0))
    return np.where(np.isfinite(held), result, np.nan)


def _run_lengths(mask: np.ndarray) -> np.ndarray:
    """int [T]: the length of the run of True that each frame stands in, 0 where it is False."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    lengths = np.zeros(len(mask), int)
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        lengths[first:stop] = stop - first
    return lengths


def _skip(change: np.ndarray, flow: np.ndarray, held: np.ndarray) -> np.ndarray:
    """The geometric mean of both changes over their neighbours; the picture's alone where there is no flow."""
    ratios = []
    for values, least in ((change, _LEAST), (flow, 1.0)):
        ordinary = np.where(np.nan_to_num(held, nan=1.0) > _HELD, np.nan, values)
        ratios.append(over_neighbours(values, ordinary, least))
    both = np.sqrt(ratios[0] * ratios[1])
    return np.where(np.isfinite(change), np.where(np.isfinite(both), both, ratios[0]), np.nan)


def over_neighbours(values: np.ndarray, ordinary: np.ndarray, least: float) -> np.ndarray:
    """values [T] over the largest of `ordinary` [T] in the three frames before and after, both at least `least`.

    NaN where fewer than two of those are known, or none on one side.
    """
    around = np.stack([_shifted(ordinary, lag, np.nan) for lag in _NEIGHBOURS])
    known = np.isfinite(around)
    enough = known[:3].any(axis=0) & known[3:].any(axis=0) & (known.sum(axis=0) >= 2)
    return np.where(enough, np.maximum(values, least) / np.maximum(quantile(around, 1.0), least), np.nan)


def _shifted(values: np.ndarray, by: int, beyond: float = 0) -> np.ndarray:
    """values at t + by; `beyond` outside."""
    moved = np.full_like(values, beyond)
    reach = len(values) - abs(by)
    if reach > 0:
        moved[max(-by, 0) : max(-by, 0) + reach] = values[max(by, 0) : max(by, 0) + reach]
    return moved
