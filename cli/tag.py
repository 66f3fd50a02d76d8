"""main.py tag: the released TAG code's own work on its own files, scores and a manifold from a checkpoint."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from cli.progress import StageBar
from cli.status import DONE, REFUSED, refuse
from core.embedding_sources import EMBEDDINGS, EmbeddingFolders, embeddings_file
from core.evaluation.errors import EvaluationError
from core.files import write_atomically
from core.manifold import ManifoldError
from core.scores import VARIANTS
from core.tag_data import ALIGNMENTS, TagDataError

if TYPE_CHECKING:  # these need torch, --help does not
    from core.tag_agreement import TagAgreement
    from core.tag_model import TagModel
    from core.tag_score import TagScores

_AXES = {"ac": "action consistency", "tc": "temporal coherence"}


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="main.py tag", description="Work on the files that the TAG authors' scripts write.")
    commands = result.add_subparsers(dest="command", metavar="COMMAND", required=True)
    score = commands.add_parser(
        "score",
        help="score generated clips as the released eval.py does",
        description="Score generated clips from their feature files as the released eval.py does: split of the real clips with its seed, "
        "statistics and centroids from the training part, both scores (distances: lower is better), agreement with people.",
    )
    score.add_argument("--meshes", metavar="DIR", required=True, type=Path, help="generated clips: <clip>.npz or <class>/<clip>.npz")
    score.add_argument("--keypoints", metavar="DIR", required=True, type=Path, help="[<class>/]<clip>/keypoints.npy of the generated clips")
    _add_embeddings(score, "", "the generated clips")
    _add_real(score)
    score.add_argument("--human", metavar="FILE", type=Path, help='human scores: {"<clip>.mp4": {"ac": z, "tc": z}}')
    score.add_argument(
        "--scores",
        choices=VARIANTS,
        default=VARIANTS[0],
        help="action consistency as the released code has it (default), or as the paper writes it, without bringing means to unit length",
    )
    score.add_argument(
        "--out", metavar="FILE", required=True, type=Path, help="scores.json; a report of what they rest on is written beside it"
    )
    manifold = commands.add_parser(
        "manifold",
        help="make a manifold file of a checkpoint, for 'analyze --extractor tag-files' and the window",
        description="Make a manifold file of a TAG checkpoint: the real feature files give it statistics, centroids, map and bands.",
    )
    _add_real(manifold)
    manifold.add_argument("--out", metavar="FILE", required=True, type=Path, help="the manifold file")
    return result


def _add_real(command: argparse.ArgumentParser) -> None:
    command.add_argument("--real-meshes", metavar="DIR", required=True, type=Path, help="real clips: <class>/<clip>.npz")
    command.add_argument("--real-keypoints", metavar="DIR", required=True, type=Path, help="<class>/<clip>/keypoints.npy of the real clips")
    _add_embeddings(command, "real-", "the real clips")
    command.add_argument("--checkpoint", metavar="FILE", required=True, type=Path, help="the encoder's state dict (model.pt)")
    command.add_argument(
        "--alignment",
        choices=ALIGNMENTS,
        default=ALIGNMENTS[0],
        help="which key points belong to a row of the meshes: those of the same frame (default), or row by row as the released code reads",
    )


def _add_embeddings(command: argparse.ArgumentParser, prefix: str, whose: str) -> None:
    for source in EMBEDDINGS:
        layout = f"[<class>/]<clip>/{embeddings_file(source)}"
        help_text = f"{layout} of {whose}, for a checkpoint that reads '{source}'"
        command.add_argument(f"--{prefix}{source}", metavar="DIR", type=Path, help=help_text)


def _embeddings(options: argparse.Namespace, prefix: str = "") -> EmbeddingFolders:
    """The folders that are named, by source."""
    named = {source: getattr(options, f"{prefix}{source}") for source in EMBEDDINGS}
    return {source: folder for source, folder in named.items() if folder is not None}


def run(options: argparse.Namespace) -> int:
    """Score or make a manifold; whatever is wrong with the input is one line on stderr."""
    try:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        return _score(options) if options.command == "score" else _manifold(options)
    except (TagDataError, ManifoldError, EvaluationError) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{options.out} cannot be written ({error.strerror or error}): choose another --out or make room.")
    return REFUSED


def _score(options: argparse.Namespace) -> int:
    from core.evaluation.files import read_scores
    from core.tag_agreement import tag_agreement
    from core.tag_model import build_model
    from core.tag_score import report_json, score_clips, scores_json

    human = None if options.human is None else read_scores(options.human)
    real = _embeddings(options, "real_")
    with StageBar() as bar:
        model = build_model(
            options.checkpoint, options.real_meshes, options.real_keypoints, options.alignment, bar.show, options.scores, real
        )
        scores = score_clips(model, options.meshes, options.keypoints, options.alignment, bar.show, _embeddings(options))
    by_clip = scores_json(scores)
    agreements: tuple[TagAgreement, ...] = ()
    if human is not None:
        agreements = tuple(
            tag_agreement(axis, {name: values[axis] for name, values in by_clip.items() if axis in values}, human.axes[axis])
            for axis in _AXES
            if axis in human.axes
        )
        if not agreements:
            refuse(f"{options.human} holds neither 'ac' nor 'tc': give the human scores of TAG.")
    report = options.out.with_name(f"{options.out.stem}.report.json")
    write_atomically(options.out, _json(by_clip))
    write_atomically(report, _json(report_json(model, scores, agreements, options.alignment)))
    _tell_notes(model, scores)
    print(f"{len(by_clip)} of {len(by_clip) + len(scores.missing)} clips scored against {len(model.manifold.classes)} classes")
    for result in agreements:
        _tell_agreement(result)
    print(options.out)
    print(report)
    return REFUSED if scores.missing or model.left_out or (human is not None and not agreements) else DONE


def _manifold(options: argparse.Namespace) -> int:
    from core.manifold import save_manifold
    from core.tag_manifold import tag_manifold

    real = _embeddings(options, "real_")
    with StageBar() as bar:
        manifold, model = tag_manifold(
            options.checkpoint, options.real_meshes, options.real_keypoints, options.out.stem, options.alignment, bar.show, real
        )
    save_manifold(manifold, options.out)
    _tell_notes(model, None)
    print(f"{len(manifold.classes)} classes, {len(manifold.references)} reference windows, variant {manifold.variant}, native frame rate")
    print(options.out)
    return REFUSED if model.left_out else DONE


def _tell_notes(model: TagModel, scores: TagScores | None) -> None:
    """One line on stderr for each clip that is left out, and for what is odd about the others."""
    for name, reason in model.left_out.items():
        refuse(f"The real clip {name} is left out: {reason}")
    for note in model.notes:
        refuse(note)
    if scores is None:
        return
    for name, reason in scores.missing.items():
        refuse(f"{name} has no scores: {reason}")
    for name, clip in scores.clips.items():
        short = ("It is shorter than 32 frames: its last frame was repeated, which lowers its temporal coherence.",) if clip.padded else ()
        if clip.notes or short:
            refuse(f"{name}: {' '.join((*clip.notes, *short))}")


def _tell_agreement(result: TagAgreement) -> None:
    print(f"{_AXES[result.axis]}: Spearman {_figure(result.spearman)} over {result.clips} clips (positive = agreement)")
    if result.without_score:
        print(f"  {len(result.without_score)} rated clips have no score and count for nothing, e.g. {result.without_score[0]}")
    if result.without_rating:
        print(f"  {len(result.without_rating)} scored clips have no rating and count for nothing, e.g. {result.without_rating[0]}")
    if result.released.faults:
        print(f"  the released eval.py would give {_figure(result.released.spearman)} over {result.released.clips} pairs, because it")
        for fault in result.released.faults:
            print(f"    - {fault}")


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1).encode()
