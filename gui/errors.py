"""One gateway for everything that goes wrong: a log, one plain sentence, and what to do next."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from core.body import BodyModelError
from core.logs import log_file, start_logging
from core.project import ProjectError
from core.video import VideoError

logger = logging.getLogger("telltale.gui")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class ErrorGateway(QObject):
    """Faults of the main thread, of worker threads, of Qt and warnings end here; `problem` carries the sentence for the person.

    `problem` may be emitted from any thread: a slot of an object of the window's thread runs there.
    """

    problem = Signal(str)

    def report(self, sentence: str, error: BaseException | None = None) -> None:
        """Log a foreseen problem and tell the person its sentence."""
        logger.warning("%s", sentence, exc_info=error)
        self.problem.emit(sentence)

    def caught(self, error: Exception) -> None:
        """An exception that a thread of ours hands over: a VideoError and its kin say their own sentence, anything else is a fault."""
        if isinstance(error, VideoError | ProjectError | BodyModelError):
            self.report(str(error), error)
        else:
            self.on_exception(type(error), error, error.__traceback__)

    def install(self) -> None:
        """Become the hook of the interpreter, of its threads, of warnings and of Qt, and open the log file."""
        start_logging()
        sys.excepthook = self.on_exception
        threading.excepthook = self._on_thread_exception
        warnings.showwarning = self._on_warning
        qInstallMessageHandler(self._on_qt_message)

    def on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """An exception nobody caught: a fault of ours. KeyboardInterrupt ends the program as usual."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        logger.error("not caught", exc_info=(kind, error, trace))
        self.problem.emit(
            f"Telltale made a mistake ({kind.__name__}). Your notes are saved; go on, or restart and send {log_file()} with a report."
        )

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self.on_exception(args.exc_type, args.exc_value, args.exc_traceback)

    def _on_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        logger.warning("%s:%d: %s: %s", filename, lineno, category.__name__, message)

    def _on_qt_message(self, kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        logger.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", message)
