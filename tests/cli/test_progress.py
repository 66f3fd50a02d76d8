"""The bar of a long job: on a terminal only, and out of the way of everything else that is said."""

import io
import sys

import pytest

from cli.progress import StageBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_that_a_terminal_sees_the_stage_and_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with StageBar() as bar:
        bar.show("read", 3, 9)
        bar.show("train", 4, 8, "epoch 1/2 loss 9.125")
        drawn = terminal.getvalue()
    assert "read 3 of 9  33%" in drawn
    assert "train epoch 1/2 loss 9.125  50%" in drawn
    # Leaving takes the bar away: the line is blank again and the next words begin at its left end.
    assert terminal.getvalue().rsplit("\r", 2)[1].strip() == "" and terminal.getvalue().endswith("\r")


def test_that_a_file_sees_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", file := io.StringIO())
    with StageBar() as bar:
        bar.show("read", 3, 9)
        bar.clear()
    assert file.getvalue() == ""
