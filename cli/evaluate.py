"""main.py evaluate: how far scores can be believed. The work is in cli/evaluation/, one module for each kind of input."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from cli.status import DONE, REFUSED, refuse
from core.embedding_sources import EMBEDDINGS, embeddings_file

_SCORES = "JSON {clip: {ac, tc}}, CSV with a column of clips, or a folder of analyses"
_NO_PIQUE = (
    " BRISQUE comes with --brisque; PIQUE is not among them, since the packages that compute it replace this installation's OpenCV: "
    "compare scores of it that were computed elsewhere with 'evaluate compare FILE.csv:COLUMN ...'."
)
_TRACKS = "class folders of videos analysed or trained on before, or of tracks"


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="main.py evaluate",
        description="Compare scores with people and with each other. Every command prints tables; --csv and --figure write them to files.",
    )
    commands = result.add_subparsers(dest="command", metavar="COMMAND", required=True)

    one = _command(commands, "agree", "agreement of scores with human ratings: Spearman, Pearson, Kendall", "scores.agree")
    one.add_argument("scores", metavar="SCORES", type=Path, help=_SCORES)
    one.add_argument("--human", metavar="FILE", type=Path, required=True, help="human ratings, higher is better: " + _SCORES)
    _higher(one)
    _matching(one)
    _bootstrap(one)

    one = _command(
        commands, "compare", "is one metric closer to human ratings than another? (difference of dependent correlations)", "scores.compare"
    )
    one.add_argument("first", metavar="FIRST", help="a score file, or FILE:COLUMN for one metric of it")
    one.add_argument("second", metavar="SECOND", help="another one")
    one.add_argument("--human", metavar="FILE", type=Path, required=True, help="human ratings, higher is better")
    one.add_argument("--first-higher", action="store_true", help="in FIRST higher is better (default: lower, a distance)")
    one.add_argument("--second-higher", action="store_true", help="in SECOND higher is better (default: lower)")
    _matching(one)
    _bootstrap(one)

    one = _command(commands, "win-ratio", "how often each model's clip beats another's of the same class and number", "wins.win_ratio")
    one.add_argument("scores", metavar="SCORES", type=Path, nargs="?", help=_SCORES)
    one.add_argument("--preferences", metavar="CSV", type=Path, help="instead of scores: rows of model_a, model_b, winner[, class]")
    one.add_argument(
        "--lower-is-better", action="store_true", help="SCORES are distances, as analyses always are (default: ratings, higher is better)"
    )
    one.add_argument("--only", metavar="FILE", type=Path, help="only the clips named in this score or t-SNE file")
    _prompts(one)
    _matching(one)

    one = _command(commands, "table", "mean scores by class and model", "wins.mean_table")
    one.add_argument("scores", metavar="SCORES", type=Path, help=_SCORES)
    _prompts(one)

    one = _command(commands, "converge", "agreement of ratings with the number of raters", "people.converge")
    one.add_argument("ratings", metavar="CSV", type=Path, help="raw ratings: participant_id, video_id and a column for each axis")
    one.add_argument("--draws", metavar="N", type=count, default=200, help="random draws for each number of ratings (default: %(default)s)")
    one.add_argument("--most", metavar="K", type=count, help="stop at so many ratings a clip")
    _seed(one)

    one = _command(
        commands, "baselines", "cheap measures of the pictures: MSE-dyn, SSIM-dyn, SSIM-sim, SI, TI, brightness and others",
        "pictures.baselines", _NO_PIQUE,
    )  # fmt: skip
    one.add_argument("videos", metavar="VIDEO", nargs="+", type=Path, help="videos, folders, folders of images")
    one.add_argument("--human", metavar="FILE", type=Path, help="human ratings to correlate each measure with")
    one.add_argument("--brisque", metavar=("MODEL", "RANGE"), nargs=2, type=Path, help="OpenCV's two files of the BRISQUE model")
    _matching(one)

    one = _command(commands, "nmi", "how well the classes part: NMI of k-means on window embeddings", "motion.nmi")
    _tracks(one)

    one = _command(commands, "sensitivity", "response of both scores to shuffled, reversed and copied frames", "motion.sensitivity")
    _tracks(one)
    one.add_argument("--windows", metavar="N", type=count, default=192, help="at most so many windows (default: %(default)s)")

    one = _command(commands, "attention", "mean attention of the encoder by source and class", "motion.attention")
    _tracks(one, "a folder of analyses, or " + _TRACKS)

    one = _command(commands, "map", "t-SNE of many clips by class and model against the class centroids", "motion.tsne")
    _tracks(one, "a published t-SNE file (JSON), or " + _TRACKS)
    one.add_argument("--out", metavar="FILE", type=Path, help="write the map in the form of the published file")
    return result


def run(options: argparse.Namespace) -> int:
    """Run one evaluation. Input that does not do is one line on stderr."""
    from core.evaluation.errors import EvaluationError

    module, name = options.work.split(".")
    work: Callable[[argparse.Namespace], int] = getattr(import_module(f"cli.evaluation.{module}"), name)
    try:
        status = max(work(options), DONE)
        sys.stdout.flush()  # a pipe that nobody reads is noticed here, not at the end of the program
        return status
    except EvaluationError as error:
        refuse(str(error))
    except BrokenPipeError:  # whoever reads the tables has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        refuse(f"{error.filename or 'The output'} cannot be written ({error.strerror or error}): choose another place.")
    return REFUSED


def count(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a whole number from 1 on")
    return int(text)


def figure_path(text: str) -> Path:
    """A path that ends in .svg or .png, for argparse."""
    path = Path(text)
    if path.suffix.lower() not in (".svg", ".png"):
        raise argparse.ArgumentTypeError(f"'{text}' does not end in .svg or .png")
    return path


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str, work: str, more: str = ""
) -> argparse.ArgumentParser:
    one = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.{more}")
    one.set_defaults(work=work)
    one.add_argument("--csv", metavar="FILE", type=Path, help="write the numbers as CSV")
    one.add_argument("--figure", metavar="FILE", type=figure_path, help="draw them as .svg or .png")
    return one


def _higher(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--higher-is-better",
        metavar="AXES",
        default="",
        help="axes of SCORES in which higher is better, comma-separated, or 'all' (default: none, distances)",
    )


def _prompts(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--prompts",
        metavar="CSV",
        type=Path,
        help="GAIA's prompts_all.csv: clips are named <model>_<action> (default: <model>_<class>_<number>_..., as in TAG-Bench)",
    )


def _matching(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--match",
        choices=("name", "slot"),
        default="name",
        help="clips mean the same by their exact name, or by model, class and number (default: name)",
    )


def _bootstrap(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--resamples", metavar="N", type=count, default=1000, help="bootstrap draws for the 95 %% intervals (default: %(default)s)"
    )
    _seed(one)


def _tracks(one: argparse.ArgumentParser, source: str = _TRACKS) -> None:
    one.add_argument("source", metavar="SOURCE", type=Path, help=source)
    one.add_argument(
        "--keypoints", metavar="DIR", type=Path, help="SOURCE holds meshes of the TAG authors' scripts; their key points are here"
    )
    for name in EMBEDDINGS:
        layout = f"[<class>/]<clip>/{embeddings_file(name)}"
        one.add_argument(f"--{name}", metavar="DIR", type=Path, help=f"beside --keypoints, for a manifold with '{name}': {layout}")
    one.add_argument("--manifold", metavar="FILE", type=Path, help="the space of real motion (default: the bundled one)")
    _seed(one)


def _seed(one: argparse.ArgumentParser) -> None:
    one.add_argument("--seed", metavar="N", type=int, default=0, help="for what is drawn at random (default: %(default)s)")
