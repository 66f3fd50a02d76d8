"""Notes on frames and ranges: add, edit, delete; every change is saved at once and can be undone."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.analysis import Analysis
from core.project import Note
from core.timebase import FrameIndex
from gui.views.base import View
from gui.words import frames_text

_ID = Qt.ItemDataRole.UserRole


class NotesView(View):
    """A list of the session's notes and a line to write one; a double click edits, Delete deletes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setColumnCount(2)
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.setMinimumHeight(44)
        self.tree.itemClicked.connect(self._on_clicked)
        self.tree.itemDoubleClicked.connect(self._on_edit)
        self.tree.itemChanged.connect(self._on_changed)
        self.line = QLineEdit()
        self.line.setClearButtonEnabled(True)
        self.line.returnPressed.connect(self._on_enter)
        self.delete = QToolButton()
        self.delete.setText("Delete")
        self.delete.setToolTip("Delete the selected note  (Delete)")
        self.delete.setEnabled(False)
        self.delete.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.delete.clicked.connect(self._on_delete)
        key = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.tree)
        key.setContext(Qt.ShortcutContext.WidgetShortcut)
        key.activated.connect(self._on_delete)
        self.tree.itemSelectionChanged.connect(lambda: self.delete.setEnabled(bool(self.tree.selectedItems())))
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        row.addWidget(self.delete)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self.tree, 1)
        layout.addLayout(row)
        self._shown: tuple[Note, ...] = ()
        self._filling = False

    def target(self) -> range | None:
        """The frames that a new note is about: the selection, else the frame at the cursor."""
        if self.session is None:
            return None
        return self.session.selection or range(self.session.cursor, self.session.cursor + 1)

    def start_note(self) -> None:
        """Put the keyboard into the line where a note is written."""
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.line.selectAll()

    def show_frame(self, frame: int) -> None:
        target = self.target()
        self.line.setEnabled(target is not None)
        self.line.setPlaceholderText(f"Note on {frames_text(target)} (M), Enter saves" if target else "Open a video to take notes")

    def show_analysis(self, analysis: Analysis | None) -> None:
        notes = self.session.project.notes if self.session else ()
        self.show_frame(self.session.cursor if self.session else 0)
        if notes == self._shown:
            return
        self._shown = notes
        self._filling = True
        self.tree.clear()
        for note in notes:
            item = QTreeWidgetItem([frames_text(range(note.start, note.stop)), note.text])
            item.setData(0, _ID, note.id)
            item.setToolTip(1, note.text)
            item.setForeground(0, self.theme.color("muted"))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self.tree.addTopLevelItem(item)
        self._filling = False

    def _note(self, item: QTreeWidgetItem) -> Note | None:
        return next((note for note in self._shown if note.id == item.data(0, _ID)), None)

    def _on_enter(self) -> None:
        target, text = self.target(), self.line.text().strip()
        if self.session is None or target is None or not text:
            return
        self.line.clear()
        self.session.add_note(target, text)
        self.tree.setFocus()

    def _on_clicked(self, item: QTreeWidgetItem) -> None:
        note = self._note(item)
        if note is not None and self.session is not None:
            self.session.seek(FrameIndex(note.start))

    def _on_edit(self, item: QTreeWidgetItem) -> None:
        self.tree.editItem(item, 1)

    def _on_changed(self, item: QTreeWidgetItem, column: int) -> None:
        note = self._note(item)
        if self._filling or note is None or self.session is None or column != 1:
            return
        text = item.text(1).strip()
        if text and text != note.text:
            self.session.edit_note(note.id, text)
        elif text != note.text:
            item.setText(1, note.text)

    def _on_delete(self) -> None:
        items = self.tree.selectedItems()
        if items and self.session is not None:
            self.session.delete_note(items[0].data(0, _ID))
