"""Play, step and jump; the frame and the time of the cursor."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QIntValidator
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from core.analysis import Analysis
from core.timebase import FrameIndex, clock
from gui import icons
from gui.views.base import View

_BUTTONS = ("first", "back", "play", "forward", "last", "previous_glitch", "next_glitch")


class TransportBar(View):
    """Buttons of the same actions as the menu, and a field that takes a frame number."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._playing = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setSpacing(2)
        for name in _BUTTONS:
            layout.addWidget(_button(actions[name]))
        self.frame = QLineEdit()
        self.frame.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.frame.setValidator(QIntValidator(0, 2**31 - 1, self.frame))
        self.frame.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.frame.setToolTip("The frame at the cursor, counted from 0; type a number to go there")
        self.frame.setFixedWidth(68)
        self.frame.returnPressed.connect(self._on_typed)
        self.total, self.time = QLabel(), QLabel()
        self.time.setMinimumWidth(self.time.fontMetrics().horizontalAdvance("0:00.000 / 0:00.000") + 8)
        self.total.setObjectName("muted")
        layout.addSpacing(10)
        for widget in (QLabel("frame "), self.frame, self.total):
            layout.addWidget(widget)
        layout.addSpacing(14)
        layout.addWidget(self.time)
        layout.addStretch(1)
        self.restyle()
        self._show_nothing()

    def set_playing(self, playing: bool) -> None:
        self._playing = playing
        self.restyle()

    def restyle(self) -> None:
        t = self.theme
        for name in _BUTTONS:
            shown = "pause" if name == "play" and self._playing else name
            self._actions[name].setIcon(icons.icon(shown, t.color("text"), t.color("line")))

    def show_frame(self, frame: int) -> None:
        if self.session is None:
            return
        self.frame.setText(str(frame))
        timebase = self.session.video.timebase
        self.time.setText(f"{clock(timebase.seconds(FrameIndex(frame)))} / {clock(timebase.duration)}")

    def show_analysis(self, analysis: Analysis | None) -> None:
        if self.session is None:
            self._show_nothing()
            return
        last = len(self.session.video) - 1
        self.frame.setEnabled(True)
        self.total.setText(f" of 0–{last}")
        self.show_frame(self.session.cursor)

    def _show_nothing(self) -> None:
        self.frame.setEnabled(False)
        self.frame.setText("")
        self.total.setText("")
        self.time.setText("")

    def _on_typed(self) -> None:
        """Go to the typed frame and give the keyboard back, so that Space plays again."""
        if self.session is not None:
            self.session.seek(FrameIndex(int(self.frame.text() or self.session.cursor)))
            self.frame.setText(str(self.session.cursor))
        self.frame.clearFocus()


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setIconSize(QSize(16, 16))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
