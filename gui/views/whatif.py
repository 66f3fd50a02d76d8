"""What would become of the scores and the events if some frames were dropped, held or interpolated; hidden until that is known."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from core.analysis import Analysis, Glitch
from core.edited_track import Edit, EditKind
from core.limits import OUTSIDE
from core.whatif import Fate, WhatIf
from gui.views.base import View
from gui.words import class_text, frames_text

_DONE = {EditKind.DROP: "dropped", EditKind.HOLD: "held", EditKind.INTERPOLATE: "interpolated"}


class WhatIfStrip(View):
    """Three lines: the question, both scores before and after, what becomes of the events; and a button to forget it."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question, self.scores, self.events, self.notes = QLabel(), QLabel(), QLabel(), QLabel()
        self.question.setObjectName("question")
        self.scores.setToolTip("Scores are distances: lower is better. Less motion lowers temporal coherence too.")
        self.notes.setObjectName("muted")
        self.close_button = QToolButton()
        self.close_button.setText("✕")
        self.close_button.setToolTip("Forget the what-if")
        self.close_button.clicked.connect(self.closed)
        row = QHBoxLayout()
        row.addWidget(self.question, 1)
        row.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(1)
        layout.addLayout(row)
        for label in (self.scores, self.events, self.notes):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            layout.addWidget(label)
        self.hide()

    def refresh(self, analysis: Analysis | None) -> None:
        """Unlike other views this one shows and hides itself."""
        self.show_analysis(analysis)

    def show_frame(self, frame: int) -> None:
        """Nothing here depends on the cursor."""

    def show_analysis(self, analysis: Analysis | None) -> None:
        what_if = self.session.what_if if self.session else None
        if what_if is not None:
            self.question.setText(question(what_if.edit))
            self.scores.setText(scores_text(what_if))
            self.events.setText(events_text(what_if))
            self.notes.setText(" ".join(what_if.notes))
            self.notes.setVisible(bool(what_if.notes))
        self.setVisible(what_if is not None)


def question(edit: Edit) -> str:
    """The edit as a question: `What if frames 193–196 were interpolated?`"""
    were = "was" if edit.stop - edit.start == 1 else "were"
    return f"What if {frames_text(range(edit.start, edit.stop))} {were} {_DONE[edit.kind]}?"


def scores_text(what_if: WhatIf) -> str:
    """Both scores and the motion amount, before and after; or why there are none. Outside the manifold no action is named."""
    before, after = what_if.before.scores, what_if.after.scores
    if before.temporal_coherence is None or after.temporal_coherence is None:
        return after.reason or before.reason or ""
    parts = [f"Temporal coherence {_change(before.temporal_coherence, after.temporal_coherence)}"]
    name = what_if.action or before.nearest_class
    if before.outside or after.outside:
        when = "before and after" if before.outside and after.outside else "before" if before.outside else "after"
        parts.append(f"action consistency – ({OUTSIDE[:1].lower()}{OUTSIDE[1:]}, {when})")
    elif name is not None:
        consistency = _change(before.action_consistency.get(name), after.action_consistency.get(name))
        parts.append(f"action consistency ({class_text(name)}) {consistency}")
    parts.append(f"motion amount {_change(before.motion_amount, after.motion_amount, 2)}")
    return "  ·  ".join(parts)


def events_text(what_if: WhatIf) -> str:
    """The events by what becomes of them, each with a sign, and with the frames of the clip as it is."""
    parts = []
    for fate, word in ((Fate.VANISHES, "− Vanishes"), (Fate.APPEARS, "+ Appears"), (Fate.STAYS, "= Stays")):
        names = [
            f"{_kind(change.before or change.after)} ({frames_text(range(change.start, change.stop))})"
            for change in what_if.events
            if change.fate is fate
        ]
        if names:
            parts.append(f"{word}: {', '.join(names)}.")
    return "    ".join(parts) or "No event, neither before nor after."


def _kind(glitch: Glitch | None) -> str:
    return glitch.kind.replace("_", " ") if glitch else ""


def _change(before: float | None, after: float | None, digits: int = 3) -> str:
    texts = ["–" if value is None else f"{value:.{digits}f}" for value in (before, after)]
    if before is None or after is None:
        return " → ".join(texts)
    # The difference of what is shown, so that the line adds up.
    difference = float(texts[1]) - float(texts[0])
    sign = "±" if round(difference, digits) == 0 else "+" if difference > 0 else "−"
    return f"{' → '.join(texts)} ({sign}{abs(difference):.{digits}f})"
