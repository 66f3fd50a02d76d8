"""Tracks with the class they belong to: what NMI, sensitivity, attention and the map are computed over."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

from core.evaluation.errors import EvaluationError
from core.recall import recall_latest
from core.store import Store
from core.track import HumanTrack, load_track
from core.training.dataset import LabelledClip
from core.video import file_sha256


@dataclass(frozen=True, eq=False)
class LabelledTracks:
    """clips: one entry per track. refused: a sentence for each file that could not be used."""

    clips: tuple[LabelledClip, ...]
    refused: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted({clip.action for clip in self.clips}))


def read_labelled_tracks(source: Path, store: Store | None = None) -> LabelledTracks:
    """Tracks from class folders `<class>/<clip>`: videos analysed before (their tracks lie in the cache) or tracks as npz; or from a folder
    with an `index.json` of {file, clip, action, subject}. Raises EvaluationError when there is none at all."""
    if not source.is_dir():
        raise EvaluationError(f"{source} is no folder: give a folder that holds a folder for each class.")
    if (source / "index.json").is_file():
        return LabelledTracks(_indexed(source), ())
    store = store or Store()
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
    if not clips:
        more = f" The first reason: {refused[0]}" if refused else ""
        raise EvaluationError(f"{source} holds no class folder with a clip that can be used.{more}")
    return LabelledTracks(tuple(clips), tuple(refused))


def _indexed(source: Path) -> tuple[LabelledClip, ...]:
    try:
        index = json.loads((source / "index.json").read_text(encoding="utf-8"))
        return tuple(LabelledClip(e["clip"], e["action"], e["subject"], _npz_track(source / e["file"])) for e in index)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{source}/index.json is no list of {{file, clip, action, subject}} ({error}): write it again.") from error


def _npz_track(path: Path) -> HumanTrack:
    try:
        return load_track(path)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise EvaluationError(f"{path} is no track of Telltale ({error}): extract the clip again.") from error


def _cached_track(path: Path, store: Store) -> HumanTrack:
    analysis = recall_latest(store, store.checksum(path, file_sha256))
    if analysis is None:
        raise EvaluationError(f"{path} was not analysed yet: run 'main.py analyze {path} --out DIR' first.")
    return analysis.track
