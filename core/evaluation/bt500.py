"""Rejection of raters after ITU-R BT.500 (science.md 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VARIANTS = ("standard", "authors")
MAX_SHARE = 0.05  # of ratings outside the threshold
MIN_IMBALANCE = 0.3  # outside on both sides alike means noise, on one side only a strict or mild rater
FEWEST_CLIPS = 10


@dataclass(frozen=True, eq=False)
class Screening:
    """Per rater: bool rejected [R], ratings above [R] and below [R] the threshold, ratings in all [R]."""

    rejected: np.ndarray
    above: np.ndarray
    below: np.ndarray
    rated: np.ndarray


def screen(ratings: np.ndarray, variant: str = "standard") -> Screening:
    """Screen ratings [R raters, V clips], NaN where a rater did not see a clip.

    `standard`: for each clip the mean and deviation S (N - 1) over its raters and their kurtosis b2; the threshold is 2 S when
    2 <= b2 <= 4, else sqrt(20) S. `authors`: one mean and deviation (N) over all ratings, sqrt(20) when the excess kurtosis is above 3.
    Rejected: more than 5 % of the ratings outside with |P - Q| / (P + Q) < 0.3, or fewer than 10 clips. Raises ValueError.
    """
    if variant not in VARIANTS or ratings.ndim != 2:
        raise ValueError(f"ratings are a matrix and the variant is one of {VARIANTS}")
    values = np.asarray(ratings, np.float64)
    seen = np.isfinite(values)
    if variant == "standard":
        count = seen.sum(axis=0)
        mean, b2 = _moments(values, seen, count)
        squares = np.where(seen, (values - mean) ** 2, 0).sum(axis=0)
        deviation = np.sqrt(squares / np.maximum(count - 1, 1))
        # Raters who all agree, or a single one, are outside of nothing.
        threshold = np.where(deviation > 0, np.where((b2 >= 2) & (b2 <= 4), 2.0, np.sqrt(20.0)) * deviation, np.inf)
        above = (seen & (values >= mean + threshold)).sum(axis=1)
        below = (seen & (values <= mean - threshold)).sum(axis=1)
    else:
        flat, every = values[seen][:, None], np.ones((int(seen.sum()), 1), bool)
        (mean,), (b2,) = _moments(flat, every, np.array([len(flat)]))
        threshold = (np.sqrt(20.0) if b2 - 3 > 3 else 2.0) * flat.std()
        above = (seen & (values > mean + threshold)).sum(axis=1)
        below = (seen & (values < mean - threshold)).sum(axis=1)
    rated, outside = seen.sum(axis=1), above + below
    noisy = outside > MAX_SHARE * rated
    even = np.abs(above - below) < MIN_IMBALANCE * outside
    return Screening((noisy & even) | (rated < FEWEST_CLIPS), above, below, rated)


def _moments(values: np.ndarray, seen: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and kurtosis m4 / m2^2 of each column; 0 where there is none."""
    n = np.maximum(count, 1)
    mean = np.where(seen, values, 0).sum(axis=0) / n
    deviation = np.where(seen, values - mean, 0)
    m2, m4 = (deviation**2).sum(axis=0) / n, (deviation**4).sum(axis=0) / n
    return mean, np.where(m2 > 0, m4 / np.where(m2 > 0, m2, 1) ** 2, 0)
