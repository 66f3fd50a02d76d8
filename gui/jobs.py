"""The analysis that runs beside the window: its events on the window's thread, stale ones dropped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject, Qt, Signal

from core.events import End, Event, Request


class Worker(Protocol):
    """What a job runs on: `core.worker.AnalysisWorker`."""

    def start(self) -> None: ...

    def cancel(self) -> None: ...


MakeWorker = Callable[[Request, Callable[[Event], None]], Worker]


class Jobs(QObject):
    """At most one analysis or what-if at a time. A worker's events arrive on its supervisor thread with the number of its job; they are
    handed on through a queued signal, and an event of an earlier job is dropped."""

    spoke = Signal(object)  # an event of core.events
    stopping = Signal()
    _arrived = Signal(int, object)

    def __init__(self, parent: QObject, make: MakeWorker) -> None:
        super().__init__(parent)
        self._make = make
        self._worker: Worker | None = None
        self._number = 0
        self._stopping = False
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        return self._worker is not None

    def start(self, request: Request) -> None:
        """Begin an analysis or a what-if; one that runs is cancelled, and what it still says is dropped."""
        self.abandon()
        self._number += 1
        self._stopping = False
        self._worker = self._make(request, partial(self._hand_on, self._number))
        self._worker.start()

    def cancel(self) -> None:
        """Ask the analysis to stop; `stopping` answers at once, `Cancelled` follows when it has stopped."""
        if self._worker is not None and not self._stopping:
            self._stopping = True
            self.stopping.emit()
            self._worker.cancel()

    def abandon(self) -> None:
        """Stop the analysis and hear nothing more of it."""
        if self._worker is not None:
            worker, self._worker = self._worker, None
            self._number += 1
            worker.cancel()

    def _hand_on(self, number: int, event: Event) -> None:
        """Called on the supervisor thread. A job whose window has gone was abandoned before: this object may be gone too."""
        if number == self._number:
            with suppress(RuntimeError):
                self._arrived.emit(number, event)

    def _deliver(self, number: int, event: Event) -> None:
        if number != self._number:
            return
        if isinstance(event, End):
            self._worker = None
        self.spoke.emit(event)
