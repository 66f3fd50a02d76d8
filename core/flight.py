"""Leaps: stretches in which nothing of the body touches the ground, so that gravity alone moves its centre of mass.

They are recognised by their shape in the picture, which is the same at any tempo: the lowest joints rise, both feet with them, and the
centre of mass draws a parabola. How quickly it does says how fast the film is played: on Earth it falls with 9.81 m/s^2, which are about
5.7 body heights a second squared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks

from core.tracks.joints import JOINTS

GRAVITY = 5.7  # body heights of 1.72 m a second squared
# Lengths in body heights. The lowest joint rises by so much, both feet by so much; a flight is what lies above a share of the rise.
_RISE, _FEET_RISE, _ABOVE = 0.03, 0.02, 0.4
# How much more or less than the centre of mass either foot, and both together, bend downwards: who steps over something stands on one.
_EITHER_FOOT, _BOTH_FEET = 0.4, 3.5
_SAGITTA, _PARABOLA = 0.015, 0.95  # of the centre of mass; share of its variance that the parabola explains
_FEWEST = 5  # frames
_SEEN = 0.6  # share of the frames in which both feet are seen
# Shares of the body's mass, gathered at the joints (after Winter, Biomechanics and Motor Control of Human Movement).
_MASS = {"nose": 0.08, "shoulder": 0.152, "elbow": 0.022, "wrist": 0.011, "hip": 0.195, "knee": 0.09, "ankle": 0.035}
_LOW = [joint for joint, name in enumerate(JOINTS) if name.endswith(("ankle", "knee", "wrist", "hip"))]
_FEET = [JOINTS.index(f"{side}_ankle") for side in ("left", "right")]


@dataclass(frozen=True)
class Flight:
    """Frames start..stop (exclusive); fall: acceleration of the centre of mass, body heights a frame squared."""

    start: int
    stop: int
    fall: float


def flights(places: np.ndarray) -> list[Flight]:
    """Of the joints' places [T, J, 2] in the picture (order `joints.JOINTS`, body heights, y down, camera at rest; NaN unknown)."""
    known = np.isfinite(places[..., 1])
    if len(places) < _FEWEST or known[:, _FEET].mean(axis=0).min() < _SEEN:
        return []
    seen = [joint for joint in range(len(JOINTS)) if known[:, joint].any()]
    frames = np.arange(len(places))
    height = {joint: -np.interp(frames, frames[known[:, joint]], places[known[:, joint], joint, 1]) for joint in seen}
    mass = np.array([_MASS[JOINTS[joint].split("_")[-1]] for joint in seen])
    centre = np.stack([height[joint] for joint in seen], axis=1) @ mass / mass.sum()
    lowest = np.min([height[joint] for joint in _LOW if joint in height], axis=0)
    feet = np.stack([height[joint] for joint in _FEET], axis=1)
    found = []
    tops, told = find_peaks(lowest, prominence=_RISE)
    for top, rise in zip(tops.tolist(), told["prominences"], strict=True):
        above = lowest > lowest[top] - (1 - _ABOVE) * rise
        start = top - int(np.argmin(np.r_[above[top::-1], False])) + 1
        stop = top + int(np.argmin(np.r_[above[top:], False]))
        flight = _flight(centre[start:stop], feet[start:stop], start)
        if flight is not None:
            found.append(flight)
    return found


def _flight(centre: np.ndarray, feet: np.ndarray, start: int) -> Flight | None:
    """What the heights of the centre of mass [L] and of the feet [L, 2] say of one stretch."""
    length = len(centre)
    if length < _FEWEST:
        return None
    quarter = (length - 1) // 4
    lower = feet.min(axis=1)
    if lower[quarter : length - quarter].min() - max(lower[0], lower[-1]) < _FEET_RISE:
        return None
    time = np.arange(length) - (length - 1) / 2
    bend, slope, level = np.polyfit(time, centre, 2)
    bends = np.polyfit(time, feet, 2)[0] / bend
    if bend >= 0 or bends.min() < _EITHER_FOOT or bends.mean() > _BOTH_FEET:
        return None
    straight = centre - np.polyval(np.polyfit(time, centre, 1), time)
    left = centre - (bend * time**2 + slope * time + level)
    curved = -bend * ((length - 1) / 2) ** 2 >= _SAGITTA
    return Flight(start, start + length, float(-2 * bend)) if curved and left.var() < (1 - _PARABOLA) * straight.var() else None
