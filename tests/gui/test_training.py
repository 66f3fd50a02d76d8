"""The window shows a training run that goes on elsewhere."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from core.training.log import EpochLosses, write_log
from gui import theme
from gui.views.training import TrainingDialog
from gui.views.training_plot import EpochPlot
from gui.window import MainWindow


def entry(epoch: int, epochs: int = 4) -> EpochLosses:
    return EpochLosses(epoch, epochs, 7 * epoch, 120, 9.0 / epoch, 4.0 / epoch, 0.3, 0.2, 0.1, 10.0 / epoch, 0.25 * epoch, 3e-4, 10.0)


HISTORY = tuple(entry(epoch) for epoch in range(1, 5))
Watch = Callable[..., TrainingDialog]


@pytest.fixture
def watch(qtbot: QtBot) -> Watch:
    """A function that shows a dialog on a log; `late` seconds have gone by since the log was written."""

    def show(log: Path, late: float = 4.0) -> TrainingDialog:
        dialog = TrainingDialog(log, now=lambda: (log.stat().st_mtime if log.exists() else 0) + late)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return show


def plots(dialog: TrainingDialog) -> tuple[EpochPlot, ...]:
    return dialog.loss, dialog.nmi, dialog.contrast, dialog.distortions


def curves(dialog: TrainingDialog) -> dict[str, list[float]]:
    return {curve.name: plot.values(curve) for plot in plots(dialog) for curve in plot.shown}


def test_that_the_curves_grow_while_the_run_goes_on(qtbot: QtBot, watch: Watch, tmp_path: Path) -> None:
    log = tmp_path / "mine.losses.csv"
    dialog = watch(log)
    assert dialog.state.text() == "There is no mine.losses.csv yet: it appears when the training has read its clips."
    write_log(log, ())
    dialog.look()
    assert dialog.state.text() == "The first epoch is under way; the curves begin when it has ended."
    write_log(log, HISTORY[:2])
    # Nobody asks for it now: the dialog looks by itself.
    qtbot.waitUntil(lambda: len(dialog.run.history) == 2)
    assert dialog.state.text() == "Epoch 2 of 4 has ended · 10 s an epoch · about 16 s left"
    assert (dialog.bar.value(), dialog.bar.maximum()) == (2, 4)
    assert curves(dialog) == {
        "training": [9.0, 4.5], "held out": [10.0, 5.0], "NMI": [0.25, 0.5], "contrast": [4.0, 2.0],
        "shuffle": [0.3, 0.3], "reverse": [0.2, 0.2], "static": [0.1, 0.1],
    }  # fmt: skip


def test_that_the_plots_reach_to_the_last_epoch_from_the_first_on(watch: Watch, tmp_path: Path) -> None:
    log = tmp_path / "mine.losses.csv"
    write_log(log, [entry(1, epochs=30)])
    dialog = watch(log)
    for plot in plots(dialog):
        left, right = plot._plot.viewRange()[0]
        assert left <= 1 and 30 <= right < 32


def test_that_a_finished_run_says_what_came_of_it(watch: Watch, tmp_path: Path) -> None:
    log = tmp_path / "mine.losses.csv"
    history = [*HISTORY[:2], replace(HISTORY[2], held_out=1.5), HISTORY[3]]
    write_log(log, history)
    dialog = watch(log, late=500)
    assert dialog.state.text() == "Epoch 4 of 4 has ended; the manifold is being measured."
    assert not dialog.outcome.isVisible()
    content = {"manifold": "mine.manifold", "held_out_loss": 2.5, "nmi": 0.8, "window_accuracy": 0.75}
    (tmp_path / "mine.report.json").write_text(json.dumps(content))
    dialog.look()
    noon = 1_700_000_000
    os.utime(log, (noon, noon))
    dialog.look()
    when = datetime.fromtimestamp(noon).isoformat(sep=" ", timespec="minutes")
    assert dialog.state.text() == f"Finished on {when}, after 4 epochs and 40 s."
    assert dialog.outcome.text() == (
        "Held-out loss 2.500 (lowest 1.500 after epoch 3), NMI 0.800; the nearest centroid is the right one for 75% of the held-out "
        "windows. mine.manifold is written."
    )


def test_that_a_run_that_says_nothing_more_is_a_matter_of_concern(watch: Watch, tmp_path: Path) -> None:
    log = tmp_path / "mine.losses.csv"
    write_log(log, HISTORY[:1])
    dialog = watch(log, late=3600)
    assert dialog.state.text().startswith("Epoch 1 of 4 ended 1 h 0 min ago, and nothing has come since")
    assert dialog.state.objectName() == "caution"
    write_log(log, HISTORY[:2])
    dialog._now = lambda: log.stat().st_mtime
    dialog.look()
    assert dialog.state.objectName() == ""


def test_that_terms_that_were_dropped_are_not_drawn_and_others_are_even_at_zero(watch: Watch, tmp_path: Path) -> None:
    log = tmp_path / "mine.losses.csv"
    write_log(log, [replace(entry(epoch), tcl=0.0, reverse=0.0, nmi=0.0) for epoch in (1, 2)])
    dialog = watch(log)
    assert curves(dialog).keys() == {"training", "held out", "NMI", "shuffle", "static"}


@pytest.mark.parametrize("colors", theme.THEMES, ids=lambda colors: colors.name)
def test_that_curves_differ_in_dashes_and_can_be_told_from_the_ground(colors: theme.Theme, watch: Watch, tmp_path: Path) -> None:
    log = tmp_path / "mine.losses.csv"
    write_log(log, HISTORY)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    dialog = watch(log)
    try:
        theme.apply(app, colors)
        for plot in plots(dialog):
            pens = [plot.pen_of(curve) for curve in plot.shown]
            assert len({pen.style() for pen in pens}) == len({pen.color().name() for pen in pens}) == len(pens)
            assert min(theme.contrast(pen.color(), colors.hex("panel")) for pen in pens) > 2.95
            assert [item.opts["pen"].color().name() for item in plot._plot.listDataItems()[::2]] == [pen.color().name() for pen in pens]
    finally:
        theme.apply(app, theme.LIGHT)


def test_that_a_damaged_log_is_said_and_the_curves_stay(watch: Watch, tmp_path: Path) -> None:
    log = tmp_path / "mine.losses.csv"
    write_log(log, HISTORY)
    dialog = watch(log)
    log.write_text("epoch,loss\n1,2\n")
    dialog.look()
    assert "is no log of a training" in dialog.state.text()
    assert len(curves(dialog)["training"]) == 4


def choose(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_arguments: (str(path), ""))


def test_that_the_menu_opens_the_log_beside_a_manifold(
    qtbot: QtBot, empty_window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(tmp_path / "mine.losses.csv", HISTORY[:3])
    choose(monkeypatch, tmp_path / "mine.manifold")
    empty_window.actions_by_id["watch_training"].trigger()
    (dialog,) = empty_window.findChildren(TrainingDialog)
    assert dialog.isVisible() and not dialog.isModal()
    assert len(dialog.run.history) == 3
    with qtbot.waitSignal(dialog.destroyed):
        dialog.close()


def test_that_the_menu_refuses_a_file_that_is_no_log(empty_window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prices.csv").write_text("a,b\n1,2\n")
    choose(monkeypatch, tmp_path / "prices.csv")
    empty_window.actions_by_id["watch_training"].trigger()
    assert empty_window.findChildren(TrainingDialog) == []
    assert "prices.csv is no log of a training" in empty_window.banner.words.text()
