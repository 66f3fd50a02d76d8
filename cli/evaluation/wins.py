"""main.py evaluate win-ratio, table: models against each other, class by class."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cli.evaluation.output import give, matched, say_missing
from cli.status import USAGE, refuse
from cli.tables import Table
from core.evaluation.clip_names import ClipName, parse_clip_names
from core.evaluation.errors import EvaluationError
from core.evaluation.files import ScoreFile, axis_title, read_json, read_scores
from core.evaluation.gaia_clips import gaia_clip_names, read_prompts
from core.evaluation.maps import read_map
from core.evaluation.preferences import read_preferences
from core.evaluation.win_ratio import WinRatios, count_wins, win_ratios


def win_ratio(options: argparse.Namespace) -> int:
    """Wins, ties and comparisons of each model, over all clips and per class."""
    if (options.scores is None) == (options.preferences is None):
        refuse("Give either SCORES or --preferences CSV.")
        return USAGE
    if options.preferences is not None:
        results, way = {"preference": count_wins(read_preferences(options.preferences))}, "as preferred"
    else:
        scores = read_scores(options.scores)
        if options.only is not None:
            scores = _restricted(scores, options)
        names = _names(scores, options.prompts)
        lower = options.lower_is_better or options.scores.is_dir()  # analyses hold distances
        way = "the lower distance wins" if lower else "the higher rating wins"
        results = {axis: win_ratios(values, names, not lower) for axis, values in scores.axes.items()}
    columns = ("axis", "class", "model", "wins", "ties", "comparisons", "ratio")
    rows = [
        (axis, group, one.model, one.wins, one.ties, one.comparisons, one.ratio)
        for axis, ratios in results.items()
        for group, ones in (("all", ratios.overall), *ratios.by_class.items())
        for one in ones
    ]
    tables = [
        Table(f"Win ratios: {axis_title(axis)} ({way})", columns[2:], tuple(row[2:] for row in rows if row[:2] == (axis, "all")))
        for axis in results
    ]
    tables += [_class_table(axis, ratios) for axis, ratios in results.items() if ratios.by_class]
    give(options, tables, columns, rows, lambda: _bars(results))
    return 0


def mean_table(options: argparse.Namespace) -> int:
    """Mean score of each class and model, with the means over all clips of a class and of a model."""
    scores = read_scores(options.scores)
    names = _names(scores, options.prompts)
    tables, rows, heats = [], [], {}
    for axis, values in scores.axes.items():
        cells: dict[tuple[str, str], list[float]] = defaultdict(list)
        for clip, value in values.items():
            parts = names[clip]
            for group in ((parts.action, parts.model), ("all", parts.model), (parts.action, "all"), ("all", "all")):
                cells[group].append(value)
        classes, models = ([*sorted({key[i] for key in cells} - {"all"}, key=str.casefold), "all"] for i in (0, 1))
        means = {key: float(np.mean(of)) for key, of in cells.items()}
        heats[axis_title(axis)] = np.array([[means.get((action, model), np.nan) for model in models] for action in classes])
        body = tuple((action, *(means.get((action, model)) for model in models)) for action in classes)
        tables.append(Table(f"Mean {axis_title(axis)} by class and model", ("class", *models), body))
        rows += [(axis, action, model, len(cells[action, model]), means[action, model]) for action, model in sorted(cells)]
    give(options, tables, ("axis", "class", "model", "clips", "mean"), rows, lambda: _heat(heats, classes, models))
    return 0


def _names(scores: ScoreFile, prompts: Path | None) -> Mapping[str, ClipName]:
    """Model and class of every clip, as TAG-Bench names clips, or GAIA where its prompts are given."""
    if prompts is not None:
        names, unnamed = gaia_clip_names(scores.clips, read_prompts(prompts))
        fault, advice = f"do not end in an action of {prompts}", "name clips <model>_<action>, as GAIA does."
    else:
        names, unnamed = parse_clip_names(scores.clips)
        fault, advice = "do not state model, class and number", "name clips <model>_<class>_<number>_..., as TAG-Bench does."
    if unnamed:
        raise EvaluationError(f"{len(unnamed)} clips of {scores.name} {fault} ('{unnamed[0]}'): {advice}")
    return names


def _restricted(scores: ScoreFile, options: argparse.Namespace) -> ScoreFile:
    wanted = _clips_of(options.only)
    matching = matched(scores.clips, wanted, options.match)
    if not matching.pairs:
        raise EvaluationError(f"No clip of {options.scores} is named in {options.only}: check the names, or use --match slot.")
    kept = {left for left, _ in matching.pairs}
    print(f"{len(kept)} of {len(scores.clips)} clips are named in {options.only} (by {options.match}).")
    if matching.right_only:
        say_missing(type(matching)((), (), matching.right_only), str(options.scores), str(options.only))
        if options.match == "name":
            print("If the two releases number their clips alike but name the files differently, --match slot brings them together.")
    print()
    return ScoreFile(scores.name, {axis: {clip: v for clip, v in values.items() if clip in kept} for axis, values in scores.axes.items()})


def _clips_of(path: Path) -> tuple[str, ...]:
    if path.suffix.lower() == ".json" and isinstance(read_json(path), list):
        return tuple(point.clip for point in read_map(path) if point.clip is not None)
    return read_scores(path).clips


def _class_table(axis: str, ratios: WinRatios) -> Table:
    models = [one.model for one in ratios.overall]
    body = []
    for action, ones in ratios.by_class.items():
        of = {one.model: one.ratio for one in ones}
        body.append((action, *(of.get(model) for model in models)))
    return Table(f"Win ratios by class: {axis_title(axis)}", ("class", *models), tuple(body), digits=3)


def _bars(results: Mapping[str, WinRatios]) -> Any:
    from render.evaluation_figures import win_drawing

    return win_drawing({axis_title(axis): ratios.overall for axis, ratios in results.items()})


def _heat(heats: Mapping[str, np.ndarray], classes: list[str], models: list[str]) -> Any:
    from render.evaluation_figures import heat_drawing

    return heat_drawing(heats, classes, models, "Mean score by class and model")
