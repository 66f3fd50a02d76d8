"""How many ratings a clip needs: agreement of opinions from k ratings (TAG B.3, GAIA Fig. 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.evaluation.agreement import FEWEST, spearman
from core.evaluation.errors import EvaluationError


@dataclass(frozen=True)
class Convergence:
    """For k ratings a clip: Spearman correlation of their mean with that of all ratings, and with that of k other ratings.

    Mean and the range from the 5th to the 95th percentile over the draws. `with_others` is NaN where too few clips have 2 k ratings.
    """

    ratings: int
    clips: int
    with_all: float
    low: float
    high: float
    others_clips: int
    with_others: float


def convergence(ratings: np.ndarray, draws: int = 200, seed: int = 0, most: int | None = None) -> tuple[Convergence, ...]:
    """Convergence for k = 1, 2, ... over ratings [R, V] (NaN: not rated), as long as half of the clips, and at least 4, have k ratings.

    Each draw takes k of every clip's ratings without replacement; clips with fewer are left out at that k. The correlation with all
    ratings holds the k themselves and so ends at 1; the one with k others does not. Raises EvaluationError with fewer than 4 rated clips.
    """
    columns = [column[np.isfinite(column)] for column in np.asarray(ratings, np.float64).T]
    columns = [column for column in columns if len(column)]
    if len(columns) < FEWEST:
        raise EvaluationError(f"Only {len(columns)} clips have ratings, {FEWEST} are needed: give more ratings.")
    counts = np.array([len(column) for column in columns])
    needed = max(FEWEST, -(-len(columns) // 2))
    last = int(np.sort(counts)[-needed])
    rng = np.random.default_rng(seed)
    means = np.array([column.mean() for column in columns])
    result = []
    for k in range(1, min(last, most or last) + 1):
        enough, twice = np.flatnonzero(counts >= k), np.flatnonzero(counts >= 2 * k)
        to_all, to_others = [], []
        for _ in range(draws):
            order = [rng.permutation(column) for column in columns]
            first = np.array([order[i][:k].mean() for i in enough])
            to_all.append(spearman(first, means[enough]))
            if len(twice) >= needed:
                other = np.array([order[i][k : 2 * k].mean() for i in twice])
                to_others.append(spearman(np.array([order[i][:k].mean() for i in twice]), other))
        known = np.array(to_all)[np.isfinite(to_all)]
        others = np.array(to_others)[np.isfinite(to_others)]
        low, high = np.percentile(known, [5, 95]) if len(known) else (np.nan, np.nan)
        mean = float(known.mean()) if len(known) else np.nan
        result.append(
            Convergence(k, len(enough), mean, float(low), float(high), len(twice), float(others.mean()) if len(others) else np.nan)
        )
    return tuple(result)
