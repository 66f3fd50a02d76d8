"""Playback by the wall clock: the frame that is due is shown, frames that come too late are dropped, the clip never lags behind."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from core.session import Session
from core.timebase import FrameIndex, Seconds


class Playback(QObject):
    """Moves the cursor of a session along the presentation times of its video."""

    changed = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.loop = False
        self._session: Session | None = None
        self._origin = 0.0  # wall clock at which the first frame would have been shown
        self._due = -1  # the frame this clock set last; another one means that somebody seeked
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    def attach(self, session: Session | None) -> None:
        self.stop()
        self._session = session

    def toggle(self) -> None:
        if self.playing:
            self.stop()
        else:
            self.start()

    def start(self) -> None:
        """Play from the cursor; from the first frame when the cursor stands on the last."""
        if self._session is None:
            return
        if self._session.cursor >= len(self._session.video) - 1:
            self._session.seek(FrameIndex(0))
        self._set_clock(self._session)
        self._timer.start(0)
        self.changed.emit(True)

    def stop(self) -> None:
        if self.playing:
            self._timer.stop()
            self.changed.emit(False)

    def _set_clock(self, session: Session) -> None:
        self._due = session.cursor
        self._origin = time.perf_counter() - session.video.timebase.seconds(session.cursor)

    def _tick(self) -> None:
        session = self._session
        if session is None:
            return
        timebase = session.video.timebase
        if session.cursor != self._due:
            self._set_clock(session)
        now = time.perf_counter() - self._origin
        if now >= timebase.duration:
            if not self.loop:
                session.seek(FrameIndex(len(timebase) - 1))
                self.changed.emit(False)
                return
            session.seek(FrameIndex(0))
            self._set_clock(session)
            now = 0.0
        frame = timebase.frame(Seconds(now))
        if frame != session.cursor:
            session.seek(frame)
        self._due = session.cursor
        following = float(timebase.times[frame + 1]) if frame + 1 < len(timebase) else float(timebase.duration)
        wait = following - (time.perf_counter() - self._origin)
        self._timer.start(max(0, int(wait * 1000)))
