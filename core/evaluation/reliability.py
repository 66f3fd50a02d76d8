"""Krippendorff's alpha: how far raters agree beyond chance, whoever rated what."""

from __future__ import annotations

from typing import Literal

import numpy as np

from core.evaluation.errors import EvaluationError

Level = Literal["nominal", "ordinal", "interval", "ratio"]
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval", "ratio")


def krippendorff_alpha(ratings: np.ndarray, level: Level = "interval") -> float:
    """Alpha of ratings [R raters, V clips], NaN where a rater did not see a clip; 1 = perfect, 0 = chance.

    Raises EvaluationError when no clip has two ratings or all ratings are equal, or the package krippendorff is not installed.
    """
    try:
        import krippendorff
    except ImportError as error:
        raise EvaluationError("Krippendorff's alpha needs the package krippendorff: pip install 'telltale[ratings]'.") from error

    values = np.asarray(ratings, np.float64)
    shared = np.isfinite(values).sum(axis=0) > 1
    pairable = values[:, shared]
    if not shared.any() or len(np.unique(pairable[np.isfinite(pairable)])) < 2:
        raise EvaluationError("Krippendorff's alpha needs clips that at least two raters saw, and ratings that differ.")
    return float(krippendorff.alpha(reliability_data=values, level_of_measurement=level))
