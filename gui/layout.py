"""Where everything stands: the video large on the left with time below it, what it means on the right."""

from __future__ import annotations

import json
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMainWindow, QSplitter, QVBoxLayout, QWidget

_VIDEO, _PLOTS = 600, (165, 130)  # heights at first start, pixels
_SIDE_WIDTH = 510
_SIDE = (300, 390, 110)
_SIDE_STRETCH = (3, 5, 1)  # map, glitches, notes: none of them gives all its room to a small screen


def arrange(
    window: QMainWindow,
    banner: QWidget,
    header: Sequence[QWidget],
    video: Sequence[QWidget],
    plots: Sequence[QWidget],
    scores: QWidget,
    side: Sequence[QWidget],
    status: QWidget,
) -> tuple[QSplitter, ...]:
    """Put the widgets into the window. `video` is the picture and what belongs below it. Returns the splitters, whose sizes can be kept."""
    picture = QFrame()
    picture.setObjectName("panel")
    column = QVBoxLayout(picture)
    column.setContentsMargins(11, 9, 11, 6)
    column.setSpacing(3)
    for position, widget in enumerate(video):
        column.addWidget(widget, 1 if position == 0 else 0)
    left = _splitter(Qt.Orientation.Vertical, (picture, *plots), (_VIDEO, *_PLOTS))
    left.setStretchFactor(0, 1)
    right = _splitter(Qt.Orientation.Vertical, side, _SIDE)
    for position, stretch in enumerate(_SIDE_STRETCH):
        right.setStretchFactor(position, stretch)
    column_right = QWidget()
    column_right.setMinimumWidth(430)
    stack = QVBoxLayout(column_right)
    stack.setContentsMargins(0, 0, 0, 0)
    stack.setSpacing(7)
    stack.addWidget(scores)
    stack.addWidget(right, 1)
    both = _splitter(Qt.Orientation.Horizontal, (left, column_right), (_SIDE_WIDTH, _SIDE_WIDTH))
    both.setStretchFactor(0, 1)
    centre = QWidget()
    rows = QVBoxLayout(centre)
    rows.setContentsMargins(8, 2, 8, 2)
    rows.setSpacing(6)
    rows.addWidget(banner)
    line = QHBoxLayout()
    for position, widget in enumerate(header):
        line.addWidget(widget, 1 if position == 0 else 0)
    rows.addLayout(line)
    rows.addWidget(both, 1)
    rows.addWidget(status)
    window.setCentralWidget(centre)
    # Sizes count only once the splitters have their own: what grows later goes to the video.
    centre.resize(window.size())
    rows.activate()
    both.setSizes([centre.width() - _SIDE_WIDTH, _SIDE_WIDTH])
    return both, left, right


def save(splitters: Sequence[QSplitter]) -> bytes:
    """The sizes of all splitters."""
    return json.dumps([splitter.sizes() for splitter in splitters]).encode()


def restore(splitters: Sequence[QSplitter], saved: bytes) -> None:
    """Sizes that `save` gave; anything else is left alone."""
    try:
        sizes = json.loads(saved or b"null")
    except ValueError:
        return
    if not isinstance(sizes, list) or len(sizes) != len(splitters):
        return
    for splitter, size in zip(splitters, sizes, strict=True):
        if isinstance(size, list) and len(size) == splitter.count() and all(isinstance(value, int) for value in size):
            splitter.setSizes(size)


def _splitter(orientation: Qt.Orientation, widgets: Sequence[QWidget], sizes: Sequence[int]) -> QSplitter:
    splitter = QSplitter(orientation)
    splitter.setHandleWidth(7)
    splitter.setChildrenCollapsible(False)
    for widget in widgets:
        splitter.addWidget(widget)
    splitter.setSizes(list(sizes))
    return splitter
