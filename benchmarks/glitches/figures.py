"""Counts with their intervals, the operating point, and the area under precision and recall."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby

from scipy.stats import beta, chi2

from benchmarks.glitches.matching import Fate, Verdict

CONFIDENCE = 0.95


def clopper_pearson(hits: int, total: int) -> tuple[float, float]:
    """The exact 95 % interval of a share (Clopper and Pearson 1934); (0, 1) where nothing was tried."""
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, hits, total - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, total - hits)) if hits < total else 1.0
    return low, high


def poisson_rate(count: int, minutes: float) -> tuple[float, float]:
    """The exact 95 % interval of a rate per minute after `count` events (Garwood 1936)."""
    if minutes <= 0:
        return 0.0, math.inf
    tail = (1 - CONFIDENCE) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return low / minutes, float(chi2.ppf(1 - tail, 2 * count + 2)) / 2 / minutes


def operating_threshold(verdicts: Iterable[Verdict], minutes: float, most_per_minute: float) -> float:
    """The lowest score from which on at most `most_per_minute` events a minute are false; infinite when even the strongest are too many.

    Events of equal score stand or fall together.
    """
    judged = sorted((v for v in verdicts if v.is_false or v.fate is Fate.HIT), key=lambda v: -v.event.score)
    threshold, false = math.inf, 0
    for score, group in groupby(judged, key=lambda v: v.event.score):
        false += sum(v.is_false for v in group)
        if false > most_per_minute * minutes:
            return threshold
        threshold = score
    return threshold if threshold < math.inf else 0.0


def average_precision(verdicts: Iterable[Verdict], plants: int) -> float:
    """Area under precision over recall (AUPRC): the sum of precision times gain of recall; what is never found adds nothing.

    Events of equal score stand or fall together.
    """
    judged = sorted((v for v in verdicts if v.is_false or v.fate is Fate.HIT), key=lambda v: -v.event.score)
    area, hits, said = 0.0, 0, 0
    for _, members in groupby(judged, key=lambda v: v.event.score):
        group = list(members)
        gained = sum(v.fate is Fate.HIT for v in group)
        hits, said = hits + gained, said + len(group)
        area += hits / said * gained
    return area / plants if plants else float("nan")


def from_score(verdicts: Sequence[Verdict], threshold: float) -> list[Verdict]:
    """Those whose event is at least as strong as the threshold."""
    return [v for v in verdicts if v.event.score >= threshold]
