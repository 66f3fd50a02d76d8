"""Decoding to the exact frame: a decoder that knows where it stands and restarts at a key frame only when it must."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from core.video_file import VideoFile
from core.video_index import NONE, PacketIndex

# Key frames that are tried before the nearest one when a frame does not come out; a frame needs one at most in a sound file.
_RETREATS = 2


class FrameReader(Protocol):
    """Gives decoded frames in ascending order from a place it is aimed at. Used by one thread at a time."""

    def aim(self, target: int) -> None:
        """Make sure that going on with `next_frame` will reach frame `target`; does nothing when it already will."""

    def next_frame(self) -> tuple[int, av.VideoFrame] | None:
        """The next frame and its index; None at the end."""

    def retreat(self, target: int) -> bool:
        """After `target` did not come out: start from an earlier key frame. False when there is none."""

    def close(self) -> None: ...


def read_to(reader: FrameReader, target: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames on the way to `target`, and `target` last if it can be decoded at all; never one beyond it."""
    reader.aim(target)
    for _ in range(_RETREATS + 1):
        while (item := reader.next_frame()) is not None and item[0] < target:
            yield item
        if item is not None and item[0] == target:
            yield item
            return
        if not reader.retreat(target):
            return


class StreamReader:
    """Reads one video stream.

    Each packet carries its ordinal through the decoder in place of its time stamp, so a frame that comes out names the packet it is
    made of, whatever the container says about times.
    """

    def __init__(self, file: VideoFile, index: PacketIndex, threads: int = 0) -> None:
        self._file = file
        self._index = index
        self._threads = threads
        self._container: InputContainer | None = None
        self._stream: VideoStream
        self._packets: Iterator[Packet]
        self._output: deque[av.VideoFrame] = deque()
        self._start = -1  # ordinal of the key frame this run began with
        self._fed = -1  # ordinal of the packet fed last
        self._last = -1  # frame index given last
        self._flushed = True
        self.packets_decoded = 0

    def aim(self, target: int) -> None:
        ordinal = int(self._index.order[target])
        start = self._index.start_before(ordinal)
        ahead = self._last < target and start <= self._fed + 1 and self._reachable(ordinal)
        if not ahead or (self._flushed and all(frame.pts != ordinal for frame in self._output)):
            self.restart(start)

    def _reachable(self, ordinal: int) -> bool:
        """Whether this run started early enough to give the exact picture of `ordinal`."""
        return self._start <= ordinal and (self._start == 0 or self._index.place[self._start] <= self._index.place[ordinal])

    def retreat(self, target: int) -> bool:
        earlier = self._index.earlier_start(self._start)
        if earlier is None:
            return False
        self.restart(earlier)
        return True

    def next_frame(self) -> tuple[int, av.VideoFrame] | None:
        while True:
            while self._output:
                frame = self._output.popleft()
                ordinal = frame.pts
                index = -1 if ordinal is None else int(self._index.frames[ordinal])
                if ordinal is not None and index > self._last and self._reachable(ordinal):
                    self._last = index
                    return index, frame
            if self._flushed:
                return None
            self._feed()

    def emitted(self) -> Iterator[int]:
        """Ordinals of the remaining frames as the decoder gives them, undamaged ones only; for checking the index."""
        while True:
            while self._output:
                frame = self._output.popleft()
                if frame.pts is not None and not frame.is_corrupt:
                    yield frame.pts
            if self._flushed:
                return
            self._feed()

    def restart(self, start: int) -> None:
        """Stand before the key frame `start`, with an empty decoder."""
        self._output.clear()
        self._last = -1
        self._start = start
        packet = None
        with suppress(FFmpegError, OSError, LookupError):  # the file was taken away meanwhile: nothing comes out
            packet = self._seek(start)
            while packet is not None and self._fed < start:
                packet = self._next_packet()
        self._flushed = packet is None
        if packet is not None:
            self._decode(packet)

    def _seek(self, start: int) -> Packet | None:
        """The first packet, at or before `start`, of a container moved there."""
        key: int | None = start
        while self._container is not None and self._index.identities[1] and key:
            stamps = (self._index.pts, self._index.dts) if "matroska" in self._index.formats else (self._index.dts, self._index.pts)
            offset = next((int(stamp[key]) for stamp in stamps if stamp[key] != NONE), None)
            if offset is None:
                break
            try:
                self._container.seek(offset, stream=self._stream)
            except FFmpegError:
                break
            self._packets = self._container.demux(self._stream)
            packet = self._next_packet()
            if packet is not None and self._fed <= start:
                return packet
            key = self._index.earlier_start(key)
        self._reopen()
        return self._next_packet()

    def _reopen(self) -> None:
        self.close()
        self._container, self._stream = self._file.open()
        self._stream.codec_context.thread_type = "AUTO"
        self._stream.codec_context.thread_count = self._threads
        self._packets = self._container.demux(self._stream)
        self._fed = -1

    def _next_packet(self) -> Packet | None:
        """The next packet that the index knows, its ordinal in `_fed`; None at the end or where the file breaks off."""
        name, ordinal_of = self._index.identities
        with suppress(FFmpegError):
            for packet in self._packets:
                if not packet.size:
                    continue
                ordinal = ordinal_of.get(getattr(packet, name)) if ordinal_of else self._fed + 1
                if ordinal is not None and ordinal < len(self._index.pts):
                    self._fed = ordinal
                    return packet
        return None

    def _feed(self) -> None:
        packet = self._next_packet()
        if packet is not None:
            self._decode(packet)
            return
        self._flushed = True
        with suppress(FFmpegError):
            self._output.extend(self._stream.codec_context.decode(None))

    def _decode(self, packet: Packet) -> None:
        packet.pts = self._fed
        packet.dts = None
        self.packets_decoded += 1
        with suppress(FFmpegError):  # a damaged packet: its frame stays out, the decoder goes on
            self._output.extend(self._stream.codec_context.decode(packet))

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None
        self._output.clear()
        self._flushed = True
