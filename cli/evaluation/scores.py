"""main.py evaluate agree, compare: scores of clips beside human ratings."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cli.evaluation.output import give, matched, say_missing
from cli.tables import Table
from core.evaluation.agreement import KINDS, Agreement, agreement
from core.evaluation.clip_names import Matching, parse_clip_names, suffix_pairs
from core.evaluation.comparison import Comparison
from core.evaluation.comparison import compare as compare_metrics
from core.evaluation.errors import EvaluationError
from core.evaluation.files import ScoreFile, axis_name, axis_title, read_scores


def agree(options: argparse.Namespace) -> int:
    """Agreement of every axis of the scores with the human axis of the same name, or with all of them where no name is shared."""
    scores, human = read_scores(options.scores), read_scores(options.human)
    matching = matched(scores.clips, human.clips, options.match)
    higher = _higher_axes(options.higher_is_better, scores)
    results: dict[tuple[str, str], Agreement] = {}
    panels: list[Any] = []
    notes = []
    for axis, target in _axis_pairs(scores, human):
        x, y, clips = _paired(scores.axes[axis], human.axes[target], matching)
        try:
            results[axis, target] = agreement(x, y, axis in higher, options.resamples, seed=options.seed)
        except EvaluationError as error:
            raise EvaluationError(f"{axis}: {error}") from error
        panels.append((_title(axis, target), x, y, clips))
        notes += _matching_note(scores.axes[axis], human.axes[target], matching, results[axis, target], axis, axis in higher)
    rows = [
        (axis, target, found.clips, kind, value.value, value.low, value.high, value.p)
        for (axis, target), found in results.items()
        for kind in KINDS
        for value in (getattr(found, kind),)
    ]
    columns = ("score", "human", "clips", "coefficient", "value", "low", "high", "p")
    title = "Agreement with human ratings (positive = agreement; 95 % bootstrap interval)"
    shown = [(*row[:-1], f"{row[-1]:.2g}") for row in rows]
    give(options, [Table(title, columns, tuple(shown))], columns, rows, lambda: _scatter(panels, results))
    say_missing(matching, str(options.scores), str(options.human))
    for note in notes:
        print(note)
    return 0


def compare(options: argparse.Namespace) -> int:
    """Difference of the correlations of two metrics with the same ratings, over the clips that all three have."""
    first, second, human = _metric(options.first), _metric(options.second), read_scores(options.human)
    to_first, to_second = (matched(one.clips, human.clips, options.match) for one in (first, second))
    results: dict[str, Comparison] = {}
    for target, ratings in human.axes.items():
        a, b = _values_for(first, target, human), _values_for(second, target, human)
        if a is None or b is None:
            continue
        of_first = {right: a[left] for left, right in to_first.pairs if left in a}
        of_second = {right: b[left] for left, right in to_second.pairs if left in b}
        clips = [clip for clip in ratings if clip in of_first and clip in of_second]
        x, y, z = (np.array([values[clip] for clip in clips]) for values in (of_first, of_second, ratings))
        try:
            results[target] = compare_metrics(x, y, z, options.first_higher, options.second_higher, options.resamples, seed=options.seed)
        except EvaluationError as error:
            raise EvaluationError(f"{target}: {error}") from error
    if not results:
        raise EvaluationError(f"{options.first} and {options.second} share no axis with {options.human}: name one with FILE:COLUMN.")
    columns = ("human", "clips", "first", "second", "between", "difference", "low", "high", "t", "p")
    rows = [(axis, r.clips, r.first, r.second, r.between, r.first - r.second, r.low, r.high, r.t, r.p) for axis, r in results.items()]
    title = f"Spearman with human ratings, first {first.name} against second {second.name} (Williams' t on ranks; 95 % bootstrap interval)"
    shown = tuple((*row[:-1], f"{row[-1]:.2g}") for row in rows)
    give(options, [Table(title, columns, shown)], columns, rows, lambda: _intervals(results))
    say_missing(to_first, options.first, str(options.human))
    say_missing(to_second, options.second, str(options.human))
    return 0


def _axis_pairs(scores: ScoreFile, human: ScoreFile) -> list[tuple[str, str]]:
    same = [(axis, axis) for axis in scores.axes if axis in human.axes]
    return same or [(axis, target) for axis in scores.axes for target in human.axes]


def _paired(scores: Mapping[str, float], human: Mapping[str, float], matching: Matching) -> tuple[np.ndarray, np.ndarray, list[str]]:
    pairs = [(left, right) for left, right in matching.pairs if left in scores and right in human]
    return np.array([scores[left] for left, _ in pairs]), np.array([human[right] for _, right in pairs]), [left for left, _ in pairs]


def _matching_note(
    scores: Mapping[str, float], human: Mapping[str, float], matching: Matching, found: Agreement, axis: str, higher: bool
) -> list[str]:
    """What the released code's matching by the end of the name would have made of it, where that changes the number."""
    by_suffix = [(a, b) for a, b in suffix_pairs(scores, matching.right_only) if b in human]
    if not by_suffix:
        return []
    x, y, _ = _paired(scores, human, Matching((*matching.pairs, *by_suffix), (), ()))
    other = agreement(x, y, higher, resamples=1)
    if np.isclose(other.spearman.value, found.spearman.value, atol=5e-5):
        return []
    left, right = by_suffix[0]
    return [
        f"{axis}: the released code also matches {len(by_suffix)} clips by the end of their names ('{right}' with '{left}'); its Spearman "
        f"would be {other.spearman.value:.4f} over {len(x)} clips. Such clips are missing here."
    ]


def _higher_axes(text: str, scores: ScoreFile) -> set[str]:
    wanted = {axis_name(part.strip()) for part in text.split(",") if part.strip()}
    if wanted == {"all"}:
        return set(scores.axes)
    unknown = wanted - set(scores.axes)
    if unknown:
        raise EvaluationError(f"--higher-is-better names '{min(unknown)}', but the scores have {', '.join(scores.axes)}.")
    return wanted


def _metric(text: str) -> ScoreFile:
    """FILE or FILE:COLUMN."""
    path, colon, column = text.rpartition(":")
    if not colon or Path(text).exists():
        return read_scores(Path(text))
    scores = read_scores(Path(path))
    axis = axis_name(column)
    if axis not in scores.axes:
        raise EvaluationError(f"{path} has no scores '{column}' (it has {', '.join(scores.axes)}).")
    return ScoreFile(f"{scores.name}:{column}", {axis: scores.axes[axis]})


def _values_for(scores: ScoreFile, target: str, human: ScoreFile) -> Mapping[str, float] | None:
    """The axis of that name; a metric of its own kind, alone in its file, stands beside every human axis."""
    if target in scores.axes:
        return scores.axes[target]
    (axis, *more) = scores.axes
    return scores.axes[axis] if not more and axis not in human.axes else None


def _title(axis: str, target: str) -> str:
    return axis_title(axis) if axis == target else f"{axis_title(axis)} (human: {axis_title(target)})"


def _scatter(panels: list[Any], results: Mapping[tuple[str, str], Agreement]) -> Any:
    from render.evaluation_figures import ScatterPanel, agreement_drawing

    drawn = []
    for (title, x, y, clips), found in zip(panels, results.values(), strict=True):
        names, _ = parse_clip_names(clips)
        models = [names[clip].model if clip in names else "other" for clip in clips]
        rho = found.spearman
        drawn.append(ScatterPanel(title, x, y, models, f"Spearman {rho.value:.3f} [{rho.low:.3f}, {rho.high:.3f}]\n{found.clips} clips"))
    return agreement_drawing(drawn)


def _intervals(results: Mapping[str, Comparison]) -> Any:
    from render.evaluation_figures import interval_drawing

    rows = [(axis, r.first - r.second, r.low, r.high) for axis, r in results.items()]
    return interval_drawing(rows, "difference of Spearman correlations, first - second")
