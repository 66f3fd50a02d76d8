"""Make the pictures of the README: the window on a real analysis in light and dark, and the report.

    python -m tools.shots [VIDEO] [--frame N] [--out FOLDER]

Works without a screen. The report is pictured by a headless Chromium when one is installed; without one its picture is left as it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from gui import theme
from gui.errors import ErrorGateway
from gui.settings import Settings
from gui.window import MainWindow
from render.report import write_html

ROOT = Path(__file__).resolve().parent.parent
SIZE = (1600, 1000)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", nargs="?", type=Path, help="default: the bundled sample")
    parser.add_argument("--frame", type=int, help="where the cursor stands; default: the peak of the strongest glitch")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    options = parser.parse_args()
    video = options.video or next(iter(sorted((ROOT / "resources" / "sample").glob("*.mp4"))), None)
    if video is None:
        print("There is no bundled sample: name a video.", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        # A copy, so that no notes are saved beside the original.
        copy = Path(shutil.copy(video, folder))
        return picture(app, copy, options.frame, options.out)


def picture(app: QApplication, video: Path, frame: int | None, out: Path) -> int:
    """Analyse `video` in a window and save its pictures into `out`. Returns the exit status."""
    theme.apply(app, theme.LIGHT)
    problems: list[str] = []
    gateway = ErrorGateway()
    gateway.problem.connect(problems.append)
    window = MainWindow(Settings(safe_mode=True), gateway)
    window.resize(*SIZE)
    window.show()
    window.open_videos([video])
    wait_until(lambda: bool(problems) or (window.session is not None and window.session.analysis is not None))
    session = window.session
    if session is None or session.analysis is None:
        print("\n".join(problems), file=sys.stderr)
        return 1
    analysis = session.analysis
    session.seek(frame if frame is not None else analysis.glitches[0].peak if analysis.glitches else len(analysis) // 2)
    for name in ("light", "dark"):
        getattr(window.commands, f"theme_{name}")()
        wait_until(lambda: window.video_view.picture is not None and window.video_view.picture.frame == session.cursor)
        pause(300)
        path = out / f"window-{name}.png"
        window.grab().save(str(path))
        print(path)
    report = video.with_suffix(".html")
    write_html(analysis, session.video, session.project, report)
    window.close()
    return 0 if picture_page(report, out / "report.png") else 1


def picture_page(page: Path, path: Path) -> bool:
    """A picture of the upper part of an HTML page; False when no browser could make one."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"No Chromium on this machine: {path.name} is left as it is.", file=sys.stderr)
        return False
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
        command += ["--window-size=1100,1400", f"--screenshot={path.resolve()}", page.resolve().as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        print(f"{browser} failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return False
    print(path)
    return True


def wait_until(ready: Callable[[], bool], step_ms: int = 50) -> None:
    while not ready():
        pause(step_ms)


def pause(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


if __name__ == "__main__":
    sys.exit(main())
