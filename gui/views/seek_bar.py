"""The whole clip in one bar: the step curve as heat, presence, glitches, selection, and the playhead."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from core.analysis import Analysis
from core.session import Session
from core.track import Presence
from gui.time_axis import TimeAxis
from gui.views.time_plot import RIGHT, TimePlot
from render.palette import heat

# A pattern for each kind of gap: told apart without colour.
PATTERNS = {
    Presence.NONE: Qt.BrushStyle.BDiagPattern,
    Presence.MANY: Qt.BrushStyle.Dense5Pattern,
    Presence.UNCERTAIN: Qt.BrushStyle.FDiagPattern,
    Presence.CUT: Qt.BrushStyle.SolidPattern,
}
NAMES = {
    Presence.OK: "one person",
    Presence.NONE: "no person",
    Presence.MANY: "several people",
    Presence.UNCERTAIN: "uncertain",
    Presence.CUT: "cut",
}


_RAMP = np.array([heat(value) for value in np.linspace(0, 1, 256)], np.uint8)


def heat_values(step: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where each step stands on the heat ramp, float64 [T]: 0.5 is the upper edge of the band of real motion, 1 twice that; NaN stays."""
    return np.clip(np.asarray(step, np.float64) / (2 * np.asarray(high, np.float64)), 0.0, 1.0)


def _columns(values: np.ndarray, count: int) -> np.ndarray:
    """The largest known value of the frames that each of `count` columns covers, float64 [count]; NaN where none is known."""
    first = np.arange(count) * len(values) // count
    last = np.maximum(first + 1, np.arange(1, count + 1) * len(values) // count)
    if len(values) <= count:
        return values[first]
    return np.array([np.fmax.reduce(values[a:b]) for a, b in zip(first, last, strict=True)])


class SeekBar(TimePlot):
    """Always shows the whole clip; a bracket marks what the zoomed plots show."""

    top, bottom = 13, 12

    def __init__(self, axis: TimeAxis, parent: QWidget | None = None) -> None:
        self._whole = TimeAxis()
        super().__init__(self._whole, parent)
        self._zoomed = axis
        axis.changed.connect(self._on_zoom)
        self.setFixedHeight(54)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def attach(self, session: Session | None) -> None:
        self._whole.reset(len(session.video) if session else 1)
        super().attach(session)

    def _on_zoom(self) -> None:
        self._whole.reset(self._zoomed.frames)
        self.invalidate()

    def paint_still(self, painter: QPainter, plot: QRectF) -> None:
        t = self.theme
        painter.fillRect(plot, t.color("raised"))
        if self.analysis is not None:
            self._paint_heat(painter, plot, self.analysis)
        self._paint_presence(painter, plot)
        self._paint_ticks(painter, plot)
        if not self._zoomed.whole:
            left, right = self.x_of(self._zoomed.start), self.x_of(self._zoomed.stop)
            painter.setPen(QPen(t.color("text"), 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(left, plot.top() - 1.5, right - left, plot.height() + 3))

    def paint_live(self, painter: QPainter, plot: QRectF, frame: int) -> None:
        track = self.session.track if self.session else None
        if track is None:
            return
        text = NAMES[track.presence[frame]] if frame < self.extracted else "not looked at yet"
        painter.setPen(self.theme.color("muted"))
        painter.drawText(QRectF(self.width() - RIGHT + 14, plot.top(), RIGHT - 14, plot.height()), Qt.AlignmentFlag.AlignVCenter, text)

    def paint_selection(self, painter: QPainter, plot: QRectF, selected: range) -> None:
        """A bar below the heat, which a tint would be lost on."""
        left, right = self.x_of(selected.start), self.x_of(selected.stop)
        painter.fillRect(QRectF(left, plot.bottom() + 2, max(2.0, right - left), 3.5), self.theme.color("accent"))

    def paint_playhead(self, painter: QPainter, plot: QRectF) -> None:
        x = self.x_of(self._cursor + 0.5)
        t = self.theme
        painter.setPen(QPen(t.color("panel"), 3.4))
        painter.drawLine(QPointF(x, plot.top() - 3), QPointF(x, plot.bottom() + 3))
        painter.setPen(QPen(t.color("text"), 1.6))
        painter.drawLine(QPointF(x, plot.top() - 3), QPointF(x, plot.bottom() + 3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(t.color("text"))
        painter.drawEllipse(QPointF(x, plot.bottom() + 5), 4.2, 4.2)

    def _paint_heat(self, painter: QPainter, plot: QRectF, analysis: Analysis) -> None:
        """One pixel row, drawn over the height of the bar: each column shows the farthest step of its frames."""
        values = heat_values(analysis.curves.step, analysis.curves.band_high)
        row = _columns(values, int(plot.width()))
        colors = np.zeros((len(row), 4), np.uint8)
        known = np.isfinite(row)
        colors[known, :3] = _RAMP[np.rint(row[known] * (len(_RAMP) - 1)).astype(int)]
        colors[known, 3] = 255
        painter.drawImage(plot, QImage(colors.data, len(row), 1, 4 * len(row), QImage.Format.Format_RGBA8888))

    def _paint_presence(self, painter: QPainter, plot: QRectF) -> None:
        track = self.session.track if self.session else None
        if track is None:
            return
        t, start, end = self.theme, 0, self.extracted
        for frame in range(1, end + 1):
            if frame < end and track.presence[frame] == track.presence[start]:
                continue
            presence = track.presence[start]
            if presence in PATTERNS:
                left, right = self.x_of(start), max(self.x_of(frame), self.x_of(start) + 1.5)
                bar = QRectF(left, plot.bottom() - 7, right - left, 7)
                painter.fillRect(bar, t.color("panel"))
                painter.fillRect(bar, QBrush(t.color("text", 0.85), PATTERNS[presence]))
                if presence == Presence.CUT:
                    painter.fillRect(QRectF(left, plot.top(), max(2.0, right - left), plot.height()), t.color("text"))
            start = frame

    def _paint_ticks(self, painter: QPainter, plot: QRectF) -> None:
        if self.analysis is None:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("alert"))
        for glitch in self.analysis.glitches:
            x, size = self.x_of(glitch.peak + 0.5), 3.0 + 2.0 * glitch.severity
            tip = plot.top() - 2
            painter.drawPolygon(QPolygonF([QPointF(x, tip), QPointF(x - size, tip - 1.6 * size), QPointF(x + size, tip - 1.6 * size)]))
