"""Where results go: the terminal, a CSV file, a figure; and how clips of two files are brought together."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cli.tables import Table, csv_text, show
from core.evaluation.clip_names import Matching, match_names, match_slots
from core.files import write_atomically


def give(options: argparse.Namespace, tables: Iterable[Table], columns: Sequence[str], rows: Sequence[Sequence[Any]], drawing: Any) -> None:
    """Write CSV (tidy: one value a row's cell) and figure if asked, and show the tables. `drawing` makes a render.drawing.Drawing.

    The files come first: whoever reads the tables may stop reading.
    """
    written = []
    if options.csv is not None:
        _write(options.csv, csv_text(columns, rows))
        written.append(options.csv)
    if options.figure is not None:
        from render.drawing import write_figure

        options.figure.parent.mkdir(parents=True, exist_ok=True)
        write_figure(options.figure, drawing())
        written.append(options.figure)
    for table in tables:
        show(table)
    for path in written:
        print(path)


def write_text(path: Path, text: str) -> None:
    """Write the file, which appears whole or not at all, and say where it is."""
    _write(path, text)
    print(path)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())


def matched(left: Iterable[str], right: Iterable[str], how: str) -> Matching:
    """Clips of two files by exact name, or by model, class and number. Raises EvaluationError."""
    return (match_slots if how == "slot" else match_names)(left, right)


def say_missing(matching: Matching, left: str, right: str) -> None:
    """Which clips have no partner: they are missing, nothing stands in for them."""
    for names, where, other in ((matching.left_only, left, right), (matching.right_only, right, left)):
        if names:
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            print(f"{len(names)} clips of {where} are not in {other} and take no part: {shown}")
