"""The evidence of the selected event: what the encoder says of it, which of its sources speak, and the joints."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from core.analysis import Glitch
from core.encoder_words import LOCATED, encoder_line, encoder_text, shares_remark, source_name
from core.skeletons import readable
from gui.views.base import Painted

_MOST_JOINTS = 3
_BAR = 8
_LEAST = 0.005  # less is no percent
_GAP = 26  # between labels, with their swatches


class Shares(Painted):
    """One bar of the sources' shares, the largest first, and below it their names with their percentages."""

    def __init__(self) -> None:
        super().__init__()
        self._sources: list[tuple[str, float]] = []

    def show_shares(self, glitch: Glitch) -> None:
        told = [(source, share) for source, share in glitch.sources.items() if share >= _LEAST]
        self._sources = sorted(told, key=lambda item: -item[1])
        self.setAccessibleDescription(", ".join(self.labels))
        self.setVisible(bool(self._sources))
        self.updateGeometry()
        self.update()

    @property
    def labels(self) -> list[str]:
        return [f"{source_name(source)} {share:.0%}".replace("%", " %") for source, share in self._sources]

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(self.width(), 200)))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return _BAR + 6 + len(self._rows(width)) * (self.fontMetrics().height() + 1)

    def _rows(self, width: int) -> list[list[int]]:
        """Which labels stand in which line."""
        rows: list[list[int]] = [[]]
        used = 0.0
        for number, label in enumerate(self.labels):
            need = self.fontMetrics().horizontalAdvance(label) + _GAP
            if rows[-1] and used + need > width:
                rows.append([])
                used = 0.0
            rows[-1].append(number)
            used += need
        return rows

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), self.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.small_font())
        x = 0.0
        for source, share in self._sources:
            width = share * self.width()
            painter.fillRect(QRectF(x, 0, max(width - 1.5, 0.0), _BAR), t.source_color(source))
            x += width
        metrics = painter.fontMetrics()
        y = _BAR + 6.0
        for row in self._rows(self.width()):
            x = 0.0
            for number in row:
                label = self.labels[number]
                painter.fillRect(QRectF(x, y + metrics.height() * 0.25, 10, 10), t.source_color(self._sources[number][0]))
                painter.setPen(t.color("text"))
                painter.drawText(QPointF(x + 15, y + metrics.ascent()), label)
                x += metrics.horizontalAdvance(label) + _GAP
            y += self.fontMetrics().height() + 1


class EvidencePane(QFrame):
    """Hidden while no event is selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evidence")
        self.joints, self.encoder, self.remark = QLabel(), QLabel(), QLabel()
        self.shares = Shares()
        self.remark.setObjectName("muted")
        self.joints.setToolTip("1× is what 99.9 % of real motion stays below, at this joint, pace and frame rate.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 7, 0, 0)
        layout.setSpacing(3)
        for widget in (self.joints, self.encoder, self.shares, self.remark):
            layout.addWidget(widget)
        for label in (self.joints, self.encoder, self.remark):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setFont(self.shares.small_font())
        self.hide()

    def show_glitch(self, glitch: Glitch | None, extractor: str) -> None:
        """The evidence of `glitch`, seen by the extractor of this name; None hides it."""
        if glitch is not None:
            _tell(self.joints, joints_text(glitch))
            _tell(self.encoder, encoder_line(glitch))
            self.encoder.setToolTip(f"{encoder_text(glitch) or ''} {LOCATED}".strip())
            self.shares.show_shares(glitch)
            _tell(self.remark, shares_remark(glitch.sources, extractor))
        self.setVisible(glitch is not None)
        self._keep_whole()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_whole()

    def _keep_whole(self) -> None:
        """A splitter knows no heights for widths and would cut wrapped lines off."""
        layout = self.layout()
        if layout is not None and self.width() > 0:
            self.setMinimumHeight(layout.heightForWidth(self.width()))


def joints_text(glitch: Glitch) -> str | None:
    """`Joints: left wrist 7.2×, left elbow 3.1×.` in multiples of what 99.9 % of real motion stays below; None without joints."""
    if not glitch.joints:
        return None
    parts = [readable(j.name) + (f" {j.excess:.1f}×" if math.isfinite(j.excess) else "") for j in glitch.joints[:_MOST_JOINTS]]
    more = len(glitch.joints) - _MOST_JOINTS
    return f"Joints: {', '.join(parts)}{f' and {more} more' if more > 0 else ''}."


def _tell(label: QLabel, text: str | None) -> None:
    label.setText(text or "")
    label.setVisible(text is not None)
