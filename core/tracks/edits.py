"""What an editor or a camera does, and no body: cuts, crossfades, changes of light, the camera's motion."""

from __future__ import annotations

import numpy as np

from core.extraction.cuts import LOOK

# Half lengths in frames over which a crossfade is looked for.
_HALVES = (4, 6, 8, 12, 15)
# Grey levels of the thumbnails (`pixels.distances`): as far apart are pictures between which one fades; of different shots, 30 to 60.
_APART = 20.0
# How far apart backgrounds of two shots are at least; within a shot measured 2 to 17, where people jump within it 3 to 6.
_OTHER_PLACE = 15.0
_STRAIGHT = 0.75  # of the two halves together, from which on the way between two pictures counts as straight


def cut(margin: np.ndarray, background: np.ndarray) -> np.ndarray:
    """float64 [T]: 1 and above where a new shot begins; NaN where that cannot be seen.

    margin [T] as `PixelTracks.cut`; background [T, LAGS]: distances of what is around the person (of the whole picture, where that is
    unknown). A person who fills the picture and is suddenly elsewhere is no new shot while the background stays.
    """
    background = np.asarray(background, np.float64)
    total = len(background)
    least = np.full(total, np.inf)
    for after in range(LOOK):
        for before in range(1, LOOK + 1):
            apart = np.full(total, np.inf)
            if total > after:
                apart[: total - after] = background[after:, after + before - 1]
            least = np.fmin(least, apart)
    return np.asarray(np.minimum(np.asarray(margin, np.float64), least / _OTHER_PLACE))


def crossfade(distance: np.ndarray) -> np.ndarray:
    """float64 [T]: above 1.2 where the picture turns straight into another one; NaN where that cannot be seen.

    distance [T, LAGS] of the whole picture to the frames back. A blend of two pictures lies on the straight line between them, so that
    the distances of its halves add up to the whole. Motion bends the way: over as large a distance as lies between two shots it is never
    straight. A slow, steady pan over soft shapes is nearly straight as well and reaches 1.
    """
    distance = np.asarray(distance, np.float64)
    total, lags = distance.shape
    best = np.full(total, np.nan)
    for half in _HALVES:
        if 2 * half > lags or total <= 2 * half:
            break
        middle = np.arange(half, total - half)
        first, second, both = distance[middle, half - 1], distance[middle + half, half - 1], distance[middle + half, 2 * half - 1]
        straight = np.clip((both / np.maximum(first + second, 1e-6) - _STRAIGHT) / (1 - _STRAIGHT), 0, 1)
        # A cut is as straight, but one half of it holds everything.
        even = np.minimum(first, second) / np.maximum(np.maximum(first, second), 1e-6)
        value = both / _APART * straight * np.clip(2 * even, 0, 1)
        best[middle] = np.fmax(best[middle], value)
    return best


def flicker(light: np.ndarray) -> np.ndarray:
    """float64 [T]: change of the picture's light since the frame before, as a share; NaN at 0. light [T, 2]: mean and deviation."""
    light = np.asarray(light, np.float64)
    change = np.full(len(light), np.nan)
    mean = np.maximum(light[:, 0], 1.0)
    change[1:] = np.abs(np.diff(mean)) / np.minimum(mean[1:], mean[:-1])
    return change
