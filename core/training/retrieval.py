"""Retrieval: does a held-out window find training windows of its own class?"""

from __future__ import annotations

import numpy as np

_QUERIES = 256  # at a time


def retrieval(queries: np.ndarray, labels: np.ndarray, gallery: np.ndarray, gallery_labels: np.ndarray) -> tuple[float, float]:
    """Recall at 1 and mean average precision of unit vectors [N, d] among [M, d]; a query whose class the gallery lacks is left out.

    Raises ValueError when that leaves none.
    """
    kept = np.isin(labels, gallery_labels)
    if not kept.any():
        raise ValueError("no query has its class in the gallery")
    first, precision = [], []
    for start in range(0, int(kept.sum()), _QUERIES):
        part = np.flatnonzero(kept)[start : start + _QUERIES]
        order = np.argsort(-(queries[part] @ gallery.T), axis=1, kind="stable")
        right = gallery_labels[order] == labels[part, None]
        at_rank = np.cumsum(right, axis=1) / np.arange(1, right.shape[1] + 1)
        first.append(right[:, 0])
        precision.append((at_rank * right).sum(axis=1) / right.sum(axis=1))
    return float(np.concatenate(first).mean()), float(np.concatenate(precision).mean())
