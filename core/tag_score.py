"""What the released `eval.py` of TAG does: scores of generated clips from feature files, and how they agree with people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.embedding_sources import NO_EMBEDDINGS, EmbeddingFolders
from core.scores import action_consistency
from core.tag_agreement import TagAgreement
from core.tag_data import ClipFiles, TagClip, TagDataError, list_clips
from core.tag_model import Progress, TagModel, embeddings_read, encode_clips, read_or_note
from core.windows import WINDOW


@dataclass(frozen=True)
class ClipScores:
    """Both scores of one clip, lower is better. `consistency` is None when the class of the clip is not among the real ones.

    windows   how many were scored        padded   shorter than a window: the last frame was repeated, which lowers `coherence`
    """

    action: str | None
    consistency: float | None
    coherence: float
    windows: int
    padded: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TagScores:
    """Scores by clip name; `missing` are clips without scores, with the reason."""

    clips: Mapping[str, ClipScores]
    missing: Mapping[str, str]


def score_clips(
    model: TagModel,
    meshes: Path,
    keypoints: Path,
    alignment: str = "frame_idx",
    progress: Progress | None = None,
    embeddings: EmbeddingFolders = NO_EMBEDDINGS,
) -> TagScores:
    """Scores of every generated clip in a folder of meshes. progress(stage, clips done, clips in all).

    Raises TagDataError when the folders hold no clips or one name twice; a single clip that cannot be read is missing, with the reason.
    """
    files = list_clips(meshes, keypoints, embeddings_read(model.manifold.sources, embeddings, "--"))
    seen: set[str] = set()
    for clip_files in files:
        if clip_files.name in seen:
            raise TagDataError(f"The folder {meshes} holds {clip_files.name}.npz in more than one class: keep one of them.")
        seen.add(clip_files.name)
    missing: dict[str, str] = {}
    read: dict[str, tuple[ClipFiles, tuple[str, ...], int]] = {}

    def readable() -> Iterator[tuple[str, TagClip]]:
        for done, clip_files in enumerate(files, start=1):
            clip = read_or_note(clip_files, model.manifold, alignment, missing)
            if clip is not None:
                read[clip.name] = (clip_files, clip.notes, int(clip.usable().sum()))
                yield clip.name, clip
            if progress is not None:
                progress("score", done, len(files))

    z_cls: dict[str, list[np.ndarray]] = {}
    coherence: dict[str, list[np.ndarray]] = {}
    for name, z, steps in encode_clips(readable(), model.manifold, model.encoder):
        z_cls.setdefault(name, []).append(z)
        coherence.setdefault(name, []).append(steps)
    clips = {}
    for name, (clip_files, notes, length) in read.items():
        action = class_of(clip_files, model.manifold.classes)
        unknown = f"Its class is none of the real ones ({', '.join(model.manifold.classes)}), so it has no action consistency."
        steps = np.concatenate(coherence[name])
        clips[name] = ClipScores(
            action=action,
            consistency=_consistency(np.concatenate(z_cls[name]), action, model),
            coherence=float(steps.mean(dtype=np.float64)),
            windows=len(steps),
            padded=length < WINDOW,
            notes=notes if action is not None else (*notes, unknown),
        )
    return TagScores(clips, missing)


def class_of(clip: ClipFiles, classes: tuple[str, ...]) -> str | None:
    """The class that the clip's folder names, else the first part of its name (between `_`) that is a class, without regard to case.

    Whole parts only: `WallPushups` does not hold `PushUps`.
    """
    known = {name.casefold(): name for name in classes}
    parts = [clip.action] if clip.action is not None else clip.name.split("_")
    return next((known[part.casefold()] for part in parts if part.casefold() in known), None)


def _consistency(z_cls: np.ndarray, action: str | None, model: TagModel) -> float | None:
    if action is None:
        return None
    return action_consistency(z_cls, model.manifold.centroids[model.manifold.classes.index(action)], model.scores)


def scores_json(scores: TagScores) -> dict[str, dict[str, float]]:
    """`{"<clip>": {"ac": ..., "tc": ...}}`, as the released code writes it."""
    return {
        name: {**({} if clip.consistency is None else {"ac": clip.consistency}), "tc": clip.coherence}
        for name, clip in sorted(scores.clips.items())
    }


def report_json(model: TagModel, scores: TagScores, agreements: tuple[TagAgreement, ...], alignment: str) -> dict[str, object]:
    """What the scores rest on: variant, split, counts, everything left out and why, agreement. JSON-compatible."""
    manifold = model.manifold
    return {
        "variant": {"motion": manifold.variant, "mask": manifold.mask, "scores": model.scores, "alignment": alignment},
        "checkpoint": {"name": manifold.name, "sources": list(manifold.source_names), "d_model": manifold.config.d_model},
        "classes": list(manifold.classes),
        "training": [clip.meshes.name for clip in model.training],
        "held_out": [clip.meshes.name for clip in model.held_out],
        "real_left_out": dict(model.left_out),
        "notes": list(model.notes),
        "clips": {
            name: {"class": clip.action, "windows": clip.windows, "padded": clip.padded, "notes": list(clip.notes)}
            for name, clip in sorted(scores.clips.items())
        },
        "missing": dict(scores.missing),
        "agreement": {
            result.axis: {
                "spearman": result.spearman,
                "clips": result.clips,
                "without_score": list(result.without_score),
                "without_rating": list(result.without_rating),
                "released_matching": {
                    "spearman": result.released.spearman,
                    "clips": result.released.clips,
                    "faults": list(result.released.faults),
                },
            }
            for result in agreements
        },
    }
