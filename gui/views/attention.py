"""The attention plot: where the encoder looked, frame by frame, as stacked areas. It is no proof of a cause."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from core.encoder_words import source_name
from gui.views.time_plot import LEFT, RIGHT, TimePlot, polygon


class AttentionPlot(TimePlot):
    """One colour and one label a source, in the manifold's order from the top; the legend tells the shares at the cursor."""

    top, bottom = 6, 6

    def paint_still(self, painter: QPainter, plot: QRectF) -> None:
        t = self.theme
        attention = self.analysis.curves.attention if self.analysis else {}
        if not attention or not any(np.isfinite(values).any() for values in attention.values()):
            painter.setPen(t.color("muted"))
            words = "Attention is not known for this clip." if self.analysis else "Attention appears when the analysis has finished."
            painter.drawText(plot, Qt.AlignmentFlag.AlignCenter, words)
            return
        for share, label in ((0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")):
            y = plot.bottom() - share * plot.height()
            painter.setPen(t.color("muted"))
            height = painter.fontMetrics().height()
            box = QRectF(0, min(max(y - height / 2, 0), self.height() - height), LEFT - 7, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, label)
        painter.save()
        painter.setClipRect(plot)
        self._paint_areas(painter, plot, attention)
        painter.restore()

    def _paint_areas(self, painter: QPainter, plot: QRectF, attention: Mapping[str, np.ndarray]) -> None:
        names = list(attention)
        layers = np.stack([attention[name] for name in names]).astype(np.float64)
        top = 1.0 - np.cumsum(np.vstack([np.zeros(layers.shape[1]), layers]), axis=0)
        known = np.isfinite(layers).all(axis=0)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
        for a, b in zip(edges[::2], edges[1::2], strict=True):
            # A run fills whole frame cells: from the left edge of its first to the right edge of its last.
            positions = np.concatenate([[a], np.arange(a, b) + 0.5, [b]])
            columns = np.concatenate([[a], np.arange(a, b), [b - 1]])
            for index, name in enumerate(names):
                x, upper, lower = self.x_of(positions), top[index, columns], top[index + 1, columns]
                edge = plot.bottom() - upper * plot.height()
                outline = np.concatenate([edge, plot.bottom() - lower[::-1] * plot.height()])
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self.theme.source_color(name))
                painter.drawPolygon(polygon(np.concatenate([x, x[::-1]]), outline))
                if index:
                    painter.setPen(QPen(self.theme.color("panel"), 1.5 if plot.width() > 4 * self.axis.span else 0.5))
                    painter.drawPolyline(polygon(x, edge))

    def paint_live(self, painter: QPainter, plot: QRectF, frame: int) -> None:
        attention = self.analysis.curves.attention if self.analysis else {}
        metrics, t = painter.fontMetrics(), self.theme
        x, line = self.width() - RIGHT + 14, min(metrics.height() + 4.0, (self.height() - 4) / max(1, len(attention)))
        y = plot.top() + metrics.ascent()
        for name, values in attention.items():
            if frame >= len(values):
                continue
            painter.fillRect(QRectF(x, y - metrics.ascent() * 0.78, 14, 10), t.source_color(name))
            painter.setPen(t.color("muted"))
            painter.drawText(QPointF(x + 20, y), source_name(name))
            value = f"{values[frame] * 100:.0f} %" if np.isfinite(values[frame]) else "–"
            painter.setPen(t.color("text"))
            painter.drawText(QPointF(self.width() - 6 - metrics.horizontalAdvance(value), y), value)
            y += line
