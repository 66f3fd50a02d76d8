"""Agreement of two lists of numbers: Spearman, Pearson and Kendall with bootstrap intervals (science.md 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.evaluation.errors import EvaluationError

FEWEST = 4  # clips: with fewer, resamples are mostly constant
KINDS = ("spearman", "pearson", "kendall")


@dataclass(frozen=True)
class Correlation:
    """A coefficient, its bootstrap interval (NaN when too few resamples have one) and the two-sided p-value of no correlation."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Agreement:
    """How well scores follow human ratings over `clips` clips; positive = agreement, whichever way the scores point."""

    clips: int
    spearman: Correlation
    pearson: Correlation
    kendall: Correlation


def agreement(
    scores: np.ndarray, human: np.ndarray, higher_is_better: bool, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Agreement:
    """Agreement of scores [N] with human ratings [N] (higher is better) of the same clips.

    Scores that are distances have their sign turned, so that positive means agreement. The intervals are percentiles over `resamples`
    draws of clips with replacement, the same for the same seed.
    Raises EvaluationError with fewer than 4 clips, unknown values, or when one side is constant.
    """
    x = np.asarray(scores, np.float64) * (1 if higher_is_better else -1)
    y = np.asarray(human, np.float64)
    check_pairs(x, y)
    draws = np.random.default_rng(seed).integers(0, len(x), (resamples, len(x)))
    tail = 50 * (1 - level)
    results = {}
    for kind in KINDS:
        coefficient = _coefficient(kind)
        value, p = coefficient(x, y)
        sample = np.array([coefficient(x[draw], y[draw])[0] for draw in draws if _varies(x[draw]) and _varies(y[draw])])
        enough = len(sample) > resamples / 2
        low, high = np.percentile(sample, [tail, 100 - tail]) if enough else (np.nan, np.nan)
        results[kind] = Correlation(value, float(low), float(high), p)
    return Agreement(len(x), **results)


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rank correlation, ties sharing their mean rank; NaN when one side is constant."""
    return _coefficient("spearman")(x, y)[0] if _varies(x) and _varies(y) else float("nan")


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's correlation; NaN when one side is constant."""
    return _coefficient("pearson")(x, y)[0] if _varies(x) and _varies(y) else float("nan")


def check_pairs(x: np.ndarray, y: np.ndarray) -> None:
    """Raise EvaluationError when two lists cannot be correlated."""
    if x.shape != y.shape or x.ndim != 1:
        raise EvaluationError(f"Two lists of equal length are needed, not shapes {x.shape} and {y.shape}.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise EvaluationError("A score is not a finite number: leave out the clips without one.")
    if len(x) < FEWEST:
        raise EvaluationError(f"Only {len(x)} clips have both numbers, {FEWEST} are needed: check that the names of the clips match.")
    for side, values in (("scores", x), ("ratings", y)):
        if not _varies(values):
            raise EvaluationError(f"All {side} are equal, so they agree or disagree with nothing: give {side} that differ.")


def _coefficient(kind: str) -> Callable[[np.ndarray, np.ndarray], tuple[float, float]]:
    from scipy import stats

    function: Any = {"spearman": stats.spearmanr, "pearson": stats.pearsonr, "kendall": stats.kendalltau}[kind]

    def coefficient(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        result = function(x, y)
        return float(result.statistic), float(result.pvalue)

    return coefficient


def _varies(values: np.ndarray) -> bool:
    return bool(np.ptp(values) > 0)
