"""What the subject looks like: a histogram of oriented gradients of the crop and the colours on the body.

1024 numbers, space `hog-lab-1024`: 900 of a HOG descriptor (48 x 48 pixels, cells of 8, blocks of 2 x 2, 9 directions), then for
four bands of the body from head to foot a histogram of Lab colours (7 of lightness, 12 and 12 of the two colour axes), taken on the
limbs alone.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from core.skeletons import BODY_EDGES

SPACE = "hog-lab-1024"
SIZE = 1024
_SIDE = 96
_BANDS = 4
_BINS = (7, 12, 12)
_HOG = cv2.HOGDescriptor((48, 48), (16, 16), (8, 8), (8, 8), 9)


def appearance(frame: np.ndarray, box: np.ndarray, points: np.ndarray) -> np.ndarray:
    """float32 [1024] of an RGB frame uint8 [H, W, 3], the subject's box x0, y0, x1, y1 and its body points [18, 2] in pixels."""
    crop, moved = _crop(frame, box, points)
    gradients = np.ravel(_HOG.compute(cv2.cvtColor(cv2.resize(crop, (48, 48), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)))
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB)
    limbs = _limbs(moved)
    rows = np.flatnonzero(limbs.any(1))
    edges = np.linspace(rows[0], rows[-1] + 1, _BANDS + 1).round().astype(int) if len(rows) else np.zeros(_BANDS + 1, int)
    colours = []
    for top, bottom in pairwise(edges):
        inside = lab[top:bottom][limbs[top:bottom] > 0]
        for channel, bins in enumerate(_BINS):
            counts = np.bincount(inside[:, channel].astype(np.int64) * bins // 256, minlength=bins)
            colours.append(counts / max(len(inside), 1))
    return np.concatenate([gradients, *colours]).astype(np.float32)


def _crop(frame: np.ndarray, box: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The square around the box with a tenth of margin, 96 pixels wide, and the points in it; edges repeat outside the picture."""
    height, width = frame.shape[:2]
    side = max(8, round(float(max(box[2] - box[0], box[3] - box[1])) * 1.2))
    left, top = (int(value) for value in np.round((box[:2] + box[2:]) / 2 - side / 2))
    # Boxes reach outside the picture where the person does; beyond one picture's size there is nothing to see.
    x0, y0 = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    x1, y1 = max(min(left + side, width), x0 + 1), max(min(top + side, height), y0 + 1)
    square = cv2.copyMakeBorder(
        frame[y0:y1, x0:x1], max(y0 - top, 0), max(top + side - y1, 0), max(x0 - left, 0), max(left + side - x1, 0), cv2.BORDER_REPLICATE
    )
    scale = _SIDE / side
    return cv2.resize(square, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), (points - (left, top)) * scale


def _limbs(points: np.ndarray) -> np.ndarray:
    """uint8 [96, 96]: thick lines along the skeleton and the trunk between shoulders and hips."""
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    whole = np.clip(np.nan_to_num(points), -_SIDE, 2 * _SIDE).round().astype(np.int32)
    cv2.fillConvexPoly(mask, cv2.convexHull(whole[[2, 5, 11, 8]]), 1)
    for a, b in BODY_EDGES[:13]:
        cv2.line(mask, whole[a].tolist(), whole[b].tolist(), 1, 5)
    return mask
