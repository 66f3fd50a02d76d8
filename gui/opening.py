"""From a path to a session: the index of the video off the window's thread, then its notes, which need the file's checksum."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.autosave import project_of
from core.project import Project, ProjectError, new_project
from core.session import Session
from core.store import Store
from core.video import Video, file_sha256, open_video
from gui.background import Background
from gui.errors import ErrorGateway


@dataclass(frozen=True, eq=False)
class Opened:
    path: Path
    video: Video


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
            lambda: open_video(path),
            done=lambda video: self._on_video(path, video),
            failed=self._on_refused,
            stale=lambda video: video.close(),
        )

    def forget(self) -> None:
        """What comes back from now on is stale."""
        if self._task is not None:
            self._task.forget()
            self._task = None

    def _on_video(self, path: Path, video: Video) -> None:
        frames = len(video)
        self._task = Background(
            self,
            lambda: project_of(path, Store().checksum(path, file_sha256), frames),
            done=self._on_project,
            failed=self._on_no_project,
        )
        self.opened.emit(Opened(path, video))

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
