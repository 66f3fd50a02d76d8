"""main.py evaluate converge: raw ratings of people."""

from __future__ import annotations

import argparse

from cli.evaluation.output import give
from cli.tables import Table
from core.evaluation.convergence import Convergence, convergence
from core.evaluation.errors import EvaluationError
from core.evaluation.rating_table import read_ratings


def converge(options: argparse.Namespace) -> int:
    """Agreement of the mean of k ratings with that of all and with that of k others, on every axis."""
    table = read_ratings(options.ratings)
    curves: dict[str, tuple[Convergence, ...]] = {}
    for number, axis in enumerate(table.axes):
        try:
            curves[axis] = convergence(table.matrix(number), options.draws, options.seed, options.most)
        except EvaluationError as error:
            raise EvaluationError(f"{axis}: {error}") from error
    columns = ("axis", "k", "clips", "with_all", "low", "high", "clips_with_2k", "with_k_others")
    rows = [
        (axis, one.ratings, one.clips, one.with_all, one.low, one.high, one.others_clips, one.with_others)
        for axis, curve in curves.items()
        for one in curve
    ]
    title = "Spearman correlation of the mean of k ratings with that of all (5 to 95 % of the draws) and of k others"

    def drawing() -> object:
        from render.evaluation_figures import convergence_drawing

        return convergence_drawing(curves)

    give(options, [Table(title, columns, tuple(rows))], columns, rows, drawing)
    return 0
