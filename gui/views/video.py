"""The video as the person sees it: the frame, its overlay, and why a frame cannot be judged."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.analysis import Analysis
from core.session import Session
from core.timebase import FrameIndex
from core.track import Presence
from gui.frames import FrameLoader, Picture
from gui.views.base import View
from gui.views.seek_bar import NAMES
from render.compose import Layers

_MAX_ZOOM = 16.0


class VideoView(View):
    """Paints the picture that the frame loader has made; asks it for another when cursor, track or layers change."""

    zoomed = Signal(float)

    def __init__(self, layers: Layers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layers = layers
        self.picture: Picture | None = None
        self.zoom = 1.0  # 1 fits the picture into the view
        self._loader: FrameLoader | None = None
        self._pan = QPointF(0, 0)
        self._grabbed: QPointF | None = None
        self.setMinimumSize(320, 200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def attach_loader(self, session: Session | None, loader: FrameLoader | None) -> None:
        """Show another video through its loader, or none."""
        if self._loader is not None:
            self._loader.ready.disconnect(self._on_ready)
        self._loader, self.picture = loader, None
        if loader is not None:
            loader.ready.connect(self._on_ready, Qt.ConnectionType.QueuedConnection)
        self.fit()
        self.attach(session)

    def set_layers(self, layers: Layers) -> None:
        self.layers = layers
        self._ask()

    def show_frame(self, frame: int) -> None:
        self._ask()

    def show_analysis(self, analysis: Analysis | None) -> None:
        self._ask()
        self.update()

    def fit(self) -> None:
        """The whole picture, as large as it goes."""
        self.zoom_about(1.0, self._centre())

    def zoom_about(self, zoom: float, point: QPointF) -> None:
        """Zoom so that the pixel under `point` stays there."""
        zoom = min(max(zoom, 1.0), _MAX_ZOOM)
        centre = self._centre()
        self._pan = QPointF(0, 0) if zoom == 1.0 else (point - centre) - ((point - centre) - self._pan) * (zoom / self.zoom)
        self.zoom = zoom
        self._keep_in_view()
        self.zoomed.emit(zoom)
        self.update()

    def picture_rect(self) -> QRectF:
        """Where the picture lies in the view."""
        size = self.picture.image.size() if self.picture else self.size()
        scale = min(self.width() / max(1, size.width()), self.height() / max(1, size.height())) * self.zoom
        width, height = size.width() * scale, size.height() * scale
        return QRectF((self.width() - width) / 2 + self._pan.x(), (self.height() - height) / 2 + self._pan.y(), width, height)

    def _ask(self) -> None:
        if self._loader is not None and self.session is not None:
            self._loader.request(self.session.cursor, self.session.track, self.layers)

    def _on_ready(self, picture: Picture) -> None:
        if self.sender() is self._loader:
            self.picture = picture
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.theme.color("canvas"))
        if self.picture is None:
            self._paint_empty(painter)
            return
        target = self.picture_rect()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, target.width() < self.picture.image.width() * 4)
        painter.drawImage(target, self.picture.image)
        if self.picture.overlay is not None:
            painter.drawImage(target, self.picture.overlay)
        self._paint_presence(painter, self.picture.frame)

    def _paint_empty(self, painter: QPainter) -> None:
        t = self.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.session is not None:
            return
        box = QRectF(0, 0, 420, 150)
        box.moveCenter(self._centre())
        painter.setPen(QPen(t.color("muted", 0.6), 1.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(box, 10, 10)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.35)
        painter.setFont(font)
        painter.setPen(t.color("text"))
        painter.drawText(box.adjusted(0, 0, 0, -34), Qt.AlignmentFlag.AlignCenter, "Drop a video of a person here")
        painter.setFont(self.font())
        painter.setPen(t.color("text"))
        painter.drawText(box.adjusted(0, 46, 0, 0), Qt.AlignmentFlag.AlignCenter, "or press Ctrl+O to choose one · F1 shows all keys")

    def _paint_presence(self, painter: QPainter, frame: FrameIndex) -> None:
        """A pill of text on frames that cannot be judged."""
        track = self.session.track if self.session else None
        if track is None or frame >= self.extracted or track.presence[frame] == Presence.OK:
            return
        reason = track.reasons[frame]
        name = NAMES[track.presence[frame]]
        text = f"{name[0].upper()}{name[1:]}: {reason}" if reason else f"{name[0].upper()}{name[1:]}"
        metrics = painter.fontMetrics()
        width = min(metrics.horizontalAdvance(text) + 22, self.width() - 24)
        box = QRectF(12, 12, width, metrics.height() + 10)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.theme.color("caution"), 1.2))
        painter.setBrush(self.theme.color("panel", 0.94))
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(self.theme.color("text"))
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(width - 20))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_about(self.zoom * 1.25 ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.zoom > 1.0:
            self._grabbed = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grabbed is not None:
            self._pan += event.position() - self._grabbed
            self._grabbed = event.position()
            self._keep_in_view()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grabbed = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit()

    def _centre(self) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2)

    def _keep_in_view(self) -> None:
        target = self.picture_rect()
        slack_x, slack_y = max(0.0, (target.width() - self.width()) / 2), max(0.0, (target.height() - self.height()) / 2)
        self._pan = QPointF(min(max(self._pan.x(), -slack_x), slack_x), min(max(self._pan.y(), -slack_y), slack_y))
