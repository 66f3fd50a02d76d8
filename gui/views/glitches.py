"""The glitch list, strongest first: what happened, when, how badly; a click goes there. Below it the evidence of the selected one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout, QWidget

from core.analysis import Analysis, Glitch
from core.timebase import FrameIndex, clock
from gui import theme
from gui.views.base import View
from gui.views.evidence import EvidencePane
from gui.words import frames_text, kind_text

_Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole.UserRole


class _Row(QStyledItemDelegate):
    """Two lines a glitch: kind, frames, severity; then its sentence, as many lines as it takes."""

    def __init__(self, view: GlitchList) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        glitch: Glitch = index.data(_ROLE)
        width = self._view.text_width()
        height = option.fontMetrics.height() + 6 + self._sentence_rect(option, glitch, width).height()
        return QSize(width, height + 13)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        glitch: Glitch = index.data(_ROLE)
        t = self._view.theme
        area = QRect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(t.color("raised"))
            painter.drawRoundedRect(QRectF(area).adjusted(0, 1, -1, -1), 5, 5)
            painter.setBrush(t.color("accent"))
            painter.drawRect(QRectF(area.left(), area.top() + 5, 3, area.height() - 10))
        inner = area.adjusted(11, 5, -9, -5)
        metrics = option.fontMetrics
        head = QRect(inner.left(), inner.top(), inner.width(), metrics.height())
        bold = option.font
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(t.color("text"))
        title = f"{index.row() + 1}  {kind_text(glitch.kind)}"
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, title)
        used = painter.fontMetrics().horizontalAdvance(title) + 12
        painter.setFont(self._view.font())
        painter.setPen(t.color("muted"))
        painter.drawText(head.adjusted(used, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, frames_text(range(glitch.start, glitch.stop)))
        self._paint_severity(painter, head, glitch.severity, t)
        painter.setFont(self._view.small_font())
        painter.setPen(t.color("text"))
        below = inner.adjusted(0, metrics.height() + 4, 0, 0)
        painter.drawText(below, Qt.TextFlag.TextWordWrap, _sentence(glitch))
        painter.restore()

    def _paint_severity(self, painter: QPainter, head: QRect, severity: float, t: theme.Theme) -> None:
        number = f"{severity:.2f}"
        width = painter.fontMetrics().horizontalAdvance(number)
        painter.setPen(t.color("text"))
        painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
        bar = QRectF(head.right() - width - 60, head.center().y() - 3, 52, 6)
        painter.setPen(QPen(t.color("line"), 1))
        painter.setBrush(t.color("panel"))
        painter.drawRoundedRect(bar, 3, 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(t.color("alert"))
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * min(max(severity, 0.0), 1.0), bar.height()), 3, 3)

    def _sentence_rect(self, option: QStyleOptionViewItem, glitch: Glitch, width: int) -> QRect:
        metrics = QFontMetrics(self._view.small_font())
        return metrics.boundingRect(QRect(0, 0, width - 20, 1000), Qt.TextFlag.TextWordWrap, _sentence(glitch))


class GlitchList(View):
    """One row a glitch; the one under the cursor is selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget()
        self.list.setItemDelegate(_Row(self))
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setMinimumHeight(60)
        self.list.itemClicked.connect(self._on_picked)
        self.list.itemActivated.connect(self._on_picked)
        self.list.itemSelectionChanged.connect(self._show_evidence)
        self.evidence = EvidencePane()
        self._empty = QLabel()
        self._empty.setObjectName("muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.evidence)
        layout.addWidget(self._empty, 1)
        self._shown: tuple[Glitch, ...] | None = None

    @property
    def selected(self) -> Glitch | None:
        """The glitch that is selected in the list."""
        items = self.list.selectedItems()
        return items[0].data(_ROLE) if items else None

    def offer(self, actions: Sequence[QAction]) -> None:
        """The context menu of a glitch."""
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.list.addActions(list(actions))

    def text_width(self) -> int:
        return max(120, self.list.viewport().width())

    def show_analysis(self, analysis: Analysis | None) -> None:
        glitches = analysis.glitches if analysis else ()
        self._empty.setText(self._why_empty(analysis))
        self.list.setVisible(bool(glitches))
        self._empty.setVisible(not glitches)
        if glitches is not self._shown:
            self._shown = glitches
            self.list.clear()
            for glitch in glitches:
                item = QListWidgetItem()
                item.setData(_ROLE, glitch)
                seconds = clock(float(analysis.track.times[glitch.peak])) if analysis else ""
                item.setToolTip(f"Strongest at frame {glitch.peak}, {seconds}. Confidence of the pose {glitch.confidence:.2f}.")
                self.list.addItem(item)
        if self.session:
            self.show_frame(self.session.cursor)
        self._show_evidence()

    def show_frame(self, frame: int) -> None:
        """Select the glitch under the cursor; the one picked by hand stays when it holds the frame too."""
        current = self.list.currentItem()
        if current is not None and current.isSelected() and _holds(current.data(_ROLE), frame):
            return
        for row in range(self.list.count()):
            if _holds(self.list.item(row).data(_ROLE), frame):
                self.list.setCurrentRow(row)
                return
        self.list.clearSelection()

    def _why_empty(self, analysis: Analysis | None) -> str:
        if analysis is None:
            return "Glitches appear when the analysis has finished."
        return "No glitch found. That does not mean that the motion is good: see “What this cannot see” above."

    def _show_evidence(self) -> None:
        self.evidence.show_glitch(self.selected, self.analysis.track.extractor.name if self.analysis else "")

    def _on_picked(self, item: QListWidgetItem) -> None:
        if self.session is not None:
            self.session.seek(FrameIndex(item.data(_ROLE).peak))


def _holds(glitch: Glitch, frame: int) -> bool:
    return glitch.start <= frame < glitch.stop


def _sentence(glitch: Glitch) -> str:
    """What happened, and below it how rare that is."""
    return f"{glitch.text}\n{glitch.rarity[:1].upper()}{glitch.rarity[1:]}" if glitch.rarity else glitch.text
