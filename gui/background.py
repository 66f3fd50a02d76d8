"""One function on a thread of its own; its result comes back to the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal


class Background(QObject):
    """Runs `function()` on a daemon thread, then `done(result)` or `failed(error)` on the thread that made this object.

    After `forget()` neither is called: what comes back late is stale.
    """

    _finished = Signal(object, object)

    def __init__(
        self,
        parent: QObject,
        function: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
        stale: Callable[[Any], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self._function, self._done, self._failed, self._stale = function, done, failed, stale
        self._forgotten = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._work, daemon=True, name="telltale-background")
        self._thread.start()

    def forget(self) -> None:
        self._forgotten = True

    def join(self) -> None:
        """Wait for the thread; its result is still delivered through the event loop."""
        self._thread.join()

    def _work(self) -> None:
        try:
            result, error = self._function(), None
        except Exception as caught:
            result, error = None, caught
        with suppress(RuntimeError):  # the window was closed in the meantime, and this object with it
            self._finished.emit(result, error)

    def _deliver(self, result: Any, error: Exception | None) -> None:
        if self._forgotten:
            if self._stale is not None and error is None:
                self._stale(result)
        elif error is not None:
            self._failed(error)
        else:
            self._done(result)
        self.deleteLater()
