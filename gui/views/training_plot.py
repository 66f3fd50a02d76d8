"""A plot over the epochs of a training run, with a legend beside it: line style, name and latest value of each curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from core.training.log import EpochLosses
from gui.views.base import Painted

_LEGEND_WIDTH, _LEFT_AXIS = 140, 44
_MARGIN = 0.03  # of the height, so that the line at 0 and its number are seen


@dataclass(frozen=True)
class Curve:
    """One column of the log. color: an index of the theme's qualitative colours; no two curves of a plot share colour or dashes.

    droppable: a term that a run may leave out, which is then 0 in every epoch and is not drawn.
    """

    column: str
    name: str
    color: int
    dashes: Qt.PenStyle
    droppable: bool = False


class EpochPlot(Painted):
    """Curves over epochs 1 to the last one of the run, so that the empty part is what is still to come.

    top: the upper end of the vertical axis; None: the highest value.
    """

    def __init__(self, curves: Sequence[Curve], top: float | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves, self._top = tuple(curves), top
        self.shown: tuple[Curve, ...] = ()
        self._history: tuple[EpochLosses, ...] = ()
        self._view = pg.GraphicsView(background=None)
        self._view.setFrameShape(QFrame.Shape.NoFrame)
        self._view.setStyleSheet("background: transparent")
        self._view.setMinimumSize(180, 110)
        self._plot = pg.PlotItem(axisItems={"bottom": EpochAxis("bottom")}, enableMenu=False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(False, False)
        self._plot.getAxis("left").setWidth(_LEFT_AXIS)
        self._view.setCentralItem(self._plot)
        self._legend = _Legend(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._view, 1)
        layout.addWidget(self._legend)
        self._build()

    def show_history(self, history: tuple[EpochLosses, ...]) -> None:
        self._history = history
        self.shown = tuple(c for c in self.curves if history and not (c.droppable and all(value == 0 for value in self.values(c))))
        self._build()

    def values(self, curve: Curve) -> list[float]:
        """The values of a curve, epoch by epoch."""
        return [float(getattr(entry, curve.column)) for entry in self._history]

    def color_of(self, curve: Curve) -> QColor:
        return self.theme.class_color(curve.color)

    def pen_of(self, curve: Curve) -> QPen:
        return pg.mkPen(self.color_of(curve), width=2, style=curve.dashes)

    def restyle(self) -> None:
        self._build()
        self._legend.update()

    def _build(self) -> None:
        self._plot.clear()
        t = self.theme
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setStyle(tickFont=self.small_font(), tickLength=-4, showValues=bool(self.shown))
            axis.setPen(pg.mkPen(t.color("line")))
            axis.setTextPen(pg.mkPen(t.color("muted")))
        self._plot.setLabel("bottom", "epoch", color=t.hex("muted"), **{"font-size": f"{self.small_font().pointSizeF():g}pt"})
        self._plot.showGrid(y=True, alpha=0.5)
        epochs = [entry.epoch for entry in self._history]
        for curve in self.shown:
            values = self.values(curve)
            self._plot.plot(epochs, values, pen=self.pen_of(curve), antialias=True)
            # Where the run stands; dots on every epoch would hide the dashes.
            self._plot.plot(epochs[-1:], values[-1:], pen=None, symbol="o", symbolSize=7, symbolBrush=self.color_of(curve), symbolPen=None)
        last = self._history[-1].epochs if self._history else 1
        known = np.array([value for curve in self.shown for value in self.values(curve) if np.isfinite(value)])
        self._plot.setXRange(1, max(last, 2), padding=0.03)
        self._plot.setYRange(min(float(known.min(initial=0)), 0.0), self._top or float(known.max(initial=0)) or 1.0, padding=_MARGIN)
        self._legend.update()


class EpochAxis(pg.AxisItem):
    """Ticks at whole epochs."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        levels: list[tuple[float, float]] = super().tickSpacing(minVal, maxVal, size)
        return list(dict.fromkeys((max(1.0, math.ceil(spacing)), 0.0) for spacing, _ in levels))

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:.0f}" if value >= 1 else "" for value in values]


class _Legend(Painted):
    """The curves that are shown, and where each of them stands."""

    def __init__(self, plot: EpochPlot) -> None:
        super().__init__(plot)
        self._of = plot
        self.setFixedWidth(_LEGEND_WIDTH)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), self.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.small_font())
        metrics = painter.fontMetrics()
        y, line = 6.0 + metrics.ascent(), metrics.height() + 5
        for curve in self._of.shown:
            middle = y - metrics.ascent() * 0.36
            painter.setPen(self._of.pen_of(curve))
            painter.drawLine(QPointF(0, middle), QPointF(30, middle))
            painter.setPen(t.color("muted"))
            painter.drawText(QPointF(38, y), curve.name)
            painter.setPen(t.color("text"))
            box = QRectF(0, y - metrics.ascent(), self.width() - 2, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, f"{self._of.values(curve)[-1]:.3f}")
            y += line
