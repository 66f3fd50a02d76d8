"""Play, step and jump; the frame and the time of the cursor; the layers over the video."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QIntValidator
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QSlider, QToolButton, QWidget

from core.analysis import Analysis
from core.timebase import FrameIndex, clock
from gui import icons
from gui.views.base import View

_BUTTONS = ("first", "back", "play", "forward", "last", "previous_glitch", "next_glitch")
LAYERS = ("mesh", "skeleton", "keypoints", "box")


class TransportBar(View):
    """Buttons of the same actions as the menu, and a field that takes a frame number."""

    opacity_changed = Signal(str, float)

    def __init__(self, actions: Mapping[str, QAction], opacities: Mapping[str, float], parent: QWidget | None = None) -> None:
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
        self.total.setObjectName("muted")
        layout.addSpacing(10)
        for widget in (QLabel("frame "), self.frame, self.total):
            layout.addWidget(widget)
        layout.addSpacing(14)
        layout.addWidget(self.time)
        layout.addStretch(1)
        self.sliders: dict[str, QSlider] = {}
        for name in LAYERS:
            layout.addSpacing(12)
            layout.addWidget(_check_box(actions[name]))
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, 100)
            slider.setValue(round(opacities[name] * 100))
            slider.setFixedWidth(54)
            slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            slider.setToolTip(f"Opacity of the layer “{actions[name].text()}”")
            slider.valueChanged.connect(lambda value, layer=name: self.opacity_changed.emit(layer, value / 100))
            layout.addWidget(slider)
            self.sliders[name] = slider
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


def _check_box(action: QAction) -> QCheckBox:
    """A box that follows a checkable action and triggers it."""
    box = QCheckBox(action.text())
    box.setToolTip(action.toolTip())
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    box.clicked.connect(action.trigger)
    action.toggled.connect(box.setChecked)
    return box
