"""The step plot: how far the motion goes from one frame to the next, against the band of real motion."""

from __future__ import annotations

from typing import overload

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from core.analysis import Curves
from gui.views.time_plot import LEFT, RIGHT, TimePlot, polygon


class StepPlot(TimePlot):
    """Step curve in multiples of the real median, its disagreement between windows, the band of real motion, glitch spans."""

    top, bottom = 8, 22

    def paint_still(self, painter: QPainter, plot: QRectF) -> None:
        t = self.theme
        curves = self.analysis.curves if self.analysis else None
        self.paint_axis(painter, plot)
        if curves is None or not np.isfinite(curves.step).any():
            painter.setPen(t.color("muted"))
            painter.drawText(plot, Qt.AlignmentFlag.AlignCenter, self._why_empty())
            return
        highest = self._highest(curves)
        self._paint_scale(painter, plot, highest)
        self.paint_glitches(painter, plot)
        painter.save()
        painter.setClipRect(plot)
        self._paint_band(painter, plot, curves, highest)
        self._paint_disagreement(painter, plot, curves, highest)
        if (other := self._what_if()) is not None:
            self._paint_what_if(painter, plot, other, highest)
        self._paint_curve(painter, plot, curves, highest)
        painter.restore()
        self._paint_peaks(painter, plot, curves, highest)

    def paint_live(self, painter: QPainter, plot: QRectF, frame: int) -> None:
        curves = self.analysis.curves if self.analysis else None
        if curves is None or frame >= len(curves.step):
            return
        t, metrics = self.theme, painter.fontMetrics()
        x, line = self.width() - RIGHT + 14, metrics.height() + 4
        low, high = _number(curves.band_low[frame]), _number(curves.band_high[frame])
        rows = [
            ("curve", "step", _number(curves.step[frame])),
            ("spread", "disagreement", _number(curves.disagreement[frame])),
            ("band", "real motion", f"{low}–{high}" if low != high else low),
        ]
        if (other := self._what_if()) is not None:
            rows.insert(1, ("what if", "what if", _number(other[frame])))
        y = plot.top() + metrics.ascent()
        for kind, label, value in rows:
            self._paint_swatch(painter, QRectF(x, y - metrics.ascent() * 0.72, 14, 8), kind)
            painter.setPen(t.color("muted"))
            painter.drawText(QPointF(x + 20, y), label)
            painter.setPen(t.color("text"))
            painter.drawText(QPointF(self.width() - 6 - metrics.horizontalAdvance(value), y), value)
            y += line
        step, top = float(curves.step[frame]), float(curves.band_high[frame])
        if step > top:
            painter.setPen(t.color("alert"))
            painter.setFont(self.small_font(bold=True))
            painter.drawText(QPointF(x, y), "▲ beyond real motion")

    def _why_empty(self) -> str:
        if self.analysis is None:
            return "The step curve appears when the analysis has finished."
        return self.analysis.scores.reason or "No two frames of this clip can be compared."

    def _what_if(self) -> np.ndarray | None:
        """The steps of the edited clip on the frames of this one, float32 [T]."""
        what_if = self.session.what_if if self.session else None
        return what_if.frames.on_original(what_if.after.curves.step) if what_if else None

    def _highest(self, curves: Curves) -> float:
        other = self._what_if()
        values = np.concatenate([curves.step, curves.band_high, [] if other is None else other])
        return max(2.0, float(np.nanmax(values[np.isfinite(values)])) * 1.08)

    def _paint_scale(self, painter: QPainter, plot: QRectF, highest: float) -> None:
        t, metrics = self.theme, painter.fontMetrics()
        room = plot.height() / (metrics.height() * 2.2)
        step = next((s for s in (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0) if highest / s <= max(room, 2)), 100.0)
        for value in np.arange(0.0, highest, step):
            y = _y(plot, float(value), highest)
            painter.setPen(QPen(t.color("line"), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(t.color("muted"))
            box = QRectF(0, y - metrics.height() / 2, LEFT - 7, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:g}×")

    def _paint_band(self, painter: QPainter, plot: QRectF, curves: Curves, highest: float) -> None:
        t = self.theme
        for run in _runs(np.isfinite(curves.band_low) & np.isfinite(curves.band_high)):
            shape = self._ribbon(plot, run, curves.band_low, curves.band_high, highest)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(t.color("band", 0.17))
            painter.drawPolygon(shape)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(t.color("band", 0.8), 1, Qt.PenStyle.DashLine))
            painter.drawPolyline(self._line(plot, run, curves.band_high, highest))

    def _paint_disagreement(self, painter: QPainter, plot: QRectF, curves: Curves, highest: float) -> None:
        spread = np.asarray(curves.disagreement)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("curve", 0.20))
        for run in _runs(np.isfinite(curves.step) & np.isfinite(spread)):
            painter.drawPolygon(self._ribbon(plot, run, curves.step - spread / 2, curves.step + spread / 2, highest))

    def _paint_curve(self, painter: QPainter, plot: QRectF, curves: Curves, highest: float) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.theme.color("curve"), 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        for run in _runs(np.isfinite(curves.step)):
            if len(run) == 1:
                painter.drawEllipse(self._point(plot, run[0], float(curves.step[run[0]]), highest), 1, 1)
            else:
                painter.drawPolyline(self._line(plot, run, curves.step, highest))

    def _paint_what_if(self, painter: QPainter, plot: QRectF, steps: np.ndarray, highest: float) -> None:
        """Below the curve of the clip as it is, so that it shows where it differs."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.theme.color("text"), 1.4, Qt.PenStyle.DotLine))
        for run in _runs(np.isfinite(steps)):
            painter.drawPolyline(self._line(plot, run, steps, highest))

    def _paint_peaks(self, painter: QPainter, plot: QRectF, curves: Curves, highest: float) -> None:
        """A dot on every step beyond the band: shape beside colour."""
        t = self.theme
        radius = min(max(plot.width() / self.axis.span * 0.9, 1.8), 3.2)
        painter.setPen(QPen(t.color("panel"), 0.3 * radius))
        painter.setBrush(t.color("alert"))
        beyond = np.flatnonzero(np.nan_to_num(curves.step, nan=-1.0) > np.nan_to_num(curves.band_high, nan=np.inf))
        for frame in beyond:
            point = self._point(plot, int(frame), float(curves.step[frame]), highest)
            if plot.left() <= point.x() <= plot.right():
                painter.drawEllipse(point, radius, radius)

    def _paint_swatch(self, painter: QPainter, box: QRectF, kind: str) -> None:
        t = self.theme
        painter.setPen(Qt.PenStyle.NoPen)
        if kind == "curve":
            painter.fillRect(QRectF(box.left(), box.center().y() - 1, box.width(), 2), t.color("curve"))
        elif kind == "what if":
            painter.setPen(QPen(t.color("text"), 1.4, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(box.left(), box.center().y()), QPointF(box.right(), box.center().y()))
        elif kind == "spread":
            painter.fillRect(box, t.color("curve", 0.3))
        else:
            painter.fillRect(box, t.color("band", 0.25))
            painter.setPen(QPen(t.color("band"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(box.topLeft(), box.topRight())

    def _point(self, plot: QRectF, frame: int, value: float, highest: float) -> QPointF:
        return QPointF(self.x_of(frame + 0.5), _y(plot, value, highest))

    def _line(self, plot: QRectF, run: range, values: np.ndarray, highest: float) -> QPolygonF:
        return polygon(self.x_of(np.arange(run.start, run.stop) + 0.5), _y(plot, values[run.start : run.stop], highest))

    def _ribbon(self, plot: QRectF, run: range, low: np.ndarray, high: np.ndarray, highest: float) -> QPolygonF:
        x = self.x_of(np.arange(run.start, run.stop) + 0.5)
        above = _y(plot, high[run.start : run.stop], highest)
        below = _y(plot, np.maximum(low[run.start : run.stop], 0.0), highest)
        return polygon(np.concatenate([x, x[::-1]]), np.concatenate([above, below[::-1]]))


@overload
def _y(plot: QRectF, value: float, highest: float) -> float: ...


@overload
def _y(plot: QRectF, value: np.ndarray, highest: float) -> np.ndarray: ...


def _y(plot: QRectF, value: float | np.ndarray, highest: float) -> float | np.ndarray:
    return plot.bottom() - value / highest * plot.height()


def _runs(mask: np.ndarray) -> list[range]:
    """The stretches of frames in which `mask` holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [range(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _number(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "–"
