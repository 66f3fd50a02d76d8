"""Decoded frame -> RGB as it is meant to be seen: colours by the frame's own tags, sample aspect ratio and rotation applied."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.buffer import Buffer
from av.video.reformatter import VideoReformatter


@dataclass(frozen=True)
class Orientation:
    """How the stored picture is laid on the screen: swap the axes first, then mirror."""

    transposed: bool = False
    mirrored: bool = False  # left and right
    flipped: bool = False  # top and bottom

    def apply(self, image: np.ndarray) -> np.ndarray:
        """uint8 [H, W, 3] -> uint8 [H', W', 3], C-contiguous."""
        if self.transposed:
            image = image.transpose(1, 0, 2)
        if self.mirrored:
            image = image[:, ::-1]
        if self.flipped:
            image = image[::-1]
        return np.ascontiguousarray(image)


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """From the display matrix [a b u, c d v, x y w] (ISO 14496-12, 8.3.2): a stored point (p, q) is shown at (a p + c q, b p + d q).

    Angles that are not multiples of 90 degrees are taken to the nearest one.
    """
    # PyAV's stub gives another type than the module does.
    matrix = cast(Mapping[str, Buffer], frame.side_data).get("DISPLAYMATRIX")
    if matrix is None:
        return Orientation()
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(False, a < 0, d < 0)
    return Orientation(True, c < 0, b < 0)


class PictureMaker:
    """Turns decoded frames of one video into RGB pictures of one size. Safe to use from several threads.

    stored: width and height to scale to before the orientation is applied.
    """

    def __init__(self, stored: tuple[int, int], orientation: Orientation) -> None:
        self._stored = stored
        self._orientation = orientation
        self._reformatter = VideoReformatter()
        # One scaler, kept, is several times faster than one per frame; it also writes to the frame's tags while it works.
        self._lock = threading.Lock()

    @property
    def size(self) -> tuple[int, int]:
        width, height = self._stored
        return (height, width) if self._orientation.transposed else (width, height)

    def rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """uint8 [H, W, 3] in display size."""
        width, height = self._stored
        with self._lock:
            picture = self._reformatter.reformat(frame, width=width, height=height, format="rgb24", threads=1)
        return self._orientation.apply(picture.to_ndarray())

    def black(self) -> np.ndarray:
        width, height = self.size
        return np.zeros((height, width, 3), np.uint8)


def picture_maker(frame: av.VideoFrame, sample_aspect: Fraction | None) -> PictureMaker:
    """For the video whose first frame is `frame`: the height stays, the width is stretched to square pixels."""
    stretch = sample_aspect if sample_aspect and sample_aspect > 0 else Fraction(1)
    return PictureMaker((max(1, round(frame.width * stretch)), frame.height), orientation_of(frame))
