"""Is one metric closer to human ratings than another? Both are correlated with the same ratings, so their correlations are dependent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.evaluation.agreement import check_pairs, spearman


@dataclass(frozen=True)
class Comparison:
    """Two Spearman correlations with the same ratings over the same clips.

    first, second  positive = agreement           between   correlation of the two metrics
    t, p           Williams' test on the ranks    low, high bootstrap interval of first - second
    """

    clips: int
    first: float
    second: float
    between: float
    t: float
    p: float
    low: float
    high: float


def compare(
    first: np.ndarray,
    second: np.ndarray,
    human: np.ndarray,
    first_higher: bool,
    second_higher: bool,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare metrics first [N] and second [N] on human ratings [N]; `*_higher`: whether higher is better in it.

    Raises EvaluationError with fewer than 4 clips, unknown values, or when one of them is constant.
    """
    a = np.asarray(first, np.float64) * (1 if first_higher else -1)
    b = np.asarray(second, np.float64) * (1 if second_higher else -1)
    y = np.asarray(human, np.float64)
    check_pairs(a, y)
    check_pairs(b, y)
    with_first, with_second, between = spearman(a, y), spearman(b, y), spearman(a, b)
    t, p = williams_test(with_first, with_second, between, len(y))
    draws = np.random.default_rng(seed).integers(0, len(y), (resamples, len(y)))
    differences = np.array([spearman(a[draw], y[draw]) - spearman(b[draw], y[draw]) for draw in draws])
    tail = 50 * (1 - level)
    low, high = np.nanpercentile(differences, [tail, 100 - tail]) if np.isfinite(differences).any() else (np.nan, np.nan)
    return Comparison(len(y), with_first, with_second, between, t, p, float(low), float(high))


def williams_test(r_first: float, r_second: float, r_between: float, n: int) -> tuple[float, float]:
    """Williams' t for two correlations that share a variable (Steiger 1980, eq. 7), and its two-sided p with n - 3 degrees of freedom.

    NaN when the two metrics are the same up to a monotone change: there is then no difference to test.
    """
    from scipy import stats

    if abs(r_between) >= 1 - 1e-12:
        return math.nan, math.nan
    determinant = 1 - r_first**2 - r_second**2 - r_between**2 + 2 * r_first * r_second * r_between
    mean = (r_first + r_second) / 2
    spread = 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - r_between) ** 3
    if spread <= 0:
        return math.nan, math.nan
    t = (r_first - r_second) * math.sqrt((n - 1) * (1 + r_between) / spread)
    return t, float(2 * stats.t.sf(abs(t), n - 3))
