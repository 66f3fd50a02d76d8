"""What stands beside the map: true distances to the class centroids, and the tray of windows that lie outside."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen

from core.analysis import EmbeddingMap
from core.limits import OUTSIDE
from gui import theme
from gui.views.base import Painted
from gui.words import class_text


class Distances(Painted):
    """The nearest classes of the current window by true distance in the embedding space, as bars from 0 to the farthest."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[str, float]] = []
        self.instead = ""  # what is said where there are no distances
        self.setFixedWidth(172)
        self.setToolTip("Distances in the embedding space, lower is nearer. Distances on the map mislead; these do not.")

    def show_window(self, shown: EmbeddingMap, window: int | None) -> None:
        if window is None:
            self._rows, self.instead = [], "No window holds this frame."
        elif shown.outside[window]:
            self._rows, self.instead = [], f"{OUTSIDE}: no class is near this window."
        else:
            distances = shown.centroid_distance[window]
            self._rows = [(shown.classes[i], float(distances[i])) for i in np.argsort(distances) if np.isfinite(distances[i])]
            self.instead = ""
        self.update()

    @property
    def rows(self) -> list[tuple[str, float]]:
        """Class and true distance, nearest first."""
        return self._rows

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), self.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.small_font())
        metrics = painter.fontMetrics()
        painter.setPen(t.color("muted"))
        painter.drawText(QPointF(0, metrics.ascent()), "True distance of")
        painter.drawText(QPointF(0, metrics.ascent() + metrics.height()), "this window to")
        y, line = metrics.height() * 2 + 8.0, metrics.height() + 9.0
        if not self._rows:
            painter.drawText(QRectF(0, y, self.width(), 90), Qt.TextFlag.TextWordWrap, self.instead)
            return
        farthest = max(value for _, value in self._rows)
        for place, (name, value) in enumerate(self._rows):
            if y + line > self.height():
                break
            painter.setFont(self.small_font(bold=place == 0))
            number = f"{value:.2f}"
            painter.setPen(t.color("text"))
            room = self.width() - metrics.horizontalAdvance(number) - 14
            label = painter.fontMetrics().elidedText(class_text(name), Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(0, y + metrics.ascent()), label)
            painter.drawText(QPointF(self.width() - painter.fontMetrics().horizontalAdvance(number), y + metrics.ascent()), number)
            bar = QRectF(0, y + metrics.height() + 1, self.width(), 3)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(t.color("raised"))
            painter.drawRoundedRect(bar, 1.5, 1.5)
            painter.setBrush(t.color("curve") if place == 0 else t.color("muted", 0.6))
            painter.drawRoundedRect(QRectF(0, bar.top(), bar.width() * value / farthest, 3), 1.5, 1.5)
            y += line


class Tray(Painted):
    """One cell a window, in time order; filled and crossed cells lie outside what the manifold knows."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._shown: EmbeddingMap | None = None
        self._window: int | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 18)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_window(self, shown: EmbeddingMap, window: int | None) -> None:
        self._shown, self._window = shown, window
        self.update()

    def _cells(self) -> QRectF:
        return QRectF(0, self.height() - 13, self.width(), 11)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._shown is None:
            return
        painter, t = QPainter(self), self.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.small_font())
        outside = self._shown.outside
        count = int(outside.sum())
        painter.setPen(t.color("alert") if count else t.color("muted"))
        words = "all windows lie on the map" if count == 0 else f"{count} of {len(outside)} windows are outside what this manifold knows"
        painter.drawText(QPointF(0, painter.fontMetrics().ascent()), f"Outside tray: {words}")
        cells = self._cells()
        width = cells.width() / max(1, len(outside))
        gap = 2.0 if width > 6 else 0.0
        for index, out in enumerate(outside):
            cell = QRectF(cells.left() + index * width, cells.top(), max(1.0, width - gap), cells.height())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(t.color("alert") if out else t.color("raised"))
            painter.drawRect(cell)
            if out and width > 9:
                _cross(painter, cell, t)
        if self._window is not None:
            painter.setPen(QPen(t.color("text"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(cells.left() + self._window * width, cells.top() - 1, max(3.0, width - gap), cells.height() + 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._shown is not None and len(self._shown.outside):
            index = int(event.position().x() / max(1, self.width()) * len(self._shown.outside))
            self.picked.emit(min(max(index, 0), len(self._shown.outside) - 1))


def _cross(painter: QPainter, cell: QRectF, t: theme.Theme) -> None:
    """A shape beside the colour of an outside cell."""
    painter.setPen(QPen(t.color("panel"), 1.4))
    centre, arm = cell.center(), 2.6
    painter.drawLine(centre + QPointF(-arm, -arm), centre + QPointF(arm, arm))
    painter.drawLine(centre + QPointF(-arm, arm), centre + QPointF(arm, -arm))
