"""A t-SNE map of many clips by model and class against the class centroids (TAG Figs. 5 and 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.evaluation.clip_names import parse_clip_name
from core.evaluation.errors import EvaluationError
from core.evaluation.files import finite, read_json
from core.manifold import Manifold
from core.training.dataset import LabelledClip

CENTROID = "centroid"
CENTROID_MODEL = "Class centroid"  # as the published file calls it
UNNAMED_MODEL = "other"


@dataclass(frozen=True)
class MapPoint:
    """One clip, or one class centroid (clip is then None), on the map. distance: to the centroid of its class, NaN if unknown."""

    clip: str | None
    action: str
    model: str
    x: float
    y: float
    distance: float = float("nan")

    @property
    def is_centroid(self) -> bool:
        return self.clip is None


def read_map(path: Path) -> tuple[MapPoint, ...]:
    """The published t-SNE of TAG's project page: a list of {video_id, class, model, x, y, kind: gen | centroid}. Raises EvaluationError."""
    content = read_json(path)
    if not isinstance(content, list) or not content:
        raise EvaluationError(f"{path} is no list of {{video_id, class, model, x, y, kind}}: give the t-SNE file of the project page.")
    points = []
    for number, entry in enumerate(content):
        try:
            kind, action, model, clip, x, y = (entry[key] for key in ("kind", "class", "model", "video_id", "x", "y"))
        except (KeyError, TypeError) as error:
            raise EvaluationError(f"{path}: entry {number} lacks {error}: each needs video_id, class, model, x, y and kind.") from error
        if kind not in ("gen", CENTROID):
            raise EvaluationError(f"{path}: entry {number} is of the kind '{kind}'; gen and centroid are known.")
        place = finite(path, f"x of entry {number}", x), finite(path, f"y of entry {number}", y)
        points.append(MapPoint(None if kind == CENTROID else str(clip), str(action), str(model), *place))
    return tuple(points)


def map_json(points: Sequence[MapPoint]) -> list[dict[str, Any]]:
    """The points in the form of the published file."""
    result: list[dict[str, Any]] = []
    centroids = 0
    for number, point in enumerate(points):
        centroids += point.is_centroid
        result.append(
            {
                "index": -centroids if point.is_centroid else number - centroids,
                "video_id": point.clip,
                "class": point.action,
                "model": point.model,
                "x": point.x,
                "y": point.y,
                "kind": CENTROID if point.is_centroid else "gen",
            }
        )
    return result


def map_of_tracks(clips: Sequence[LabelledClip], manifold: Manifold, seed: int = 0) -> tuple[tuple[MapPoint, ...], tuple[str, ...]]:
    """t-SNE of the clips' mean embeddings together with the manifold's centroids, fitted anew; and a sentence for each clip without scores.

    t-SNE keeps neighbours, not distances: each point carries its true distance to its class centroid.
    Raises EvaluationError with fewer than four points, ManifoldError when a track does not fit the manifold.
    """
    from core.embedding import embed
    from core.embedding_map import fit_map
    from core.scores import action_consistency

    kept, means, distances, refused = [], [], [], []
    for clip in clips:
        embedding = embed(clip.track, manifold)
        if embedding.reason is not None:
            refused.append(f"{clip.clip}: {embedding.reason}")
            continue
        mean = embedding.z_cls.mean(axis=0)
        kept.append(clip)
        means.append(mean / max(float(np.linalg.norm(mean)), 1e-12))
        known = clip.action in manifold.classes
        centroid = manifold.centroids[manifold.classes.index(clip.action)] if known else None
        distances.append(action_consistency(embedding.z_cls, centroid) if centroid is not None else float("nan"))
    if len(kept) < 2 or len(kept) + len(manifold.classes) < 4:
        raise EvaluationError("A map needs at least two clips with scores, and four points with the centroids: give more clips.")
    places = fit_map(np.concatenate([np.stack(means), manifold.centroids]).astype(np.float32), seed)
    points = [
        MapPoint(clip.clip, clip.action, _model(clip.clip), float(x), float(y), distance)
        for clip, distance, (x, y) in zip(kept, distances, places, strict=False)
    ]
    points += [
        MapPoint(None, name, CENTROID_MODEL, float(x), float(y), 0.0)
        for name, (x, y) in zip(manifold.classes, places[len(kept) :], strict=True)
    ]
    return tuple(points), tuple(refused)


def _model(clip: str) -> str:
    parts = parse_clip_name(clip)
    return parts.model if parts else UNNAMED_MODEL
