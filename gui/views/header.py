"""Which video this is: its name, size, rate and length; a choice when several are open."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from core.timebase import clock
from core.video import Video

_LONGEST = 48  # characters


class Header(QWidget):
    """`picked` carries the index of a video chosen from the list."""

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name, self.facts, self.choice = QLabel(), QLabel(), QComboBox()
        for label in (self.name, self.facts):
            label.setTextFormat(Qt.TextFormat.PlainText)
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.facts.setObjectName("muted")
        self.choice.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.choice.activated.connect(self.picked)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.setSpacing(12)
        layout.addWidget(self.name)
        layout.addWidget(self.choice)
        layout.addWidget(self.facts)
        layout.addStretch(1)
        self.show_video(None, None)

    def show_list(self, videos: list[Path], current: int) -> None:
        """The videos that are open; one alone needs no list."""
        self.choice.clear()
        self.choice.addItems([_shortened(path.name) for path in videos])
        self.choice.setCurrentIndex(current)
        self.choice.setVisible(len(videos) > 1)
        self.name.setVisible(len(videos) <= 1)

    def show_video(self, path: Path | None, video: Video | None) -> None:
        self.name.setText(_shortened(path.name) if path else "No video")
        self.name.setToolTip(str(path) if path else "")
        if path is None:
            self.show_list([], -1)
        if video is None:
            self.facts.setText("" if path is None else "opening ...")
            return
        width, height = video.size
        timebase = video.timebase
        self.facts.setText(f"{width} × {height}   ·   {timebase.fps:.4g} fps   ·   {len(video)} frames   ·   {clock(timebase.duration)}")


def _shortened(name: str) -> str:
    """A name that does not push the window wide; beginning and end tell clips apart."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST // 2]}…{name[-_LONGEST // 2 :]}"
