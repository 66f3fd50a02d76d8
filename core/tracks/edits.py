"""What an editor or a camera does, and no body: cuts, crossfades, changes of light, the camera's motion."""

from __future__ import annotations

import numpy as np

from core.extraction.cuts import LOOK

# Frames from the last of the first picture to the first of the other one, that a crossfade is looked for over.
_LENGTHS = (8, 10, 12, 14, 16, 20, 24, 28, 31)
_BESIDE = 2  # frames on either side that belong to the pictures between which it fades
# Least distance of these pictures in grey levels of the thumbnails (`pixels.distances`), and least share by which the variance of the grey
# levels dips: what differs by less fades unseen.
_APART, _LEAST_DIP = 10.0, 0.004
_CONTRAST = 50.0  # of the thumbnails, grey levels
# How far from a perfect blend one of moving bodies is, about: depth, shape and steadiness of the sharpness, contrast (as a share of what is
# demanded), detours, bend and pace of the way. Real motion reaches a value of 1.17 by them.
_USUAL = np.array([0.1, 0.06, 0.14, 1.0, 0.7, 0.25, 0.17])
_FARTHEST = 3.0  # of a value, which is this over the root of the summed squares of the deviations
_ENDS = 0.8  # of the value in the middle, at both ends
# How far apart backgrounds of two shots are at least; within a shot measured 2 to 17, where people jump within it 3 to 6.
_OTHER_PLACE = 15.0


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


def crossfade(distance: np.ndarray, light: np.ndarray, sharpness: np.ndarray) -> np.ndarray:
    """float64 [T]: above 1.2 where the picture fades into another one; NaN where that cannot be seen.

    distance [T, 3, LAGS], light [T, 2] and sharpness [T] as in `PixelTracks`. A blend (1 - a) A + a B of two pictures obeys three laws that
    motion does not: what is fine in them lies elsewhere in each, so that the sharpness falls to (1 - a)^2 + a^2 of itself, one half in the
    middle; the variance of the grey levels falls by a (1 - a) |A - B|^2; and the way from A to B is straight and evenly paced. People who
    move on in both pictures meanwhile bend the way a little; pictures that hardly differ fade unseen.
    """
    distance = np.asarray(distance, np.float64)
    person = np.where(np.isfinite(distance[:, 1]), distance[:, 1], distance[:, 0])
    sharp = np.maximum(np.asarray(sharpness, np.float64), 1e-6)
    variance = np.square(np.maximum(np.asarray(light, np.float64)[:, 1], 1e-6))
    total, lags = person.shape
    best = np.full(total, np.nan)
    for length in _LENGTHS:
        first = np.arange(_BESIDE, total - length - _BESIDE)
        if length > lags or not len(first):
            break
        apart = distance[first + length, 0, length - 1]
        dip, _ = _dip(variance, first, length)
        # The dip that the distance demands, as far as small distances and changes of the scene let it be known.
        demanded = (apart / _CONTRAST) ** 2 / 4
        contrast = (dip - demanded) / (0.3 * demanded + 0.006)
        away = np.column_stack([*_sharpness_away(sharp, first, length), contrast, *_way_away(person, first, length)])
        value = _FARTHEST / np.maximum(np.sqrt(np.square(away / _USUAL).sum(axis=1)), 1.0)
        seen = (dip >= _LEAST_DIP) & (person[first + length, length - 1] >= _APART)
        value = np.where(seen | np.isnan(value), value, 0.0)
        for step in range(1, length):
            inside = 1 - (1 - _ENDS) * abs(2 * step / length - 1)
            best[first + step] = np.fmax(best[first + step], inside * value)
    return best


def _sharpness_away(sharp: np.ndarray, first: np.ndarray, length: int) -> tuple[np.ndarray, ...]:
    """How far windows of frames, from `first` [W] to `length` later, are from a blend of their ends: depth and shape of the dip of the
    sharpness, and its steadiness before and after.
    """
    beside = np.arange(_BESIDE + 1)
    before, after = sharp[first[:, None] - beside], sharp[first[:, None] + length + beside]
    ends = np.median(before, axis=1)[:, None], np.median(after, axis=1)[:, None]
    depth, shape = _dip(sharp, first, length, ends)
    unsteady = np.abs(np.log(np.concatenate([before / ends[0], after / ends[1]], axis=1))).max(axis=1)
    return depth - 0.5, shape, unsteady


def _way_away(person: np.ndarray, first: np.ndarray, length: int) -> tuple[np.ndarray, ...]:
    """The same of the way from end to end, by distances person [T, LAGS]: log of the detours, its bend, and how unevenly it is paced."""
    share = np.arange(1, length) / length
    inner = np.arange(1, length)
    gone, left = person[first[:, None] + inner, inner - 1], person[first + length][:, length - inner - 1]
    whole = np.maximum(person[first + length, length - 1], 1e-6)[:, None]
    along = (gone**2 - left**2 + whole**2) / (2 * whole**2)
    bend = (np.maximum(gone**2 - (along * whole) ** 2, 0) / whole**2).mean(axis=1)
    pace = np.sqrt(np.square(along - share).mean(axis=1))
    steps = np.median(person[first[:, None] + inner, 0], axis=1)
    return np.log(np.maximum(length * steps / whole[:, 0], 1.0)), bend, pace


def _dip(
    values: np.ndarray, first: np.ndarray, length: int, ends: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Both [W]: by how much values [T] fall in the middle of each window below the line between its ends (as a share of their mean; the
    window's own where no other ones [W, 1] are given), if they fall as 4 a (1 - a); and how far they are from that (RMS)."""
    share = np.arange(length + 1) / length
    hump = 4 * share * (1 - share)
    inside = values[first[:, None] + np.arange(length + 1)]
    begin, end = ends or (inside[:, :1], inside[:, -1:])
    fall = 2 * (begin + (end - begin) * share - inside) / (begin + end)
    depth = fall @ hump / (hump @ hump)
    return depth, np.sqrt(np.square(fall - depth[:, None] * hump).mean(axis=1))


def flicker(light: np.ndarray) -> np.ndarray:
    """float64 [T]: change of the picture's light since the frame before, as a share; NaN at 0. light [T, 2]: mean and deviation."""
    light = np.asarray(light, np.float64)
    change = np.full(len(light), np.nan)
    mean = np.maximum(light[:, 0], 1.0)
    change[1:] = np.abs(np.diff(mean)) / np.minimum(mean[1:], mean[:-1])
    return change
