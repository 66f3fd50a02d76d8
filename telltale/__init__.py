"""The installed launcher: the packages `core`, `render`, `gui` and `cli` lie inside this folder and are imported by these names."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main() -> int:
    from cli import main as run

    return run()
