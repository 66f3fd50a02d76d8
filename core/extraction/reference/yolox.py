"""YOLOX as an ONNX network (`yolox_l.onnx`), the person detector that comes with DWPose (Ge et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.extraction import ExtractionError
from core.extraction.reference.onnx_session import open_session, shapes
from core.extraction.reference.persons import Persons
from core.extraction.reference.suppression import suppress

# As DWPose uses it: a person above this score, one of two boxes that share more of their union than this.
SCORE, OVERLAP = 0.3, 0.45
_STRIDES = (8, 16, 32)
_GREY = 114
# Of a row: middle, width and height, whether there is anything, then COCO's 80 classes; persons are the first of them.
_COLUMNS, _ANYTHING, _PERSON = 85, 4, 5
_BATCH = 8


class YoloxDetector:
    """A PersonDetector. `device` is where it runs: cpu or cuda."""

    def __init__(self, session: Any, input_name: str, side: int, device: str, batch: int) -> None:
        self.device = device
        self._session, self._input, self._side, self._batch = session, input_name, side, batch

    def detect(self, pictures: Sequence[np.ndarray]) -> list[Persons]:
        found: list[Persons] = []
        for start in range(0, len(pictures), self._batch):
            images, scales = zip(*(letterbox(picture, self._side) for picture in pictures[start : start + self._batch]), strict=True)
            rows = self._session.run(None, {self._input: np.stack(images)})[0]
            found += [read_persons(some, self._side, scale) for some, scale in zip(rows, scales, strict=True)]
        return found


def load_yolox(path: Path, device: str = "cpu") -> YoloxDetector:
    """The detector of a network file; device: cpu, cuda or auto. Raises ExtractionError with one sentence when it is not such a network."""
    session, used = open_session(path, device)
    match list(shapes(session.get_inputs()).items()):
        case [(name, [(1 | str() | None) as batch, 3, int(height), int(width)])] if height == width and height % max(_STRIDES) == 0:
            pass
        case _:
            raise _refusal(path)
    try:
        (rows,) = session.run(None, {name: np.zeros((1, 3, height, width), np.float32)})
    except Exception as error:  # onnxruntime's errors have no common class
        raise _refusal(path) from error
    if rows.shape != (1, sum((height // stride) ** 2 for stride in _STRIDES), _COLUMNS):
        raise _refusal(path)
    return YoloxDetector(session, name, height, used, 1 if batch == 1 else _BATCH)


def _refusal(path: Path) -> ExtractionError:
    return ExtractionError(f"{path.name} is an ONNX network, but not a YOLOX for COCO's 80 classes: choose another file.")


def letterbox(picture: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """An RGB uint8 picture as the network reads it, float32 [3, side, side] from 0 to 255, and how far it was scaled.

    The colours are in the order blue, green, red. The picture keeps its shape and lies in the top left corner; the rest is grey.
    """
    height, width = picture.shape[:2]
    scale = min(side / height, side / width)
    small = cv2.resize(picture, (max(1, int(width * scale)), max(1, int(height * scale))), interpolation=cv2.INTER_LINEAR)
    image = np.full((3, side, side), _GREY, np.float32)
    image[:, : small.shape[0], : small.shape[1]] = small[..., ::-1].transpose(2, 0, 1)
    return image, scale


def read_persons(rows: np.ndarray, side: int, scale: float) -> Persons:
    """The persons in the network's rows float32 [L, 85], one for each cell of three grids, finest grid first.

    Boxes may reach out of the picture.
    """
    scores = rows[:, _ANYTHING] * rows[:, _PERSON]
    likely = np.flatnonzero(scores > SCORE)
    cells, strides = _grid(side)
    with np.errstate(over="ignore"):
        middle = (rows[likely, :2] + cells[likely]) * strides[likely] / scale
        half = np.exp(rows[likely, 2:4]) * strides[likely] / scale / 2
    boxes = np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
    finite = np.isfinite(boxes).all(axis=1)
    boxes, scores = boxes[finite], scores[likely][finite]
    kept = suppress(boxes, scores, OVERLAP, margin=1.0)
    return Persons(boxes[kept], scores[kept])


def _grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Column and row of each cell float32 [L, 2], and its size in pixels [L, 1]."""
    cells, strides = [], []
    for stride in _STRIDES:
        rows, columns = np.mgrid[: side // stride, : side // stride].reshape(2, -1)
        cells.append(np.stack([columns, rows], axis=1))
        strides.append(np.full((len(rows), 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)
