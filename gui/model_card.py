"""One model on the page of models: how it fares, what it is for, whose it is and where it belongs, all of it text that can be copied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from core.user_models.checks import Finding, size_text
from core.user_models.contents import State

READY, MISSING, WRONG = "✓", "–", "✕"
_STATE_WIDTH = 130


class ModelCard(QFrame):
    """A finding as a panel."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.setObjectName("panel")
        file = finding.file
        self.setAccessibleName(file.title)
        self.state = state_label(finding.state)
        self.sentence = plain(finding.text, "" if finding.ready or finding.state == State.MISSING else "caution")
        title = plain(file.title)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        size = "" if file.size is None else f", about {size_text(file.size)}"
        serves = f" Sources: {', '.join(file.sources)}." if file.sources else ""
        place = "" if finding.state == State.MISSING else f", belongs into {file.folder}"  # else the sentence says so
        lines = (
            title,
            plain(f"{file.purpose}{serves}"),
            self.sentence,
            plain(f"{' or '.join(file.names[:2])}{size}{place}", "muted"),
            plain(f"Published by {file.publisher}", "muted"),
            plain(f"Licence: {file.licence}", "muted"),
        )
        column = QVBoxLayout()
        column.setSpacing(3)
        for line in lines:
            column.addWidget(line)
        layout = QGridLayout(self)
        layout.setContentsMargins(12, 9, 12, 10)
        layout.setColumnMinimumWidth(0, _STATE_WIDTH)
        layout.setColumnStretch(1, 1)
        layout.addWidget(self.state, 0, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(column, 0, 1)


class Statements(QWidget):
    """Lines of a state, a word and a sentence."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setColumnMinimumWidth(0, _STATE_WIDTH)
        self._layout.setColumnStretch(1, 1)
        self._layout.setVerticalSpacing(4)

    def add(self, state: State, text: str) -> None:
        row = self._layout.rowCount()
        self._layout.addWidget(state_label(state), row, 0, Qt.AlignmentFlag.AlignTop)
        self._layout.addWidget(plain(text), row, 1)


def state_label(state: State) -> QLabel:
    """A symbol and a word, so that the colour need not be seen."""
    symbols = {State.READY: READY, State.MISSING: MISSING}
    names = {State.READY: "", State.MISSING: "muted"}
    return plain(f"{symbols.get(state, WRONG)}  {state.value}", names.get(state, "caution"))


def plain(text: str, name: str = "") -> QLabel:
    """Text that wraps, can be selected, and is never taken for markup; `name` is that of a style of the theme."""
    label = QLabel(text)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
    return label
