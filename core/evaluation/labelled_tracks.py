"""Tracks with the class they belong to: what NMI, sensitivity, attention and the map are computed over."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.cache_keys import track_key
from core.embedding_sources import NO_EMBEDDINGS, EmbeddingFolders
from core.evaluation.clip_names import parse_clip_name
from core.evaluation.errors import EvaluationError
from core.extraction import ExtractionError, create_extractor
from core.feature_video import FPS, SIZE
from core.recall import recall_latest
from core.store import TRACK, Store
from core.tag_data import TagDataError, list_clips, read_clip
from core.tag_track import tag_track
from core.track import HumanTrack, load_track
from core.training.dataset import LabelledClip
from core.video import VideoError, file_sha256, open_video


@dataclass(frozen=True, eq=False)
class LabelledTracks:
    """clips: one entry per track. refused: a sentence for each file that could not be used."""

    clips: tuple[LabelledClip, ...]
    refused: tuple[str, ...]


def read_labelled_tracks(
    source: Path, keypoints: Path | None = None, store: Store | None = None, embeddings: EmbeddingFolders = NO_EMBEDDINGS
) -> LabelledTracks:
    """Tracks from class folders `<class>/<clip>`: videos analysed or trained on before, whose tracks lie in the cache, or tracks as npz;
    from a folder with an `index.json` of {file, clip, action, subject}; or, with `keypoints`, from the mesh files of the TAG authors'
    scripts, and `embeddings` beside them.

    Raises EvaluationError when there is none at all.
    """
    if not source.is_dir():
        raise EvaluationError(f"{source} is no folder: give a folder that holds a folder for each class.")
    if keypoints is not None:
        clips, refused = _tag_files(source, keypoints, embeddings)
    elif (source / "index.json").is_file():
        clips, refused = _indexed(source), []
    else:
        clips, refused = _class_folders(source, store or Store())
    if not clips:
        more = f" The first reason: {refused[0]}" if refused else ""
        raise EvaluationError(f"{source} holds no class folder with a clip that can be used.{more}")
    return LabelledTracks(_told_apart(clips), tuple(refused))


def _told_apart(clips: Sequence[LabelledClip]) -> tuple[LabelledClip, ...]:
    """Clips of two classes that have one name, such as `Run/01.mp4` and `Walk/01.mp4`, get their class in front of it."""
    actions: dict[str, set[str]] = {}
    for clip in clips:
        actions.setdefault(clip.clip, set()).add(clip.action)
    return tuple(replace(clip, clip=f"{clip.action}/{clip.clip}") if len(actions[clip.clip]) > 1 else clip for clip in clips)


def with_spelling_of(tracks: LabelledTracks, classes: Sequence[str]) -> LabelledTracks:
    """The classes spelt as in `classes` where they differ in case only: TAG-Bench writes both TennisSwing and Tennisswing."""
    spelling = {name.casefold(): name for name in classes}
    clips = tuple(replace(clip, action=spelling.get(clip.action.casefold(), clip.action)) for clip in tracks.clips)
    return replace(tracks, clips=clips)


def _class_folders(source: Path, store: Store) -> tuple[list[LabelledClip], list[str]]:
    clips, refused = [], []
    for folder in sorted(path for path in source.iterdir() if path.is_dir() and not path.name.startswith(".")):
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or not path.is_file():
                continue
            try:
                track = _npz_track(path) if path.suffix.lower() == ".npz" else _cached_track(path, store)
            except EvaluationError as error:
                refused.append(str(error))
                continue
            clips.append(LabelledClip(path.name, folder.name, path.stem, track))
    return clips, refused


def _tag_files(meshes: Path, keypoints: Path, embeddings: EmbeddingFolders) -> tuple[list[LabelledClip], list[str]]:
    """The class is the folder, or in the flat layout what the clip's name says."""
    clips, refused = [], []
    try:
        found = list_clips(meshes, keypoints, embeddings)
    except TagDataError as error:
        raise EvaluationError(str(error)) from error
    for files in found:
        parts = parse_clip_name(files.name)
        action = files.action or (parts.action if parts else None)
        if action is None:
            refused.append(f"{files.name} lies in no class folder and its name states no class: name it <model>_<class>_<number>_...")
            continue
        try:
            clip = read_clip(files)
        except TagDataError as error:
            refused.append(str(error))
            continue
        times = np.arange(int(clip.frames[-1]) + 1) / FPS
        track = tag_track(clip, times, SIZE, clip.sources())
        clips.append(LabelledClip(files.name, action, files.name, track))
    return clips, refused


def _indexed(source: Path) -> list[LabelledClip]:
    try:
        index = json.loads((source / "index.json").read_text(encoding="utf-8"))
        return [LabelledClip(e["clip"], e["action"], e["subject"], _npz_track(source / e["file"])) for e in index]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{source}/index.json is no list of {{file, clip, action, subject}} ({error}): write it again.") from error


def _npz_track(path: Path) -> HumanTrack:
    try:
        return load_track(path)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise EvaluationError(f"{path} is no track of Telltale ({error}): extract the clip again.") from error


def _cached_track(path: Path, store: Store) -> HumanTrack:
    """Of the latest analysis, or of all frames when the video was extracted for training only."""
    sha256 = store.checksum(path, file_sha256)
    analysis = recall_latest(store, sha256)
    if analysis is not None:
        return analysis.track
    try:
        with closing(open_video(path)) as video:
            key = track_key(sha256, create_extractor("blazepose", "cpu", video), range(len(video.timebase)))
    except (VideoError, ExtractionError) as error:
        raise EvaluationError(str(error)) from error
    track = store.load(TRACK, key, HumanTrack)
    if track is None:
        raise EvaluationError(f"{path} was not analysed yet: run 'main.py analyze {path} --out DIR' first.")
    return track
