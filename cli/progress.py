"""Progress on stderr: a bar on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import Any

from core.events import Progress

_QUARTERS = 4


class ProgressLine:
    """What is going on with `total` videos; any number of them at once."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._told: dict[int, tuple[str, int]] = {}
        self._bar: Any = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(file=sys.stderr, leave=False, dynamic_ncols=True, bar_format="{desc} {percentage:3.0f}% |{bar}| {postfix}")

    def show(self, number: int, name: str, event: Progress) -> None:
        """The progress of the video with this number, counted from 1."""
        head = f"[{number}/{self._total}] {name}: {event.stage}"
        left = f"{event.remaining:.0f} s left" if event.remaining is not None and event.done else ""
        if self._bar is not None:
            self._bar.total, self._bar.n = max(event.total, 1), event.done
            self._bar.set_description_str(head, refresh=False)
            self._bar.set_postfix_str(left)
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
