"""Following one person through a clip: the tracker's first look is not believed, and what is too small for a person is let go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.extraction.holistic import Holistic, Pose
from core.skeletons import BLAZEPOSE

_PARTS = ("shoulder", "hip", "elbow", "wrist", "knee", "ankle")
_JOINTS = [BLAZEPOSE.index(f"{side}_{part}") for part in _PARTS for side in ("left", "right")]
_SHOULDERS, _HIPS = _JOINTS[:2], _JOINTS[2:4]
# A pose has settled when, looking again, half of its joints move less than this share of the trunk.
_SETTLED, _LOOKS = 0.04, 6
# A trunk shorter than this share of the picture's shorter side is of nothing: the tracker clings to marks on the floor.
_SMALLEST = 0.03


@dataclass(frozen=True)
class Found:
    """A pose, and whether the tracker had settled on it."""

    pose: Pose
    settled: bool


class Follower:
    """Holistic over the frames of one clip, in order.

    Where a person is first found the pose may be off by half a trunk; it comes to rest as the tracker narrows its region, look by look.
    So that frame is looked at until its pose rests; no other frame has a part in it.
    """

    def __init__(self, holistic: Holistic) -> None:
        self._holistic = holistic
        self._following = False

    def find(self, frame: np.ndarray) -> Found | None:
        """The person in the next frame, RGB uint8 [H, W, 3]; None when there is none."""
        pose = self._holistic.find(frame)
        settled = self._following
        if pose is not None and not settled:
            pose, settled = self._look_again(frame, pose)
        if pose is not None and trunk(pose.points) < _SMALLEST * min(frame.shape[:2]):
            self._let_go(frame)
            pose = None
        self._following = pose is not None and settled
        return None if pose is None else Found(pose, settled)

    def _look_again(self, frame: np.ndarray, pose: Pose) -> tuple[Pose | None, bool]:
        for _ in range(_LOOKS):
            again = self._holistic.find(frame)
            if again is None:
                return None, False
            moved = float(np.median(np.linalg.norm(again.points[_JOINTS] - pose.points[_JOINTS], axis=1)))
            pose = again
            if moved < _SETTLED * max(trunk(pose.points), 1.0):
                return pose, True
        return pose, False

    def forget(self) -> None:
        """Follow nobody: what comes next has nothing to do with what came before."""
        self._let_go(np.zeros((64, 64, 3), np.uint8))
        self._following = False

    def _let_go(self, frame: np.ndarray) -> None:
        """A black picture: the tracker loses what it followed and searches the next frame as a whole."""
        self._holistic.find(np.zeros_like(frame))


def trunk(points: np.ndarray) -> float:
    """Pixels between the middles of shoulders and hips of a pose [33, 2]."""
    return float(np.linalg.norm(points[_SHOULDERS].mean(0) - points[_HIPS].mean(0)))
