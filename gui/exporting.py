"""The report, written off the window's thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.session import Session
from gui.background import Background
from gui.errors import ErrorGateway


class Exporter(QObject):
    """`written` carries the path of a report that is complete; what goes wrong is told to the gateway."""

    written = Signal(object)

    def __init__(self, parent: QObject, gateway: ErrorGateway) -> None:
        super().__init__(parent)
        self._gateway = gateway

    def write(self, session: Session, path: Path) -> None:
        """Write the HTML report of the session's analysis, as it is now, to `path`. Raises ValueError when there is no analysis yet."""
        analysis, video, project = session.analysis, session.video, session.project
        if analysis is None:
            raise ValueError("there is no analysis to report")

        def write() -> None:
            from render.report import write_html  # templates and plots, which a window that only shows does not need

            write_html(analysis, video, project, path)

        Background(self, write, done=lambda _: self.written.emit(path), failed=lambda error: self._on_failed(path, error))

    def _on_failed(self, path: Path, error: Exception) -> None:
        if isinstance(error, OSError):
            self._gateway.report(f"The report could not be written to {path} ({error.strerror}); choose another folder.", error)
        else:
            self._gateway.caught(error)
