"""F1: all keys and what the mouse does, read from the table of actions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.actions import ACTIONS, MOUSE

_LEFT, _RIGHT = ("Go", "Help"), ("File", "Edit", "View")


class CheatSheet(QDialog):
    """Non-modal, so that the keys can be tried while it is open."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        keys = {menu: [(a.keys, a.text.removesuffix(" ...")) for a in ACTIONS if a.menu == menu and a.keys] for menu in _LEFT + _RIGHT}
        columns = QHBoxLayout()
        columns.setSpacing(40)
        for menus in (_LEFT, _RIGHT):
            columns.addLayout(_table([(menu, keys[menu]) for menu in menus]))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(26, 14, 26, 18)
        layout.setSpacing(14)
        layout.addLayout(columns)
        layout.addLayout(_table([("Mouse", [((gesture,), effect) for gesture, effect in MOUSE])]))


def _table(groups: list[tuple[str, list[tuple[tuple[str, ...], str]]]]) -> QGridLayout:
    """Headed groups of keys and what they do, in two columns."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(18)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    row = 0
    for title, entries in groups:
        heading = QLabel(title)
        heading.setObjectName("heading")
        heading.setContentsMargins(0, 10, 0, 2)
        grid.addWidget(heading, row, 0, 1, 2)
        row += 1
        for keys, text in entries:
            caps = QHBoxLayout()
            caps.setSpacing(4)
            for key in keys:
                cap = QLabel(key)
                cap.setObjectName("key")
                caps.addWidget(cap)
            caps.addStretch(1)
            grid.addLayout(caps, row, 0)
            grid.addWidget(QLabel(text), row, 1)
            row += 1
    grid.setRowStretch(row, 1)
    return grid
