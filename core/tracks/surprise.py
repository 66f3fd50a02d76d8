"""What the optical flow cannot tell of a step: frames that are left out, put in or out of order leap, and real motion flows."""

from __future__ import annotations

import numpy as np

from core.tracks.joints import half_window, running_median
from core.tracks.pace import Pace, over_neighbours

_LEAST = 2.0  # grey levels: less left over is no surprise
_AROUND_SECONDS = 0.5
_HELD = 4.0  # see `pace`
_PATTERN = 0.5
_SIGHT = 3  # frames


def surprise(left: np.ndarray, paced: Pace, seen: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64 [T] twice: what the flow leaves unexplained at each step over what is usual around; and the geometric mean of that and of
    the same over the three steps before and after.

    left [T, 2]: RMS in grey levels of what is left, of the whole picture and of the person's; seen bool [T]: frames that show a body.
    Who comes into sight is new in the picture, and no leap: that is unknown unless somebody is seen shortly before.
    """
    whole, person = np.asarray(left, np.float64).T
    values = np.where(np.isfinite(person), person, whole)
    if len(values) < 2:
        return np.full(len(values), np.nan), np.full(len(values), np.nan)
    moving = np.where(paced.held > _HELD, np.nan, values)
    usual = np.fmax(running_median(moving[:, None], half_window(times, _AROUND_SECONDS))[:, 0], _LEAST)
    # Next to frames that are shown again in a pattern, as conversions of the frame rate make it, every step is large.
    others = np.where(paced.regular > _PATTERN, np.nan, values)
    leap = np.sqrt(values / usual * over_neighbours(values, others, _LEAST))
    return values / usual, np.where(_just_seen(seen) | ~seen.any(), leap, np.nan)


def _just_seen(seen: np.ndarray) -> np.ndarray:
    """bool [T]: in one of the three frames before."""
    padded = np.concatenate([np.zeros(_SIGHT, bool), seen])
    return np.asarray(np.stack([padded[_SIGHT - back : len(padded) - back] for back in range(1, _SIGHT + 1)]).any(axis=0))
