"""main.py evaluate nmi, sensitivity, attention, map: what the encoder makes of labelled clips."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cli.evaluation.output import give, write_text
from cli.status import DONE, REFUSED, refuse
from cli.tables import Cell, Table
from core.embedding_sources import EMBEDDINGS
from core.evaluation.attention import attention_by_class, attention_of_analyses, attention_of_tracks
from core.evaluation.errors import EvaluationError
from core.evaluation.maps import map_json, map_of_tracks, read_map
from core.windows import WINDOW

if TYPE_CHECKING:
    from core.evaluation.labelled_tracks import LabelledTracks
    from core.manifold import Manifold


def nmi(options: argparse.Namespace) -> int:
    """NMI of k-means with the classes, and which class went into which cluster."""
    from core.evaluation.nmi import cluster_windows

    tracks, manifold, status = _read(options)
    found = _fitting(lambda: cluster_windows(tracks.clips, manifold, options.seed))
    clusters = [f"cluster {number + 1}" for number in range(len(found.classes))]
    counts = tuple((name, *map(int, row)) for name, row in zip(found.classes, found.counts, strict=True))
    head = ("nmi", "classes", "clips", "windows")
    tables = [
        Table(
            f"NMI of k-means on window embeddings, manifold {manifold.name}", head, ((found.nmi, len(counts), found.clips, found.windows),)
        ),
        Table("Windows of each class in each cluster", ("class", *clusters), counts),
    ]
    rows = [(name, cluster, value) for name, *row in counts for cluster, value in zip(clusters, row, strict=True)]

    def drawing() -> Any:
        from render.evaluation_figures import heat_drawing

        share = found.counts / found.counts.sum(axis=1, keepdims=True)
        return heat_drawing({f"NMI {found.nmi:.3f}": share}, found.classes, clusters, "Share of each class's windows in each cluster")

    give(options, tables, ("class", "cluster", "windows"), rows, drawing)
    _say_short(len({clip.clip for clip in tracks.clips}) - found.clips)
    print("Clips that trained the manifold cluster better than new ones: give clips that were held out.")
    return status


def sensitivity(options: argparse.Namespace) -> int:
    """Mean of both scores at each severity of each distortion, against the clean windows."""
    from core.evaluation.sensitivity import SCORES
    from core.evaluation.sensitivity import sensitivity as respond

    tracks, manifold, status = _read(options)

    def progress(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)

    found = _fitting(lambda: respond(tracks.clips, manifold, options.windows, options.seed, progress))
    columns = ("distortion", "severity", "score", "windows", "mean", "ratio", "rose")
    rows = [(r.distortion, r.severity, r.score, r.windows, r.mean, r.ratio, r.rose) for r in found]
    severities = sorted({r.severity for r in found if r.severity > 0})
    tables = []
    for score in dict.fromkeys(r.score for r in found):
        lines = []
        for kind in [kind for kind in dict.fromkeys(r.distortion for r in found) if kind != "none"]:
            of = {r.severity: r.ratio for r in found if r.score == score and r.distortion == kind}
            lines.append((kind, *(of[severity] for severity in severities)))
        title = f"{score}: mean / mean of the clean windows, by severity (manifold {manifold.name}, {found[0].windows} windows)"
        tables.append(Table(title, ("distortion", *(f"{severity:g}" for severity in severities)), tuple(lines), digits=3))

    def drawing() -> Any:
        from render.evaluation_figures import sensitivity_drawing

        return sensitivity_drawing(found)

    give(options, tables, columns, rows, drawing)
    if len({r.score for r in found}) < len(SCORES):
        print("Action consistency is left out: no clip is of a class that the manifold offers.")
    return status


def attention(options: argparse.Namespace) -> int:
    """Mean attention of each class's clips by source."""
    status, short = DONE, 0
    if options.source.is_dir() and next(options.source.rglob("analysis.json"), None) is not None:
        clips = attention_of_analyses(options.source)
    else:
        tracks, manifold, status = _read(options)
        clips = _fitting(lambda: attention_of_tracks(tracks.clips, manifold))
        short = len({clip.clip for clip in tracks.clips}) - len(clips)
    shares = attention_by_class(clips)
    sources = list(shares["all"])
    counts = {name: sum(clip.action == name for clip in clips) for name in shares} | {"all": len(clips)}
    body: list[tuple[Cell, ...]] = [(name, counts[name], *share.values()) for name, share in shares.items()]
    table = Table("Mean attention by source (where the encoder looked, no proof of a cause)", ("class", "clips", *sources), tuple(body))
    rows = [(clip.clip, clip.action, source, clip.share[source]) for clip in clips for source in sources]

    def drawing() -> Any:
        from render.evaluation_figures import attention_drawing

        return attention_drawing(shares)

    give(options, [table], ("clip", "class", "source", "share"), rows, drawing)
    _say_short(short)
    return status


def tsne(options: argparse.Namespace) -> int:
    """The map of a published file, or of clips embedded here."""
    status = DONE
    if options.source.is_file() and options.source.suffix.lower() == ".json":
        points = read_map(options.source)
    else:
        tracks, manifold, status = _read(options)
        points, refused = _fitting(lambda: map_of_tracks(tracks.clips, manifold, options.seed))
        for sentence in refused:
            refuse(sentence)
            status = REFUSED
    clips = [point for point in points if not point.is_centroid]
    classes, models = sorted({point.action for point in clips}), list(dict.fromkeys(point.model for point in clips))
    tally = Counter((point.action, point.model) for point in clips)
    body: list[tuple[Cell, ...]] = [(name, *(tally[name, model] for model in models)) for name in classes]
    centroids = len(points) - len(clips)
    tables = [
        Table(f"{len(clips)} clips and {centroids} class centroids on the map: clips by class and model", ("class", *models), tuple(body))
    ]
    known = [point for point in clips if np.isfinite(point.distance)]
    if known:
        means = tuple((name, float(np.mean([p.distance for p in known if p.action == name]))) for name in sorted({p.action for p in known}))
        tables.append(
            Table("Mean true distance to the own class centroid (distances on the map mean nothing)", ("class", "distance"), means)
        )
    rows = [(p.clip, p.action, p.model, p.x, p.y, p.distance) for p in points]

    def drawing() -> Any:
        from render.evaluation_figures import map_drawing

        return map_drawing(points)

    give(options, tables, ("clip", "class", "model", "x", "y", "distance"), rows, drawing)
    if options.out is not None:
        write_text(options.out, json.dumps(map_json(points), indent=1))
    return status


def _say_short(clips: int) -> None:
    if clips:
        print(f"{clips} {'clip has' if clips == 1 else 'clips have'} no window of {WINDOW} scored frames: left out.")


def _read(options: argparse.Namespace) -> tuple[LabelledTracks, Manifold, int]:
    """The labelled tracks and the manifold; what could not be used is said."""
    from core.evaluation.labelled_tracks import read_labelled_tracks, with_spelling_of
    from core.manifold import ManifoldError, load_manifold

    source: Path = options.source
    embeddings = {name: folder for name in EMBEDDINGS if (folder := getattr(options, name)) is not None}
    if embeddings and options.keypoints is None:
        raise EvaluationError("Folders of embeddings belong to meshes: name their key points with --keypoints as well.")
    tracks = read_labelled_tracks(source, options.keypoints, embeddings=embeddings)
    for sentence in tracks.refused:
        refuse(sentence)
    try:
        manifold = load_manifold(options.manifold)
    except ManifoldError as error:
        raise EvaluationError(str(error)) from error
    return with_spelling_of(tracks, manifold.classes), manifold, REFUSED if tracks.refused else DONE


def _fitting(work: Any) -> Any:
    """A track that does not fit the manifold is the person's matter, not ours."""
    from core.manifold import ManifoldError

    try:
        return work()
    except ManifoldError as error:
        raise EvaluationError(str(error)) from error
