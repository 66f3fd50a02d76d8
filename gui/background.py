"""One function on a thread of its own; its result comes back to the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

# What still runs. A thread may only emit from an object that is there: these belong to nobody who could take them away too early.
_running: set[Background] = set()


class Background(QObject):
    """Runs `function()` on a daemon thread, then `done(result)` or `failed(error)` on the thread that made this object.

    After `forget()`, or the end of `owner`, neither is called but `stale(result)`.
    """

    _finished = Signal(object, object)

    def __init__(
        self,
        owner: QObject,
        function: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
        stale: Callable[[Any], None] | None = None,
    ) -> None:
        super().__init__()
        self._function, self._done, self._failed, self._stale = function, done, failed, stale
        self._forgotten = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        owner.destroyed.connect(self.forget)
        self._thread = threading.Thread(target=self._work, daemon=True, name="telltale-background")
        _running.add(self)
        self._thread.start()

    def forget(self) -> None:
        self._forgotten = True

    def _work(self) -> None:
        try:
            result, error = self._function(), None
        except Exception as caught:
            result, error = None, caught
        self._finished.emit(result, error)

    def _deliver(self, result: Any, error: Exception | None) -> None:
        self._thread.join()  # it may still be on its way out of the emission
        QTimer.singleShot(0, self._leave)
        if self._forgotten:
            if self._stale is not None and error is None:
                self._stale(result)
        elif error is not None:
            self._failed(error)
        else:
            self._done(result)

    def _leave(self) -> None:
        # With the functions the owner may go, which tells this object of its end: it has to be whole then.
        del self._function, self._done, self._failed, self._stale
        _running.discard(self)
