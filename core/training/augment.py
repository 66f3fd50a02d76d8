"""Changes of a window that change nothing about the action: another heading, place and size in the picture, another build and dress."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.motion import DIRECTION_SOURCES, UNSEEN, so3_exp

_ZOOM, _SHIFT = 0.3, 0.15  # of the key points: up to these shares larger or smaller, and of the picture's size sideways


def augment(raw: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Raw features of windows, source -> [B, 32, d], each window changed as a whole; only its motion in the source's own terms stays.

    `global` is turned about the camera's vertical, `kp2d` moved and zoomed, `beta` takes the mean of another window of the batch, and the
    mean of an appearance moves a random part of the way to another window's. Few clips of few people would else be known by these.
    """
    count = len(next(iter(raw.values())))
    result: dict[str, np.ndarray] = {}
    for name, values in raw.items():
        if name == "global":
            turn = np.zeros((count, 3), np.float32)
            turn[:, 1] = rng.uniform(-np.pi, np.pi, count)
            matrices = so3_exp(turn)[:, None] @ values.reshape(*values.shape[:-1], 3, 3)
            result[name] = matrices.reshape(values.shape)
        elif name == "kp2d":
            result[name] = _moved(values, rng)
        elif name == "beta" or name in DIRECTION_SOURCES:
            mean = values.mean(axis=1, keepdims=True)
            share = 1.0 if name == "beta" else rng.random((count, 1, 1))
            result[name] = (values + share * (mean[rng.permutation(count)] - mean)).astype(np.float32)
        else:
            result[name] = values
    return result


def _moved(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    points = values.reshape(*values.shape[:-1], -1, 2)
    unseen = (points == UNSEEN).all(axis=-1, keepdims=True)
    count = len(points)
    zoom = rng.uniform(1 - _ZOOM, 1 + _ZOOM, (count, 1, 1, 1))
    shift = rng.uniform(-_SHIFT, _SHIFT, (count, 1, 1, 2))
    # About the middle of the picture.
    moved = (points - 0.5) * zoom + 0.5 + shift
    return np.where(unseen, UNSEEN, moved).reshape(values.shape).astype(np.float32)
