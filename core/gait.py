"""Running: both feet leave the ground at every step, and the legs take turns. How quickly they do is nearly the same in everybody.

A step of a run takes 0.23 to 0.41 seconds in the films of real motion, slow or fast as one runs: who jogs makes shorter steps and not much
slower ones. (Walking is no such clock: it can be as slow as one likes.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.signal import find_peaks

from core.tracks.joints import JOINTS, quantile

STEP_SECONDS = 0.34
_RISE = 0.04  # body heights by which the lower foot rises at each step
_FEWEST = 3  # steps in which both feet are in the air
_UNEVEN = 0.2  # of the mean time from one to the next, standard deviation
_SMOOTH = 2.0  # of what a pendulum swings: who stops and goes, as in martial arts, changes its speed more often than its legs
_UPRIGHT = 0.15  # body heights from shoulders to hips and from hips to feet, downwards, nearly always: who rolls or turns over does not run
_SEEN = 0.6  # share of the frames in which both feet are seen
_SHOULDERS, _HIPS, _FEET = ([JOINTS.index(f"{side}_{name}") for side in ("left", "right")] for name in ("shoulder", "hip", "ankle"))


@dataclass(frozen=True)
class Run:
    """steps: how many were seen in the air; frames: from one to the next, median."""

    steps: int
    frames: float


def running(places: np.ndarray, swing: float) -> Run | None:
    """Of the joints' places [T, J, 2] in the picture (order `joints.JOINTS`, body heights, y down, camera at rest; NaN unknown).

    swing: cycles a frame of the limbs, acceleration over speed. None where nobody runs, or too little of it is seen.
    """
    feet = places[:, _FEET, 1]
    known = np.isfinite(feet)
    if len(places) < 2 * _FEWEST or known.mean(axis=0).min() < _SEEN:
        return None
    frames = np.arange(len(places))
    height = np.stack([-np.interp(frames, frames[known[:, k]], feet[known[:, k], k]) for k in range(2)], axis=1)
    shoulders, hips = (places[:, joints, 1].mean(axis=1) for joints in (_SHOULDERS, _HIPS))
    drop = quantile(np.stack([hips - shoulders, feet.max(axis=1) - hips], axis=1), 0.05)
    if not (drop >= _UPRIGHT).all():
        return None
    air, _ = find_peaks(height.min(axis=1), prominence=_RISE)
    if len(air) < _FEWEST:
        return None
    between = np.diff(air)
    higher = [float(np.sign((height[a:b, 0] - height[a:b, 1]).mean())) for a, b in pairwise(air)]
    in_turn = all(now == -then for then, now in pairwise(higher))
    frames_a_step = float(np.median(between))
    even = between.std() < _UNEVEN * between.mean() and swing * 2 * frames_a_step < _SMOOTH
    return Run(len(air), frames_a_step) if in_turn and even else None
