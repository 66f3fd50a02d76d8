"""Decoded frames that are kept, bounded in bytes: the ones nearest to the cursor stay."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort

import av

CAPACITY = 512 * 1024 * 1024


class FrameCache:
    """Frame index -> decoded frame as the decoder gave it (YUV takes half the memory of RGB). Safe to use from several threads.

    capacity: bytes of pixel planes that may be held. The frame that was just asked for always fits, however large it is.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self._lock = threading.Lock()
        self._frames: dict[int, av.VideoFrame] = {}
        self._sizes: dict[int, int] = {}
        self._indices: list[int] = []  # sorted, so that the farthest from the cursor is the first or the last
        self._bytes = 0
        self._cursor = 0

    @property
    def used(self) -> int:
        """Bytes of the planes held now."""
        return self._bytes

    def __contains__(self, index: int) -> bool:
        return index in self._frames

    def move(self, cursor: int) -> None:
        """Frames near `cursor` are the ones to keep from now on."""
        self._cursor = cursor

    def get(self, index: int) -> av.VideoFrame | None:
        return self._frames.get(index)

    def nearest_before(self, index: int) -> av.VideoFrame | None:
        """The last frame before `index` that is held."""
        with self._lock:
            position = bisect_left(self._indices, index)
            return self._frames[self._indices[position - 1]] if position else None

    def put(self, index: int, frame: av.VideoFrame) -> None:
        """Keep `frame`, letting go of those farthest from the cursor when there is no room."""
        with self._lock:
            if index in self._frames:
                return
            size = frame_bytes(frame)
            self._frames[index] = frame
            self._sizes[index] = size
            insort(self._indices, index)
            self._bytes += size
            while self._bytes > self.capacity and len(self._indices) > 1:
                first, last = self._indices[0], self._indices[-1]
                gone = self._indices.pop(0 if self._cursor - first >= last - self._cursor else -1)
                del self._frames[gone]
                self._bytes -= self._sizes.pop(gone)

    def clear(self) -> None:
        with self._lock:
            self._frames.clear()
            self._sizes.clear()
            self._indices.clear()
            self._bytes = 0


def frame_bytes(frame: av.VideoFrame) -> int:
    """Bytes that the pixel planes of `frame` take."""
    return sum(plane.buffer_size for plane in frame.planes)
