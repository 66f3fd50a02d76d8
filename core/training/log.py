"""The losses of a run, epoch by epoch, as a CSV that other programs plot."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from core.files import write_atomically


@dataclass(frozen=True)
class EpochLosses:
    """Means over the batches of one epoch; `loss` is the weighted sum, the terms stand unweighted, a dropped one is 0.

    epoch counts from 1, `steps` from the beginning of the run; `windows` took part; `held_out` is the loss on held-out windows.
    """

    epoch: int
    steps: int
    windows: int
    loss: float
    tcl: float
    shuffle: float
    reverse: float
    static: float
    held_out: float
    learning_rate: float
    seconds: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def write_log(path: Path, history: Sequence[EpochLosses]) -> None:
    """Raises OSError; the file that was there stays then."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(EpochLosses)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(entry.as_dict() for entry in history)
    write_atomically(path, text.getvalue().encode())
