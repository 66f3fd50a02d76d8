"""Whether the frames stand in their order, from how far each picture is from those before it: disorder, reversal, splices, mirrored frames.

All of it compares ways through the same pictures. In motion, the shortest way through a few frames is the order of time; frames that were
exchanged, reversed or put in from elsewhere make the way longer than it has to be. Turning points make it longer as well, but there the
steps are small, so what is gained is always compared with the usual step around; and no step into or out of what belongs elsewhere can be
told by the optical flow, while real motion can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from core.tracks.joints import frame_seconds, quantile, running_quantile

_LEAST = 0.8  # grey levels, the least usual step (see `pace`)
_AROUND, _USUAL = 8, 0.6  # frames on either side, and their quantile
_USUAL_LAG, _MOST_STEPS = 0.75, 12  # quantile of the distances at one lag, and the most steps that a step can be worth
_WINDOW = 5  # frames on either side, for disorder
# The longest that is looked at, in frames and in seconds, whichever is more: at quick rates a moment takes more frames.
_LONGEST_SPLICE, _SPLICE_SECONDS = 4, 0.134
_LONGEST_MIRROR, _MIRROR_SECONDS = 12, 0.4
_SHORTEST_REVERSAL, _REVERSAL_SECONDS = 4, 2.6
# Of what the flow leaves unexplained, over the usual: real motion reaches 1.8 at the ends of what looks turned round or put in.
_FLOW_HOLDS, _FLOW_FAILS = 1.5, 2.5


@dataclass(frozen=True, eq=False)
class Order:
    """Of each frame; NaN where unknown. A segment a..b gives all its frames its value; each frame has the highest of its segments.

    disorder  float64 [T]  length of the way through the 11 frames around over that of the shortest way from the first to the last: 1 is in
                           order; what exceeds it counts as far as the flow fails at the two steps in it that it explains worst
    reversal  float64 [T]  how many times shorter both ends of a segment become by turning it round
    splice    float64 [T]  how many times nearer the neighbours of one to four frames (`longest_splice`) are to each other than to those
    mirror    float64 [T]  how many times nearer one to twelve frames, or 0.4 s, come to their neighbours by being mirrored
                           all three times how far the flow fails at both ends (`abrupt`): 0 is ordinary
    worth     float64 [T]  how many ordinary steps the step into the frame is worth at least: 1 is ordinary, fast starts reach 4; up to 12
    """

    disorder: np.ndarray
    reversal: np.ndarray
    splice: np.ndarray
    mirror: np.ndarray
    worth: np.ndarray


def order(person: np.ndarray, whole: np.ndarray, mirrored: np.ndarray, unexplained: np.ndarray, times: np.ndarray) -> Order:
    """person, whole [T, LAGS]: distances to the frames 1, 2, ... back, of the person's surroundings and of the whole picture; mirrored [T]:
    distance of the frame's mirror image from the frame before, whole picture; unexplained [T]: of the step into the frame by the optical
    flow, over what is usual around; times [T]."""
    person, whole = np.asarray(person, np.float64), np.asarray(whole, np.float64)
    usual, usual_whole = _usual(person[:, 0]), _usual(whole[:, 0])
    steps = abrupt(unexplained)
    fails = np.where(np.isfinite(unexplained), np.clip(np.asarray(unexplained, np.float64) - 1, 0, 1), 1.0)
    lags = person.shape[1]
    step = frame_seconds(times)
    reversals = range(_SHORTEST_REVERSAL, min(lags - 2, int(_REVERSAL_SECONDS / step)) + 1)
    splices, mirrors = range(1, min(longest_splice(step), lags - 1) + 1), range(1, max(_LONGEST_MIRROR, int(_MIRROR_SECONDS / step)) + 1)

    def turned(first: np.ndarray, last: np.ndarray) -> np.ndarray:
        size = int(last[0] - first[0]) + 1
        return np.maximum(person[last, size - 1], person[last + 1, size - 1])

    def left_out(first: np.ndarray, last: np.ndarray) -> np.ndarray:
        return person[last + 1, int(last[0] - first[0]) + 1]

    def flipped(first: np.ndarray, last: np.ndarray) -> np.ndarray:
        return np.maximum(mirrored[first], mirrored[last + 1])

    return Order(
        disorder=_disorder(person, fails),
        reversal=_segments(person[:, 0], usual, steps, reversals, turned),
        splice=_segments(person[:, 0], usual, steps, splices, left_out),
        mirror=_segments(whole[:, 0], usual_whole, steps, mirrors, flipped),
        worth=_worth(person),
    )


def abrupt(unexplained: np.ndarray) -> np.ndarray:
    """float64 [T], 0..1: how far the optical flow fails at each step; 1 where nobody knows."""
    share = np.clip((np.asarray(unexplained, np.float64) - _FLOW_HOLDS) / (_FLOW_FAILS - _FLOW_HOLDS), 0.0, 1.0)
    return np.where(np.isfinite(share), share, 1.0)


def longest_splice(step: float) -> int:
    """The most frames that are told to come from elsewhere; step: seconds a frame, NaN unknown."""
    return max(_LONGEST_SPLICE, int(np.nan_to_num(_SPLICE_SECONDS / step)))


def one_scale(placed: np.ndarray) -> np.ndarray:
    """bool [T]: the person has a place in all frames that a disorder looks at, or in none; placed bool [T].

    Distances of the person and of the whole picture are no one scale: among both the shortest way means nothing.
    """
    around = 2 * _WINDOW + 1
    return np.asarray(minimum_filter1d(placed, around) == maximum_filter1d(placed, around))


def _usual(change: np.ndarray) -> np.ndarray:
    rough = running_quantile(change[:, None], _AROUND, _USUAL)
    moving = np.where(change[:, None] > 0.2 * rough, change[:, None], np.nan)
    return np.maximum(running_quantile(moving, _AROUND, _USUAL)[:, 0], _LEAST)


def _segments(
    change: np.ndarray, usual: np.ndarray, steps: np.ndarray, sizes: range, mended: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """The lesser of the two steps at the ends of a segment, over the larger one after mending it (at least a usual step); times the lesser
    of how abrupt both are."""
    total = len(change)
    best = np.where(np.isfinite(change), 0.0, np.nan)
    for size in sizes:
        first = np.arange(1, total - size)
        if not len(first):
            break
        last = first + size - 1
        usual_here = np.maximum(usual[first], usual[last + 1])
        value = np.minimum(change[first], change[last + 1]) / np.maximum(mended(first, last), usual_here)
        value = value * np.minimum(steps[first], steps[last + 1])
        spread = np.full(total, -np.inf)
        spread[first] = np.where(np.isfinite(value), value, -np.inf)
        # To all frames of the segment: the highest value of those that begin at most size - 1 frames before.
        best = np.maximum(best, maximum_filter1d(spread, size, origin=(size - 1) // 2, mode="constant", cval=-np.inf))
    return np.where(np.isfinite(best), np.maximum(best, 0.0), np.nan)


def _worth(distance: np.ndarray) -> np.ndarray:
    """The lag at which frames before or after the step are as far apart as it leads: distances of pictures do not grow evenly with time.

    The upper quartile of the distances at each lag counts, so that the lag is rather too small.
    """
    total, lags = distance.shape
    lags = min(lags, _MOST_STEPS)
    curve = np.full((lags, total), np.nan)
    for lag in range(1, lags + 1):
        behind = np.concatenate([np.full(_AROUND - 1, np.nan), distance[:, lag - 1]])
        windows = np.lib.stride_tricks.sliding_window_view(behind, _AROUND)
        level = np.where(np.isfinite(windows).sum(axis=1) >= 3, quantile(windows.T, _USUAL_LAG), np.nan)
        # Pairs that end before the step, and pairs that begin with it.
        before = np.concatenate([[np.nan], level[:-1]])
        reach = lag + _AROUND - 1
        after = np.concatenate([level[reach:], np.full(min(reach, total), np.nan)])
        curve[lag - 1] = np.fmax(before, after)
    curve = np.fmax.accumulate(np.fmax(curve, np.where(np.isfinite(curve[0]), _LEAST, np.nan)), axis=0)
    step = distance[:, 0]
    beyond = (curve < step).sum(axis=0)
    place = np.clip(beyond, 1, lags - 1)
    columns = np.arange(total)
    low, high = curve[place - 1, columns], curve[place, columns]
    within = place + np.clip((step - low) / np.maximum(high - low, 1e-6), 0, 1)
    worth = np.where(beyond == 0, step / curve[0], np.where(beyond == lags, float(lags), within))
    return np.where(np.isfinite(step) & np.isfinite(curve[0]), worth, np.nan)


def _disorder(distance: np.ndarray, fails: np.ndarray) -> np.ndarray:
    total, size = len(distance), 2 * _WINDOW + 1
    result = np.full(total, np.nan)
    centres = np.arange(_WINDOW, total - _WINDOW)
    if not len(centres):
        return result
    between = np.zeros((len(centres), size, size))
    for later in range(1, size):
        for earlier in range(later):
            between[:, later, earlier] = between[:, earlier, later] = distance[centres - _WINDOW + later, later - earlier - 1]
    way = np.sum([between[:, place, place + 1] for place in range(size - 1)], axis=0)
    known = np.isfinite(between).all(axis=(1, 2))
    # Below the least step, order is noise.
    floor = _LEAST * (size - 1)
    shortest = _shortest_way(between[known])
    # Frames out of order make two abrupt steps at least; so many of them are usual then that each stands out less.
    two = np.sort(np.lib.stride_tricks.sliding_window_view(fails[1:], size - 1)[: len(centres)][known], axis=1)[:, -2:]
    result[centres[known]] = 1 + (np.maximum(way[known], floor) / np.maximum(shortest, floor) - 1) * two.mean(axis=1)
    return result


def _shortest_way(between: np.ndarray) -> np.ndarray:
    """The length of the shortest way from the first to the last of each of [N, size, size] distances through all the others.

    Held and Karp's dynamic programming over subsets, for all N at once. A way there and back, as at a turning point, is as long in any
    order; the ends are fixed for that reason.
    """
    inner = between.shape[1] - 2
    ways = np.full((1 << inner, inner, len(between)), np.inf)
    step = between[:, 1:-1, 1:-1].transpose(1, 2, 0)
    for node in range(inner):
        ways[1 << node, node] = between[:, 0, node + 1]
    for subset in range(1, 1 << inner):
        inside = [node for node in range(inner) if subset >> node & 1]
        if len(inside) < 2:
            continue
        for node in inside:
            before = [other for other in inside if other != node]
            ways[subset, node] = (ways[subset ^ (1 << node), before] + step[before, node]).min(axis=0)
    return np.asarray((ways[-1] + between[:, 1:-1, -1].T).min(axis=0))
