"""Where the notes of a video are kept without being asked for."""

from __future__ import annotations

import tempfile
from pathlib import Path

from platformdirs import user_data_dir

from core.project import SUFFIX, Project, new_project, open_project


def project_of(video: Path, sha256: str, frames: int) -> tuple[Project, Path]:
    """The project kept for a video (a new one if there is none) and the file that its changes are to be saved to.

    That file lies beside the video, or in the person's data folder when they may not write there. Notes on another video that had the
    same name are neither taken over nor overwritten. Raises ProjectError when a project is there but cannot be read.
    """
    video = video.absolute()
    beside, renamed = (video.with_name(f"{video.name}{part}{SUFFIX}") for part in ("", f".{sha256[:8]}"))
    own = Path(user_data_dir("telltale")) / "projects" / f"{video.name}.{sha256[:12]}{SUFFIX}"
    writable = _writable(video.parent)
    free: Path | None = None
    for path in (beside, renamed, own) if writable else (own, beside, renamed):
        if not path.exists():
            free = free or path
            continue
        project, _ = open_project(path)
        if project.video.sha256 == sha256:
            return project, path if writable else own
    return new_project(video, sha256, frames), free or own


def _writable(folder: Path) -> bool:
    """Tried, not asked: a read-only disk refuses even those who have the permission."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
