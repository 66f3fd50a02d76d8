"""How late the window's event loop gets while an analysis runs beside it.

    python -m benchmarks.gui_lateness VIDEO [--seconds 10]

A precise timer of 5 ms runs in the window's process; the lateness of a tick is how much longer than 5 ms it took since the tick before. The
analysis is a real one, without the cache. Required: p95 below 5 ms while an analysis runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from gui import theme
from gui.errors import ErrorGateway
from gui.readiness import keep_ready
from gui.settings import Settings
from gui.window import MainWindow

INTERVAL_MS = 5
LIMIT_MS = 5.0


def lateness(stop: Callable[[], bool]) -> np.ndarray:
    """Milliseconds each tick came late, until `stop` says so."""
    late: list[float] = []
    loop, timer = QEventLoop(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        late.append(max(0.0, (now - last) * 1000 - INTERVAL_MS))
        last = now
        if stop():
            loop.quit()

    timer.timeout.connect(tick)
    timer.start(INTERVAL_MS)
    loop.exec()
    timer.stop()
    return np.array(late)


def after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the idle baseline")
    options = parser.parse_args()
    app = QApplication([])
    theme.apply(app, theme.DARK)
    gateway = ErrorGateway()
    gateway.problem.connect(lambda sentence: print(sentence, file=sys.stderr))
    window = MainWindow(Settings(safe_mode=True), gateway)
    window.show()
    keep_ready(window, gateway)
    window.open_videos([options.video])
    lateness(lambda: window.session is not None and not window.opener.busy)
    window.jobs.abandon()
    lateness(after(2.0))
    rows = {"idle": lateness(after(options.seconds))}
    window.analyze(use_cache=False)
    rows["analysis"] = lateness(lambda: not window.jobs.running)
    window.analyze(use_cache=False)
    window.commands.toggle_loop(True)
    window.playback.start()
    rows["analysis + playback"] = lateness(lambda: not window.jobs.running)
    finished = window.session is not None and window.session.analysis is not None
    window.close()
    print(f"{'':22}{'ticks':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}   ms late")
    for name, late in rows.items():
        p50, p95, p99 = np.percentile(late, (50, 95, 99))
        print(f"{name:22}{len(late):8d}{p50:8.2f}{p95:8.2f}{p99:8.2f}{late.max():8.2f}")
    if not finished:
        print("The analysis did not finish: the figures do not count.", file=sys.stderr)
        return 1
    return 0 if float(np.percentile(rows["analysis"], 95)) < LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
