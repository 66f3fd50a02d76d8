"""Both scores, never without what they depend on: motion amount, frame rate, and whether the clip can be judged at all."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from core.analysis import Analysis
from core.limits import outside_text
from gui.views.base import Painted, View
from gui.words import class_text


class Figures(Painted):
    """Four figures side by side: two scores, and the two things to read them by."""

    def __init__(self) -> None:
        super().__init__()
        self.figures = figures(None)  # heading, value, remark

    def sizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        return QSize(380, int(line * 3.6))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_figures(self, figures: list[tuple[str, str, str]]) -> None:
        self.figures = figures
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), self.theme
        large = QFont(self.font())
        large.setPointSizeF(large.pointSizeF() * 1.75)
        small = self.small_font()
        weights = (0.3, 0.38, 0.18, 0.14)
        x = 0.0
        for (heading, value, remark), weight in zip(self.figures, weights, strict=True):
            width = self.width() * weight
            painter.setFont(small)
            metrics = painter.fontMetrics()
            painter.setPen(t.color("muted"))
            room = int(width) - 8
            painter.drawText(QPointF(x, metrics.ascent()), metrics.elidedText(heading, Qt.TextElideMode.ElideRight, room))
            y = float(metrics.height())
            painter.setFont(large)
            painter.setPen(t.color("text"))
            painter.drawText(QPointF(x, y + painter.fontMetrics().ascent()), value)
            y += painter.fontMetrics().height()
            painter.setFont(small)
            painter.setPen(t.color("muted"))
            painter.drawText(QPointF(x, y + metrics.ascent()), metrics.elidedText(remark, Qt.TextElideMode.ElideRight, room))
            x += width


class ScoresView(View):
    """Four figures, the statements that go with them, and a button to ask what they cannot tell."""

    limits_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures = Figures()
        self.statements = QLabel()
        self.statements.setObjectName("caution")
        self.statements.setWordWrap(True)
        self.remarks = QLabel()
        self.remarks.setWordWrap(True)
        self.info = QToolButton()
        self.info.setText("ℹ  What this cannot see")
        self.info.setToolTip("Faults that are not detectable or seen weakly, and what is never judged")
        self.info.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.info.clicked.connect(self.limits_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.figures, self.statements, self.remarks, self.info):
            layout.addWidget(widget)

    def show_frame(self, frame: int) -> None:
        """Scores belong to the whole clip."""

    def show_analysis(self, analysis: Analysis | None) -> None:
        self.figures.show_figures(figures(analysis))
        found = statements(analysis)
        self.statements.setText("\n".join(f"⚠ {sentence}" for sentence in found))
        self.statements.setVisible(bool(found))
        remarks = analysis.remarks if analysis is not None else ()
        self.remarks.setText("\n".join(f"ℹ {sentence}" for sentence in remarks))
        self.remarks.setVisible(bool(remarks))


def figures(analysis: Analysis | None) -> list[tuple[str, str, str]]:
    """Heading, value and remark of the four figures; a dash where nothing is known."""
    if analysis is None:
        return [("Temporal coherence", "–", "S_temp"), ("Action consistency S_cons", "–", ""), ("Motion", "–", ""), ("Rate", "–", "")]
    scores = analysis.scores
    nearest = scores.nearest_class
    consistency = scores.action_consistency.get(nearest) if nearest is not None else None
    asked = analysis.action if not scores.outside else None
    remark = f"to {class_text(nearest)} (nearest)" if nearest is not None and consistency is not None else ""
    if asked is not None and asked in scores.action_consistency:
        consistency = scores.action_consistency[asked]
        remark = f"to {class_text(asked)} (asked)"
    if scores.outside:
        consistency, remark = None, "not told: outside"
    return [
        ("Temporal coherence", _value(scores.temporal_coherence), "S_temp"),
        ("Action consistency S_cons", _value(consistency), remark),
        ("Motion", _value(scores.motion_amount, 2), "heights / s"),
        ("Rate", f"{analysis.video.fps:.4g}", "frames / s"),
    ]


def statements(analysis: Analysis | None) -> list[str]:
    """What has to be known before the scores are believed, one sentence each."""
    if analysis is None:
        return []
    scores = analysis.scores
    found = list(analysis.video.notes)
    if scores.reason:
        found.append(f"No scores: {scores.reason}" if scores.temporal_coherence is None else scores.reason)
    if scores.padded:
        found.append("The clip is shorter than one window of 32 frames: its last frame was repeated, which lowers S_temp.")
    if (outside := outside_text(scores)) is not None:
        found.append(outside)
    if scores.nearest_class is not None and not scores.outside and analysis.manifold.caution:
        found.append(analysis.manifold.caution)
    return found


def _value(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
