"""Exact random access to the frames of a video file or a folder of images."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType

import av
import numpy as np

from core.feature_video import open_features
from core.frame_cache import CAPACITY, FrameCache, frame_bytes
from core.image_sequence import image_files
from core.picture import PictureMaker
from core.tag_data import is_mesh_file
from core.timebase import FrameIndex, Timebase
from core.video_file import VideoError
from core.video_opening import OpenedVideo, open_file, open_folder
from core.video_reader import FrameReader, read_to

__all__ = ["Video", "VideoError", "file_sha256", "open_video"]

# Frames kept decoded on either side of the cursor, if the cache has room for them.
PREFETCH_FRAMES = 48


class Video:
    """One open video. `frame` and `prefetch` may be called from several threads.

    path      the file or folder
    size      width and height in display pixels, after rotation tag and sample aspect ratio
    timebase  when each frame is shown
    notes     plain sentences about what is wrong with the file
    """

    def __init__(self, opened: OpenedVideo, cache_bytes: int = CAPACITY) -> None:
        self.path = opened.path
        self.timebase: Timebase = opened.timebase
        self.notes = opened.notes
        self._pictures: PictureMaker = opened.pictures
        self.size = self._pictures.size
        self._new_reader: Callable[[], FrameReader] = opened.new_reader
        self._release = opened.release
        self._cache = FrameCache(cache_bytes)
        self._window = min(PREFETCH_FRAMES, self._cache.capacity // frame_bytes(opened.first_frame) // 3)
        self._reader = self._new_reader()
        self._reading = threading.Lock()
        self._urgent = 0  # callers of `frame` that wait for the reader; the prefetcher steps aside for them
        self._wanted: int | None = None
        self._wake = threading.Condition()
        self._closed = False
        self._prefetcher: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self.timebase)

    def frame(self, index: FrameIndex) -> np.ndarray:
        """RGB uint8 [H, W, 3], C-contiguous, in display size. A frame that cannot be decoded shows the one before it.

        Raises IndexError outside the video, ValueError after `close`.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} is outside 0..{len(self) - 1}")
        if self._closed:
            raise ValueError("the video is closed")
        self._cache.move(index)
        decoded = self._cache.get(index)
        if decoded is None:
            self._urgent += 1
            try:
                with self._reading:
                    decoded = self._decode(index)
            finally:
                self._urgent -= 1
        return self._pictures.black() if decoded is None else self._pictures.rgb(decoded)

    def _decode(self, index: int) -> av.VideoFrame | None:
        """Frame `index`, or the nearest one known before it if it cannot be decoded; all on the way go to the cache."""
        decoded = self._cache.get(index)
        if decoded is not None:
            return decoded
        for number, decoded in read_to(self._reader, index):
            self._cache.put(number, decoded)
        if decoded is None:
            decoded = self._cache.nearest_before(index)
        if decoded is not None:
            self._cache.put(index, decoded)
        return decoded

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[FrameIndex, np.ndarray]]:
        """Frames start .. stop - 1 in order, as (index, RGB uint8 [H, W, 3]), with a decoder of its own; the cache is left alone."""
        stop = len(self) if stop is None else min(stop, len(self))
        if start >= stop:
            return
        last: np.ndarray | None = None
        with closing(self._new_reader()) as reader:
            reader.aim(start)
            index = start
            while index < stop:
                item = reader.next_frame()
                if item is not None and item[0] < start:
                    continue
                reached = stop if item is None else min(item[0], stop)
                for lost in range(index, reached):  # these cannot be decoded: hold the one before
                    last = self.frame(FrameIndex(lost)) if last is None else last.copy()
                    yield FrameIndex(lost), last
                if item is None or item[0] >= stop:
                    return
                last = self._pictures.rgb(item[1])
                yield FrameIndex(item[0]), last
                index = item[0] + 1

    def prefetch(self, around: FrameIndex) -> None:
        """Decode behind and ahead of `around` into the cache, in the background; a later call replaces an earlier one."""
        self._cache.move(around)
        with self._wake:
            if self._closed:
                return
            if self._prefetcher is None:
                self._prefetcher = threading.Thread(target=self._prefetch_forever, name="video-prefetch", daemon=True)
                self._prefetcher.start()
            self._wanted = around
            self._wake.notify()

    def _prefetch_forever(self) -> None:
        behind_reader = self._new_reader()
        try:
            while True:
                with self._wake:
                    self._wake.wait_for(lambda: self._closed or self._wanted is not None)
                    if self._closed or self._wanted is None:
                        return
                    around, self._wanted = self._wanted, None
                if self._prefetch_ahead(around):
                    self._prefetch_behind(behind_reader, around)
        finally:
            behind_reader.close()

    def _overtaken(self) -> bool:
        return self._closed or self._wanted is not None

    def _prefetch_ahead(self, around: int) -> bool:
        """Go on with the reader that serves `frame`, one frame at a time. False when there is something newer to do."""
        for target in range(around, min(len(self), around + self._window + 1)):
            previous = -1
            while target not in self._cache:
                if self._overtaken():
                    return False
                if self._urgent:
                    with self._reading:  # wait for them
                        pass
                    continue
                with self._reading:
                    if self._closed:
                        return False
                    self._reader.aim(target)
                    item = self._reader.next_frame()
                if item is None or item[0] <= previous:  # it cannot be decoded, or someone moved the reader
                    return True
                previous = item[0]
                self._cache.put(*item)
                if item[0] > target:
                    break
        return True

    def _prefetch_behind(self, reader: FrameReader, around: int) -> None:
        """The last frames before `around`, with a reader of its own, so that the other one keeps its place."""
        first = max(0, around - self._window)
        missing = [index for index in range(first, around) if index not in self._cache]
        if not missing:
            return
        reader.aim(missing[0])
        while not self._overtaken():
            item = reader.next_frame()
            if item is None:
                return
            if item[0] >= first:
                self._cache.put(*item)
            if item[0] >= missing[-1]:
                return

    def close(self) -> None:
        """Let go of the file, the decoders and the cache; may be called twice."""
        with self._wake:
            if self._closed:
                return
            self._closed = True
            self._wake.notify()
        if self._prefetcher is not None:
            self._prefetcher.join()
        with self._reading:
            self._reader.close()
        self._cache.clear()
        self._release()

    def __enter__(self) -> Video:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_video(path: str | Path, cache_bytes: int = CAPACITY) -> Video:
    """Open a video file, an animated GIF or a folder of images. The packets are listed, not decoded.

    A file of features (npz) is opened as well: its pictures are black.
    cache_bytes bounds the decoded frames that are kept.
    Raises VideoError, with one sentence for people, when there is nothing to be seen in it.
    """
    path = Path(path)
    if is_mesh_file(path):
        return Video(open_features(path), cache_bytes)
    return Video(open_folder(path) if path.is_dir() else open_file(path), cache_bytes)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex; of a folder of images: over their names and contents in order. Raises VideoError, OSError."""
    digest = hashlib.sha256()
    if not path.is_dir():
        return _hash_file(path)
    for file in image_files(path):
        name = file.name.encode()
        digest.update(len(name).to_bytes(8, "big") + name + bytes.fromhex(_hash_file(file)))
    return digest.hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
