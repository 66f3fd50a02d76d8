"""The person's file: notes and marks on one video, and on request the analysis, so that the file can travel.

A `.telltale` file is a zip: `project.json` (with a schema version) and, when asked for, `analysis.npz` (arrays without pickle). Fields
that this version does not know survive opening and saving.
"""

from __future__ import annotations

import io
import json
import logging
import os
import uuid
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from core.analysis import Analysis
from core.analysis_file import AnalysisFileError, analysis_arrays, analysis_from_arrays
from core.files import write_atomically

SCHEMA = 1
SUFFIX = ".telltale"
# schema -> what turns a project.json of that schema into one of the next.
MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
_JSON, _ANALYSIS = "project.json", "analysis.npz"
_JSON_LIMIT = 64 * 2**20  # bytes; far beyond any person's notes
_log = logging.getLogger(__name__)


class ProjectError(Exception):
    """A project cannot be read or written; the message is one sentence for people."""


@dataclass(frozen=True)
class VideoLink:
    """Which video a project belongs to. `relative` starts at the project's folder; `sha256` is empty while it is not known."""

    path: str
    sha256: str
    frames: int
    relative: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """What a person wrote about the frames start..stop (exclusive)."""

    id: str
    start: int
    stop: int
    text: str
    created: str  # ISO 8601, UTC
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """Everything a person has said about one video. `marks`: id of a glitch -> `confirmed` or `dismissed`."""

    video: VideoLink
    notes: tuple[Note, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict)


def new_project(video: Path, sha256: str, frames: int) -> Project:
    """An empty project for a video."""
    return Project(VideoLink(str(video.absolute()), sha256, frames))


def new_note(frames: range, text: str) -> Note:
    return Note(uuid.uuid4().hex[:12], frames.start, frames.stop, text, datetime.now(UTC).isoformat(timespec="seconds"))


def save_project(project: Project, path: Path, analysis: Analysis | None = None) -> None:
    """Write the project in one step. Without `analysis`, one that lies in the file already stays in it. Raises ProjectError."""
    try:
        members = _members(path)
        if analysis is not None:
            buffer = io.BytesIO()
            np.savez_compressed(buffer, allow_pickle=False, **analysis_arrays(analysis))
            members[_ANALYSIS] = buffer.getvalue()
        members[_JSON] = json.dumps(_to_json(project, path), indent=1, allow_nan=False).encode()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())
    except OSError as error:
        raise ProjectError(f"The project {path.name} could not be saved ({error.strerror or error}); choose another place.") from error


def open_project(path: Path) -> tuple[Project, Analysis | None]:
    """The project in a file, and the analysis that travels with it if there is one.

    An analysis that cannot be read is left out (and logged): the person's notes matter more. Raises ProjectError.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(_JSON).file_size > _JSON_LIMIT:
                raise ValueError("project.json is too big")
            data = migrate(json.loads(archive.read(_JSON).decode()), path.name)
            project = _from_json(data)
            analysis = _read_analysis(archive) if _ANALYSIS in archive.namelist() else None
    except FileNotFoundError as error:
        raise ProjectError(f"There is no project {path}; check the path.") from error
    except OSError as error:
        raise ProjectError(f"The project {path.name} cannot be read ({error.strerror or error}); check that you may open it.") from error
    except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError) as error:
        raise ProjectError(f"{path.name} is damaged or is no Telltale project; open another copy of it.") from error
    return project, analysis


def migrate(
    data: dict[str, Any],
    name: str,
    schema: int = SCHEMA,
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MIGRATIONS,
) -> dict[str, Any]:
    """A project.json brought to `schema`, one version at a time.

    Raises ProjectError when it was written by a newer version, ValueError when it names no schema, KeyError when no migration is known.
    """
    found = data["schema"]
    if not isinstance(found, int) or found < 1:
        raise ValueError("no schema")
    if found > schema:
        raise ProjectError(f"{name} was written by a newer Telltale (schema {found}, known: {schema}); update Telltale to open it.")
    for version in range(found, schema):
        data = {**migrations[version](data), "schema": version + 1}
    return data


def find_video(project: Project, path: Path) -> Path | None:
    """Where the video of the project at `path` lies: first as seen from the project's folder, then where it lay when it was saved."""
    candidates = [Path(project.video.path)]
    if project.video.relative is not None:
        candidates.insert(0, path.absolute().parent / PurePosixPath(project.video.relative))
    return next((candidate for candidate in candidates if candidate.exists()), None)


def _to_json(project: Project, path: Path) -> dict[str, Any]:
    video = project.video
    return {
        **project.unknown,
        "schema": SCHEMA,
        "video": {
            **video.unknown,
            "path": video.path,
            "relative": _relative(Path(video.path), path.absolute().parent),
            "sha256": video.sha256,
            "frames": video.frames,
        },
        "notes": [
            {**note.unknown, "id": note.id, "start": note.start, "stop": note.stop, "text": note.text, "created": note.created}
            for note in project.notes
        ],
        "marks": dict(project.marks),
    }


def _from_json(data: dict[str, Any]) -> Project:
    """Raises KeyError, TypeError, ValueError or AttributeError when a field is missing or malformed."""
    video = dict(data["video"])
    frames = _whole(video["frames"])
    relative = video.get("relative")
    link = VideoLink(
        path=_string(video["path"]),
        sha256=_string(video["sha256"]),
        frames=frames,
        relative=None if relative is None else _string(relative),
        unknown=_rest(video, {"path", "relative", "sha256", "frames"}),
    )
    notes = []
    for item in data["notes"]:
        note = Note(
            id=_string(item["id"]),
            start=_whole(item["start"]),
            stop=_whole(item["stop"]),
            text=_string(item["text"]),
            created=_string(item["created"]),
            unknown=_rest(item, {"id", "start", "stop", "text", "created"}),
        )
        if not 0 <= note.start < note.stop <= frames:
            raise ValueError("a note lies outside the video")
        notes.append(note)
    marks = {_string(key): _string(value) for key, value in data.get("marks", {}).items()}
    return Project(link, tuple(notes), marks, _rest(data, {"schema", "video", "notes", "marks"}))


def _members(path: Path) -> dict[str, bytes]:
    """What lies in an existing project file besides its JSON; parts that cannot be read any more are dropped."""
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name == _JSON:
                    continue
                try:
                    members[name] = archive.read(name)
                except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
                    _log.warning("%s in %s is damaged and was dropped: %s", name, path, error)
    except (FileNotFoundError, zipfile.BadZipFile):
        return {}
    return members


def _read_analysis(archive: zipfile.ZipFile) -> Analysis | None:
    try:
        with np.load(io.BytesIO(archive.read(_ANALYSIS)), allow_pickle=False) as arrays:
            return analysis_from_arrays(dict(arrays))
    except (AnalysisFileError, zipfile.BadZipFile, zlib.error, ValueError, EOFError, KeyError) as error:
        _log.warning("The analysis in %s cannot be read: %s", archive.filename, error)
        return None


def _relative(video: Path, folder: Path) -> str | None:
    try:
        return Path(os.path.relpath(video, folder)).as_posix()
    except ValueError:  # another drive
        return None


def _rest(data: Mapping[str, Any], known: set[str]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in known}


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value
