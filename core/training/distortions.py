"""What real motion is turned into so that the encoder learns to tell it from broken motion (science.md 5)."""

from __future__ import annotations

import numpy as np

from core.windows import WINDOW

SHUFFLED = 22  # of 32 positions, as in the released code
KINDS = ("shuffle", "reverse", "static")


def distortion_order(kind: str, count: int, rng: np.random.Generator, severity: float | None = None) -> np.ndarray:
    """int [count, 32]: which position of its window each position shows after the distortion.

    Without a severity as in training: shuffle permutes 22 positions, reverse plays backwards, static repeats the first position. A severity
    in (0, 1] distorts that share of the positions: as many permuted, or one run of them reversed or held.
    Raises ValueError for another kind.
    """
    order = np.tile(np.arange(WINDOW), (count, 1))
    touched = WINDOW if severity is None else max(2, round(severity * WINDOW))
    if kind == "shuffle":
        touched = SHUFFLED if severity is None else touched
        chosen = rng.permuted(order, axis=1)[:, :touched]
        np.put_along_axis(order, chosen, rng.permuted(chosen, axis=1), axis=1)
        return order
    if kind not in KINDS:
        raise ValueError(f"There is no distortion '{kind}'; known: {', '.join(KINDS)}.")
    start = rng.integers(0, WINDOW - touched + 1, size=(count, 1))
    inside = (order >= start) & (order < start + touched)
    return np.where(inside, 2 * start + touched - 1 - order if kind == "reverse" else start, order)


def distort(windows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Windows [B, 32, d] with their positions taken in the given order [B, 32].

    On raw features, from which motion is derived afterwards; on finished rows (raw and motion together) for the `release` preset.
    """
    return np.take_along_axis(windows, order[..., None], axis=1)
