"""How many people are in a frame: the pose detector inside the MediaPipe wheel, run directly, so that every candidate is returned.

MediaPipe follows one person and says nothing of others; its first stage sees them all. A candidate is a circle: its centre lies at
the middle of the hips, its rim goes through the far end of the body (the alignment points of the BlazePose detector, arXiv
2006.10204).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import files

import cv2
import numpy as np
from scipy.special import expit

_INPUT = 224
_STRIDES = (8, 16, 32, 32, 32)


@dataclass(frozen=True, eq=False)
class People:
    """Candidates of one frame, best first. centres float32 [N, 2] and radii float32 [N] in pixels, scores float32 [N] in 0..1."""

    centres: np.ndarray
    radii: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)


class PeopleDetector:
    """One instance serves one thread."""

    def __init__(self) -> None:
        from ai_edge_litert.interpreter import Interpreter

        model = files("mediapipe") / "modules" / "pose_detection" / "pose_detection.tflite"
        self._interpreter = Interpreter(model_path=str(model), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        outputs = {int(detail["shape"][-1]): detail["index"] for detail in self._interpreter.get_output_details()}
        self._boxes, self._scores = outputs[12], outputs[1]
        self._anchors = _anchors()

    def detect_everywhere(self, frame: np.ndarray, minimum: float = 0.6) -> People:
        """Everyone in an RGB frame uint8 [H, W, 3], the small and the half hidden too: it looks at overlapping squares."""
        height, width = frame.shape[:2]
        found = []
        for x, y, side in _squares(width, height):
            people = self.detect(np.ascontiguousarray(frame[y : y + side, x : x + side]), minimum)
            found.append(replace(people, centres=people.centres + np.array([x, y], np.float32)))
        centres, radii, scores = (np.concatenate([getattr(people, name) for people in found]) for name in ("centres", "radii", "scores"))
        order = np.argsort(-scores, kind="stable")
        kept = order[_separate(centres[order], radii[order])]
        return People(centres[kept], radii[kept], scores[kept])

    def detect(self, frame: np.ndarray, minimum: float = 0.5) -> People:
        """Everyone in an RGB frame uint8 [H, W, 3] whose score is at least `minimum`."""
        height, width = frame.shape[:2]
        scale = _INPUT / max(height, width)
        small = cv2.resize(frame, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_LINEAR)
        left, top = (_INPUT - small.shape[1]) // 2, (_INPUT - small.shape[0]) // 2
        square = np.full((_INPUT, _INPUT, 3), -1.0, np.float32)
        square[top : top + small.shape[0], left : left + small.shape[1]] = small.astype(np.float32) / 127.5 - 1
        self._interpreter.set_tensor(self._input, square[None])
        self._interpreter.invoke()
        raw = self._interpreter.get_tensor(self._boxes)[0]
        score = expit(self._interpreter.get_tensor(self._scores)[0, :, 0].astype(np.float64))
        found = np.flatnonzero(score >= minimum)
        found = found[np.argsort(-score[found], kind="stable")]
        points = (raw[found, 4:].reshape(-1, 4, 2) / _INPUT + self._anchors[found, None]) * _INPUT
        points = (points - (left, top)) / scale
        centres, radii = points[:, 0], np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
        kept = _separate(centres, radii)
        return People(*(values[kept].astype(np.float32) for values in (centres, radii, score[found])))


def _anchors() -> np.ndarray:
    """Centres [2254, 2] of the detector's anchors, in units of the input; layers of equal stride share a grid."""
    rows, layer = [], 0
    while layer < len(_STRIDES):
        last = layer
        while last < len(_STRIDES) and _STRIDES[last] == _STRIDES[layer]:
            last += 1
        side = -(-_INPUT // _STRIDES[layer])
        y, x = np.mgrid[:side, :side]
        grid = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) / side
        rows.append(np.repeat(grid, 2 * (last - layer), axis=0))
        layer = last
    return np.concatenate(rows).astype(np.float32)


def _squares(width: int, height: int) -> list[tuple[int, int, int]]:
    """x, y, side of squares that cover a picture at two sizes, each overlapping the next by half."""
    squares = []
    for share in (1.0, 0.6):
        side = int(min(width, height) * share)
        rows, columns = _starts(height, side), _starts(width, side)
        squares += [(x, y, side) for x in columns for y in rows]
    return squares


def _starts(length: int, side: int) -> list[int]:
    return [int(start) for start in np.linspace(0, length - side, max(1, -(-2 * (length - side) // side) + 1))]


def _separate(centres: np.ndarray, radii: np.ndarray) -> list[int]:
    """Indices of candidates that are not the same person as a better one: centres nearer than 0.5 radii (of the larger circle)."""
    kept: list[int] = []
    for index in range(len(centres)):
        near = [np.linalg.norm(centres[index] - centres[k]) < 0.5 * max(radii[index], radii[k]) for k in kept]
        if not any(near):
            kept.append(index)
    return kept
