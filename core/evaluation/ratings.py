"""TAG's three stages from raw ratings to mean opinion scores, with every count on the way (science.md 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.evaluation.agreement import spearman
from core.evaluation.bt500 import VARIANTS, screen
from core.evaluation.errors import EvaluationError
from core.evaluation.rating_table import RatingTable

_FEWEST_FOR_SPEARMAN = 3
_UNCHECKED = 999.0  # the spread that the released script gives a rater without repeats


@dataclass(frozen=True)
class TagSettings:
    """percentile: raters whose mean spread on repeats lies above it are dropped. variant: `standard`, or `authors` as the released script
    does it (global rejection limits, raters without repeats dropped first, a repeated clip's ratings not averaged)."""

    percentile: float = 95.0
    min_spearman: float = 0.55
    variant: str = "standard"


@dataclass(frozen=True)
class Stage:
    """What is left after a stage, on one axis (stages before the axes part have the axis `all`)."""

    name: str
    axis: str
    raters: int
    ratings: int
    note: str


@dataclass(frozen=True)
class Opinion:
    """The mean opinion score of a clip on one axis, its z-score over the clips (ddof 0), and how much it rests on."""

    mos: float
    z: float
    ratings: int
    deviation: float  # between raters, N - 1; NaN with one


@dataclass(frozen=True, eq=False)
class ProcessedRatings:
    """opinions: axis -> clip -> Opinion, for clips that kept a rating. dropped: (stage, axis, rater). kept: axis -> matrix [R, V]."""

    stages: tuple[Stage, ...]
    dropped: tuple[tuple[str, str, str], ...]
    opinions: Mapping[str, Mapping[str, Opinion]]
    kept: Mapping[str, np.ndarray]


def process_tag_ratings(table: RatingTable, settings: TagSettings) -> ProcessedRatings:
    """Filter raters and average what is left. Raises EvaluationError when no rater is left on an axis."""
    if settings.variant not in VARIANTS:
        raise ValueError(f"the variant is one of {VARIANTS}")
    stages = [Stage("raw", "all", int(table.active().sum()), len(table), "")]
    dropped: list[tuple[str, str, str]] = []
    consistent, note = _consistent(table, settings)
    first = table.keep(consistent)
    dropped += [("repeats", "all", table.raters[i]) for i in np.flatnonzero(table.active() & ~consistent)]
    stages.append(Stage("repeats", "all", int(first.active().sum()), len(first), note))
    opinions, kept = {}, {}
    for number, axis in enumerate(table.axes):
        screening = screen(_rows(first, number, settings), settings.variant)
        present = first.active()
        second = first.keep(~screening.rejected)
        dropped += [("BT.500", axis, table.raters[i]) for i in np.flatnonzero(present & screening.rejected)]
        few = int((present & (screening.rated < 10)).sum())
        stages.append(Stage("BT.500", axis, int(second.active().sum()), len(second), f"{few} rated fewer than 10 clips" if few else ""))
        agreeing, note = _agreeing(second, number, settings)
        third = second.keep(agreeing)
        dropped += [("agreement", axis, table.raters[i]) for i in np.flatnonzero(second.active() & ~agreeing)]
        stages.append(Stage("agreement", axis, int(third.active().sum()), len(third), note))
        if not len(third):
            raise EvaluationError(f"No rater is left on the axis '{axis}' after the stage 'agreement': lower --min-spearman.")
        opinions[axis] = _opinions(third, number, settings)
        kept[axis] = third.matrix(number)
    return ProcessedRatings(tuple(stages), tuple(dropped), opinions, kept)


def repeat_spread(table: RatingTable) -> np.ndarray:
    """Mean deviation (ddof 0) of each rater's repeats over clips and axes [R]; NaN without repeats."""
    result = np.full(len(table.raters), np.nan)
    for rater in np.flatnonzero(table.active()):
        mine = table.rater == rater
        clips, values = table.clip[mine], table.values[mine]
        spreads = [
            float(np.std(column[np.isfinite(column)]))
            for clip in np.unique(clips)
            for column in values[clips == clip].T
            if np.isfinite(column).sum() > 1
        ]
        if spreads:
            result[rater] = np.mean(spreads)
    return result


def _consistent(table: RatingTable, settings: TagSettings) -> tuple[np.ndarray, str]:
    spread = repeat_spread(table)
    active, repeating = table.active(), np.isfinite(spread)
    unchecked = int((active & ~repeating).sum())
    authors = settings.variant == "authors"
    if authors:
        spread = np.where(repeating, spread, _UNCHECKED)
        repeating = active
    if not repeating.any():
        return active, "nobody rated a clip twice: nothing to check"
    limit = float(np.percentile(spread[repeating], settings.percentile))
    note = f"spread at most {limit:.4g} (percentile {settings.percentile:g})"
    if unchecked:
        note += f"; {unchecked} without repeats " + ("counted as worst" if authors else "kept unchecked")
    return active & ~(spread > limit), note


def _rows(table: RatingTable, axis: int, settings: TagSettings) -> np.ndarray:
    """What is screened: [R, V], repeats averaged; for `authors` [R, ratings], every rating for itself."""
    if settings.variant == "standard":
        return table.matrix(axis)
    counts = np.bincount(table.rater, minlength=len(table.raters))
    rows = np.full((len(table.raters), max(1, int(counts.max(initial=0)))), np.nan)
    for rater in np.flatnonzero(counts):
        rows[rater, : counts[rater]] = table.values[table.rater == rater, axis]
    return rows


def _agreeing(table: RatingTable, axis: int, settings: TagSettings) -> tuple[np.ndarray, str]:
    """Raters whose Spearman correlation with the mean of the others is high enough, and what to say of it."""
    mine = table.matrix(axis)
    if settings.variant == "authors":
        mine = _last(table, axis)
    # Each clip counts once, or every rating for itself.
    total, count = table.totals(axis) if settings.variant == "authors" else (np.nan_to_num(mine), np.isfinite(mine).astype(float))
    others_count = count.sum(axis=0) - count
    others = np.where(others_count > 0, (total.sum(axis=0) - total) / np.maximum(others_count, 1), np.nan)
    agreeing = np.zeros(len(table.raters), bool)
    rhos = []
    for rater in np.flatnonzero(table.active()):
        both = np.isfinite(mine[rater]) & np.isfinite(others[rater])
        rho = spearman(mine[rater, both], others[rater, both]) if both.sum() >= _FEWEST_FOR_SPEARMAN else np.nan
        agreeing[rater] = rho >= settings.min_spearman
        if agreeing[rater]:
            rhos.append(rho)
    note = f"Spearman with the others at least {settings.min_spearman:g}"
    return agreeing, f"{note}; mean of those kept {np.mean(rhos):.4f}" if rhos else note


def _last(table: RatingTable, axis: int) -> np.ndarray:
    matrix = np.full((len(table.raters), len(table.clips)), np.nan)
    matrix[table.rater, table.clip] = table.values[:, axis]
    return matrix


def _opinions(table: RatingTable, axis: int, settings: TagSettings) -> dict[str, Opinion]:
    if settings.variant == "standard":
        columns = {clip: column[np.isfinite(column)] for clip, column in zip(table.clips, table.matrix(axis).T, strict=True)}
    else:
        columns = {clip: table.values[table.clip == number, axis] for number, clip in enumerate(table.clips)}
        columns = {clip: column[np.isfinite(column)] for clip, column in columns.items()}
    return opinions_of(columns)


def opinions_of(columns: Mapping[str, np.ndarray]) -> dict[str, Opinion]:
    """Opinions from the ratings of each clip; a clip without ratings is left out. z is 0 when all clips are rated alike."""
    rated = {clip: column for clip, column in columns.items() if len(column)}
    mos = np.array([column.mean() for column in rated.values()])
    spread = float(mos.std()) if len(mos) else 0.0
    z = (mos - mos.mean()) / spread if spread > 0 else np.zeros(len(mos))
    return {
        clip: Opinion(float(m), float(score), len(column), float(column.std(ddof=1)) if len(column) > 1 else float("nan"))
        for (clip, column), m, score in zip(rated.items(), mos, z, strict=True)
    }
