"""Left and right: whether a step is explained better when the two sides, or the whole picture, have changed places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.tracks.joints import JOINTS

PAIRS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_LEFT = [JOINTS.index(f"left_{name}") for name in PAIRS]
_RIGHT = [JOINTS.index(f"right_{name}") for name in PAIRS]
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


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(vectors, axis=-1))
