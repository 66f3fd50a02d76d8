"""From a path to a session: the index of the video off the window's thread, then its notes, which need the file's checksum.

The path may be that of a video, of a folder of images, of a file of features, or of a person's project, which names its video.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.autosave import project_of
from core.project import SUFFIX, Project, ProjectError, find_video, new_project, open_project
from core.session import Session
from core.store import Store
from core.video import Video, file_sha256, open_video
from gui.background import Background
from gui.errors import ErrorGateway


@dataclass(frozen=True, eq=False)
class Opened:
    """`path` is that of the video; `project` the file that was asked for, when that was a project."""

    path: Path
    video: Video
    project: Path | None = None


class Opener(QObject):
    """Opens one video at a time; asking for another one forgets the first.

    `opened` comes as soon as frames can be shown, `project` (project, file to save to) once the checksum is known; `refused` when the
    video cannot be opened, which the gateway has been told.
    """

    opened = Signal(object)
    project = Signal(object, object)
    refused = Signal()

    def __init__(self, parent: QObject, gateway: ErrorGateway) -> None:
        super().__init__(parent)
        self._gateway = gateway
        self._task: Background | None = None

    @property
    def busy(self) -> bool:
        return self._task is not None

    def open(self, path: Path) -> None:
        self.forget()
        self._task = Background(
            self,
            lambda: _open(path),
            done=self._on_opened,
            failed=self._on_refused,
            stale=lambda opened: opened.video.close(),
        )

    def forget(self) -> None:
        """What comes back from now on is stale."""
        if self._task is not None:
            self._task.forget()
            self._task = None

    def _on_opened(self, opened: Opened) -> None:
        self._task = Background(self, lambda: _notes(opened), done=self._on_project, failed=self._on_no_project)
        self.opened.emit(opened)

    def _on_project(self, result: tuple[Project, Path]) -> None:
        self._task = None
        self.project.emit(*result)

    def _on_refused(self, error: Exception) -> None:
        self._task = None
        self.refused.emit()
        self._gateway.caught(error)

    def _on_no_project(self, error: Exception) -> None:
        self._task = None
        if isinstance(error, ProjectError | OSError):
            self._gateway.report(f"{error} Notes of this session are not saved.", error)
        else:
            self._gateway.on_exception(type(error), error, error.__traceback__)


def _open(path: Path) -> Opened:
    """Raises VideoError, and ProjectError for a project that cannot be read or whose video is not there."""
    if path.suffix.lower() != SUFFIX or path.is_dir():
        return Opened(path, open_video(path))
    project, _ = open_project(path)
    video = find_video(project, path)
    if video is None:
        raise ProjectError(f"The video of {path.name} is not at {project.video.path}: put it back there, then open the project again.")
    video = video.parent.resolve() / video.name  # told to people: without the ways round
    return Opened(video, open_video(video), path)


def _notes(opened: Opened) -> tuple[Project, Path]:
    """The project of the video and the file it is kept in, linked to where the video lies now. Raises ProjectError."""
    sha256 = Store().checksum(opened.path, file_sha256)
    if opened.project is None:
        project, path = project_of(opened.path, sha256, len(opened.video))
    else:
        project, path = open_project(opened.project)[0], opened.project
        if project.video.sha256 not in ("", sha256):
            raise ProjectError(f"{opened.path.name} has changed since the notes in {path.name} were written, so they are not shown.")
    return replace(project, video=replace(project.video, path=str(opened.path.absolute()), sha256=sha256)), path


def first_session(opened: Opened) -> Session:
    """A session that keeps notes in memory until it is known where they are saved."""
    return Session(opened.video, new_project(opened.path, "", len(opened.video)))


def with_project(session: Session, project: Project, path: Path) -> Session:
    """The same session with its saved notes, and with those written in the meantime."""
    result = Session(session.video, project, path)
    result.seek(session.cursor)
    result.select(session.selection)
    if session.analysis is not None:
        result.set_analysis(session.analysis)
    elif session.track is not None:
        result.set_partial(session.track)
    for note in session.project.notes:
        result.add_note(range(note.start, note.stop), note.text)
    return result
