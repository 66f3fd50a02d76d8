"""A manifold file of a TAG checkpoint: what the window and `analyze --extractor tag-files` need beside the weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.embedding_sources import NO_EMBEDDINGS, EmbeddingFolders
from core.feature_video import FPS, SIZE
from core.manifold import Manifold
from core.tag_data import ClipFiles, TagDataError
from core.tag_model import Progress, TagModel, build_model, read_or_note
from core.tag_track import tag_track
from core.training.calibration import calibrate, encode_set
from core.training.dataset import LabelledClip, window_set
from core.windows import WINDOW

_SEED = 1337


def tag_manifold(
    checkpoint: Path,
    meshes: Path,
    keypoints: Path,
    name: str,
    alignment: str = "frame_idx",
    progress: Progress | None = None,
    embeddings: EmbeddingFolders = NO_EMBEDDINGS,
) -> tuple[Manifold, TagModel]:
    """The checkpoint with statistics and centroids as in `build_model`; map, usual steps and bands come from the held-out real clips.

    progress(stage, done, total). Raises ManifoldError, TagDataError (also when no class has a second clip of 32 frames to hold out).
    """
    model = build_model(checkpoint, meshes, keypoints, alignment, progress, embeddings=embeddings)
    manifold = model.manifold
    left_out: dict[str, str] = dict(model.left_out)
    testing = window_set([*_labelled(model.held_out, manifold, alignment, left_out)], manifold)
    # One clip a class is enough to say which classes train: their centroids are known already.
    training = window_set([*_one_a_class(_labelled(model.training, manifold, alignment, left_out))], manifold)
    if not len(testing) or not len(training):
        raise TagDataError(
            f"No held-out clip in {meshes} has 32 frames, so usual steps are unknown: add real clips, two of a class at least."
        )
    trained, held_out = (encode_set(windows, manifold, model.encoder) for windows in (training, testing))
    measured, found = calibrate(manifold, model.encoder, trained, held_out, 0, _SEED, progress or (lambda stage, done, total: None))
    centroids: Mapping[str, np.ndarray] = dict(zip(manifold.classes, manifold.centroids, strict=True))
    return replace(
        measured,
        name=name,
        # As the released code takes them: over all training windows, those of short clips included.
        centroids=np.stack([centroids[action] for action in measured.classes]),
        licence="that of the checkpoint",
        card={
            "origin": "checkpoint of the released TAG code",
            "checkpoint_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
            "alignment": alignment,
            "scores": model.scores,
            "split_seed": _SEED,
            "clips": {"training": len(model.training), "held_out": len(model.held_out), "left_out": len(left_out)},
            **found,
        },
    ), replace(model, left_out=left_out)


def _labelled(clips: tuple[ClipFiles, ...], manifold: Manifold, alignment: str, left_out: dict[str, str]) -> Iterator[LabelledClip]:
    for files in clips:
        clip = read_or_note(files, manifold, alignment, left_out)
        if clip is not None and files.action in manifold.classes:
            times = np.arange(int(clip.frames[-1]) + 1) / FPS
            yield LabelledClip(files.name, files.action, files.name, tag_track(clip, times, SIZE, manifold.sources))


def _one_a_class(clips: Iterable[LabelledClip]) -> Iterator[LabelledClip]:
    """The first clip of each class that has a whole window."""
    found: set[str] = set()
    for clip in clips:
        if clip.action not in found and int(clip.track.scored().sum()) >= WINDOW:
            found.add(clip.action)
            yield clip
