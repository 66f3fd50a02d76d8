"""Progress on stderr: a bar on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

from core.events import Progress
from core.timebase import duration_text

_QUARTERS = 4
_FORMAT = "{desc} {percentage:3.0f}% |{bar}|"


class ProgressLine:
    """What is going on with `total` videos; any number of them at once."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._told: dict[int, tuple[str, int]] = {}
        self._bar: Any = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(file=sys.stderr, leave=False, dynamic_ncols=True, bar_format=_FORMAT)

    def show(self, number: int, name: str, event: Progress) -> None:
        """The progress of the video with this number, counted from 1."""
        head = f"[{number}/{self._total}] {name}: {event.stage}"
        left = f"{event.remaining:.0f} s left" if event.remaining is not None and event.done else ""
        if self._bar is not None:
            self._bar.total, self._bar.n = max(event.total, 1), event.done
            self._bar.set_description_str(f"{head}{', ' + left if left else ''}")
            return
        quarter = _QUARTERS * event.done // event.total if event.total else 0
        if event.stage in ("extract", "describe", "embed") and self._told.get(number, ("", -1)) != (event.stage, quarter):
            self._told[number] = (event.stage, quarter)
            count = f" {event.done} of {event.total}" if event.total else ""
            print(f"{head}{count}{', ' + left if left else ''}", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Make room for a line that somebody else prints; the next `show` draws the bar again."""
        if self._bar is not None:
            self._bar.clear()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


class StageBar:
    """What one long job is at, stage after stage, with the time that the stage still takes; nothing unless stderr is a terminal.

    Leaving its `with` takes the bar away, so that what is said next stands on a line of its own.
    """

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()
        self._bar: Any = None
        self._stage, self._begun, self._first = "", 0.0, 0

    def __enter__(self) -> StageBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, stage: str, done: int, total: int, remark: str = "") -> None:
        """`done` of `total` in this stage; the remark stands behind its name, in place of the counts."""
        if not self.shown:
            return
        now = time.monotonic()
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(file=sys.stderr, leave=False, dynamic_ncols=True, bar_format=_FORMAT, total=total, desc=stage)
        if stage != self._stage:
            self._stage, self._begun, self._first = stage, now, done
        gone = done - self._first
        left = (now - self._begun) * (total - done) / gone if gone > 0 else None
        self._bar.total, self._bar.n = max(total, 1), done
        self._bar.set_description_str(
            f"{stage} {remark or f'{done} of {total}'}" + (f", {duration_text(left)} left" if left and left >= 0.5 else "")
        )

    def clear(self) -> None:
        """Make room for lines that somebody else prints; the next `show` draws the bar again."""
        if self._bar is not None:
            self._bar.clear()
