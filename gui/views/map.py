"""The map of human action: real clips by class, and the path of this clip's windows among them."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from core.analysis import Analysis, EmbeddingMap
from core.timebase import FrameIndex
from gui.views.base import View
from gui.views.map_side import Distances, Tray
from gui.words import class_text

SYMBOLS = ("o", "s", "t", "d", "t1", "p", "h", "star")
_COVERED = 0.1  # the share of a label that may lie over others


def current_window(ranges: np.ndarray, frame: int) -> int | None:
    """The window (int32 [W, 2], stop exclusive) whose middle is nearest to `frame`; None when no window holds the frame."""
    holds = np.flatnonzero((ranges[:, 0] <= frame) & (frame < ranges[:, 1]))
    if len(holds) == 0:
        return None
    middle = ranges[holds].sum(axis=1) / 2 - 0.5
    return int(holds[np.argmin(np.abs(middle - frame))])


class MapView(View):
    """Reference points and centroids stay where the manifold has put them; windows too far from real motion lie in the tray below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.window_index: int | None = None
        self._shown: EmbeddingMap | None = None
        self._plot = pg.GraphicsView(background=None)
        self._plot.setMinimumSize(160, 100)
        self._box = pg.ViewBox(lockAspect=True, enableMenu=False)
        self._plot.setCentralItem(self._box)
        self._plot.setFrameShape(pg.QtWidgets.QFrame.Shape.NoFrame)
        self._plot.setStyleSheet("background: transparent")
        self._distances, self._tray = Distances(), Tray()
        self._tray.picked.connect(self._go_to_window)
        self._empty = QLabel(_why_empty(None))
        self._empty.setObjectName("muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(14)
        layout.setVerticalSpacing(6)
        layout.addWidget(self._plot, 0, 0)
        layout.addWidget(self._distances, 0, 1)
        layout.addWidget(self._tray, 1, 0, 1, 2)
        layout.addWidget(self._empty, 0, 0, 2, 2)
        layout.setColumnStretch(0, 1)
        layout.setRowStretch(0, 1)
        self._ring: pg.ScatterPlotItem | None = None
        self._labels: list[pg.TextItem] = []
        self._items: list[pg.GraphicsObject] = []

    def show_analysis(self, analysis: Analysis | None) -> None:
        shown = analysis.map if analysis else None
        for widget in (self._plot, self._distances, self._tray):
            widget.setVisible(shown is not None)
        self._empty.setVisible(shown is None)
        self._empty.setText(_why_empty(analysis))
        if shown is not self._shown:
            self._shown = shown
            self._build()

    def restyle(self) -> None:
        self._build()

    def show_frame(self, frame: int) -> None:
        index = current_window(self._shown.window_range, frame) if self._shown else None
        if index != self.window_index:
            self._show_window(index)

    def _show_window(self, index: int | None) -> None:
        """Mark the current window; most frames share it with the frame before, so that nothing has to be painted for them."""
        self.window_index = index
        shown = self._shown
        if shown is None:
            return
        self._distances.show_window(shown, index)
        self._tray.show_window(shown, index)
        if self._ring is not None:
            here = shown.windows[index : index + 1] if index is not None and not shown.outside[index] else np.empty((0, 2))
            self._ring.setData(pos=here)

    def _build(self) -> None:
        """Everything that does not move with the cursor."""
        for item in self._items:
            self._box.removeItem(item)
        self._items, self._labels, self._ring = [], [], None
        shown, t = self._shown, self.theme
        if shown is None:
            return
        self._add(self._references(shown))
        path = shown.windows.astype(float)
        self._add(pg.PlotDataItem(path, connect="finite", pen=pg.mkPen(t.color("text", 0.75), width=1.6), antialias=True))
        inside = np.flatnonzero(~shown.outside)
        dots = pg.ScatterPlotItem(
            pos=path[inside], data=inside, symbol="o", size=6, brush=pg.mkBrush(t.color("text")), pen=pg.mkPen(t.color("panel"))
        )
        dots.sigClicked.connect(self._on_dot)
        self._add(dots)
        self._ring = pg.ScatterPlotItem(symbol="o", size=17, brush=pg.mkBrush(None), pen=pg.mkPen(t.color("text"), width=2.4))
        self._add(self._ring)
        self._add_centroids(shown)
        self._show_all(shown)
        self._place_labels()
        self._show_window(current_window(shown.window_range, self.session.cursor) if self.session else None)

    def _add(self, item: pg.GraphicsObject) -> None:
        """Without a say in what is in view: asking every item for it takes longer than painting them."""
        self._box.addItem(item, ignoreBounds=True)
        self._items.append(item)

    def _references(self, shown: EmbeddingMap) -> pg.ScatterPlotItem:
        """All reference points in one item, by shape and colour of their class; those of no class are left out."""
        known = np.flatnonzero(shown.reference_class >= 0)
        classes = shown.reference_class[known]
        brushes = []
        for index in range(len(shown.classes)):
            color = self.theme.class_color(index)
            color.setAlphaF(0.38)
            brushes.append(pg.mkBrush(color))
        symbols = [SYMBOLS[index % len(SYMBOLS)] for index in classes]
        return pg.ScatterPlotItem(
            pos=shown.reference[known], symbol=symbols, size=5, brush=[brushes[i] for i in classes], pen=pg.mkPen(None)
        )

    def _add_centroids(self, shown: EmbeddingMap) -> None:
        """A mark for each class, which says its name when pointed at, and a label; the classes nearest to this clip are labelled first."""
        t = self.theme
        placed = [index for index, centroid in enumerate(shown.centroids) if np.isfinite(centroid).all()]
        marks = pg.ScatterPlotItem(
            pos=shown.centroids[placed],
            data=[class_text(shown.classes[index]) for index in placed],
            symbol=[SYMBOLS[index % len(SYMBOLS)] for index in placed],
            size=11,
            brush=[pg.mkBrush(t.class_color(index)) for index in placed],
            pen=pg.mkPen(t.color("panel"), width=1.5),
            hoverable=True,
            tip=lambda x, y, data: data,
        )
        self._add(marks)
        distance = shown.centroid_distance.mean(axis=0) if len(shown.centroid_distance) else np.zeros(len(shown.classes))
        font = self.small_font()
        for index in sorted(placed, key=lambda index: float(distance[index])):
            name = class_text(shown.classes[index])
            label = pg.TextItem(name, color=t.color("text"), fill=pg.mkBrush(t.color("panel", 0.82)), anchor=(0.5, 1.35))
            label.setFont(font)
            label.setPos(*map(float, shown.centroids[index]))
            label.setZValue(20)
            self._add(label)
            self._labels.append(label)

    def _show_all(self, shown: EmbeddingMap) -> None:
        """Bring every point into view."""
        points = np.concatenate([shown.reference, shown.centroids, shown.windows])
        points = points[np.isfinite(points).all(axis=1)].astype(float)
        if len(points):
            low, high = points.min(axis=0), points.max(axis=0)
            self._box.setRange(QRectF(*low, *np.maximum(high - low, 1e-6)), padding=0.06)

    def _place_labels(self) -> None:
        """Each label above, below or beside its centroid: where it covers least of the labels placed before.

        One that would hide another or be cut off by the edge is left out; its mark still says the name when pointed at.
        """
        taken: list[QRectF] = []
        for label in self._labels:
            at = self._box.mapViewToScene(QPointF(label.pos()))
            size = label.boundingRect()
            best: tuple[float, tuple[float, float], QRectF] | None = None
            for anchor in ((0.5, 1.35), (0.5, -0.35), (-0.08, 0.5), (1.08, 0.5), (0.0, 1.5), (1.0, 1.5), (0.0, -0.6), (1.0, -0.6)):
                place = QRectF(at.x() - anchor[0] * size.width(), at.y() - anchor[1] * size.height(), size.width(), size.height())
                covered = sum(_area(place.intersected(other)) for other in taken)
                covered += _area(place) - _area(place.intersected(self._plot.sceneRect()))
                if best is None or covered < best[0]:
                    best = (covered, anchor, place)
            fits = best is not None and best[0] <= _COVERED * _area(best[2])
            label.setVisible(fits)
            if best is not None and fits:
                label.setAnchor(best[1])
                taken.append(best[2])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._labels:
            self._place_labels()

    def _on_dot(self, _item: object, points: list[pg.SpotItem]) -> None:
        if points:
            self._go_to_window(int(points[0].data()))

    def _go_to_window(self, index: int) -> None:
        if self.session is not None and self._shown is not None:
            start, stop = map(int, self._shown.window_range[index])
            self.session.seek(FrameIndex((start + stop - 1) // 2))


def _why_empty(analysis: Analysis | None) -> str:
    if analysis is None:
        return "The map appears when the analysis has finished."
    return f"No map: {analysis.scores.reason}" if analysis.scores.reason else "No window of this clip can be placed on the map."


def _area(rect: QRectF) -> float:
    return max(0.0, rect.width()) * max(0.0, rect.height())
