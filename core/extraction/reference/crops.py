"""The square picture of one person that the mesh network sees, and its camera carried to the whole frame.

The network was trained on crops made with OpenCV 4's `warpAffine`, whose linear interpolation works in 32nds of a pixel; OpenCV 5 is finer
and differs by up to one grey level. The same arithmetic is done here, so that crops do not depend on the version that is installed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

CROP = 256
FOCAL = 5000.0  # of the network's camera, for a picture of CROP pixels
# Width to height of the part that the network looks at: the crop is square, its sides are cut off later.
_ASPECT = (192, 256)
# Boxes that shrink more than this are blurred against aliasing.
_BLUR_FROM = 1.1
_MEAN = np.array((255 * 0.485, 255 * 0.456, 255 * 0.406), np.float32)
_STD = np.array((255 * 0.229, 255 * 0.224, 255 * 0.225), np.float32)


@dataclass(frozen=True)
class Crop:
    """`image` float32 [3, 256, 256], RGB, normalised for the network.

    The square that it shows has its `center` [2] and its side `size` in pixels of the frame.
    """

    image: np.ndarray
    center: np.ndarray
    size: float


def crop_person(picture: np.ndarray, box: np.ndarray) -> Crop:
    """The crop around `box` (x0, y0, x1, y1 in pixels) of `picture`, uint8 [H, W, 3] RGB; black where it reaches outside.

    Raises ValueError for a box without extent or with unknown edges.
    """
    edges = np.asarray(box, np.float32)
    if edges.shape != (4,) or not np.isfinite(edges).all() or not (edges[2:] > edges[:2]).all():
        raise ValueError(f"A person's box needs four edges in the order x0, y0, x1, y1 and an extent, not {np.asarray(box).tolist()}.")
    center = (edges[2:] + edges[:2]) / np.float32(2)
    width, height = (float(side) for side in edges[2:] - edges[:2])
    size = max(width * _ASPECT[1] / _ASPECT[0], height)
    shrinking = size / CROP / 2
    sigma = (shrinking - 1) / 2 if shrinking > _BLUR_FROM else 0.0
    shown = _shown(picture, center, size, sigma)
    return Crop(np.ascontiguousarray(((shown - _MEAN) / _STD).transpose(2, 0, 1)), center, size)


def camera_to_frame(
    camera: np.ndarray, center: np.ndarray, size: float | np.ndarray, image_size: tuple[int, int]
) -> tuple[np.ndarray, float]:
    """Where the bodies stand in the camera of the whole frame: translations float32 [N, 3] in metres, and its focal length in pixels.

    `camera` [N, 3] is the network's (scale, x, y); `center` [2] or [N, 2] and `size`, one or [N], are those of the crops; `image_size` is
    the frame's width and height. The principal point is the middle of the frame.
    """
    scale, x, y = np.asarray(camera, np.float64).T
    middle = np.asarray(image_size, np.float64) / 2
    focal = FOCAL / CROP * max(image_size)
    across = np.asarray(size, np.float64) * scale + 1e-9
    beside = 2 * (np.asarray(center, np.float64) - middle) / across[:, None]
    return np.stack([beside[:, 0] + x, beside[:, 1] + y, 2 * focal / across], axis=1).astype(np.float32), focal


def _shown(picture: np.ndarray, center: np.ndarray, size: float, sigma: float) -> np.ndarray:
    """The square, float32 [256, 256, 3]: whole grey levels as OpenCV makes them from bytes, fractions where it was blurred before."""
    across, down = _taps(center, size)
    height, width = picture.shape[:2]
    reach = math.ceil(4 * sigma) + 1
    columns, rows = _span(across, width, reach), _span(down, height, reach)
    if columns.stop == columns.start or rows.stop == rows.start:
        return np.zeros((CROP, CROP, 3), np.float32)
    window = picture[rows, columns]
    if sigma:
        # Only what the crop looks at is blurred: the reach of the blur around it makes that the same as blurring the whole frame.
        window = _blurred(window, sigma)
    # Sums of bytes by 32nds by 32nds are whole numbers that float32 holds exactly.
    weighed = sum(window[at] * weight[:, None, None] for at, weight in _inside(down, rows))
    sums = sum(weighed[:, at] * weight[:, None] for at, weight in _inside(across, columns))
    return sums / 1024 if sigma else np.floor((sums + 512) / 1024)


def _taps(center: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """For each column and each row of the crop, its place in the picture in whole 32nds of a pixel (two arrays of 256 integers).

    Rounded as OpenCV's `warpAffine` does: to 1024ths where the steps are added up, then to 32nds. The mapping goes through three points in
    float32, as the network's authors set it up.
    """
    half, middle = float(np.float32(size * 0.5)), center.astype(np.float64)
    source = np.array([middle, middle + np.array((0, half)), middle + np.array((half, 0))], np.float32)
    target = np.array([(CROP / 2, CROP / 2), (CROP / 2, CROP), (CROP, CROP / 2)], np.float32)
    forward = cv2.getAffineTransform(source, target)
    inverse = 1 / (forward[0, 0] * forward[1, 1] - forward[0, 1] * forward[1, 0])
    steps = (forward[1, 1] * inverse, forward[0, 0] * inverse)
    # The off-diagonal entries are zero but for rounding errors far below a 1024th.
    starts = (-steps[0] * forward[0, 2], -steps[1] * forward[1, 2])
    count = np.arange(CROP)
    # Along a row the steps are rounded apart from the start, from row to row their sum is.
    across = np.rint(steps[0] * count * 1024) + np.rint(starts[0] * 1024)
    down = np.rint((steps[1] * count + starts[1]) * 1024)
    return (across.astype(np.int64) + 16) >> 5, (down.astype(np.int64) + 16) >> 5


def _span(places: np.ndarray, length: int, reach: int) -> slice:
    """The pixels of one axis that the taps touch, with `reach` more on both sides, within the picture."""
    start, stop = int(places[0] >> 5) - reach, int(places[-1] >> 5) + 2 + reach
    return slice(min(max(start, 0), length), max(min(stop, length), 0))


def _inside(places: np.ndarray, span: slice) -> list[tuple[np.ndarray, np.ndarray]]:
    """The two taps of each place as (index within the span, weight in 32nds); the weight is zero outside the picture."""
    fraction, count = places & 31, span.stop - span.start
    taps = []
    for step, weight in ((0, 32 - fraction), (1, fraction)):
        index = (places >> 5) + step - span.start
        taps.append((index.clip(0, count - 1), np.where((index >= 0) & (index < count), weight, 0).astype(np.float32)))
    return taps


def _blurred(window: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur in float32, edges repeated; the kernel ends at four sigma, rounded to a pixel (as scikit-image's `gaussian`)."""
    radius = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    return cv2.sepFilter2D(window, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
