"""What this tool cannot see: faults that are not detectable or seen weakly, with the figures, and what is never judged."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from core.limits import ALWAYS, not_detectable, seen_weakly

_SIZE = (620, 640)


class LimitsDialog(QDialog):
    """Non-modal, so that it can be read beside the events."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("What this tool cannot see")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.words = QLabel(limits_text())
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setContentsMargins(26, 8, 26, 18)
        area = QScrollArea()
        area.setObjectName("limits")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.words)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        self.resize(*_SIZE)


def limits_text() -> str:
    """The words as HTML; nothing in them comes from outside."""
    groups = (
        ("Not detectable: found so seldom that silence says nothing", not_detectable()),
        ("Seen weakly", seen_weakly()),
        ("Never judged, or only with care", ALWAYS),
    )
    parts = []
    for heading, lines in groups:
        if lines:
            parts.append(f"<p><b>{heading}</b></p><ul style='margin-left: -22px'>")
            parts += [f"<li style='margin-bottom: 3px'>{line}</li>" for line in lines] + ["</ul>"]
    return "".join(parts)
