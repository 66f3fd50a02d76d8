"""The log of Telltale: one file for the window, the command line and the worker, in the person's state folder."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from platformdirs import user_log_dir

LOGGER = logging.getLogger("telltale")
_BYTES = 1_000_000


class _OurFile(RotatingFileHandler):
    """The log file; a type of its own, so that `start_logging` finds what it has opened before."""


def log_file() -> Path:
    """Where the log lies (XDG_STATE_HOME)."""
    return Path(user_log_dir("telltale")) / "telltale.log"


def start_logging() -> None:
    """Send what the program logs to the log file; calling it again changes nothing. Where no file can be written, nothing is kept."""
    path, root = log_file(), logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _OurFile)]:
        if Path(handler.baseFilename) == path.absolute():
            return
        root.removeHandler(handler)
        handler.close()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ours = _OurFile(path, maxBytes=_BYTES, backupCount=2, encoding="utf-8", delay=True)
    except OSError:
        return
    ours.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    root.addHandler(ours)
    LOGGER.setLevel(logging.INFO)


def internal_failure(path: Path) -> str:
    """The sentence for a fault of ours."""
    return f"An internal error stopped the analysis of {path.name}: the details are in {log_file()}, please report them."


def output_file() -> Path:
    """Where the words of native libraries in a worker go, and the traces of a crash."""
    return log_file().with_name("worker.log")


def capture_output() -> None:
    """Send what this process and its libraries print to `output_file()`, so that no terminal is spoilt and a crash leaves its trace."""
    path = output_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        small = path.exists() and path.stat().st_size < _BYTES
        target = os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_APPEND if small else os.O_TRUNC), 0o600)
    except OSError:
        target = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    faulthandler.enable()
