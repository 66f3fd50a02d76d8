"""A sentence across the top of the window that stops nobody: what went wrong and what to do, or what was done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget


class Banner(QFrame):
    """Hidden until there is something to say; the next sentence takes the place of the last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._mark = QLabel()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setTextFormat(Qt.TextFormat.PlainText)  # sentences name files, and files are named by anybody
        self._action = QPushButton()
        self._close = QToolButton()
        self._close.setText("✕")
        self._close.setToolTip("Hide this message")
        self._close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(10)
        layout.addWidget(self._mark)
        layout.addWidget(self.words, 1)
        layout.addWidget(self._action)
        layout.addWidget(self._close)
        self._run: Callable[[], object] | None = None
        self._action.clicked.connect(self._on_action)
        self.hide()

    def problem(self, sentence: str) -> None:
        """Something went wrong."""
        self._show("problem", "⚠", sentence, "", None)

    def done(self, sentence: str, label: str = "", action: Callable[[], object] | None = None) -> None:
        """Something was done; a button may lead on."""
        self._show("done", "✓", sentence, label, action)

    def _show(self, kind: str, mark: str, sentence: str, label: str, action: Callable[[], object] | None) -> None:
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self._mark.setText(mark)
        self.words.setText(sentence)
        self._action.setText(label)
        self._action.setVisible(action is not None)
        self._run = action
        self.show()

    def _on_action(self) -> None:
        if self._run is not None:
            self._run()
