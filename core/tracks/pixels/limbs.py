"""What lies under each limb bone: points along it, for flow, colour and what the flow leaves unexplained."""

from __future__ import annotations

import numpy as np

from core.tracks.bones import BONES
from core.tracks.joints import median

# Shares of the bone at which it is looked at, and how far to the sides, as a share of the person's longer side: thin, so that what lies
# behind a limb stays out.
_ALONG, _ACROSS, _WIDTH = np.linspace(0.1, 0.9, 9), np.array([-1.0, 0.0, 1.0]), 0.012
_THIRDS = (_ALONG < 0.4, _ALONG > 0.6)
THIRDS_APART = 0.6  # of the bone, between the middles of its upper and its lower third
_UPPER, _LOWER = [bone[1] for bone in BONES], [bone[2] for bone in BONES]


def bone_points(joints: np.ndarray, long: float, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns), int [B, 9, 3] of a picture of `shape`: along each of `bones.BONES` and beside it; -1 where it is outside or unknown.

    joints [J, 2] in pixels of that picture, NaN unknown; long: the longer side of the person there.
    """
    upper, lower = joints[_UPPER], joints[_LOWER]
    along = lower - upper
    length = np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    aside = np.stack([-along[:, 1], along[:, 0]], axis=1) / length * max(_WIDTH * long, 0.7)
    places = upper[:, None, None] + _ALONG[None, :, None, None] * along[:, None, None] + _ACROSS[None, None, :, None] * aside[:, None, None]
    known = np.isfinite(places).all(axis=-1)
    whole = np.round(np.where(known[..., None], places, -1)).astype(int)
    columns, rows = whole[..., 0], whole[..., 1]
    known &= (columns >= 0) & (columns < shape[1]) & (rows >= 0) & (rows < shape[0])
    return np.where(known, rows, -1), np.where(known, columns, -1)


def flow_along(flow: np.ndarray, points: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """float32 [B, 2, 2]: the median flow [h, w, 2] under the upper and under the lower third of each bone; NaN where unknown."""
    found = np.where(points[0][..., None] >= 0, flow[points], np.nan)
    thirds = [found[:, third].reshape(len(found), -1, 2).swapaxes(0, 1) for third in _THIRDS]
    return np.stack([median(third) for third in thirds], axis=1).astype(np.float32)


def colours_along(lab: np.ndarray, points: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """float32 [B, 3]: the median colour of lab uint8 [h, w, 3] in the middle of each bone; NaN where unknown."""
    rows, columns = (places[:, :, 1].T for places in points)
    return median(np.where(rows[..., None] >= 0, lab[rows, columns].astype(np.float32), np.nan)).astype(np.float32)


def strength_along(values: np.ndarray, points: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """float32 [B]: the root mean square of values [h, w] under each bone; NaN where unknown."""
    known = points[0] >= 0
    total = np.where(known, np.square(values[points]), 0.0).sum(axis=(1, 2))
    many = known.sum(axis=(1, 2))
    return np.asarray(np.sqrt(np.where(many > 0, total / np.maximum(many, 1), np.nan)), np.float32)
