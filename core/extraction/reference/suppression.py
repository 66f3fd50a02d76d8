"""Non-maximum suppression of boxes."""

from __future__ import annotations

import numpy as np


def suppress(boxes: np.ndarray, scores: np.ndarray, threshold: float, margin: float = 0.0) -> np.ndarray:
    """Indices int64 of the boxes [N, 4] (x0, y0, x1, y1) that are kept, best score first.

    A box goes when its intersection over union with a better one that is kept is above the threshold. margin: added to each width and
    height, 1 where whole pixels are meant to be inside at both ends.
    """
    order = np.argsort(-scores, kind="stable")
    x0, y0, x1, y1 = boxes[order].T
    areas = (x1 - x0 + margin) * (y1 - y0 + margin)
    alive = np.arange(len(order))
    kept = []
    # Boxes without area give 0 / 0: the comparison is then false and the box stays, as with torchvision's operator.
    with np.errstate(invalid="ignore", divide="ignore"):
        while len(alive):
            best, alive = alive[0], alive[1:]
            kept.append(order[best])
            width = np.minimum(x1[best], x1[alive]) - np.maximum(x0[best], x0[alive]) + margin
            height = np.minimum(y1[best], y1[alive]) - np.maximum(y0[best], y0[alive]) + margin
            shared = np.maximum(width, 0) * np.maximum(height, 0)
            alive = alive[~(shared / (areas[best] + areas[alive] - shared) > threshold)]
    return np.array(kept, np.int64)
