"""What stands before and behind a SimCC pose network: the crop of a person, and points read off the two distributions.

The conventions are those of mmpose's top-down models (RTMPose: Jiang et al. 2023; SimCC: Li et al. 2022), to the rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# The crop is this much larger than the person's box.
_PADDING = 1.25
# Bins of a distribution for each pixel of the network's input.
SPLIT = 2
# ImageNet's, in RGB order.
_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_STD = np.array([58.395, 57.12, 57.375], np.float32)


@dataclass(frozen=True, eq=False)
class PersonCrop:
    """image: float32 [3, height, width], normalised; center, extent: float32 [2], the part of the picture it shows, in pixels."""

    image: np.ndarray
    center: np.ndarray
    extent: np.ndarray

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Points [K, 2] in pixels of the crop -> float64 pixels of the picture."""
        height, width = self.image.shape[1:]
        return points / np.array([width, height], np.float64) * self.extent + self.center - 0.5 * self.extent


def crop_person(picture: np.ndarray, box: np.ndarray, size: tuple[int, int], swap_colours: bool = False) -> PersonCrop:
    """The part of an RGB uint8 picture around a box float32 [4], as the network reads it; size: its width and height.

    The box is grown by 1.25 about its middle, then to the shape of the network's input; outside of the picture is black.
    """
    box = box.astype(np.float32)
    width, height = size
    shape = np.float32(width / height)
    center = (box[:2] + box[2:]) * np.float32(0.5)
    wide, high = (box[2:] - box[:2]) * np.float32(_PADDING)
    extent = np.array([wide, wide / shape] if wide > high * shape else [high * shape, high], np.float32)

    # Three points (middle, top, top left corner of a square) in single precision, since the last bit decides how the warp rounds.
    half = np.float64(extent[0]) / 2
    source = np.array([center, center - [0, half], center - [half, half]], np.float32)
    target = np.array([[width / 2, height / 2], [width / 2, height / 2 - width / 2], [0, height / 2 - width / 2]], np.float32)
    crop = cv2.warpAffine(picture, cv2.getAffineTransform(source, target), (width, height), flags=cv2.INTER_LINEAR)
    image = (crop[..., ::-1] if swap_colours else crop).astype(np.float32)
    image -= _MEAN
    image /= _STD
    return PersonCrop(image.transpose(2, 0, 1), center, extent)


def decode_simcc(simcc_x: np.ndarray, simcc_y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points float32 [N, K, 2] in pixels of the crop and scores float32 [N, K] from distributions [N, K, 2 width], [N, K, 2 height].

    The point is at the two maxima, the score is the smaller one of them. Without a positive score the point is half a pixel outside of the
    crop's corner.
    """
    scores = np.minimum(simcc_x.max(axis=-1), simcc_y.max(axis=-1))
    points = np.stack([simcc_x.argmax(axis=-1), simcc_y.argmax(axis=-1)], axis=-1).astype(np.float32)
    points[scores <= 0] = -1
    return points / SPLIT, scores
