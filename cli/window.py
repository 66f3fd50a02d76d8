"""main.py [VIDEO ...]: opens the window."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cli import COMMANDS
from cli.status import REFUSED, refuse
from core.version import telltale_version


def parser() -> argparse.ArgumentParser:
    """Options of the window, and the help of the whole program."""
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    result = argparse.ArgumentParser(
        prog="main.py",
        usage="main.py [VIDEO ...] [--frame N] [--safe-mode]\n       main.py COMMAND ...",
        description="See when, where and why the human motion in a video stops being human.",
        epilog=f"commands (main.py COMMAND --help says more):\n{commands}\n\nA video named like a command is opened with ./NAME.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("videos", metavar="VIDEO", nargs="*", type=Path, help="videos or image folders to open in the window")
    result.add_argument("--frame", metavar="N", type=_frame, help="show this frame first; the first frame is 0")
    result.add_argument("--safe-mode", action="store_true", help="start with default settings")
    result.add_argument("--version", action="version", version=f"Telltale {telltale_version()}")
    return result


def run(options: argparse.Namespace) -> int:
    """Opens the window on the videos that are there."""
    missing = [path for path in options.videos if not path.exists()]
    for path in missing:
        refuse(f"There is no file or folder {path}: check the path (the commands are {', '.join(COMMANDS)}).")
    videos = [path for path in options.videos if path not in missing]
    if missing and not videos:
        return REFUSED
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if sys.platform.startswith("linux") and not platform and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        refuse("There is no display to open a window on: use 'main.py analyze VIDEO --out DIR --format json,html' instead.")
        return REFUSED
    from gui.app import run as run_window

    status: int = run_window(videos, options.frame, options.safe_mode)
    return status or (REFUSED if missing else 0)


def _frame(text: str) -> int:
    frame = int(text)
    if frame < 0:
        raise argparse.ArgumentTypeError("frames count from 0")
    return frame
