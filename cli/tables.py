"""Tables for the terminal and for CSV files."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Rows of cells below column names. A cell that is not known is None or NaN."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    digits: int = 4


def show(table: Table) -> None:
    """Print the table, numbers to the right, unknown ones as a dash."""
    texts = [[_text(cell, table.digits) for cell in row] for row in table.rows]
    widths = [max(map(len, [name, *(row[i] for row in texts)])) for i, name in enumerate(table.columns)]
    right = [all(not isinstance(row[i], str) for row in table.rows) for i in range(len(table.columns))]
    print(table.title)
    for row in [list(table.columns), *texts]:
        cells = [cell.rjust(width) if is_right else cell.ljust(width) for cell, width, is_right in zip(row, widths, right, strict=True)]
        print(f"  {'  '.join(cells)}".rstrip())
    print()


def csv_text(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV, numbers in full; unknown ones are empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if _unknown(cell) else cell for cell in row] for row in rows])
    return text.getvalue()


def _text(cell: Cell, digits: int) -> str:
    if _unknown(cell):
        return "-"
    return f"{cell:.{digits}f}" if isinstance(cell, float) else str(cell)


def _unknown(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))
