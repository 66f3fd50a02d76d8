"""Shot cuts: frames from which on the picture stays another one.

A picture that is strange for one to three frames is a glitch within a shot, not a cut: a frame begins a new shot only when each of the four
frames from it on differs from each of the four before it, both in its colours and in what lies where.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

LOOK = 4  # frames on either side; a change must last as long to be a cut
# Least distances, both in 0..1. Measured: joined clips of different scenes differ by 0.11 and 0.13 at least, frames of one shot by 0.05 at
# most in one of the two.
_COLOURS, _PICTURE = 0.09, 0.09
_BINS = 8


@dataclass(frozen=True, eq=False)
class Signature:
    """What two frames are compared by.

    colours float32 [512], sums to 1; picture float32 [18 * 32], mean 0, length 1.
    """

    colours: np.ndarray
    picture: np.ndarray


class CutFinder:
    """Takes the frames of a clip in order; `cuts` are the first the frames that begin new shots, known LOOK - 1 frames later."""

    def __init__(self) -> None:
        self.cuts: list[int] = []
        self._recent: deque[Signature] = deque(maxlen=2 * LOOK)
        self._taken = 0

    def take(self, frame: np.ndarray) -> None:
        """The next frame, RGB uint8 [H, W, 3]."""
        self._recent.append(signature(frame))
        self._taken += 1
        recent = list(self._recent)
        before, after = recent[:-LOOK], recent[-LOOK:]
        if before and all(unlikeness(a, b) > 1 for a in before for b in after):
            first = self._taken - LOOK
            # The same change, seen again through another frame: a gradual one is called once, where it begins.
            if not self.cuts or first - self.cuts[-1] > LOOK:
                self.cuts.append(first)


def signature(frame: np.ndarray) -> Signature:
    """Of a frame, RGB uint8 [H, W, 3]."""
    # Every so many pixels are plenty for a thumbnail, and cost a fifth of averaging them all.
    step = max(min(frame.shape[0] // 72, frame.shape[1] // 128), 1)
    small = cv2.resize(frame[::step, ::step], (64, 36), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    counts = cv2.calcHist([lab], [0, 1, 2], None, [_BINS] * 3, [0, 256] * 3)
    grey = cv2.GaussianBlur(cv2.resize(lab[..., 0], (32, 18), interpolation=cv2.INTER_AREA).astype(np.float32), (0, 0), 1.0).ravel()
    grey -= grey.mean()
    return Signature(_blurred(counts).ravel() / counts.sum(), grey / max(float(np.linalg.norm(grey)), 1e-6))


def _blurred(counts: np.ndarray) -> np.ndarray:
    """Each count shared with the neighbouring bins, so that a change of light by one bin is a small change; the sum stays."""
    for axis in range(3):
        padded = np.pad(counts, [(1, 1) if axis == other else (0, 0) for other in range(3)], mode="edge")
        parts = [np.take(padded, range(start, start + _BINS), axis) for start in range(3)]
        counts = 0.25 * parts[0] + 0.5 * parts[1] + 0.25 * parts[2]
    return counts


def distances(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """How far two frames are apart in their colours and in what lies where, both in 0..1."""
    return _distances(signature(a), signature(b))


def _distances(a: Signature, b: Signature) -> tuple[float, float]:
    return 0.5 * float(np.abs(a.colours - b.colours).sum()), 0.5 * (1 - float(a.picture @ b.picture))


def unlikeness(a: Signature, b: Signature) -> float:
    """More than 1: two frames that differ as those of two shots do, both in their colours and in what lies where."""
    colours, picture = _distances(a, b)
    return min(colours / _COLOURS, picture / _PICTURE)
