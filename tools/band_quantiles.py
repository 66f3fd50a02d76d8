"""Quantiles of what was measured of real motion, as `core.bands` needs them: of one amount of motion, with a smooth tail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.bands import HIGH, QUANTILES, RARE

# Of a quantile: values and clips from which it is taken, and how far around the amount of motion (its log) they are looked for. What comes
# from another amount is scaled by the track's own trend, a power of the amount: 0 where it is weaker than the first of TRENDS, and at most
# the second.
FEWEST, FEWEST_CLIPS = 3000, 16
WIDTHS = (0.3, 0.5, 0.8, 1.2, np.inf)
TREND_PARTS, TREND_SHARE, TRENDS = 8, 0.9, (0.15, 1.0)
FEWEST_RARE, TAIL = 1500, 0.02  # values for the 99.9th percentile; the share of the highest from which its tail is drawn


def trend(samples: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """The power of the amount of motion with which a track rises: of its quantile TREND_SHARE, the mean over the groups of rates.

    samples: values [N] and log amounts [N] of each group. 0 where the track is ordinarily 0 or too little is known.
    """
    slopes, weights = [], []
    for values, amounts in samples:
        if len(values) < TREND_PARTS * FEWEST_CLIPS:
            continue
        parts = np.array_split(np.argsort(amounts), TREND_PARTS)
        levels = np.array([np.quantile(values[part], TREND_SHARE) for part in parts])
        if (levels <= 0).any():
            return 0.0
        slopes.append(np.polyfit([np.median(amounts[part]) for part in parts], np.log(levels), 1)[0])
        weights.append(len(values))
    slope = float(np.average(slopes, weights=weights)) if slopes else 0.0
    return min(slope, TRENDS[1]) if slope >= TRENDS[0] else 0.0


def near(amounts: np.ndarray, clips: np.ndarray, amount: float) -> tuple[np.ndarray, float]:
    """bool [N]: the values that tell of motion of this amount; the width around it from which they had to come."""
    for width in WIDTHS:
        near = np.abs(amounts - np.log(amount)) <= width
        if near.sum() >= FEWEST and len(np.unique(clips[near])) >= FEWEST_CLIPS:
            break
    return near, width


def quantiles(values: np.ndarray) -> np.ndarray:
    """float64 [Q] of values [N]: QUANTILES, that of RARE from a smooth tail; NaN where there are too few values."""
    if len(values) < FEWEST_CLIPS:
        return np.full(len(QUANTILES), np.nan)
    found = np.quantile(values, QUANTILES)
    found[QUANTILES.index(RARE)] = max(tail_quantile(values, RARE), found[QUANTILES.index(HIGH)]) if len(values) >= FEWEST_RARE else np.nan
    return found


def tail_quantile(values: np.ndarray, share: float) -> float:
    """The quantile `share` of values [N] from a generalised Pareto tail over the highest TAIL of them.

    Its parameters by probability-weighted moments (Hosking and Wallis, 1987); the shape is kept within -0.5 and 0.5.
    """
    least = float(np.quantile(values, 1 - TAIL))
    over = np.sort(values[values > least]) - least
    if len(over) < TAIL * FEWEST_RARE / 2 or share <= 1 - TAIL:
        return float(np.quantile(values, share))  # most values are equal: there is no tail
    first = over.mean()
    second = float((over * (1 - (np.arange(1, len(over) + 1) - 0.35) / len(over))).mean())
    shape = float(np.clip(2 - first / max(first - 2 * second, 1e-12), -0.5, 0.5))
    scale = first * (1 - shape)
    rarer = len(over) / len(values) / (1 - share)
    return least + scale * float(np.log(rarer) if abs(shape) < 1e-6 else (rarer**shape - 1) / shape)
