"""Top-down whole-body pose estimation: one interface, whatever runs the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.extraction.reference.dwpose.simcc import PersonCrop, crop_person, decode_simcc

# As the network was trained, or as the TAG authors' scripts feed it: frames of OpenCV, that are never turned into RGB.
COLOURS = ("rgb", "bgr")
POINTS = 133
# So many crops go through the network at once.
BATCH = 16

# float32 [N, 3, height, width] -> simcc_x [N, 133, 2 width], simcc_y [N, 133, 2 height]
Network = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class WholeBody:
    """The persons of one picture in the order of their boxes, N >= 1; points in COCO-WholeBody's order.

    keypoints: float64 [N, 133, 2], pixels of the picture; (0, 0) is its corner's pixel, points may lie outside.
    scores: float32 [N, 133]; a trained network's are about 0..1.
    """

    keypoints: np.ndarray
    scores: np.ndarray


class PoseEstimator(Protocol):
    """Finds the key points of the persons in boxes. `device` is where it runs: cpu or cuda."""

    device: str

    def crop(self, picture: np.ndarray, box: np.ndarray) -> PersonCrop:
        """What the network reads of a box float32 [4] (x0, y0, x1, y1) of a picture, RGB uint8 [H, W, 3]; any thread may make it."""
        ...

    def locate(self, crops: Sequence[PersonCrop]) -> WholeBody:
        """The persons of these crops, of any pictures, in their order; at least one."""
        ...

    def estimate(self, picture: np.ndarray, boxes: np.ndarray) -> WholeBody:
        """The persons in the boxes float32 [N, 4] of a picture.

        Without boxes [0, 4] the whole frame is one box, as in the TAG authors' extraction.
        """
        ...


class SimccEstimator:
    """A PoseEstimator around any network that answers with one distribution along x and one along y for each point (SimCC)."""

    def __init__(self, network: Network, size: tuple[int, int], device: str, colour: str = "rgb", batch: int = BATCH) -> None:
        """size: width and height of the network's input; batch: the most crops that the network takes at once."""
        if colour not in COLOURS:
            raise ValueError(f"There is no colour order '{colour}'; known: {', '.join(COLOURS)}.")
        self.device = device
        self._network, self._size, self._colour, self._batch = network, size, colour, batch

    def crop(self, picture: np.ndarray, box: np.ndarray) -> PersonCrop:
        return crop_person(picture, box, self._size, self._colour == "bgr")

    def locate(self, crops: Sequence[PersonCrop]) -> WholeBody:
        points = np.empty((len(crops), POINTS, 2))
        scores = np.empty((len(crops), POINTS), np.float32)
        for start in range(0, len(crops), self._batch):
            some = crops[start : start + self._batch]
            part = slice(start, start + len(some))
            at, scores[part] = decode_simcc(*self._network(np.stack([crop.image for crop in some])))
            points[part] = [crop.to_picture(inside) for crop, inside in zip(some, at, strict=True)]
        return WholeBody(points, scores)

    def estimate(self, picture: np.ndarray, boxes: np.ndarray) -> WholeBody:
        height, width = picture.shape[:2]
        searched = boxes if len(boxes) else np.array([[0, 0, width, height]], np.float32)
        return self.locate([self.crop(picture, box) for box in searched])
