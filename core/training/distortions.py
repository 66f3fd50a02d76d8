"""What real motion is turned into so that the encoder learns to tell it from broken motion (science.md 5)."""

from __future__ import annotations

import numpy as np

from core.windows import WINDOW

SHUFFLED = 22  # of 32 positions, as in the released code; the same share of windows of another length
KINDS = ("shuffle", "reverse", "static")


def distortion_order(kind: str, count: int, rng: np.random.Generator, severity: float | None = None, length: int = WINDOW) -> np.ndarray:
    """int [count, length]: which position of its window each position shows after the distortion.

    Without a severity as in training: shuffle permutes 22 positions, reverse plays backwards, static repeats the first position. A severity
    in (0, 1] distorts that share of the positions: as many permuted, or one run of them reversed or held.
    Raises ValueError for another kind.
    """
    order = np.tile(np.arange(length), (count, 1))
    touched = length if severity is None else max(2, round(severity * length))
    if kind == "shuffle":
        touched = round(SHUFFLED * length / WINDOW) if severity is None else touched
        chosen = rng.permuted(order, axis=1)[:, :touched]
        np.put_along_axis(order, chosen, rng.permuted(chosen, axis=1), axis=1)
        return order
    if kind not in KINDS:
        raise ValueError(f"There is no distortion '{kind}'; known: {', '.join(KINDS)}.")
    start = rng.integers(0, length - touched + 1, size=(count, 1))
    inside = (order >= start) & (order < start + touched)
    return np.where(inside, 2 * start + touched - 1 - order if kind == "reverse" else start, order)


def distort(windows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Windows [B, T, d] with their positions taken in the given order [B, T].

    On raw features, from which motion is derived afterwards; on finished rows (raw and motion together) for the `release` preset.
    """
    return np.take_along_axis(windows, order[..., None], axis=1)
