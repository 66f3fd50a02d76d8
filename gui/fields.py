"""Fields of forms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

T = TypeVar("T")


class PathField(QWidget):
    """A path that is typed or chosen; with `filters` a file, else a folder. Empty is None."""

    changed = Signal()

    def __init__(self, path: Path | None, placeholder: str, filters: str = "") -> None:
        super().__init__()
        self._filters = filters
        self.line = QLineEdit(str(path) if path else "")
        self.line.setPlaceholderText(placeholder)
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self.changed)
        button = QPushButton("Choose ...")
        button.setAutoDefault(False)
        button.clicked.connect(self._on_choose)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line, 1)
        layout.addWidget(button)

    @property
    def path(self) -> Path | None:
        text = self.line.text().strip()
        return Path(text).expanduser() if text else None

    def _on_choose(self) -> None:
        start = self.line.text()
        if self._filters:
            name, _ = QFileDialog.getOpenFileName(self, "Choose a file", start, self._filters)
        else:
            name = QFileDialog.getExistingDirectory(self, "Choose a folder", start)
        if name:
            self.line.setText(name)


def combo(choices: Mapping[T, str], current: T) -> QComboBox:
    """A list of texts, each with its value."""
    result = QComboBox()
    for value, text in choices.items():
        result.addItem(text, value)
    result.setCurrentIndex(max(0, result.findData(current)))
    return result
