"""The pinhole camera: projection, a camera for videos that do not tell theirs, and where in space a body must stand.

Pixels: integer coordinates are the centres of pixels, so (0, 0) is the centre of the top left pixel and a picture w pixels wide reaches
from -0.5 to w - 0.5 (the convention of OpenCV). Space: x right, y down, z forward, metres. Intrinsics are `fx, fy, cx, cy` in pixels.
"""

from __future__ import annotations

import numpy as np

FIELD_OF_VIEW = np.radians(55.0)  # over the larger side


def default_intrinsics(size: tuple[int, int]) -> np.ndarray:
    """Intrinsics float64 [4] for a picture of `size` (width, height) whose camera is unknown.

    55 degrees over the larger side lies between a phone's main camera (65 to 70) and a normal lens of 50 mm (40), the two ways in which
    people are mostly filmed: an error of the guess then stays within some 30 % of the focal length, and moves the body in depth by as much.
    """
    width, height = size
    focal = 0.5 * max(width, height) / np.tan(FIELD_OF_VIEW / 2)
    return np.array([focal, focal, (width - 1) / 2, (height - 1) / 2])


def project(points: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Pixels [..., 2] of points [..., 3] in camera space; NaN for points in or behind the plane of the camera."""
    points = np.asarray(points)
    depth = np.where(points[..., 2] > 0, points[..., 2], np.nan)[..., None]
    return points[..., :2] / depth * np.asarray(intrinsics)[:2] + np.asarray(intrinsics)[2:]


def solve_translation(points3d: np.ndarray, pixels: np.ndarray, weights: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Translations float64 [T, 3] that lay body-centred points over the pixels they are seen at.

    points3d [T, J, 3] in camera axes, metres; pixels [T, J, 2]; weights [T, J] >= 0; intrinsics [4]. Weighted linear least squares on
    fx (x + tx) = (u - cx) (z + tz) and its like for y. Points that are not finite are left out. A row is NaN where fewer than two points
    count, or where no position in front of the camera explains them.
    """
    fx, fy, cx, cy = np.asarray(intrinsics, np.float64)
    known = np.isfinite(points3d).all(-1) & np.isfinite(pixels).all(-1) & (np.nan_to_num(weights) > 0)
    points = np.where(known[..., None], points3d, 0.0).astype(np.float64)
    weight = np.where(known, weights, 0.0).astype(np.float64)
    u = np.where(known, pixels[..., 0] - cx, 0.0) / fx
    v = np.where(known, pixels[..., 1] - cy, 0.0) / fy
    one, zero = np.ones_like(u), np.zeros_like(u)
    rows = np.concatenate([np.stack([one, zero, -u], -1), np.stack([zero, one, -v], -1)], 1)  # [T, 2J, 3]
    right = np.concatenate([u * points[..., 2] - points[..., 0], v * points[..., 2] - points[..., 1]], 1)
    weight = np.concatenate([weight, weight], 1)
    normal = np.einsum("tj,tja,tjb->tab", weight, rows, rows)
    target = np.einsum("tj,tja,tj->ta", weight, rows, right)
    total = weight.sum(1) / 2
    # The last pivot is the spread of the rays: without it (one ray only), depth is free.
    solvable = (known.sum(1) >= 2) & (np.linalg.det(normal) > 1e-9 * np.maximum(total, 1e-12) ** 3)
    translation = np.full((len(points), 3), np.nan)
    translation[solvable] = np.linalg.solve(normal[solvable], target[solvable][..., None])[..., 0]
    nearest = np.where(known, points[..., 2], np.inf).min(1, initial=np.inf) + translation[:, 2]
    translation[~(nearest > 0)] = np.nan
    return translation
