"""A frame at the sizes the measurements work on, and the way from its pixels to the frame's."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# Longest sides in pixels: of the picture that sharpness is read from, that flow is computed on, that colours are taken from, and of the
# thumbnail that frames are compared by. A thumbnail's pixel is the mean of more than a hundred of a 720p frame, so that film grain of 1.6
# grey levels is 0.1 there.
_MEDIUM, FLOW_SIDE, _COLOUR_SIDE, _THUMB_SIDE = 640, 320, 160, 96
_BURNT = 250.0
_CONTRAST = 50.0  # grey levels: the standard deviation that every thumbnail is brought to


@dataclass(frozen=True, eq=False)
class Reduced:
    """One frame, reduced.

    medium  uint8 [h, w]           grey, longest side 640 to 1279 (smaller where the frame is)
    grey    uint8 [h, w]           grey, longest side at most 320
    lab     uint8 [h, w, 3]        Lab, longest side at most 160
    fine    uint8 [h, w, 3]        Lab, of grey's size
    thumb   float32 [h, w]         grey, longest side at most 96, low-passed, mean 0 and standard deviation 50: a change of light as a whole
                                   (gain and offset) leaves no trace
    valid   bool [h, w]            where the thumbnail is not burnt out
    light   (float, float)         mean and standard deviation that the thumbnail had
    """

    medium: np.ndarray
    grey: np.ndarray
    lab: np.ndarray
    fine: np.ndarray
    thumb: np.ndarray
    valid: np.ndarray
    light: tuple[float, float]


def reduce_frame(frame: np.ndarray) -> Reduced:
    """An RGB frame uint8 [H, W, 3] at all sizes."""
    height, width = frame.shape[:2]
    factor = max(1, max(height, width) // _MEDIUM)
    # Whole factors are quick; the rest of the way is done on the smaller picture.
    part = frame[: height // factor * factor, : width // factor * factor]
    colour = part if factor == 1 else cv2.resize(part, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    medium = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)
    grey = _shrunk(medium, FLOW_SIDE)
    step = max(1, max(colour.shape[:2]) // (2 * _COLOUR_SIDE))
    lab = cv2.cvtColor(_shrunk(colour[::step, ::step], _COLOUR_SIDE), cv2.COLOR_RGB2LAB)
    fine = cv2.cvtColor(cv2.resize(colour, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    thumb = cv2.GaussianBlur(_shrunk(grey, _THUMB_SIDE).astype(np.float32), (0, 0), 0.8)
    mean, deviation = float(thumb.mean()), float(thumb.std())
    levelled = (thumb - mean) * np.float32(_CONTRAST / max(deviation, 1.0))
    return Reduced(medium, grey, lab, fine, levelled, thumb < _BURNT, (mean, deviation))


def to_reduced(points: np.ndarray, size: tuple[int, int], shape: tuple[int, ...]) -> np.ndarray:
    """Points [..., 2] in pixels of a frame of `size` (width, height), in pixels of a reduced picture of `shape` (height, width)."""
    scale = np.array([shape[1] / size[0], shape[0] / size[1]])
    return np.asarray((np.asarray(points, np.float64) + 0.5) * scale - 0.5)


def box_mask(box: np.ndarray, size: tuple[int, int], shape: tuple[int, ...], margin: float) -> np.ndarray:
    """bool `shape`: the pixels inside a box [4] of the frame, grown on each side by `margin` of its longer side; all False for NaN."""
    mask = np.zeros(shape[:2], bool)
    if np.isfinite(box).all():
        x0, y0, x1, y1 = grown(box, size, shape, margin)
        mask[y0:y1, x0:x1] = True
    return mask


def grown(box: np.ndarray, size: tuple[int, int], shape: tuple[int, ...], margin: float) -> tuple[int, int, int, int]:
    """The box (finite) in whole pixels of a reduced picture, grown on each side by `margin` of its longer side, at least a pixel large."""
    more = margin * max(float(box[2] - box[0]), float(box[3] - box[1]))
    low = to_reduced(np.asarray(box[:2], np.float64) - more, size, shape)
    high = to_reduced(np.asarray(box[2:], np.float64) + more, size, shape)
    x0, y0 = (int(np.clip(np.floor(value), 0, limit - 1)) for value, limit in zip(low, (shape[1], shape[0]), strict=True))
    x1, y1 = (int(np.clip(np.ceil(value) + 1, 1, limit)) for value, limit in zip(high, (shape[1], shape[0]), strict=True))
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def longer_side(box: np.ndarray) -> float:
    """Of a box [4]; 0 for NaN."""
    return max(float(box[2] - box[0]), float(box[3] - box[1])) if np.isfinite(box).all() else 0.0


def _shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    height, width = picture.shape[:2]
    share = side / max(height, width)
    if share >= 1.0:
        return picture
    return cv2.resize(picture, (max(round(width * share), 8), max(round(height * share), 8)), interpolation=cv2.INTER_AREA)
