"""Everybody in a frame: the pose detector inside the MediaPipe wheel, run directly, so that every candidate is returned.

MediaPipe follows one person and says nothing of others; its first stage sees them all. A candidate is a circle: its centre lies between the
hips, its rim goes around the whole body (the alignment points of the BlazePose detector, arXiv 2006.10204).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files

import cv2
import numpy as np

from core.extraction.native_output import without_greetings

_INPUT = 224
_STRIDES = (8, 16, 32, 32, 32)
# Two candidates whose centres are nearer than this share of the larger radius are one person.
_SAME_PERSON = 0.4
_SCORE = 0.5
_SMALL = 0.6  # side of the smaller squares, as a share of the picture's shorter side


@dataclass(frozen=True, eq=False)
class People:
    """Candidates of one frame, best first: centres float32 [N, 2] and radii float32 [N] in pixels, scores float32 [N] in 0..1."""

    centres: np.ndarray
    radii: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)


class PeopleDetector:
    """One instance serves one thread."""

    def __init__(self) -> None:
        with without_greetings():
            from ai_edge_litert.interpreter import Interpreter

            with as_file(files("mediapipe") / "modules" / "pose_detection" / "pose_detection.tflite") as model:
                self._interpreter = Interpreter(model_path=str(model), num_threads=1)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        outputs = {int(detail["shape"][-1]): detail["index"] for detail in self._interpreter.get_output_details()}
        self._boxes, self._scores = outputs[12], outputs[1]
        self._anchors = _anchors()

    def find(self, frame: np.ndarray) -> People:
        """Everybody in an RGB frame uint8 [H, W, 3]."""
        found = [self._search(frame, x, y, side) for x, y, side in regions(frame.shape[1], frame.shape[0])]
        centres, radii, scores = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.argsort(-scores, kind="stable")
        kept = _separate(centres[order], radii[order])
        return People(*(values[order][kept].astype(np.float32) for values in (centres, radii, scores)))

    def _search(self, frame: np.ndarray, x: int, y: int, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Candidates in the square of `side` pixels whose corner is at x, y; what lies outside the frame is black."""
        square = _square(frame, x, y, side)
        self._interpreter.set_tensor(self._input, (square.astype(np.float32) / 127.5 - 1)[None])
        self._interpreter.invoke()
        raw = self._interpreter.get_tensor(self._boxes)[0]
        scores = 1 / (1 + np.exp(-np.clip(self._interpreter.get_tensor(self._scores)[0, :, 0], -50, 50)))
        found = np.flatnonzero(scores >= _SCORE)
        points = (raw[found, 4:8].reshape(-1, 2, 2) / _INPUT + self._anchors[found, None]) * side + (x - 0.5, y - 0.5)
        return points[:, 0], np.linalg.norm(points[:, 1] - points[:, 0], axis=1), scores[found]


def _square(frame: np.ndarray, x: int, y: int, side: int) -> np.ndarray:
    """The square of a frame, scaled to the detector's input by averaging, black where it lies outside."""
    height, width = frame.shape[:2]
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + side, width), min(y + side, height)
    scale = _INPUT / side
    columns = slice(round((left - x) * scale), max(round((right - x) * scale), round((left - x) * scale) + 1))
    rows = slice(round((top - y) * scale), max(round((bottom - y) * scale), round((top - y) * scale) + 1))
    square = np.zeros((_INPUT, _INPUT, 3), np.uint8)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    square[rows, columns] = cv2.resize(frame[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    return square


def regions(width: int, height: int) -> list[tuple[int, int, int]]:
    """Squares (x, y, side) to search: one around the whole picture, and smaller ones that overlap by a third.

    The detector misses people who are smaller than a quarter of what it is shown, or stand close to others.
    """
    longer, shorter = max(width, height), min(width, height)
    side = max(round(_SMALL * shorter), 1)
    small = [(x, y, side) for y in _starts(height, side) for x in _starts(width, side)]
    return [(-((longer - width) // 2), -((longer - height) // 2), longer), *small]


def _starts(length: int, side: int) -> list[int]:
    """Where intervals of `side` begin that cover `length` and overlap by a third at least."""
    count = -(-max(length - side, 0) * 3 // (2 * side)) + 1
    starts: list[int] = np.linspace(0, length - side, count).round().astype(int).tolist()
    return starts


def _anchors() -> np.ndarray:
    """Centres [2254, 2] of the detector's anchors, in units of its input; layers of equal stride share a grid."""
    rows: list[np.ndarray] = []
    for stride in sorted(set(_STRIDES)):
        side = -(-_INPUT // stride)
        y, x = np.mgrid[:side, :side]
        grid = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) / side
        rows.append(np.repeat(grid, 2 * _STRIDES.count(stride), axis=0))
    return np.concatenate(rows).astype(np.float32)


def _separate(centres: np.ndarray, radii: np.ndarray) -> list[int]:
    """Indices of the candidates that are not the same person as a better one."""
    kept: list[int] = []
    for index, (centre, radius) in enumerate(zip(centres, radii, strict=True)):
        if all(np.linalg.norm(centre - centres[other]) >= _SAME_PERSON * max(radius, radii[other]) for other in kept):
            kept.append(index)
    return kept
