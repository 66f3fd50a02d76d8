"""A file of features without its video, opened as a video of black pictures: its frames are there for curves, skeleton and events."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from core.picture import picture_maker
from core.tag_data import TagDataError, read_frames
from core.timebase import Timebase
from core.video_file import VideoError
from core.video_opening import OpenedVideo

# Feature files carry no rate and no size: TAG's videos have 25 frames a second, and powers of two keep key points exact in float32.
FPS = 25.0
SIZE = (1024, 512)
_NOTE = (
    "These are features without their video: there are no pictures, 25 frames a second are assumed, and the picture is taken to be "
    "twice as wide as it is high."
)


def open_features(path: Path) -> OpenedVideo:
    """Frames 0 to the last one that the features name. Raises VideoError."""
    try:
        frames = read_frames(path)
    except TagDataError as error:
        raise VideoError(str(error)) from error
    if not len(frames):
        raise VideoError(f"{path.name} has no rows: no frame of the clip showed exactly one person.")
    black = av.VideoFrame.from_ndarray(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), format="rgb24")
    count = int(frames[-1]) + 1
    return OpenedVideo(
        path=path,
        timebase=Timebase(np.arange(count) / FPS, 1 / FPS),
        notes=(_NOTE,),
        pictures=picture_maker(black, Fraction(1)),
        first_frame=black,
        new_reader=lambda: _BlackReader(black, count),
        release=lambda: None,
        packets_decoded=0,
    )


class _BlackReader:
    """FrameReader that gives the same frame again and again."""

    def __init__(self, frame: av.VideoFrame, count: int) -> None:
        self._frame, self._count = frame, count
        self._next = 0

    def aim(self, target: int) -> None:
        self._next = target

    def next_frame(self) -> tuple[int, av.VideoFrame] | None:
        if self._next >= self._count:
            return None
        self._next += 1
        return self._next - 1, self._frame

    def retreat(self, target: int) -> bool:
        return False

    def close(self) -> None:
        self._next = self._count
