"""The content-addressed cache: what was computed once for a video is found again, stage by stage.

An entry is one npz without pickle, named by the hash of everything that determines it. It is written to a temporary name in the same
folder and renamed when it is complete and on the disk, so that two processes or a kill can only ever leave a complete entry or none.
An npz is a zip: every member carries a checksum and the directory is written last. An entry that does not check out is a miss, and is
removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from platformdirs import user_cache_dir

from core.packing import pack, unpack

T = TypeVar("T")
# Raise when the fields of a stored dataclass change their meaning; entries of another format are never found again.
FORMAT = 1
TRACK, PIXELS, FLIPS = "track", "pixels", "flips"
EMBEDDING, GLITCHES, ANALYSIS, CHECKSUM = "embedding", "glitches", "analysis", "checksum"
KINDS = (TRACK, PIXELS, FLIPS, EMBEDDING, GLITCHES, ANALYSIS, CHECKSUM)
_LABEL = "label"
_STALE_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Entry:
    """One entry of the cache, for people: what it is, of which video, how big and how old."""

    kind: str
    key: str
    video: str
    sha256: str  # of the video's file
    size: int  # bytes
    age: float  # seconds


def default_folder() -> Path:
    """Where the cache lies: $TELLTALE_CACHE, else the person's cache folder (XDG_CACHE_HOME)."""
    override = os.environ.get("TELLTALE_CACHE")
    return Path(override) if override else Path(user_cache_dir("telltale"))


def make_key(**parts: object) -> str:
    """The name of an entry: the SHA-256 of everything that determines its content. Parts must be JSON-compatible."""
    text = json.dumps({"format": FORMAT, **parts}, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """The cache in one folder. Every method may be called by several processes at once."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()
        self._swept: set[str] = set()

    def load(self, kind: str, key: str, value: type[T]) -> T | None:
        """The entry as a `value`, or None when there is none or it is broken (then it is removed)."""
        path = self._path(kind, key)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                if _label(arrays)["key"] != key:
                    raise ValueError("the entry belongs to another key")
                return unpack(value, dict(arrays))
        except OSError:
            return None
        except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError):
            with suppress(OSError):
                path.unlink()
            return None

    def save(self, kind: str, key: str, value: object, *, video: str, sha256: str = "") -> None:
        """Keep `value` under `key`; `video` is the name people know it by, `sha256` that of its file. Raises OSError."""
        folder = self._path(kind, key).parent
        folder.mkdir(parents=True, exist_ok=True)
        self._sweep(kind)
        label = json.dumps({"key": key, "video": video, "sha256": sha256}).encode()
        arrays = {_LABEL: np.frombuffer(label, np.uint8), **pack(value)}
        handle, name = tempfile.mkstemp(prefix=f".{key[:16]}.", suffix=".tmp", dir=folder)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w+b") as file:
                np.savez(file, allow_pickle=False, **arrays)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path(kind, key))
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def touch(self, kind: str, key: str) -> None:
        """Make an entry the latest: it was asked for again."""
        with suppress(OSError):
            os.utime(self._path(kind, key))

    def latest(self, kind: str, sha256: str, value: type[T]) -> T | None:
        """The newest entry of this kind that was made from the file with this SHA-256."""
        for entry in self.entries(kind):
            if entry.sha256 == sha256 and (found := self.load(kind, entry.key, value)) is not None:
                return found
        return None

    def entries(self, kind: str | None = None) -> list[Entry]:
        """What the cache holds, newest first."""
        found = []
        for one in (kind,) if kind else KINDS:
            for path in self._files(one):
                try:
                    state = path.stat()
                    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                        label = _label(arrays)
                except (OSError, ValueError, KeyError, zipfile.BadZipFile):
                    continue
                found.append(Entry(one, path.stem, label["video"], label["sha256"], state.st_size, max(0.0, time.time() - state.st_mtime)))
        return sorted(found, key=lambda entry: entry.age)

    def clear(self) -> int:
        """Remove every entry and every left-over of a killed writer; returns the bytes freed."""
        freed = 0
        for kind in KINDS:
            for path in [*self._files(kind), *(self.folder / kind).glob(".*.tmp")]:
                try:
                    size = path.stat().st_size
                    path.unlink()
                except FileNotFoundError:
                    continue
                freed += size
        return freed

    def checksum(self, path: Path, compute: Callable[[Path], str]) -> str:
        """The SHA-256 of a file, remembered by its path, size and time of change, so that a big file is read once.

        A folder is not remembered: its time of change says nothing about the files in it.
        """
        if not path.is_file():
            return compute(path)
        state = path.stat()
        key = make_key(path=str(path.resolve()), size=state.st_size, changed=state.st_mtime_ns)
        known = self.load(CHECKSUM, key, _Checksum)
        if known is not None:
            return known.sha256
        value = compute(path)
        # A cache that cannot be written costs time, not the answer.
        with suppress(OSError):
            self.save(CHECKSUM, key, _Checksum(value), video=path.name, sha256=value)
        return value

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / f"{key}.npz"

    def _files(self, kind: str) -> Iterator[Path]:
        folder = self.folder / kind
        return iter(sorted(folder.glob("*.npz"))) if folder.is_dir() else iter(())

    def _sweep(self, kind: str) -> None:
        """Once per store and kind: remove what killed writers left behind."""
        if kind in self._swept:
            return
        self._swept.add(kind)
        for path in (self.folder / kind).glob(".*.tmp"):
            try:
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()
            except FileNotFoundError:
                continue


@dataclass(frozen=True)
class _Checksum:
    sha256: str


def _label(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    label: dict[str, str] = json.loads(arrays[_LABEL].tobytes().decode())
    return label
