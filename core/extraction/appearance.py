"""What the person looks like, in 1024 numbers: gradients of the crop (HOG, Dalal and Triggs 2005) and colours of four parts of the body.

768 values are gradient energies of 8 x 12 cells in 8 directions, 256 are Lab histograms (4 x 4 x 4) of head, trunk, arms and legs, under
masks drawn from the key points so that the background stays out. Both halves weigh the same; the whole has length 1.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from core.skeletons import OPENPOSE_BODY

SIZE = 1024
_WIDTH, _HEIGHT, _CELL, _DIRECTIONS, _BINS = 64, 96, 8, 8, 4
_SEEN = 0.3
_P = {name: index for index, name in enumerate(OPENPOSE_BODY)}
_LIMBS = {
    "arms": (("right_shoulder", "right_elbow", "right_wrist"), ("left_shoulder", "left_elbow", "left_wrist")),
    "legs": (("right_hip", "right_knee", "right_ankle"), ("left_hip", "left_knee", "left_ankle")),
}
_TRUNK = ("right_shoulder", "left_shoulder", "left_hip", "right_hip")
_FACE = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")
# Share of the crop's height: thickness of a limb's mask, radius of the head's.
_LIMB_THICKNESS, _HEAD_RADIUS = 0.05, 0.06


def describe(frame: np.ndarray, box: np.ndarray, body: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """float32 [1024] of the person in an RGB frame uint8 [H, W, 3].

    box [4] in pixels, body [18, 2] the OpenPose body points in pixels with their scores [18]. A part of which nothing is seen gives zeros.
    """
    crop, body = _crop(frame, box, body)
    gradients = _gradients(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))
    colours = _colours(cv2.cvtColor(crop, cv2.COLOR_RGB2LAB), body, scores >= _SEEN)
    return np.concatenate([_unit(gradients), _unit(colours)]).astype(np.float32) / np.float32(np.sqrt(2))


def _crop(frame: np.ndarray, box: np.ndarray, body: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The box, widened to the crop's shape, as uint8 [96, 64, 3], and the points in its pixels."""
    x0, y0, x1, y1 = (float(value) for value in box)
    height = max(y1 - y0, (x1 - x0) * _HEIGHT / _WIDTH, 2.0)
    scale = _HEIGHT / height
    shift = np.array([(_WIDTH - 1) / 2, (_HEIGHT - 1) / 2]) - scale * np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    # Averaging over the pixels that fall together: interpolation alone would flicker. The blur spans the distance between samples.
    apart = 1 / scale
    margin = int(2 * apart) + 1
    left, top = (int(np.floor(edge)) - margin for edge in -shift / scale)
    right, bottom = (int(np.ceil(edge)) + margin + 1 for edge in ((_WIDTH, _HEIGHT) - shift) / scale)
    left, top = min(max(left, 0), frame.shape[1] - 1), min(max(top, 0), frame.shape[0] - 1)
    part = frame[top : max(bottom, top + 1), left : max(right, left + 1)]
    if apart > 1.5:
        part = cv2.blur(part, (round(apart), round(apart)), borderType=cv2.BORDER_REPLICATE)
    turn = np.array([[scale, 0, shift[0] + left * scale], [0, scale, shift[1] + top * scale]])
    crop = cv2.warpAffine(part, turn, (_WIDTH, _HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return crop, body * scale + shift


def _gradients(grey: np.ndarray) -> np.ndarray:
    """Energies [768] by cell and direction (of undirected edges), each relative to its neighbourhood's, so that light plays no part."""
    picture = grey.astype(np.float32) / 255
    dx, dy = cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    size = np.hypot(dx, dy)
    place = np.mod(np.arctan2(dy, dx) / np.pi, 1.0) * _DIRECTIONS
    lower = np.floor(place)
    upper_share = place - lower
    first = lower.astype(int) % _DIRECTIONS
    rows, columns = np.indices(size.shape)
    maps = np.zeros((*size.shape, _DIRECTIONS), np.float32)
    maps[rows, columns, first] = size * (1 - upper_share)
    maps[rows, columns, (first + 1) % _DIRECTIONS] += size * upper_share
    # A blur before the sum over cells shares a pixel between neighbouring cells.
    cells = cv2.resize(cv2.GaussianBlur(maps, (0, 0), _CELL / 4), (_WIDTH // _CELL, _HEIGHT // _CELL), interpolation=cv2.INTER_AREA)
    energy = cv2.blur(np.square(cells).sum(-1), (3, 3))
    return np.minimum(cells / np.sqrt(energy + 1e-3)[..., None], 1.0).ravel()


def _colours(lab: np.ndarray, body: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Square roots of the Lab histograms [256] of the four parts; a colour between two bins counts for both."""
    place = lab.reshape(-1, 3).astype(np.float32) / 256 * _BINS - 0.5
    lower = np.clip(np.floor(place), 0, _BINS - 2).astype(int)
    share = np.clip(place - lower, 0, 1)
    pixels = [np.flatnonzero(mask) for mask in _masks(body, seen)]
    parts = np.repeat(np.arange(4), [len(part) for part in pixels])
    chosen = np.concatenate(pixels)
    lower, share = lower[chosen], share[chosen]
    counts = np.zeros(4 * _BINS**3)
    for corner in np.ndindex(2, 2, 2):
        bins = ((lower[:, 0] + corner[0]) * _BINS + lower[:, 1] + corner[1]) * _BINS + lower[:, 2] + corner[2]
        weight = np.prod(np.where(corner, share, 1 - share), axis=1)
        counts += np.bincount(parts * _BINS**3 + bins, weight, len(counts))
    histograms = counts.reshape(4, -1)
    total = histograms.sum(1, keepdims=True)
    return np.sqrt(histograms / np.maximum(total, 1e-9)).ravel()


def _masks(body: np.ndarray, seen: np.ndarray) -> list[np.ndarray]:
    """Head, trunk, arms, legs, uint8 [96, 64] each."""
    fixed = np.clip(np.round(body * 16), -(2**20), 2**20).astype(np.int32)  # four fractional bits
    thick = max(round(_LIMB_THICKNESS * _HEIGHT), 1)
    head, trunk, arms, legs = (np.zeros((_HEIGHT, _WIDTH), np.uint8) for _ in range(4))
    face = [_P[name] for name in _FACE if seen[_P[name]]]
    if face:
        centre = fixed[face].mean(0).round().astype(int).tolist()
        cv2.circle(head, centre, round(_HEAD_RADIUS * _HEIGHT * 16), 1, -1, shift=4)
    corners = [_P[name] for name in _TRUNK]
    if seen[corners].all():
        cv2.fillConvexPoly(trunk, cv2.convexHull(fixed[corners]), 1, shift=4)
    for mask, part in ((arms, "arms"), (legs, "legs")):
        for chain in _LIMBS[part]:
            for start, end in pairwise(chain):
                if seen[_P[start]] and seen[_P[end]]:
                    cv2.line(mask, fixed[_P[start]].tolist(), fixed[_P[end]].tolist(), 1, thick, shift=4)
    return [head, trunk, arms, legs]


def _unit(values: np.ndarray) -> np.ndarray:
    unit: np.ndarray = values / max(float(np.linalg.norm(values)), 1e-9)
    return unit
