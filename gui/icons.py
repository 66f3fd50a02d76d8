"""The few icons of the window, painted in the colours of the theme at any size."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap, QPolygonF

# Shapes on a 16 x 16 grid: filled polygons (lists of points).
_SHAPES: dict[str, list[list[tuple[float, float]]]] = {
    "play": [[(4, 2.5), (13.5, 8), (4, 13.5)]],
    "pause": [[(4, 3), (7, 3), (7, 13), (4, 13)], [(9, 3), (12, 3), (12, 13), (9, 13)]],
    "forward": [[(6, 3.5), (12.5, 8), (6, 12.5)], [(3.2, 3.5), (4.6, 3.5), (4.6, 12.5), (3.2, 12.5)]],
    "last": [[(2.5, 3.5), (7, 8), (2.5, 12.5)], [(7, 3.5), (11.5, 8), (7, 12.5)], [(12, 3.5), (13.5, 3.5), (13.5, 12.5), (12, 12.5)]],
    "next_glitch": [[(2, 3.5), (7.5, 8), (2, 12.5)], [(11.5, 2.5), (15, 8), (11.5, 13.5), (8, 8)]],
}
_MIRRORED = {"back": "forward", "first": "last", "previous_glitch": "next_glitch"}


def icon(name: str, color: QColor, disabled: QColor) -> QIcon:
    """The icon `name` in one colour, with a second colour for when it cannot be used."""
    result = QIcon()
    for mode, ink in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, disabled)):
        for scale in (1, 2):
            result.addPixmap(_pixmap(name, ink, scale), mode)
    return result


def _pixmap(name: str, color: QColor, scale: int) -> QPixmap:
    pixmap = QPixmap(16 * scale, 16 * scale)
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    if name in _MIRRORED:
        painter.translate(16, 0)
        painter.scale(-1, 1)
    for shape in _SHAPES[_MIRRORED.get(name, name)]:
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in shape]))
    painter.end()
    return pixmap


def window_icon() -> QIcon:
    """The mark of the program."""
    return QIcon(str(Path(__file__).resolve().parent.parent / "resources" / "icons" / "telltale.svg"))
