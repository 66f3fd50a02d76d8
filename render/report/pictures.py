"""Frames with what was found in them, as JPEG data URIs for a page that stands alone."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from types import TracebackType

import cv2
import numpy as np

from core.own_body import display_body
from core.timebase import FrameIndex
from core.track import HumanTrack
from core.video import Video
from render.compose import Layers, Painter, compose

_LONGER_SIDE = 480  # pixels of a picture in the page
_QUALITY = 82
_MARGIN, _SMALLEST = 0.3, 0.5  # room around the person, in boxes; least part of the frame that is shown


@dataclass(frozen=True)
class Picture:
    """One picture of the page; `emphasis` is the frame that a row of pictures is about."""

    frame: int
    uri: str
    width: int
    height: int
    emphasis: bool = False


class Photographer:
    """Takes pictures of the frames of one video with their overlays. Use it in one thread, in a `with` block."""

    def __init__(self, video: Video, track: HumanTrack) -> None:
        self._video = video
        self._track = track
        self._painter = Painter(display_body())

    def __enter__(self) -> Photographer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._painter.close()

    def row(self, frames: list[int], emphasis: int | None = None) -> list[Picture]:
        """Pictures of the frames that exist, all of the same part of the frame, so that only the person moves."""
        frames = [frame for frame in frames if 0 <= frame < min(len(self._video), len(self._track))]
        x0, y0, x1, y1 = self._part(frames)
        pictures = []
        for frame in frames:
            overlay = self._painter.overlay(self._track, frame, self._video.size, Layers())
            composed = compose(self._video.frame(FrameIndex(frame)), overlay)[y0:y1, x0:x1]
            scale = min(1.0, _LONGER_SIDE / max(composed.shape[:2]))
            if scale < 1:
                composed = cv2.resize(composed, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            height, width = composed.shape[:2]
            pictures.append(Picture(frame, jpeg_uri(composed), width, height, frame == emphasis))
        return pictures

    def _part(self, frames: list[int]) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 of the part of the frame that holds the person in all of `frames`; the whole frame when nobody is known."""
        width, height = self._video.size
        boxes = self._track.boxes[frames]
        boxes = boxes[np.isfinite(boxes).all(1)] * (np.array([width, height] * 2) / np.tile(self._track.size, 2))
        if not len(boxes):
            return 0, 0, width, height
        low, high = boxes[:, :2].min(0), boxes[:, 2:].max(0)
        size = np.array([width, height])
        wanted = np.clip((high - low) * (1 + 2 * _MARGIN), _SMALLEST * size, size)
        corner = np.clip((low + high - wanted) / 2, 0, size - wanted).astype(int)
        end = np.minimum(corner + np.ceil(wanted).astype(int), size)
        return int(corner[0]), int(corner[1]), int(end[0]), int(end[1])


def jpeg_uri(picture: np.ndarray) -> str:
    """RGB uint8 [H, W, 3] as a data URI."""
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not ok:
        raise RuntimeError("a picture could not be encoded as JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
