"""main.py ratings process: from raw ratings of people to mean opinion scores, with every count on the way."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.evaluate import count, figure_path
from cli.status import DONE, REFUSED, refuse

if TYPE_CHECKING:
    from core.evaluation.rating_table import RatingTable
    from core.evaluation.ratings import ProcessedRatings


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="main.py ratings", description="Human ratings of clips.")
    commands = result.add_subparsers(dest="command", metavar="COMMAND", required=True)
    one = commands.add_parser(
        "process", help="filter raters, then mean opinion scores", description="Filter raters, then mean opinion scores."
    )
    one.add_argument("raw", metavar="RAW.csv", type=Path, help="participant_id, video_id and a column of numbers for each axis")
    one.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help=".json: {clip: {axis: z-score}}, as TAG has it; .csv: all figures"
    )
    one.add_argument("--protocol", choices=("tag", "gaia"), default="tag", help="whose stages (default: %(default)s)")
    one.add_argument("--scale", metavar="LOW:HIGH", type=scale, help="refuse ratings outside (default: 0:10 for tag, 0:100 for gaia)")
    one.add_argument("--variant", choices=("standard", "authors"), default="standard", help="tag: authors = as their script does it")
    one.add_argument(
        "--percentile", metavar="P", type=float, default=95.0, help="tag: of the mean spread on repeats (default: %(default)s)"
    )
    one.add_argument(
        "--min-spearman", metavar="R", type=float, default=0.55, help="tag: with the mean of the others (default: %(default)s)"
    )
    one.add_argument("--golden", metavar="FILE", type=Path, help="gaia: scores of the golden clips (JSON or CSV)")
    one.add_argument(
        "--min-golden", metavar="R", type=float, default=0.7, help="gaia: Pearson with the golden scores (default: %(default)s)"
    )
    one.add_argument("--max-equal", metavar="SHARE", type=float, default=0.4, help="gaia: of equal ratings (default: %(default)s)")
    one.add_argument("--figure", metavar="FILE", type=figure_path, help="draw the convergence of the ratings that are kept, .svg or .png")
    one.add_argument("--draws", metavar="N", type=count, default=100, help="random draws for that figure (default: %(default)s)")
    return result


def scale(text: str) -> tuple[float, float]:
    """`LOW:HIGH`, for argparse."""
    low, _, high = text.partition(":")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = (0.0, 0.0)
    if not ends[0] < ends[1]:
        raise argparse.ArgumentTypeError(f"'{text}' is no scale LOW:HIGH with LOW < HIGH")
    return ends


def run(options: argparse.Namespace) -> int:
    """Process the ratings; input that does not do is one line on stderr."""
    from core.evaluation.errors import EvaluationError

    try:
        return _process(options)
    except EvaluationError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename or options.out} cannot be written ({error.strerror or error}): choose another --out.")
    return REFUSED


def _process(options: argparse.Namespace) -> int:
    from cli.evaluation.output import write_text
    from cli.tables import csv_text, show
    from core.evaluation.errors import EvaluationError
    from core.evaluation.rating_table import read_ratings

    if options.out.suffix.lower() not in (".json", ".csv"):
        raise EvaluationError(f"--out {options.out} ends in neither .json nor .csv: choose one of them.")
    table = read_ratings(options.raw, options.scale or ((0.0, 10.0) if options.protocol == "tag" else (0.0, 100.0)))
    processed = _by_protocol(options, table)
    for one in _tables(processed):
        show(one)
    if options.out.suffix.lower() == ".json":
        clips = dict.fromkeys(clip for opinions in processed.opinions.values() for clip in opinions)
        scores = {clip: {axis: of[clip].z for axis, of in processed.opinions.items() if clip in of} for clip in clips}
        write_text(options.out, json.dumps(scores, indent=1, allow_nan=False))
    else:
        rows = [
            (clip, axis, one.ratings, one.mos, one.z, one.deviation) for axis, of in processed.opinions.items() for clip, one in of.items()
        ]
        write_text(options.out, csv_text(("video_id", "axis", "ratings", "mos", "z", "deviation"), rows))
    if options.figure is not None:
        _draw(options, processed)
    return DONE


def _by_protocol(options: argparse.Namespace, table: RatingTable) -> ProcessedRatings:
    if options.protocol == "tag":
        from core.evaluation.ratings import TagSettings, process_tag_ratings

        return process_tag_ratings(table, TagSettings(options.percentile, options.min_spearman, options.variant))
    from core.evaluation.files import read_scores
    from core.evaluation.gaia import GaiaSettings, process_gaia_ratings

    golden = read_scores(options.golden).axes if options.golden is not None else None
    return process_gaia_ratings(table, GaiaSettings(options.min_golden, options.max_equal), golden)


def _tables(processed: ProcessedRatings) -> list[Any]:
    from cli.tables import Cell, Table
    from core.evaluation.errors import EvaluationError
    from core.evaluation.reliability import LEVELS, krippendorff_alpha

    stages = tuple((s.name, s.axis, s.raters, s.ratings, s.note) for s in processed.stages)
    tables = [Table("What is left after each stage", ("stage", "axis", "raters", "ratings", ""), stages)]
    if processed.dropped:
        tables.append(Table("Raters who were dropped", ("stage", "axis", "rater"), processed.dropped))
    alphas: list[tuple[Cell, ...]] = []
    for axis, matrix in processed.kept.items():
        try:
            alphas.append((axis, *(krippendorff_alpha(matrix, level) for level in LEVELS[1:3])))
        except EvaluationError as error:
            alphas.append((axis, None, None))
            refuse(f"{axis}: {error}")
    tables.append(Table("Krippendorff's alpha of the ratings that are kept", ("axis", "ordinal", "interval"), tuple(alphas)))
    opinions = []
    for axis, of in processed.opinions.items():
        values, ratings = [one.mos for one in of.values()], [one.ratings for one in of.values()]
        opinions.append((axis, len(of), sum(ratings) / len(of), min(values), sum(values) / len(values), max(values)))
    columns = ("axis", "clips", "ratings a clip", "lowest MOS", "mean MOS", "highest MOS")
    return [*tables, Table("Mean opinion scores", columns, tuple(opinions))]


def _draw(options: argparse.Namespace, processed: ProcessedRatings) -> None:
    from core.evaluation.convergence import convergence
    from render.drawing import write_figure
    from render.evaluation_figures import convergence_drawing

    curves = {axis: convergence(matrix, options.draws) for axis, matrix in processed.kept.items()}
    options.figure.parent.mkdir(parents=True, exist_ok=True)
    write_figure(options.figure, convergence_drawing(curves))
    print(options.figure)
