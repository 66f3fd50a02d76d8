"""Optical flow from one frame to the next: the camera's motion, the flow under each joint, and how the person's flow turns."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from core.tracks.pixels.limbs import bone_points, flow_along, strength_along
from core.tracks.pixels.reduced import Reduced, box_mask, grown, longer_side, to_reduced

TURNS = 3  # fields back that a field of the person's flow is compared with
_GRID = 3  # pixels between the samples of the background
_MARGIN = 0.12  # of the box, beyond which the background begins
_TEXTURE = 6.0  # grey levels a pixel: flow without an edge under it is a guess
_FEWEST = 24  # samples of the background for a camera
_ROUNDS = 6
_PATCH = 2  # pixels around a joint whose flow is taken together
_FIELD = (12, 16)  # rows and columns of the person's field, for comparison


@dataclass(frozen=True, eq=False)
class StepFlow:
    """What the flow of one step says; lengths in pixels of the frame.

    camera       float32 [4]      the background's similarity: motion x, y at the middle of the picture, log of scale, rotation (radians)
    support      float            share of the background's samples that follow it, 0 where there is no background to judge by
    joints       float32 [J, 2]   flow under each joint's earlier place; NaN where that is unknown or outside
    person       float32 [2]      median and 90th percentile of the flow in the person's box, the camera's removed
    turn         float32 [TURNS]  correlation (-1..1) of the person's flow with that of the steps 1, 2, 3 before: 1 goes on, -1 turns back
    unexplained  float32 [2]      root mean square of what the flow leaves unexplained in grey levels: whole, person
    bones        float32 [B, 2, 2]  flow under the upper and the lower third of each limb bone (`bones.BONES`)
    bones_unexplained  float32 [B, 2]  what it leaves unexplained under each bone where that was, and where it is now
    """

    camera: np.ndarray
    support: float
    joints: np.ndarray
    person: np.ndarray
    turn: np.ndarray
    unexplained: np.ndarray
    bones: np.ndarray
    bones_unexplained: np.ndarray


UNKNOWN = StepFlow(
    np.full(4, np.nan, np.float32),
    float("nan"),
    np.full((len(JOINTS), 2), np.nan, np.float32),
    np.full(2, np.nan, np.float32),
    np.full(TURNS, np.nan, np.float32),
    np.full(2, np.nan, np.float32),
    np.full((len(BONES), 2, 2), np.nan, np.float32),
    np.full((len(BONES), 2), np.nan, np.float32),
)


class FlowReader:
    """Takes reduced frames in order; gives the flow from the one before to each."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._earlier: Reduced | None = None
        self._fields: deque[np.ndarray | None] = deque(maxlen=TURNS)
        self._grid: tuple[np.ndarray, np.ndarray] | None = None

    def take(self, frame: Reduced, box: np.ndarray, joints: np.ndarray, joints_now: np.ndarray) -> StepFlow:
        """The next frame; box [4] of the person and joints [J, 2] in the frame *before*, and those now, in pixels of the frame, NaN where
        unknown."""
        earlier, self._earlier = self._earlier, frame
        if earlier is None:
            return UNKNOWN
        shape = frame.grey.shape
        flow = np.asarray(self._flow.calc(earlier.grey, frame.grey, np.zeros((*shape, 2), np.float32)))
        scale = self._size[0] / shape[1]
        camera, support = self._camera(earlier.grey, flow, box)
        rest = flow - _similarity_flow(camera, *self._places(shape))
        person, field = np.full(2, np.nan, np.float32), None
        if np.isfinite(box).all():
            x0, y0, x1, y1 = grown(box, self._size, shape, 0.0)
            inside = rest[y0:y1, x0:x1]
            speed = np.hypot(inside[..., 0], inside[..., 1])
            person = np.quantile(speed, (0.5, 0.9)).astype(np.float32) * np.float32(scale)
            field = cv2.resize(inside, (_FIELD[1], _FIELD[0]), interpolation=cv2.INTER_AREA)
        turn = np.full(TURNS, np.nan, np.float32)
        for lag, before in enumerate(reversed(self._fields)):
            if field is not None and before is not None:
                turn[lag] = _correlation(field, before)
        self._fields.append(field)
        shown = camera * np.array((scale, scale, 1.0, 1.0), np.float32)
        left = self._left(earlier, frame, flow)
        unexplained = np.array([np.sqrt(np.mean(np.square(left))), np.nan], np.float32)
        if np.isfinite(box).all():
            unexplained[1] = np.sqrt(np.mean(np.square(left[y0:y1, x0:x1])))
        long = longer_side(box) / scale
        before, now = (bone_points(to_reduced(places, self._size, shape), long, shape) for places in (joints, joints_now))
        bones_unexplained = np.stack([strength_along(left, points) for points in (before, now)], axis=1)
        under, bones = self._under(flow, joints) * np.float32(scale), flow_along(flow, before) * np.float32(scale)
        return StepFlow(shown, support, under, person, turn, unexplained, bones, bones_unexplained)

    def _places(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        if self._grid is None or self._grid[0].shape != shape:
            rows, columns = np.indices(shape, dtype=np.float32)
            self._grid = columns, rows
        return self._grid

    def _camera(self, grey: np.ndarray, flow: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, float]:
        """The similarity that most of the textured background follows, by least squares with Tukey's weights."""
        shape = grey.shape
        gradient = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.25))
        use = (gradient > _TEXTURE) & ~box_mask(box, self._size, shape, _MARGIN)
        sparse = np.zeros(shape, bool)
        sparse[::_GRID, ::_GRID] = True
        rows, columns = np.nonzero(use & sparse)
        if len(rows) < _FEWEST:
            return np.zeros(4, np.float32), 0.0
        moved = flow[rows, columns].astype(np.float64)
        x, y = columns - (shape[1] - 1) / 2, rows - (shape[0] - 1) / 2
        one, zero = np.ones(len(x)), np.zeros(len(x))
        matrix = np.concatenate([np.stack([one, zero, x, -y], 1), np.stack([zero, one, y, x], 1)])
        target = np.concatenate([moved[:, 0], moved[:, 1]])
        middle = np.median(moved, axis=0)
        answer = np.array([middle[0], middle[1], 0.0, 0.0])
        weight = one
        for _ in range(_ROUNDS):
            residual = target - matrix @ answer
            error = np.hypot(residual[: len(x)], residual[len(x) :])
            spread = max(1.5 * float(np.median(error)), 0.1)
            weight = np.square(np.clip(1 - np.square(error / (3 * spread)), 0, 1))
            both = np.concatenate([weight, weight])[:, None]
            normal = matrix.T @ (matrix * both) + np.diag([0.0, 0.0, 1.0, 1.0])
            answer = np.linalg.solve(normal, matrix.T @ (target[:, None] * both))[:, 0]
        error = np.hypot(*np.split(target - matrix @ answer, 2))
        answer[2] = np.log1p(max(answer[2], -0.9))
        return answer.astype(np.float32), float((error < max(0.5, 0.1 * float(np.hypot(*answer[:2])))).mean())

    def _under(self, flow: np.ndarray, joints: np.ndarray) -> np.ndarray:
        places = to_reduced(joints, self._size, flow.shape)
        found = np.full((len(joints), 2), np.nan, np.float32)
        height, width = flow.shape[:2]
        for joint, (x, y) in enumerate(places):
            if np.isfinite(x) and np.isfinite(y) and 0 <= x < width and 0 <= y < height:
                column, row = round(float(x)), round(float(y))
                patch = flow[max(row - _PATCH, 0) : row + _PATCH + 1, max(column - _PATCH, 0) : column + _PATCH + 1]
                if patch.size:
                    found[joint] = np.median(patch.reshape(-1, 2), axis=0)
        return found

    def _left(self, earlier: Reduced, frame: Reduced, flow: np.ndarray) -> np.ndarray:
        """float32 [h, w]: grey levels by which the frame, carried back along the flow, differs from the earlier one."""
        columns, rows = self._places(flow.shape[:2])
        carried = cv2.remap(frame.grey, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        # The grain is no surprise: what counts is low-passed.
        left = cv2.blur(carried.astype(np.float32), (3, 3)) - cv2.blur(earlier.grey.astype(np.float32), (3, 3))
        return np.asarray(left - np.median(left[::4, ::4]))


def _similarity_flow(camera: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The camera's flow at every pixel: float32 [h, w, 2]."""
    x, y = columns - (columns.shape[1] - 1) / 2, rows - (rows.shape[0] - 1) / 2
    growth, turn = np.float32(np.expm1(camera[2])), camera[3]
    return np.stack([camera[0] + growth * x - turn * y, camera[1] + growth * y + turn * x], axis=-1)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    size = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
    return float((a * b).sum()) / size if size > 0 else float("nan")
