"""main.py train: class folders of videos, or of TAG feature files -> a manifold."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cli.progress import StageBar
from cli.status import DONE, REFUSED, USAGE, refuse
from cli.training_output import listener, tell_figures, tell_left_out, tell_material
from cli.training_source import added_weights, clips_of, excluded_names
from core.embedding_sources import EMBEDDINGS, embeddings_file
from core.files import write_atomically
from core.manifold import ManifoldError
from core.tag_data import TagDataError
from core.training.errors import DatasetError
from core.training.recipe import DEFAULT_SEED, LOSSES, PRESETS, SPLITS, Recipe
from core.windows import WINDOW

_SMALLEST_WINDOW = 4


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="main.py train",
        description="Train an encoder on real motion and write the manifold that measures other motion against it. The state of the run is "
        "kept beside the manifold after each epoch: the same command goes on from there when the run was interrupted.",
    )
    result.add_argument("source", metavar="SOURCE", type=Path, help="<class>/<video>, or meshes <class>/<clip>.npz with --keypoints")
    result.add_argument("--out", metavar="FILE", required=True, type=Path, help="the manifold; its losses (CSV) and report go beside it")
    result.add_argument("--keypoints", metavar="DIR", type=Path, help="<class>/<clip>/keypoints.npy, when SOURCE holds meshes")
    for source in EMBEDDINGS:
        layout = f"<class>/<clip>/{embeddings_file(source)}"
        result.add_argument(f"--{source}", metavar="DIR", type=Path, help=f"{layout}, when SOURCE holds meshes: train with these as well")
    result.add_argument(
        "--add",
        metavar="NAMES",
        type=_added,
        default=(),
        help=f"when SOURCE holds videos: train with embeddings of the person crop as well, any of {','.join(EMBEDDINGS)}, computed with "
        "weights that you bring (see main.py doctor)",
    )
    result.add_argument("--preset", choices=tuple(PRESETS), default="release", help="the released code's recipe (default) or the paper's")
    result.add_argument("--epochs", metavar="N", type=_whole(1), help="instead of the preset's 30 or 90")
    result.add_argument("--d-model", metavar="N", type=_whole(8), help="width of the encoder, a multiple of 8 (default 256)")
    result.add_argument("--seed", metavar="N", type=_whole(0), default=DEFAULT_SEED, help=f"default {DEFAULT_SEED}")
    result.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="mixed precision on cuda")
    result.add_argument("--split", choices=SPLITS, default=SPLITS[0], help="hold out videos (as published), or whole groups such as g01")
    result.add_argument("--exclude", metavar="FILE", type=Path, help="names of videos to leave out, one a line")
    result.add_argument(
        "--active-share", metavar="X", type=_share, default=1.0, help="train on this share of windows, nearest to their centroid"
    )
    result.add_argument("--drop-source", metavar="NAME", action="append", default=[], help="ablation: train without this source")
    result.add_argument("--drop-loss", choices=LOSSES, action="append", default=[], help="ablation: train without this term of the loss")
    result.add_argument(
        "--window-length",
        metavar="N",
        type=_whole(_SMALLEST_WINDOW),
        default=WINDOW,
        help=f"ablation: frames in a window (default {WINDOW}); manifolds hold windows of {WINDOW}, so another length gives a report only",
    )
    result.add_argument("--restart", action="store_true", help="begin anew even when an interrupted run could go on")
    return result


def run(options: argparse.Namespace) -> int:
    """Train; whatever is wrong with the input is one line on stderr."""
    recipe = _recipe(options)
    if recipe is None:
        return USAGE
    try:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        return _train(options, recipe)
    except (DatasetError, TagDataError, ManifoldError) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename or options.out} cannot be read or written ({error.strerror or error}): check the path or make room.")
    return REFUSED


def _recipe(options: argparse.Namespace) -> Recipe | None:
    """The preset with what was changed of it; None, with a line, when the options contradict each other."""
    recipe = PRESETS[options.preset]
    losses = tuple(name for name in LOSSES if name not in options.drop_loss)
    if not losses:
        refuse("Every term of the loss is dropped: keep one of them.")
        return None
    d_model = options.d_model or recipe.d_model
    if d_model % 8:
        refuse(f"--d-model {d_model} is no multiple of the encoder's 8 heads: choose {d_model // 8 * 8} or {d_model // 8 * 8 + 8}.")
        return None
    return replace(
        recipe,
        epochs=options.epochs or recipe.epochs,
        d_model=d_model,
        seed=options.seed,
        losses=losses,
        active_share=options.active_share,
        window=options.window_length,
    )


def _train(options: argparse.Namespace, recipe: Recipe) -> int:
    if options.out.is_dir():
        raise DatasetError(f"--out {options.out} is a folder: name the file of the manifold.")
    clips, empty = clips_of(options)
    weights = added_weights(options.add)
    from core.manifold import save_manifold
    from core.store import Store
    from core.training.clips import LeftOut, name_on_list, read_clips, without_excluded
    from core.training.epochs import Paths, train_epochs
    from core.training.log import log_of, report_of
    from core.training.material import prepare
    from core.training.outcome import figures, finished_manifold

    out: Path = options.out
    device = _device(options.device)
    left_out = LeftOut(empty=empty)
    paths = Paths(out.with_name(f"{out.name}.checkpoint"), log_of(out))
    if options.restart:
        paths.checkpoint.unlink(missing_ok=True)
    excluded = excluded_names(options.exclude)
    unknown = sorted(excluded - {name_on_list(clip) for clip in clips})
    clips = without_excluded(clips, excluded, left_out)
    with StageBar() as bar:
        try:
            found = read_clips(clips, Store(), options.device, left_out, bar.show, weights)
            material = prepare(found, recipe, out.stem, options.split, options.drop_source, "that of the clips it was trained on")
        finally:
            bar.clear()
            tell_left_out(left_out, unknown)
        tell_material(material, options.split)
        refuse(f"The losses go to {paths.log} after each epoch; the window shows them with 'Watch a training'.")
        try:
            encoder, history = train_epochs(material, recipe, paths, device, listener(recipe, bar))
        except KeyboardInterrupt:
            bar.clear()
            if paths.checkpoint.exists():
                refuse("Stopped: the same command goes on after the last epoch that ended.")
            raise
        measured = figures(encoder, material, recipe, history)
        whole = recipe.window == WINDOW  # a manifold holds windows of no other length
        if whole:
            save_manifold(finished_manifold(encoder, material, recipe, measured, bar.show), out)
    report: dict[str, Any] = {"manifold": out.name if whole else None, "sources": material.manifold.source_names, "split": options.split}
    report |= {"recipe": asdict(recipe), **measured}
    report["left_out"] = {**asdict(left_out), "short": material.short, "classes_of_one": material.alone}
    report_path = report_of(out)
    write_atomically(report_path, json.dumps(report, ensure_ascii=False, allow_nan=False, indent=1).encode())
    paths.checkpoint.unlink(missing_ok=True)
    tell_figures(measured)
    print(out if whole else f"No manifold is written: it would hold windows of {WINDOW} frames.")
    print(paths.log)
    print(report_path)
    return REFUSED if left_out.unreadable or left_out.empty or material.alone else DONE


def _device(wanted: str) -> str:
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise DatasetError("There is no CUDA device here: choose --device cpu, or see main.py doctor.")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def _added(text: str) -> tuple[str, ...]:
    names = text.split(",")
    if unknown := [name for name in names if name not in EMBEDDINGS]:
        raise argparse.ArgumentTypeError(f"'{unknown[0]}' is none of {', '.join(EMBEDDINGS)}")
    return tuple(name for name in EMBEDDINGS if name in names)


def _whole(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"'{text}' is no whole number of {least} or more")
        return int(text)

    return whole


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no share above 0 and up to 1")
    return value
