"""Left and right: whether a step is explained better when the two sides, or the whole picture, have changed places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.tracks.hinges import body_axes
from core.tracks.joints import JOINTS

PAIRS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_LEFT = [JOINTS.index(f"left_{name}") for name in PAIRS]
_RIGHT = [JOINTS.index(f"right_{name}") for name in PAIRS]
_FEWEST = 7  # joints
_LEAST = 0.03  # body heights: sides nearer than this cannot be told apart


@dataclass(frozen=True, eq=False)
class Sides:
    """NaN where unknown.

    pairs  float32 [T, 6]  body heights by which the step into this frame is shorter, per joint of PAIRS, if left and right have changed
                           places; negative where they have not
    swap   float32 [T]     0..1 and above: over all pairs, the share of the step's length that changing places takes away
    """

    pairs: np.ndarray
    swap: np.ndarray


def sides(positions: np.ndarray) -> Sides:
    """positions [T, J, 2 or 3] of `joints.JOINTS` in body heights, NaN unknown. A swap shows where it begins and where it ends."""
    left, right = np.asarray(positions, np.float64)[:, _LEFT], np.asarray(positions, np.float64)[:, _RIGHT]
    kept = np.full(left.shape[:2], np.nan)
    crossed = kept.copy()
    kept[1:] = _length(left[1:] - left[:-1]) + _length(right[1:] - right[:-1])
    crossed[1:] = _length(left[1:] - right[:-1]) + _length(right[1:] - left[:-1])
    gain = (kept - crossed) / 2
    known = np.isfinite(gain)
    total = np.where(known, np.maximum(kept, _LEAST), 0.0).sum(axis=1) / 2
    swap = np.where(known, gain, 0.0).sum(axis=1) / np.maximum(total, 1e-9)
    return Sides(gain.astype(np.float32), np.where(known.sum(axis=1) >= 3, swap, np.nan).astype(np.float32))


def body_swap(space: np.ndarray) -> np.ndarray:
    """float64 [T], body heights: by how much the step into each frame is shorter if the body before is taken as its mirror image.

    space [T, J, 3] of `joints.JOINTS`, hips at 0, in body heights, NaN unknown. In the body's own axes, so that turning does not count, and
    the mean over the joints. Where left and right of a body have changed places, its pose becomes that of its mirror image; where a joint
    leaps or the whole body does, it does not.
    """
    points = np.asarray(space, np.float64)
    own = np.einsum("tji,tkj->tki", body_axes(points, JOINTS), points)
    mirrored = own.copy()
    mirrored[:, _LEFT], mirrored[:, _RIGHT] = own[:, _RIGHT], own[:, _LEFT]
    mirrored = mirrored * (-1.0, 1.0, 1.0)
    gain = np.full(len(points), np.nan)
    steps = _length(own[1:] - own[:-1]) - _length(own[1:] - mirrored[:-1])
    known = np.isfinite(steps)
    gain[1:] = np.where(known, steps, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    gain[1:][known.sum(axis=1) < _FEWEST] = np.nan
    return gain


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(vectors, axis=-1))
