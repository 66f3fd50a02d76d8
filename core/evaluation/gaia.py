"""GAIA's way from ratings to opinions: golden clips, line clickers, alpha, per-rater z-scores, the combined score (science.md 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.evaluation.agreement import pearson
from core.evaluation.clip_names import canonical
from core.evaluation.errors import EvaluationError
from core.evaluation.files import COMBINED
from core.evaluation.rating_table import RatingTable
from core.evaluation.ratings import Opinion, ProcessedRatings, Stage, opinions_of

_FEWEST_GOLDEN = 3


@dataclass(frozen=True)
class GaiaSettings:
    """min_golden: Pearson correlation with the golden scores; max_equal: share of one and the same rating on an axis."""

    min_golden: float = 0.7
    max_equal: float = 0.4


def process_gaia_ratings(table: RatingTable, settings: GaiaSettings, golden: Mapping[str, Mapping[str, float]] | None) -> ProcessedRatings:
    """Drop raters who miss the golden scores (axis -> clip -> score) or click one line, then average per-rater z-scores.

    A rater's z-scores (ddof 1) are put on 0..100 by 100 (z + 3) / 6. When there are three axes or more, `combined` is the mean of their
    mean opinion scores, that is their sum on the scale 0..100.
    Raises EvaluationError when nobody is left, or no golden clip was rated.
    """
    present = table.active()
    stages = [Stage("raw", "all", int(present.sum()), len(table), "")]
    dropped: list[tuple[str, str, str]] = []
    if golden is not None:
        passed, checked = _passes_golden(table, golden, settings.min_golden)
        if not checked.any():
            raise EvaluationError(f"No rater rated {_FEWEST_GOLDEN} golden clips: check that their names match those of the ratings.")
        note = f"Pearson with the golden scores above {settings.min_golden:g}; {int((present & ~checked).sum())} not checked, kept"
        dropped += [("golden", "all", table.raters[i]) for i in np.flatnonzero(present & ~passed)]
        table = table.keep(passed)
        stages.append(Stage("golden", "all", int(table.active().sum()), len(table), note))
    varied = ~_clicks_a_line(table, settings.max_equal)
    dropped += [("line clicker", "all", table.raters[i]) for i in np.flatnonzero(table.active() & ~varied)]
    table = table.keep(varied)
    stages.append(Stage("line clicker", "all", int(table.active().sum()), len(table), f"at most {settings.max_equal:.0%} equal ratings"))
    if not len(table):
        raise EvaluationError("No rater is left after the checks: lower --min-golden or raise --max-equal.")
    opinions: dict[str, dict[str, Opinion]] = {}
    kept = {}
    for number, axis in enumerate(table.axes):
        kept[axis] = table.matrix(number)
        scaled = rater_z_scores(kept[axis])
        opinions[axis] = opinions_of({clip: column[np.isfinite(column)] for clip, column in zip(table.clips, scaled.T, strict=True)})
        rated = int(np.isfinite(scaled).any(axis=1).sum())
        stages.append(Stage("z-score", axis, rated, int(np.isfinite(scaled).sum()), "raters whose ratings are all equal have none"))
    if len(table.axes) >= 3:
        opinions[COMBINED] = combine(opinions)
    return ProcessedRatings(tuple(stages), tuple(dropped), opinions, kept)


def rater_z_scores(ratings: np.ndarray) -> np.ndarray:
    """Ratings [R, V] as z-scores of each rater (ddof 1) on the scale 0..100; NaN for raters with fewer than two different ratings."""
    result = np.full(ratings.shape, np.nan)
    for rater, row in enumerate(ratings):
        known = np.isfinite(row)
        if known.sum() > 1 and np.ptp(row[known]) > 0:
            result[rater, known] = 100 * ((row[known] - row[known].mean()) / row[known].std(ddof=1) + 3) / 6
    return result


def combine(opinions: Mapping[str, Mapping[str, Opinion]]) -> dict[str, Opinion]:
    """GAIA's combined score: the axes' mean opinion scores (0..100) summed and put back on 0..100; only clips that have every axis."""
    clips = [clip for clip in next(iter(opinions.values())) if all(clip in axis for axis in opinions.values())]
    means = {clip: float(np.mean([axis[clip].mos for axis in opinions.values()])) for clip in clips}
    plain = opinions_of({clip: np.array([mean]) for clip, mean in means.items()})
    fewest = {clip: min(axis[clip].ratings for axis in opinions.values()) for clip in clips}
    return {clip: Opinion(opinion.mos, opinion.z, fewest[clip], opinion.deviation) for clip, opinion in plain.items()}


def _passes_golden(table: RatingTable, golden: Mapping[str, Mapping[str, float]], least: float) -> tuple[np.ndarray, np.ndarray]:
    """bool [R] passed, bool [R] checked; over all axes that both have, a rater is checked on at least three golden clips."""
    passed, checked = np.ones(len(table.raters), bool), np.zeros(len(table.raters), bool)
    for number, axis in enumerate(table.axes):
        wanted = {canonical(clip): score for clip, score in golden.get(axis, {}).items()}
        reference = np.array([wanted.get(canonical(clip), np.nan) for clip in table.clips])
        for rater, row in enumerate(table.matrix(number)):
            both = np.isfinite(row) & np.isfinite(reference)
            if both.sum() >= _FEWEST_GOLDEN:
                checked[rater] = True
                passed[rater] &= bool(pearson(row[both], reference[both]) > least)
    return passed, checked


def _clicks_a_line(table: RatingTable, most: float) -> np.ndarray:
    """bool [R]: raters with more than this share of equal ratings on some axis."""
    clickers = np.zeros(len(table.raters), bool)
    for rater in np.flatnonzero(table.active()):
        for column in table.values[table.rater == rater].T:
            known = column[np.isfinite(column)]
            if len(known) > 1 and np.unique(known, return_counts=True)[1].max() > most * len(known):
                clickers[rater] = True
    return clickers
