"""How main.py doctor tells what it finds."""

from __future__ import annotations


class Findings:
    """Prints each finding; remembers whether one of them stops the default path."""

    def __init__(self) -> None:
        self.broken = False

    def ok(self, what: str, text: str) -> None:
        print(f"  ok       {what}: {text}")

    def note(self, what: str, text: str) -> None:
        print(f"  missing  {what}: {text}")

    def wrong(self, what: str, text: str) -> None:
        """It is there but cannot be used; the default path does without."""
        print(f"  wrong    {what}: {text}")

    def more(self, text: str) -> None:
        """Belongs to the finding above."""
        print(f"           {text}")

    def bad(self, what: str, text: str) -> None:
        self.broken = True
        print(f"  BROKEN   {what}: {text}")
