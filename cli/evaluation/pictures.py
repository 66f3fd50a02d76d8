"""main.py evaluate baselines: measures of the pictures alone."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from cli.evaluation.output import give, matched, say_missing
from cli.inputs import find_videos
from cli.status import DONE, REFUSED, refuse
from cli.tables import Table
from core.evaluation.agreement import FEWEST, spearman
from core.evaluation.baselines import NAMES, Baselines, coverage
from core.evaluation.baselines import baselines as measure
from core.evaluation.brisque import load_brisque
from core.evaluation.errors import EvaluationError
from core.evaluation.files import read_scores
from core.video import VideoError, open_video


def baselines(options: argparse.Namespace) -> int:
    """All measures of every video, their range and uniformity over the set, and their correlation with human ratings if given."""
    human = read_scores(options.human) if options.human is not None else None
    brisque = load_brisque(*options.brisque) if options.brisque is not None else None
    names = NAMES if brisque is not None else NAMES[:-1]
    videos, refusals = find_videos(options.videos)
    found: dict[str, Baselines] = {}
    for number, path in enumerate(videos, 1):
        print(f"[{number}/{len(videos)}] {path.name}", file=sys.stderr, flush=True)
        try:
            if path.name in found:
                raise EvaluationError("another video has the same name, by which clips are matched: rename one of them.")
            with open_video(path) as video:
                found[path.name] = measure((picture for _, picture in video.frames()), brisque)
        except (VideoError, EvaluationError) as error:
            refusals.append(f"{path}: {error}")
    for sentence in refusals:
        refuse(sentence)
    if not found:
        raise EvaluationError("No video could be measured.")
    rows = [(clip, *(getattr(values, name) for name in names)) for clip, values in found.items()]
    columns = {name: np.array([getattr(one, name) for one in found.values()]) for name in names}
    spread = [coverage(name, values) for name, values in columns.items() if np.isfinite(values).any()]
    tables = [
        Table("Measures of the pictures", ("clip", *names), tuple(rows), digits=3),
        Table(
            "Range and uniformity over the clips (entropy of 10 bins, 1 = even)",
            ("measure", "low", "high", "uniformity"),
            tuple((one.name, one.low, one.high, one.uniformity) for one in spread),
        ),
    ]
    correlations: list[tuple[str, str, int, float]] = []
    if human is not None:
        matching = matched(found, human.clips, options.match)
        for axis, ratings in human.axes.items():
            pairs = [(left, right) for left, right in matching.pairs if right in ratings]
            for name in names:
                values = np.array([getattr(found[left], name) for left, _ in pairs])
                target = np.array([ratings[right] for _, right in pairs])
                known = np.isfinite(values)
                rho = spearman(values[known], target[known]) if known.sum() >= FEWEST else float("nan")
                correlations.append((name, axis, int(known.sum()), rho))
        title = "Spearman correlation with human ratings (the sign is as it comes: positive = a higher measure is rated better)"
        tables.append(Table(title, ("measure", "human", "clips", "spearman"), tuple(correlations)))

    def drawing() -> object:
        from render.evaluation_figures import spread_drawing

        return spread_drawing({one.name: (columns[one.name], one.uniformity) for one in spread})

    give(options, tables, ("clip", *names), rows, drawing)
    if human is not None:
        say_missing(matching, "the videos", str(options.human))
    return REFUSED if refusals else DONE
