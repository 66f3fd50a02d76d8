"""Boxes around the persons of a picture: what every person detector of the reference extractor gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

# A detection counts as a person above this score, as in the TAG authors' extraction.
PERSON_SCORE = 0.5


@dataclass(frozen=True, eq=False)
class Persons:
    """The persons of one picture, surest first.

    boxes: float32 [N, 4], x0, y0, x1, y1 in pixels as the networks count them: the picture's corners are (0, 0) and (width, height).
    scores: float32 [N], 0..1.
    """

    boxes: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)


class PersonDetector(Protocol):
    def detect(self, pictures: Sequence[np.ndarray]) -> list[Persons]:
        """The persons of each picture, RGB uint8 [H, W, 3]; the pictures of one call may differ in size."""
        ...
