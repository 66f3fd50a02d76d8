"""Checkpoints of a run: whole, of the same run, and never code."""

import pickle
from pathlib import Path

import pytest
import torch

from core.training.checkpoint import load_checkpoint, save_checkpoint
from core.training.errors import DatasetError


def test_that_a_checkpoint_comes_back_and_none_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.checkpoint"
    assert load_checkpoint(path, "mark") is None
    save_checkpoint(path, {"encoder": {"w": torch.arange(3.0)}, "history": [{"epoch": 1}]}, "mark")
    found = load_checkpoint(path, "mark")
    assert found is not None
    assert found["encoder"]["w"].tolist() == [0, 1, 2]
    assert found["history"] == [{"epoch": 1}]
    assert [file.name for file in tmp_path.iterdir()] == ["a.checkpoint"]


def test_that_the_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.checkpoint"
    save_checkpoint(path, {}, "mark")
    with pytest.raises(DatasetError, match="other settings or other clips"):
        load_checkpoint(path, "another")


def test_that_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.checkpoint"
    save_checkpoint(path, {"w": torch.zeros(1000)}, "mark")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DatasetError, match="damaged, cut short"):
        load_checkpoint(path, "mark")


class _Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code ran')",)


def test_that_code_in_a_checkpoint_never_runs(tmp_path: Path) -> None:
    path = tmp_path / "a.checkpoint"
    path.write_bytes(pickle.dumps({"format": 1, "w": _Code()}))
    with pytest.raises(DatasetError, match="damaged, cut short or not one of Telltale's"):
        load_checkpoint(path, "mark")
