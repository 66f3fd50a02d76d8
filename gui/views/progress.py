"""How far the analysis is, how long it will take, and a way to stop it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from core.events import Answered, Cancelled, Event, Failed, Finished, Partial, Progress, Started


class ProgressStrip(QWidget):
    """The status area: shows a job's events and asks for its end."""

    cancel = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel()
        self.bar = QProgressBar()
        self.bar.setFixedWidth(220)
        self.bar.setTextVisible(False)
        self._remark = QLabel()
        self._remark.setObjectName("muted")
        self.button = QPushButton("Cancel")
        self.button.setToolTip("Stop the analysis  (Escape)")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self.cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 4)
        layout.setSpacing(10)
        for widget in (self.bar, self.words, self.button):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(self._remark)
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.timeout.connect(self._remark.clear)
        self._stages: tuple[str, ...] = ()
        self._failed = self._cancelled = ""
        self._stopping = False
        self.idle("")

    def idle(self, words: str) -> None:
        """No analysis runs; `words` says how the last one ended."""
        self._stopping = False
        self.words.setText(words)
        self.bar.hide()
        self.button.hide()

    def begin(
        self, words: str, failed: str = "The analysis failed.", cancelled: str = "Analysis cancelled. Ctrl+R starts it again."
    ) -> None:
        """A job has been asked for and has not spoken yet; `failed` and `cancelled` are said when it ends so."""
        self._stopping = False
        self._failed, self._cancelled = failed, cancelled
        self.words.setText(words)
        self.bar.setRange(0, 0)
        self.bar.show()
        self.button.setEnabled(True)
        self.button.show()

    def stop(self) -> None:
        """Answer a cancel at once."""
        self._stopping = True
        self.words.setText("stopping ...")
        self.bar.setRange(0, 0)
        self.button.setEnabled(False)

    def remark(self, words: str) -> None:
        """A passing word at the right end."""
        self._remark.setText(words)
        self._fade.start(4000)

    def show_event(self, event: Event) -> None:
        if isinstance(event, Started):
            self._stages = event.stages
        elif isinstance(event, Progress) and not self._stopping:
            self._show_progress(event)
        elif isinstance(event, Finished):
            seconds = sum(event.analysis.timings.values())
            self.idle(f"Analysis finished in {seconds:.1f} s.")
        elif isinstance(event, Answered):
            self.idle("")
        elif isinstance(event, Failed):
            self.idle(self._failed)
        elif isinstance(event, Cancelled):
            self.idle(self._cancelled)
        elif isinstance(event, Partial):
            pass  # the views show it

    def _show_progress(self, event: Progress) -> None:
        self.bar.setRange(0, max(event.total, 0))
        self.bar.setValue(event.done)
        place = f" ({self._stages.index(event.stage) + 1} of {len(self._stages)})" if event.stage in self._stages else ""
        left = f", {remaining_text(event.remaining)} left" if event.remaining is not None else ""
        count = f": {event.done} of {event.total}" if event.total > 1 else ""
        self.words.setText(f"{event.stage.capitalize()}{place}{count}{left}")


def remaining_text(seconds: float) -> str:
    """A duration as people say it: `under 5 s`, `40 s`, `3 min`."""
    if seconds < 5:
        return "under 5 s"
    if seconds < 90:
        return f"about {round(seconds / 5) * 5} s"
    return f"about {round(seconds / 60)} min"
