"""What every view has in common: a session, `seek`, `refresh`, and no work while it is hidden."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QFont, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.analysis import Analysis
from core.session import Session
from core.track import Presence
from gui import theme


class Painted(QWidget):
    """A widget that paints itself in the colours of the theme."""

    @property
    def theme(self) -> theme.Theme:
        return theme.of(self)

    def restyle(self) -> None:
        """The theme has changed."""
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.restyle()

    def small_font(self, bold: bool = False) -> QFont:
        """The font of labels inside pictures: a little smaller than the text around them."""
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.88)
        font.setBold(bold)
        return font


class View(Painted):
    """A widget that shows one session. Subclasses implement `show_frame` and `show_analysis`; both run only while the view is visible.

    A view never calls another view: it moves the session's cursor, and the window tells all views.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session: Session | None = None
        self._missed_frame = False
        self._missed_analysis = False

    @property
    def analysis(self) -> Analysis | None:
        return self.session.analysis if self.session else None

    @property
    def extracted(self) -> int:
        """How many frames, from the first, have been looked at: all of them once there is an analysis, fewer while one runs."""
        track = self.session.track if self.session else None
        if track is None:
            return 0
        if self.analysis is not None:
            return len(track)
        return max((frame + 1 for frame, presence in enumerate(track.presence) if presence != Presence.NONE), default=0)

    def attach(self, session: Session | None) -> None:
        """Show another session, or none."""
        self.session = session
        self.refresh(self.analysis)

    def seek(self, frame: int) -> None:
        """The cursor stands on `frame`."""
        if self.isVisible():
            self.show_frame(frame)
        else:
            self._missed_frame = True

    def refresh(self, analysis: Analysis | None) -> None:
        """There is another analysis, partial track, selection or note list: show it."""
        if self.isVisible():
            self.show_analysis(analysis)
        else:
            self._missed_analysis = True

    def show_frame(self, frame: int) -> None:
        raise NotImplementedError

    def show_analysis(self, analysis: Analysis | None) -> None:
        raise NotImplementedError

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._missed_analysis:
            self.show_analysis(self.analysis)
        if self._missed_frame and self.session:
            self.show_frame(self.session.cursor)
        self._missed_analysis = self._missed_frame = False


class Panel(QFrame):
    """A titled surface for one view; `aside` is a quiet remark on the right of the title."""

    def __init__(self, title: str, content: QWidget, aside: str = "") -> None:
        super().__init__()
        self.setObjectName("panel")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(11, 7, 11, 9)
        layout.setSpacing(5)
        row = QHBoxLayout()
        heading = QLabel(title)
        heading.setObjectName("heading")
        row.addWidget(heading)
        row.addStretch(1)
        if aside:
            remark = QLabel(aside)
            remark.setObjectName("muted")
            row.addWidget(remark)
        layout.addLayout(row)
        content.setAccessibleName(title)
        layout.addWidget(content, 1)
