"""A training run as it goes on: its losses, epoch by epoch, read from the log that `main.py train` writes beside the manifold."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from core.timebase import duration_text
from core.training.errors import DatasetError
from core.training.log import RunLog, read_run
from gui.views.base import Panel
from gui.views.training_plot import Curve, EpochPlot

POLL_MS = 1000  # files on a network drive tell nobody that they have changed, so that they are asked
_LINES = Qt.PenStyle
_LOSS = (Curve("loss", "training", 0, _LINES.SolidLine), Curve("held_out", "held out", 1, _LINES.DashLine))
_CONTRAST = (Curve("tcl", "contrast", 2, _LINES.SolidLine, droppable=True),)
_DISTORTIONS = (
    Curve("shuffle", "shuffle", 6, _LINES.SolidLine, droppable=True),
    Curve("reverse", "reverse", 1, _LINES.DashLine, droppable=True),
    Curve("static", "static", 5, _LINES.DotLine, droppable=True),
)
_NMI = (Curve("nmi", "NMI", 7, _LINES.SolidLine),)


class TrainingDialog(QDialog):
    """Watches one log until it is closed; beside the window, which stays usable."""

    def __init__(self, log: Path, parent: QWidget | None = None, now: Callable[[], float] = time.time) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Training – {log.name}")
        self.resize(1040, 680)
        self.log, self._now = log, now
        self.run = RunLog((), None, None)
        self.name, self.state, self.outcome = QLabel(log.name), QLabel(), QLabel()
        self.loss, self.nmi = EpochPlot(_LOSS), EpochPlot(_NMI, top=1.0)
        self.contrast, self.distortions = EpochPlot(_CONTRAST), EpochPlot(_DISTORTIONS)
        self.bar = QProgressBar()
        self._arrange()
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self.look()

    def _arrange(self) -> None:
        self.name.setObjectName("heading")
        self.name.setToolTip(str(self.log))
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, self.name.sizePolicy().verticalPolicy())
        self.bar.setTextVisible(False)
        for label in (self.name, self.state, self.outcome):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(label is not self.name)
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(8)
        for widget in (self.name, self.state, self.bar):
            layout.addWidget(widget)
        plots = QGridLayout()
        plots.setSpacing(8)
        plots.addWidget(Panel("Loss", self.loss, "weighted sum, lower is better"), 0, 0)
        plots.addWidget(Panel("NMI of held-out windows", self.nmi, "1: the clusters are the classes"), 0, 1)
        plots.addWidget(Panel("Contrast of the classes", self.contrast, "a term of the training loss"), 1, 0)
        plots.addWidget(Panel("Distorted motion against the real one", self.distortions, "terms of the training loss"), 1, 1)
        layout.addLayout(plots, 1)
        layout.addWidget(self.outcome)
        layout.addWidget(buttons)

    def look(self) -> None:
        """Read the log again, and say where the run stands."""
        try:
            run = read_run(self.log)
        except DatasetError as error:
            self._say(str(error), caution=True)
            return
        if run.history != self.run.history:
            for plot in (self.loss, self.nmi, self.contrast, self.distortions):
                plot.show_history(run.history)
        self.run = run
        if run.history:
            self.bar.setRange(0, run.history[-1].epochs)
        self.bar.setValue(run.history[-1].epoch if run.history else 0)
        self._say(*_state(run, self.log, self._now()))
        self.outcome.setText(_outcome(run))
        self.outcome.setVisible(run.outcome is not None)

    def _say(self, words: str, caution: bool) -> None:
        self.state.setText(words)
        name = "caution" if caution else ""
        if self.state.objectName() != name:
            self.state.setObjectName(name)
            self.state.style().polish(self.state)


def _state(run: RunLog, log: Path, now: float) -> tuple[str, bool]:
    """One line on where the run stands, and whether it is a matter of concern."""
    if run.written is None:
        return f"There is no {log.name} yet: it appears when the training has read its clips.", False
    if not run.history:
        return "The first epoch is under way; the curves begin when it has ended.", False
    last = run.history[-1]
    place = f"Epoch {last.epoch} of {last.epochs}"
    if run.outcome is not None:
        total = duration_text(sum(entry.seconds for entry in run.history))
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.written))  # an earlier run into the same files is told from one just done
        return f"Finished on {when}, after {last.epochs} epochs and {total}.", False
    if run.trained:
        return f"{place} has ended; the manifold is being measured.", False
    if run.silent(now):
        words = f"{place} ended {duration_text(now - run.written)} ago, and nothing has come since: the training may have been stopped. "
        return words + "The same command goes on from there.", True
    pace, left = duration_text(run.epoch_seconds or 0.0), duration_text(run.seconds_left(now) or 0.0)
    return f"{place} has ended · {pace} an epoch · about {left} left", False


def _outcome(run: RunLog) -> str:
    if run.outcome is None:
        return ""
    best = min(run.history, key=lambda entry: entry.held_out)
    figures = f"Held-out loss {run.outcome.held_out:.3f} (lowest {best.held_out:.3f} after epoch {best.epoch}), NMI {run.outcome.nmi:.3f}; "
    figures += f"the nearest centroid is the right one for {run.outcome.accuracy:.0%} of the held-out windows. "
    return figures + (f"{run.outcome.manifold} is written." if run.outcome.manifold else "No manifold is written.")
