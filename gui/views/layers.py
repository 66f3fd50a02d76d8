"""What is drawn over the video: a box to switch each layer and a slider for its opacity."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSlider, QWidget

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
            layout.addWidget(_check_box(actions[name]))
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


def _check_box(action: QAction) -> QCheckBox:
    """A box that follows a checkable action and triggers it."""
    box = QCheckBox(action.text())
    box.setToolTip(action.toolTip())
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    box.clicked.connect(action.trigger)
    action.toggled.connect(box.setChecked)
    return box
