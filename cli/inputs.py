"""Which videos the words of the command line mean, and the folder each one's results go to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from core.image_sequence import SUFFIXES as IMAGE_SUFFIXES

VIDEO_SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv",
    ".ogv", ".3gp", ".y4m",
}  # fmt: skip
# A folder with a single picture in it is no clip, but the cover of one.
_FEWEST_IMAGES = 2


def find_videos(inputs: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The videos and image folders in `inputs`, each once, in order; and a sentence for each input that holds none.

    A file is taken whatever its name is; a folder is searched through and through for videos by their suffix and for folders of images.
    """
    found: dict[Path, Path] = {}
    refusals = []
    for path in inputs:
        if path.is_dir():
            inside = _search(path)
            if not inside:
                refusals.append(f"The folder {path} holds no videos and no image sequences: name another folder or a file.")
        elif path.exists():
            inside = [path]
        else:
            inside = []
            refusals.append(f"There is no file or folder {path}: check the path.")
        for one in inside:
            found.setdefault(one.resolve(), one)
    return list(found.values()), refusals


def output_folders(videos: Sequence[Path], out: Path) -> list[Path]:
    """One folder per video, named after its stem; equal stems get a number, also where the file system sees no difference in case."""
    taken: set[str] = set()
    folders = []
    for video in videos:
        stem = (video.resolve().name if video.is_dir() else video.stem) or "video"
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        folders.append(out / name)
    return folders


def _search(folder: Path) -> list[Path]:
    """Videos below `folder` and folders that directly hold a sequence of images, sorted by path; hidden ones are left out."""
    found = []
    for name_of_current, names, files in os.walk(folder):
        current = Path(name_of_current)
        names[:] = sorted(name for name in names if not name.startswith("."))
        visible = sorted(name for name in files if not name.startswith("."))
        found += [current / name for name in visible if Path(name).suffix.lower() in VIDEO_SUFFIXES]
        if sum(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in visible) >= _FEWEST_IMAGES:
            found.append(current)
    return sorted(found)
