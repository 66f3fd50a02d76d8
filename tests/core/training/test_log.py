"""The log of a training: read while it grows, and what it says of the run."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.training.errors import DatasetError
from core.training.log import EpochLosses, RunLog, log_beside, read_log, read_run, write_log


def entry(epoch: int, epochs: int = 4, seconds: float = 10.0) -> EpochLosses:
    return EpochLosses(epoch, epochs, 7 * epoch, 120, 9.0 / epoch, 0.1 + 0.2, 0.2, 0.1, 0.0, 10.0 / epoch, 0.25 * epoch, 3e-4, seconds)


HISTORY = tuple(entry(epoch) for epoch in range(1, 5))


def report(folder: Path, held_out: float, manifold: str | None = "mine.manifold") -> None:
    content = {"manifold": manifold, "held_out_loss": held_out, "nmi": 0.8, "window_accuracy": 0.75}
    (folder / "mine.report.json").write_text(json.dumps(content))


def test_that_a_log_reads_back_to_the_last_digit(tmp_path: Path) -> None:
    path = tmp_path / "mine.losses.csv"
    write_log(path, HISTORY)
    assert read_log(path) == HISTORY


def test_that_a_last_line_that_is_still_being_written_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "mine.losses.csv"
    write_log(path, HISTORY)
    content = path.read_bytes()
    # Cut anywhere in the last line, even where all of its cells seem to be there.
    for missing in (1, 2, 30):
        path.write_bytes(content[:-missing])
        assert read_log(path) == HISTORY[:3]


def test_that_a_log_without_an_epoch_is_that_of_a_run_that_has_begun(tmp_path: Path) -> None:
    path = tmp_path / "mine.losses.csv"
    write_log(path, ())
    run = read_run(path)
    assert (run.history, run.written) == ((), path.stat().st_mtime)
    assert run.seconds_left(1e12) is None and not run.silent(1e12)


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\xff\xfe\x00x\n", b'"' + b"x" * 200_000 + b'"\n', b"\n"])
def test_that_another_file_is_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"^prices\.csv is no log of a training of this version: choose the \.losses\.csv"):
        read_run(path)


def test_that_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.losses.csv"
    write_log(path, HISTORY)
    lines = path.read_text().splitlines(keepends=True)
    for wrong in ("1,2,3\n", lines[2].replace("2,4,14", "two,4,14")):
        path.write_text("".join([*lines[:2], wrong, *lines[3:]]))
        with pytest.raises(DatasetError, match="damaged in line 3"):
            read_log(path)


def test_that_a_run_without_a_log_has_not_begun(tmp_path: Path) -> None:
    assert read_run(tmp_path / "mine.losses.csv") == RunLog((), None, None)


def test_that_only_the_report_of_this_run_is_its_outcome(tmp_path: Path) -> None:
    path = tmp_path / "mine.losses.csv"
    write_log(path, HISTORY)
    assert read_run(path).outcome is None
    report(tmp_path, held_out=1.25)  # of an earlier run
    assert read_run(path).outcome is None
    report(tmp_path, held_out=HISTORY[-1].held_out)
    outcome = read_run(path).outcome
    assert outcome is not None
    assert (outcome.held_out, outcome.nmi, outcome.accuracy, outcome.manifold) == (2.5, 0.8, 0.75, "mine.manifold")
    write_log(path, HISTORY[:3])
    report(tmp_path, held_out=HISTORY[2].held_out)
    assert read_run(path).outcome is None
    (tmp_path / "mine.report.json").write_text("{")
    assert read_run(path).outcome is None


def test_that_the_time_left_is_that_of_the_latest_epochs() -> None:
    slow = tuple(replace(entry(epoch, epochs=10), seconds=seconds) for epoch, seconds in enumerate((90, 10, 12, 11, 10, 30), start=1))
    run = RunLog(slow, written=1000.0, outcome=None)
    assert run.epoch_seconds == 11
    # Four epochs are left; 5 seconds of the first are over, or more than all of it.
    assert run.seconds_left(1005.0) == 6 + 3 * 11
    assert run.seconds_left(1030.0) == 3 * 11
    assert RunLog(HISTORY, 1000.0, None).seconds_left(1000.0) == 0


def test_that_a_run_is_silent_when_epochs_are_overdue_and_not_before() -> None:
    long = RunLog(tuple(entry(epoch, seconds=100.0) for epoch in (1, 2)), 1000.0, None)
    assert (long.silent(1300.0), long.silent(1301.0)) == (False, True)
    short = RunLog(HISTORY[:2], 1000.0, None)
    assert (short.silent(1060.0), short.silent(1061.0)) == (False, True)
    assert not RunLog(HISTORY, 1000.0, None).silent(1e9)


def test_that_the_manifold_to_be_names_its_log() -> None:
    assert log_beside(Path("a/mine.v2.manifold")) == Path("a/mine.v2.losses.csv")
    assert log_beside(Path("a/other.csv")) == Path("a/other.csv")
