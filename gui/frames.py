"""Pictures for the window, made off its thread: one thread decodes and draws overlays, and of waiting requests only the latest counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from core.timebase import FrameIndex
from core.track import HumanTrack
from core.video import Video
from render.compose import Layers, Painter


@dataclass(frozen=True, eq=False)
class Request:
    frame: FrameIndex
    track: HumanTrack | None
    layers: Layers


@dataclass(frozen=True, eq=False)
class Picture:
    """What the video view paints: the frame as RGB32 and its overlay as premultiplied ARGB32, or none."""

    frame: FrameIndex
    image: QImage
    overlay: QImage | None


class FrameLoader(QObject):
    """Serves one video. `ready` carries a Picture, `failed` an exception; both are emitted on the loader's thread and arrive queued."""

    ready = Signal(object)
    failed = Signal(object)

    def __init__(self, video: Video, make_painter: Callable[[], Painter], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._video = video
        self._make_painter = make_painter
        self._waiting: Request | None = None
        self._closing = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._work, daemon=True, name="telltale-frames")
        self._thread.start()

    def request(self, frame: FrameIndex, track: HumanTrack | None, layers: Layers) -> None:
        """Ask for a picture; a request that nobody has begun yet is forgotten."""
        with self._wake:
            self._waiting = Request(frame, track, layers)
            self._wake.notify()

    def close(self) -> None:
        """End the thread after the frame in its hands, then close the video."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._video.close()

    def _work(self) -> None:
        painter: Painter | None = None
        decoded: tuple[FrameIndex, QImage] | None = None
        while (request := self._next()) is not None:
            try:
                if decoded is None or decoded[0] != request.frame:
                    decoded = (request.frame, frame_image(self._video.frame(request.frame)))
            except Exception as error:  # whatever happens to one frame, the next one shall be shown
                self.failed.emit(error)
                continue
            overlay = None
            if request.track is not None and _anything(request.layers):
                try:
                    painter = painter or self._make_painter()
                    overlay = overlay_image(painter.overlay(request.track, request.frame, self._video.size, request.layers))
                except Exception as error:  # the frame itself can be shown all the same
                    self.failed.emit(error)
            self.ready.emit(Picture(request.frame, decoded[1], overlay))
            if self._waiting is None:
                self._video.prefetch(request.frame)
        if painter is not None:
            painter.close()

    def _next(self) -> Request | None:
        """The latest request, as soon as there is one; None when the loader closes."""
        with self._wake:
            self._wake.wait_for(lambda: self._closing or self._waiting is not None)
            request, self._waiting = self._waiting, None
            return None if self._closing else request


def frame_image(pixels: np.ndarray) -> QImage:
    """uint8 [H, W, 3] RGB -> RGB32."""
    pixels = np.ascontiguousarray(pixels)
    height, width, _ = pixels.shape
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).convertToFormat(QImage.Format.Format_RGB32)


def overlay_image(pixels: np.ndarray) -> QImage:
    """Premultiplied uint8 [H, W, 4] RGBA -> premultiplied ARGB32."""
    pixels = np.ascontiguousarray(pixels)
    height, width, _ = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _anything(layers: Layers) -> bool:
    return any(layer.shown for layer in (layers.mesh, layers.skeleton, layers.keypoints, layers.box))
