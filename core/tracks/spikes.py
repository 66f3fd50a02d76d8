"""Spikes: steps that the motion around them does not explain. A fast but smooth motion has none; a jump to another place has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.tracks.joints import half_window, median, running_median

_NEIGHBOURS = (-2, -1, 1, 2)
# Half of the local speed counts as unexplained: limbs that move fast also turn fast.
_SPEED_SHARE = 0.5
# What the key points of a person at rest do from frame to frame, in body heights (measured: 0.002 to 0.008); the floor keeps a
# perfectly still joint from making a spike of nothing.
_NOISE_FLOOR = 0.004


@dataclass(frozen=True, eq=False)
class Spikes:
    """excess float32 [T, J]: unexplained part of the step in body heights; score float32 [T, J]: the same over what is usual around it."""

    excess: np.ndarray
    score: np.ndarray


def spikes(positions: np.ndarray, duration: np.ndarray, times: np.ndarray) -> Spikes:
    """The unexplained part of each step: its distance from the component-wise median of the two steps before and after it.

    positions [T, J, 2 or 3] in body heights, NaN unknown; duration [T] of each step in seconds, NaN at 0. Uneven frame times are allowed
    for: velocities are compared, not distances. A step without a known one on either side is unknown.
    """
    velocity = np.full(positions.shape, np.nan)
    velocity[1:] = np.diff(np.asarray(positions, np.float64), axis=0) / duration[1:, None, None]
    around = np.stack([_shifted(velocity, by) for by in _NEIGHBOURS])
    expected = median(around)
    known = np.isfinite(around[..., 0])
    expected[~(known[:2].any(axis=0) & known[2:].any(axis=0))] = np.nan
    unexplained = np.linalg.norm(velocity - expected, axis=-1)
    typical = float(median(duration[:, None])[0]) if len(times) > 1 else float("nan")
    noise = np.fmax(running_median(unexplained, half_window(times, 1.0)), _NOISE_FLOOR / typical)
    speed = running_median(np.linalg.norm(velocity, axis=-1), half_window(times, 0.3))
    score = unexplained / np.hypot(noise, _SPEED_SHARE * np.nan_to_num(speed))
    return Spikes((unexplained * duration[:, None]).astype(np.float32), score.astype(np.float32))


def _shifted(values: np.ndarray, by: int) -> np.ndarray:
    """values at t + by, NaN beyond the ends."""
    moved = np.full_like(values, np.nan)
    if by < 0:
        moved[-by:] = values[:by]
    else:
        moved[:-by] = values[by:]
    return moved
