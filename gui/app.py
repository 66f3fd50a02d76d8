"""The program with a window."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from core.version import telltale_version
from gui import icons, theme
from gui.errors import ErrorGateway
from gui.readiness import keep_ready
from gui.settings import Settings
from gui.window import MainWindow


def run(videos: list[Path], frame: int | None = None, safe_mode: bool = False) -> int:
    """Open the window on `videos` with the cursor on `frame`, and stay until it is closed. Returns the exit status.

    safe_mode: settings are neither read nor written.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("Telltale")
    app.setApplicationVersion(telltale_version())
    app.setDesktopFileName("telltale")
    app.setWindowIcon(icons.window_icon())
    gateway = ErrorGateway()
    gateway.install()
    settings = Settings(safe_mode)
    theme.apply(app, theme.chosen(app, settings.get("theme")))

    def follow_desktop() -> None:
        if settings.get("theme") == "system":
            theme.apply(app, theme.chosen(app, "system"))

    app.styleHints().colorSchemeChanged.connect(follow_desktop)
    window = MainWindow(settings, gateway)
    window.show()
    keep_ready(window, gateway)
    window.open_videos(videos, frame)
    interruptible(app, window)
    return app.exec()


def interruptible(app: QApplication, window: MainWindow) -> None:
    """Let Ctrl+C in the terminal close the window (exit status 130): Python hears signals only while it runs, so a timer wakes it."""

    def on_interrupt(*_: object) -> None:
        window.close()
        app.exit(130)

    signal.signal(signal.SIGINT, on_interrupt)
    wake = QTimer(app)
    wake.timeout.connect(lambda: None)
    wake.start(250)
