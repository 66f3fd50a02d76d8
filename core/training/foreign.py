"""Windows of motion that no person makes: the encoder learns to put them apart, so that "outside" means something."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.motion import ROTATION_SOURCES, UNSEEN, so3_exp
from core.training.distortions import distort, distortion_order

KINDS = ("shuffled", "exchanged", "random")
# What the encoder is trained on; whether it knows the last kind for foreign as well is a fair question.
TRAINED = KINDS[:2]


def foreign(kind: str, raw: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Raw features of real windows, source -> [B, 32, d], made foreign.

    `shuffled`: all frames in random order. `exchanged`: smooth still, but each joint and key point moves as another one does, one draw for
    each window. `random`: in every frame every rotation and key point is drawn anew; the look stays. Raises ValueError for another kind.
    """
    if kind == "shuffled":
        order = distortion_order("shuffle", len(next(iter(raw.values()))), rng, 1.0)
        return {name: distort(values, order) for name, values in raw.items()}
    if kind not in KINDS:
        raise ValueError(f"There is no foreign motion '{kind}'; known: {', '.join(KINDS)}.")
    return {name: (_exchanged if kind == "exchanged" else _random)(name, values, rng) for name, values in raw.items()}


def _exchanged(name: str, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    width = 9 if name in ROTATION_SOURCES else 2
    if name not in ("pose", "kp2d"):
        return values
    parts = values.reshape(*values.shape[:-1], -1, width)
    order = rng.permuted(np.tile(np.arange(parts.shape[-2]), (len(values), 1)), axis=1)
    return np.take_along_axis(parts, order[:, None, :, None], axis=-2).reshape(values.shape)


def _random(name: str, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if name in ROTATION_SOURCES:
        # Axis-angle vectors of random direction and up to half a turn.
        vectors = rng.normal(size=(*values.shape[:-1], values.shape[-1] // 9, 3))
        vectors *= rng.uniform(0, np.pi, (*vectors.shape[:-1], 1)) / np.linalg.norm(vectors, axis=-1, keepdims=True)
        return so3_exp(vectors).reshape(values.shape).astype(values.dtype)
    if name == "kp2d":
        return np.where(values == UNSEEN, UNSEEN, rng.random(values.shape)).astype(values.dtype)
    return values
