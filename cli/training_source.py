"""What `train` reads: the clips of SOURCE, the list of those to leave out, the weights of embeddings to be computed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.inputs import find_videos
from core.embedding_sources import EMBEDDINGS
from core.evaluation.clip_names import canonical
from core.tag_data import FeatureFolders
from core.training.errors import DatasetError

if TYPE_CHECKING:  # these need torch, --help does not
    from core.extraction.person_weights import PersonWeights
    from core.training.clips import ClipSource


def clips_of(options: argparse.Namespace) -> tuple[list[ClipSource], list[str]]:
    """The clips of SOURCE, and the class folders without any. Raises DatasetError, TagDataError."""
    source: Path = options.source
    if not source.is_dir():
        raise DatasetError(f"There is no folder {source}: name the one that holds a folder for each class.")
    folders = sorted(folder for folder in source.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    meshes = any(source.glob("*.npz")) or any(path for folder in folders for path in folder.glob("*.npz"))
    videos = {folder.name: find_videos([folder])[0] for folder in folders}
    if not meshes and not any(videos.values()):
        raise DatasetError(f"The folder {source} holds no class folders with videos or meshes: name one with <class>/<video>.")
    if meshes and any(videos.values()):
        raise DatasetError(f"The folder {source} holds both videos and meshes: train on one of them.")
    if meshes and options.keypoints is None:
        raise DatasetError(f"The folder {source} holds meshes: name the folder of their key points with --keypoints.")
    if meshes and options.add:
        raise DatasetError(f"The folder {source} holds meshes, so nothing is computed: name folders of embeddings instead of --add.")
    named = [name for name in EMBEDDINGS if getattr(options, name) is not None]
    if named and not meshes:
        raise DatasetError(f"The folder {source} holds videos: have the embeddings computed with --add {','.join(named)}.")
    from core.training.clips import ClipSource, feature_clips

    if meshes:
        clips = feature_clips(source, FeatureFolders(options.keypoints, clip=options.clip, dino=options.dino))
    else:
        clips = [ClipSource(name, path) for name, found in videos.items() for path in found]
    classes = {clip.action for clip in clips}
    return clips, [folder.name for folder in folders if folder.name not in classes]


def added_weights(names: Sequence[str]) -> tuple[PersonWeights, ...]:
    """The weights of these embeddings. Raises DatasetError when they are not there."""
    from core.extraction import ExtractionError
    from core.extraction.person_weights import find_weights

    try:
        return tuple(find_weights(name) for name in names)
    except ExtractionError as error:
        raise DatasetError(str(error)) from error


def excluded_names(path: Path | None) -> frozenset[str]:
    """The names on the list, as clips are matched by; none without a list. Raises DatasetError, OSError."""
    if path is None:
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DatasetError(f"The list {path} is no plain text: write one name a line.") from error
    return frozenset(canonical(Path(line.strip()).name) for line in lines if line.strip())
