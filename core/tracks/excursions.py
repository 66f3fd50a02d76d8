"""Excursions: the end of a limb bone is elsewhere for a moment, while its motion otherwise goes on.

Away within a few frames and, a moment later, back by the same step within a few frames. Each step is the gap between two straight lines,
one through the places right before it and one through those right after; how clear it is, is its length over how much the two lines bend
and scatter. A swing that turns round bends the lines; a limb that is put elsewhere leaves them parallel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.tracks.joints import frame_seconds

# Seconds: that a step may take, that each line spans, that an excursion lasts.
_STEP_SECONDS, _LINE_SECONDS, _SHORTEST, LONGEST = 0.1, 0.1, 0.18, 0.75
_USUAL = 0.1  # body heights: of excursions as clear as each other the larger counts for more, this much for once
_LEAST = 0.8  # of the strength that is looked at
_SLOWEST = 1 / 11  # seconds a frame: at slower rates nothing is left of the lines
_SAME_START, _SAME_STOP = 2, 3  # frames: nearer to a stronger excursion it is the same one


@dataclass(frozen=True, eq=False)
class Steps:
    """Of a step into frame t that takes 0..R-1 frames in between; 0 where unknown.

    jump   float64 [R, T, B, D]  from where it would have been to where it is
    clear  float64 [R, T, B]     its length over what the lines before and after leave open
    """

    jump: np.ndarray
    clear: np.ndarray


@dataclass(frozen=True, eq=False)
class Excursions:
    """N of them. Frames start..stop (exclusive) of bone; the first `away_frames` and the last `back_frames` of them are in between.

    away, back      float64 [N, D]  the steps into it and out of it; opposite to each other
    away_clear, back_clear [N]      how clear each is
    strength        [N]             of the weaker step, as far as the two are opposite and of one length, times the root of its length
    """

    bone: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    away_frames: np.ndarray
    back_frames: np.ndarray
    away: np.ndarray
    back: np.ndarray
    away_clear: np.ndarray
    back_clear: np.ndarray
    strength: np.ndarray

    def __len__(self) -> int:
        return len(self.bone)


def steps(places: np.ndarray, times: np.ndarray, noise: float) -> Steps:
    """places [T, B, D], NaN unknown; noise: their own trembling, in the same unit."""
    total = len(places)
    step = frame_seconds(times)
    span = max(2, round(_LINE_SECONDS / step)) + 1
    longest = max(1, round(_STEP_SECONDS / step))
    jump = np.zeros((longest + 1, *places.shape))
    clear = np.zeros((longest + 1, *places.shape[:2]))
    if total < 2 * span + longest or step > _SLOWEST:
        return Steps(jump, clear)
    place = np.arange(span) - (span - 1) / 2
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(places, np.float64), span, axis=0)
    slope, middle = windows @ (place / (place**2).sum()), windows.mean(axis=-1)
    scatter = ((windows - middle[..., None] - slope[..., None] * place) ** 2).mean(axis=-1).sum(axis=-1)
    for between in range(longest + 1):
        at = np.arange(span, total - span - between + 1)
        before, after, half = at - span, at + between, (between + 1) / 2
        reach = (span - 1) / 2 + half
        gap = middle[after] - slope[after] * reach - middle[before] - slope[before] * reach
        bends = np.linalg.norm(slope[after] - slope[before], axis=-1) * half
        jump[between, at] = np.nan_to_num(gap)
        clear[between, at] = np.nan_to_num(np.linalg.norm(gap, axis=-1) / np.sqrt(noise**2 + bends**2 + scatter[before] + scatter[after]))
    return Steps(jump, clear)


def excursions(found: Steps, times: np.ndarray, longest: float = LONGEST) -> Excursions:
    """Those of at most `longest` seconds, of each bone the strongest first; one that is all but where a stronger one is is left out."""
    between = found.clear.argmax(axis=0)
    clear = found.clear.max(axis=0)
    jump = np.take_along_axis(found.jump, between[None, ..., None], axis=0)[0]
    length = np.linalg.norm(jump, axis=-1)
    total, bones = clear.shape
    step = frame_seconds(times)
    lags = np.array([lag for lag in range(max(3, round(_SHORTEST / step)), round(longest / step) + 2) if lag < total], int)
    strength = np.zeros((bones, len(lags), total))
    for row, lag in enumerate(lags):
        smaller, larger = (choose(length[:-lag], length[lag:]) for choose in (np.minimum, np.maximum))
        opposite = np.clip(-(jump[:-lag] * jump[lag:]).sum(axis=-1) / np.maximum(length[:-lag] * length[lag:], 1e-9), 0, 1)
        alike = smaller / np.maximum(larger, 1e-9)
        weaker = np.minimum(clear[:-lag], clear[lag:])
        strength[:, row, :-lag] = (weaker * opposite * alike * np.sqrt(smaller / _USUAL)).T
    rows = [pick for bone in range(bones) for pick in _strongest(strength[bone], lags, bone)]
    bone, start, end = (np.array([row[column] for row in rows], int) for column in range(3))
    return Excursions(
        bone=bone,
        start=start,
        stop=end + between[end, bone],
        away_frames=between[start, bone],
        back_frames=between[end, bone],
        away=jump[start, bone],
        back=jump[end, bone],
        away_clear=clear[start, bone],
        back_clear=clear[end, bone],
        strength=np.array([row[3] for row in rows], np.float64),
    )


def _strongest(strength: np.ndarray, lags: np.ndarray, bone: int) -> list[tuple[int, int, int, float]]:
    """(bone, frame of the step away, frame of the step back, strength). strength [L, T] by lag and frame of the step away."""
    free = strength >= _LEAST
    rows, starts = np.nonzero(free)
    found = []
    for place in np.argsort(-strength[rows, starts], kind="stable"):
        row, start = int(rows[place]), int(starts[place])
        if not free[row, start]:
            continue
        end = start + int(lags[row])
        found.append((bone, start, end, float(strength[row, start])))
        for near in range(max(start - _SAME_START, 0), min(start + _SAME_START + 1, strength.shape[1])):
            free[np.abs(near + lags - end) <= _SAME_STOP, near] = False
    return found
