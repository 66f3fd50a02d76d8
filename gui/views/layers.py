"""What is drawn over the video: a box to switch each layer and a slider for its opacity."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSlider, QWidget

from gui import theme

LAYERS = ("mesh", "skeleton", "keypoints", "box")


class LayerBar(QWidget):
    """The boxes trigger the same actions as the menu; `opacity_changed` carries the layer's name and 0..1."""

    opacity_changed = Signal(str, float)

    def __init__(self, actions: Mapping[str, QAction], opacities: Mapping[str, float], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 6, 0)
        layout.setSpacing(6)
        self.sliders: dict[str, QSlider] = {}
        for name in LAYERS:
            layout.addWidget(_LayerBox(actions[name]))
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, 100)
            slider.setValue(round(opacities[name] * 100))
            slider.setFixedWidth(60)
            slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            slider.setToolTip(f"Opacity of the layer “{actions[name].text()}”")
            slider.valueChanged.connect(lambda value, layer=name: self.opacity_changed.emit(layer, value / 100))
            layout.addWidget(slider)
            layout.addSpacing(12)
            self.sliders[name] = slider


class _LayerBox(QCheckBox):
    """A box that follows a checkable action and triggers it, painted so that it can be seen in the dark too."""

    def __init__(self, action: QAction) -> None:
        super().__init__(action.text())
        self.setToolTip(action.toolTip())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(action.trigger)
        action.toggled.connect(self.setChecked)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(25 + metrics.horizontalAdvance(self.text()), metrics.height() + 6)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), theme.of(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(1.5, (self.height() - 14) / 2 + 0.5, 13, 13)
        painter.setPen(QPen(t.color("accent" if self.hasFocus() else "muted"), 1.2))
        painter.setBrush(t.color("text") if self.isChecked() else t.color("panel"))
        painter.drawRoundedRect(box, 3, 3)
        if self.isChecked():
            painter.setPen(QPen(t.color("panel"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
            corner = box.topLeft()
            painter.drawPolyline([corner + QPointF(3, 6.8), corner + QPointF(5.4, 9.4), corner + QPointF(10, 3.8)])
        painter.setPen(t.color("text"))
        painter.drawText(self.rect().adjusted(21, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
