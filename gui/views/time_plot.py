"""A plot over time: what stands still is painted once into a pixmap, a move of the cursor repaints the playhead and the legend only."""

from __future__ import annotations

from typing import overload

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from core.analysis import Analysis
from core.timebase import FrameIndex, clock
from gui.time_axis import TimeAxis
from gui.views.base import View

LEFT, RIGHT = 46, 168  # gutters in pixels, the same in all time plots so that one playhead runs through them
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10000, 25000, 50000, 100000)


def polygon(x: np.ndarray, y: np.ndarray) -> QPolygonF:
    """The points (x, y), float [N] each, made without a Python object for each of them."""
    result: QPolygonF = arrayToQPolygonF(x, y)
    return result


class TimePlot(View):
    """Base of the seek bar, the step plot and the attention plot. Subclasses paint `paint_still` (cached) and `paint_live` (each time)."""

    top, bottom = 6, 20

    def __init__(self, axis: TimeAxis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axis = axis
        self._cache: QPixmap | None = None
        self._cursor = 0
        self._anchor: int | None = None  # where a selection began
        axis.changed.connect(self.invalidate)
        self.setMouseTracking(False)
        self.setCursor(Qt.CursorShape.IBeamCursor)

    def paint_still(self, painter: QPainter, plot: QRectF) -> None:
        raise NotImplementedError

    def paint_live(self, painter: QPainter, plot: QRectF, frame: int) -> None:
        """The legend in the right gutter; the default has none."""

    def plot_rect(self) -> QRectF:
        return QRectF(LEFT, self.top, max(1.0, self.width() - LEFT - RIGHT), max(1.0, self.height() - self.top - self.bottom))

    @overload
    def x_of(self, position: float) -> float: ...

    @overload
    def x_of(self, position: np.ndarray) -> np.ndarray: ...

    def x_of(self, position: float | np.ndarray) -> float | np.ndarray:
        """Pixel of a frame position, or of many; the middle of frame f is f + 0.5."""
        plot = self.plot_rect()
        return plot.left() + (position - self.axis.start) / self.axis.span * plot.width()

    def frame_at(self, x: float) -> int:
        """The frame under a pixel, kept inside the clip."""
        plot = self.plot_rect()
        position = self.axis.start + (x - plot.left()) / plot.width() * self.axis.span
        return min(max(int(position // 1), 0), self.axis.frames - 1)

    def invalidate(self) -> None:
        """Paint everything anew."""
        self._cache = None
        self.update()

    def restyle(self) -> None:
        self.invalidate()

    def show_frame(self, frame: int) -> None:
        for position in (self._cursor, frame):
            self.update(self._strip(position))
        self._cursor = frame
        self.update(QRect(self.width() - RIGHT, 0, RIGHT, self.height()))

    def show_analysis(self, analysis: Analysis | None) -> None:
        if self.session:
            self._cursor = self.session.cursor
        self.invalidate()

    def paintEvent(self, event: QPaintEvent) -> None:
        plot = self.plot_rect()
        if self._cache is None:
            ratio = self.devicePixelRatioF()
            self._cache = QPixmap(self.size() * ratio)
            self._cache.setDevicePixelRatio(ratio)
            self._cache.fill(Qt.GlobalColor.transparent)
            if self.session:
                still = QPainter(self._cache)
                still.setFont(self.small_font())
                still.setRenderHint(QPainter.RenderHint.Antialiasing)
                self.paint_still(still, plot)
                if self.session.selection is not None:
                    self.paint_selection(still, plot, self.session.selection)
                still.end()
        painter = QPainter(self)
        painter.setFont(self.small_font())
        painter.drawPixmap(0, 0, self._cache)
        if self.session:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.paint_live(painter, plot, self._cursor)
            self.paint_playhead(painter, plot)

    def paint_playhead(self, painter: QPainter, plot: QRectF) -> None:
        x = self.x_of(self._cursor + 0.5)
        if plot.left() <= x <= plot.right():
            painter.setPen(QPen(self.theme.color("text"), 1.4))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))

    def paint_axis(self, painter: QPainter, plot: QRectF) -> None:
        """Frames and their times below the plot."""
        if self.session is None:
            return
        t, metrics = self.theme, painter.fontMetrics()
        widest = metrics.horizontalAdvance("0000  0:00.00") + 22
        step = next((s for s in _STEPS if s / self.axis.span * plot.width() >= widest), _STEPS[-1])
        frame = int(-(-self.axis.start // step) * step)
        while frame < min(self.axis.stop, self.axis.frames):
            x = self.x_of(frame + 0.5)
            painter.setPen(QPen(t.color("line"), 1))
            painter.drawLine(QPointF(x, plot.bottom()), QPointF(x, plot.bottom() + 4))
            number = str(frame)
            time = clock(self.session.video.timebase.seconds(FrameIndex(frame)))[:-1]
            baseline = plot.bottom() + 5 + metrics.ascent()
            painter.setPen(t.color("text"))
            painter.drawText(QPointF(x - 3, baseline), number)
            painter.setPen(t.color("muted"))
            painter.drawText(QPointF(x + 3 + metrics.horizontalAdvance(number), baseline), time)
            frame += step

    def paint_glitches(self, painter: QPainter, plot: QRectF) -> None:
        """Glitch spans as stripes, stronger ones darker."""
        if self.analysis is None:
            return
        t = self.theme
        for glitch in self.analysis.glitches:
            left, right = self.x_of(glitch.start), self.x_of(glitch.stop)
            if right < plot.left() or left > plot.right():
                continue
            left, right = max(left, plot.left()), min(max(right, left + 2), plot.right())
            painter.fillRect(QRectF(left, plot.top(), right - left, plot.height()), t.color("alert", 0.07 + 0.13 * glitch.severity))

    def paint_selection(self, painter: QPainter, plot: QRectF, selected: range) -> None:
        """The selected frames, tinted between two lines."""
        left, right = max(self.x_of(selected.start), plot.left()), min(self.x_of(selected.stop), plot.right())
        if right > left:
            painter.fillRect(QRectF(left, plot.top(), right - left, plot.height()), self.theme.color("accent", 0.16))
            painter.setPen(QPen(self.theme.color("accent"), 1))
            painter.drawLine(QPointF(left, plot.top()), QPointF(left, plot.bottom()))
            painter.drawLine(QPointF(right, plot.top()), QPointF(right, plot.bottom()))

    def _strip(self, frame: int) -> QRect:
        return QRect(int(self.x_of(frame + 0.5)) - 9, 0, 19, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._cache = None
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.session is None or event.button() != Qt.MouseButton.LeftButton:
            return
        frame = self.frame_at(event.position().x())
        self._anchor = frame if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else None
        self.session.seek(FrameIndex(frame))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.session is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        frame = self.frame_at(event.position().x())
        self.session.seek(FrameIndex(frame))
        if self._anchor is not None:
            self.session.select(range(min(self._anchor, frame), max(self._anchor, frame) + 1))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        plot = self.plot_rect()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            shift = -turn / 120 * self.axis.span * 0.1
            self.axis.show_range(self.axis.start + shift, self.axis.stop + shift)
        else:
            about = self.axis.start + (event.position().x() - plot.left()) / plot.width() * self.axis.span
            self.axis.zoom(0.8 ** (turn / 120), about)
        event.accept()
