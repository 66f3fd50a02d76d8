"""Top-down whole-body pose estimation: one interface, whatever runs the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.extraction.reference.dwpose.simcc import crop_person, decode_simcc

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

    def estimate(self, picture: np.ndarray, boxes: np.ndarray) -> WholeBody:
        """The persons in the boxes float32 [N, 4] (x0, y0, x1, y1) of a picture, RGB uint8 [H, W, 3].

        Without boxes [0, 4] the whole frame is one box, as in the TAG authors' extraction.
        """
        ...

    def estimate_many(self, pictures: Sequence[np.ndarray], boxes: Sequence[np.ndarray]) -> list[WholeBody]:
        """`estimate` of each picture, with the crops of all of them in common batches."""
        ...


class SimccEstimator:
    """A PoseEstimator around any network that answers with one distribution along x and one along y for each point (SimCC)."""

    def __init__(self, network: Network, size: tuple[int, int], device: str, colour: str = "rgb", batch: int = BATCH) -> None:
        """size: width and height of the network's input; batch: the most crops that the network takes at once."""
        if colour not in COLOURS:
            raise ValueError(f"There is no colour order '{colour}'; known: {', '.join(COLOURS)}.")
        self.device = device
        self._network, self._size, self._colour, self._batch = network, size, colour, batch

    def estimate(self, picture: np.ndarray, boxes: np.ndarray) -> WholeBody:
        return self.estimate_many([picture], [boxes])[0]

    def estimate_many(self, pictures: Sequence[np.ndarray], boxes: Sequence[np.ndarray]) -> list[WholeBody]:
        jobs = [(picture, box) for picture, some in zip(pictures, boxes, strict=True) for box in _or_whole(picture, some)]
        points = np.empty((len(jobs), POINTS, 2))
        scores = np.empty((len(jobs), POINTS), np.float32)
        for start in range(0, len(jobs), self._batch):
            crops = [crop_person(picture, box, self._size, self._colour == "bgr") for picture, box in jobs[start : start + self._batch]]
            at, value = decode_simcc(*self._network(np.stack([crop.image for crop in crops])))
            part = slice(start, start + len(crops))
            points[part] = [crop.to_picture(inside) for crop, inside in zip(crops, at, strict=True)]
            scores[part] = value
        result, start = [], 0
        for some in boxes:
            part = slice(start, start + max(len(some), 1))
            result.append(WholeBody(points[part], scores[part]))
            start = part.stop
        return result


def _or_whole(picture: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    return boxes if len(boxes) else np.array([[0, 0, width, height]], np.float32)
