"""Exit statuses and what is said on stderr."""

from __future__ import annotations

import sys

DONE, REFUSED, USAGE, INTERNAL, CANCELLED = 0, 1, 2, 3, 130


def refuse(sentence: str) -> None:
    """One line on stderr: why, and what to do."""
    print(" ".join(sentence.split()), file=sys.stderr, flush=True)
