"""The losses of a run, epoch by epoch, as a CSV that the window shows while the run goes on and that other programs plot."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import median

from core.files import write_atomically
from core.training.errors import DatasetError

LOG_SUFFIX, REPORT_SUFFIX = ".losses.csv", ".report.json"
_MOST_BYTES = 1 << 24  # of a log; what is larger is none
_LATEST = 5  # epochs whose typical duration tells the time that is left
_PATIENCE, _LEAST_PATIENCE = 3, 60.0  # epochs and seconds without news that worry nobody


@dataclass(frozen=True)
class EpochLosses:
    """Means over the batches of one epoch; `loss` is the weighted sum, the terms stand unweighted, a dropped one is 0.

    epoch counts from 1 to `epochs`, `steps` from the beginning of the run; `windows` took part. `held_out` is the loss on held-out windows,
    `nmi` compares k-means on their embeddings with the classes.
    """

    epoch: int
    epochs: int
    steps: int
    windows: int
    loss: float
    tcl: float
    shuffle: float
    reverse: float
    static: float
    held_out: float
    nmi: float
    learning_rate: float
    seconds: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """What a finished run says of itself in its report. accuracy: share of held-out windows nearest to their own centroid; manifold: the
    file's name, None when the run wrote none."""

    held_out: float
    nmi: float
    accuracy: float
    manifold: str | None


@dataclass(frozen=True)
class RunLog:
    """What is known of a run. written: when the log changed last (seconds since 1970), None when there is none yet."""

    history: tuple[EpochLosses, ...]
    written: float | None
    outcome: Outcome | None

    @property
    def trained(self) -> bool:
        """Whether the last epoch has ended; what follows is measuring the manifold."""
        return bool(self.history) and self.history[-1].epoch == self.history[-1].epochs

    @property
    def epoch_seconds(self) -> float | None:
        """How long an epoch lasts of late; None before the first has ended."""
        return median(entry.seconds for entry in self.history[-_LATEST:]) if self.history else None

    def seconds_left(self, now: float) -> float | None:
        """Until the last epoch ends; None before the first has ended."""
        if self.epoch_seconds is None or self.written is None:
            return None
        left = self.history[-1].epochs - self.history[-1].epoch
        # An epoch that lasts longer than expected still has to end.
        under_way = max(self.epoch_seconds - max(now - self.written, 0), 0) if left else 0
        return under_way + max(left - 1, 0) * self.epoch_seconds

    def silent(self, now: float) -> bool:
        """Whether the next epoch is overdue by so much that the run may have been stopped."""
        if self.epoch_seconds is None or self.written is None or self.trained:
            return False
        return now - self.written > max(_PATIENCE * self.epoch_seconds, _LEAST_PATIENCE)


def log_of(manifold: Path) -> Path:
    """Where the losses of the run lie that makes this manifold."""
    return manifold.with_name(f"{manifold.stem}{LOG_SUFFIX}")


def report_of(manifold: Path) -> Path:
    """Where the report of the run lies that makes this manifold."""
    return manifold.with_name(f"{manifold.stem}{REPORT_SUFFIX}")


def log_beside(path: Path) -> Path:
    """The log that a person means who names it, or the manifold to be."""
    return log_of(path) if path.suffix.lower() == ".manifold" else path


def write_log(path: Path, history: Sequence[EpochLosses]) -> None:
    """Raises OSError; the file that was there stays then."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(entry.as_dict() for entry in history)
    write_atomically(path, text.getvalue().encode())


def read_log(path: Path) -> tuple[EpochLosses, ...]:
    """The epochs of a log. A last line that is not written to its end, as in a copy being made, is skipped.

    Raises DatasetError when it is no log of a training, OSError when it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES)
    try:
        lines = content.decode("utf-8").splitlines(keepends=True)
        if lines and not lines[-1].endswith("\n"):
            del lines[-1]
        header, *rows = csv.reader(lines) if lines else [_COLUMNS]
    except (UnicodeDecodeError, csv.Error):
        header, rows = [], []
    if header != _COLUMNS:
        raise DatasetError(f"{path.name} is no log of a training of this version: choose the {LOG_SUFFIX} beside a manifold.")
    history = []
    for number, row in enumerate(rows, 2):
        try:
            history.append(EpochLosses(*(kind(cell) for kind, cell in zip(_KINDS, row, strict=True))))
        except ValueError as error:
            raise DatasetError(f"{path.name} is damaged in line {number}: it is written anew after the next epoch.") from error
    return tuple(history)


def read_run(log: Path) -> RunLog:
    """What a log and the report beside it say now; a report of an earlier run into the same files does not count.

    Raises DatasetError when the log is none, or is there and cannot be read.
    """
    try:
        written = log.stat().st_mtime
        history = read_log(log)
    except FileNotFoundError:
        return RunLog((), None, None)
    except OSError as error:
        raise DatasetError(f"{log.name} cannot be read ({error.strerror or error}): check the path.") from error
    outcome = _outcome(log.with_name(f"{log.name.removesuffix(LOG_SUFFIX)}{REPORT_SUFFIX}"))
    run = RunLog(history, written, outcome)
    mine = outcome is not None and run.trained and outcome.held_out == history[-1].held_out
    return run if mine else replace(run, outcome=None)


def _outcome(report: Path) -> Outcome | None:
    """None while the run has not written one."""
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
        manifold = content["manifold"]
        held_out, nmi, accuracy = (float(content[name]) for name in ("held_out_loss", "nmi", "window_accuracy"))
        return Outcome(held_out, nmi, accuracy, None if manifold is None else str(manifold))
    except (OSError, ValueError, KeyError, TypeError):
        return None


_COLUMNS = [field.name for field in fields(EpochLosses)]
_KINDS = [{"int": int, "float": float}[str(field.type)] for field in fields(EpochLosses)]
