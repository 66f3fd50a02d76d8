"""The packet index of a video: one pass over the packets, without decoding, tells which frame is shown when and where to start for it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

NONE = np.iinfo(np.int64).min
# Containers that store when each frame is shown. In the others the demuxer guesses, and the guess is checked by decoding.
STORES_TIMES = {"mov", "matroska", "webm", "gif", "flv"}


@dataclass(frozen=True, eq=False)
class PacketIndex:
    """All packets of the video stream in the order in which they are stored and decoded (their number is the *ordinal*).

    pts, dts, pos   int64 [P]   in units of `time_base` (dts, pos: NONE where unknown)
    duration        int64 [P]   0 where unknown
    place           int64 [P]   position in display order among all packets
    shown           bool [P]    False for packets that an edit list hides, that hold no picture of their own or that cannot be decoded
    starts          ordinals of the key frames, ascending
    """

    pts: np.ndarray
    dts: np.ndarray
    pos: np.ndarray
    duration: np.ndarray
    place: np.ndarray
    shown: np.ndarray
    starts: Sequence[int]
    time_base: Fraction
    formats: frozenset[str]
    declared: int  # frames that the container's own table lists; 0 where it has none
    broken_off: bool  # the file ended in the middle of a packet

    @cached_property
    def order(self) -> np.ndarray:
        """int64 [T]: the ordinal of each frame."""
        ordinals = np.flatnonzero(self.shown)
        return ordinals[np.argsort(self.place[ordinals], kind="stable")]

    @cached_property
    def frames(self) -> np.ndarray:
        """int64 [P]: the frame that each packet shows, -1 where none."""
        frames = np.full(len(self.pts), -1, np.int64)
        frames[self.order] = np.arange(len(self.order))
        return frames

    @cached_property
    def identities(self) -> tuple[str, dict[int, int]]:
        """The attribute that names a packet after a seek (`pos` or `pts`) and the ordinal for each of its values; empty if not unique."""
        for name, column in (("pos", self.pos), ("pts", self.pts)):
            values = column.tolist()
            ordinals = {value: ordinal for ordinal, value in enumerate(values)}
            if len(ordinals) == len(values) and NONE not in ordinals:
                return name, ordinals
        return "pos", {}

    def start_before(self, ordinal: int) -> int:
        """The key frame to start from for the exact picture of `ordinal`.

        A picture shown before the key frame that precedes it in the file (open GOP) needs the key frame before that one.
        """
        number = bisect_right(self.starts, ordinal) - 1
        while number > 0 and self.place[self.starts[number]] > self.place[ordinal]:
            number -= 1
        return self.starts[max(number, 0)]

    def earlier_start(self, start: int) -> int | None:
        """The key frame before `start`, or None at the first."""
        number = bisect_right(self.starts, start - 1) - 1
        return self.starts[number] if number >= 0 else None


def build_index(container: InputContainer, stream: VideoStream) -> PacketIndex:
    """Demux `stream` once, to its end. Nothing is decoded. A stream without packets gives an index of length 0."""
    formats = frozenset(container.format.name.split(","))
    codec = stream.codec_context.name
    columns: list[tuple[int, int, int, int, bool, bool]] = []
    broken_off = False
    declared = len(stream.index_entries) and sum(not entry.is_discard for entry in stream.index_entries) if "mov" in formats else 0
    try:
        for packet in container.demux(stream):
            if packet.size == 0:  # the flush packet at the end, and frames that an AVI file leaves out
                continue
            if packet.is_corrupt and "mov" in formats:
                broken_off = True
                continue
            columns.append(
                (
                    NONE if packet.pts is None else packet.pts,
                    NONE if packet.dts is None else packet.dts,
                    NONE if packet.pos is None else packet.pos,
                    packet.duration or 0,
                    packet.is_keyframe,
                    not packet.is_discard and not (codec in ("vp8", "libvpx") and hides_picture(packet)),
                )
            )
    except FFmpegError:
        broken_off = True
    table = np.array([row[:4] for row in columns], np.int64).reshape(-1, 4)
    pts, dts, pos, duration = (np.ascontiguousarray(column) for column in table.T)
    starts = [ordinal for ordinal, row in enumerate(columns) if row[4]]
    shown = np.array([row[5] for row in columns], bool)
    if columns and (not starts or starts[0] != 0):
        shown[: starts[0] if starts else 0] = False
        starts = starts or [0]
    if (pts == NONE).any():  # raw streams: a frame after the other
        pts = np.arange(len(pts), dtype=np.int64) * int(duration.max(initial=0) or 1)
    place = np.empty(len(pts), np.int64)
    place[np.argsort(pts, kind="stable")] = np.arange(len(pts))
    return PacketIndex(
        pts, dts, pos, duration, place, shown, starts, stream.time_base or Fraction(1, 25), formats, int(declared), broken_off
    )


def hides_picture(packet: object) -> bool:
    """Whether a VP8 packet only feeds later ones: bit 4 of its first byte is show_frame (RFC 6386, 9.1)."""
    return not memoryview(packet)[0] & 0x10  # type: ignore[arg-type]


def without(index: PacketIndex, ordinals: Sequence[int]) -> PacketIndex:
    """The index with `ordinals` taken out of what is shown."""
    shown = index.shown.copy()
    shown[list(ordinals)] = False
    return replace(index, shown=shown)


def ordered_as_decoded(index: PacketIndex, emitted: Sequence[int]) -> PacketIndex:
    """The index in the order in which a decoder gave the frames; their times are the stored ones, ascending."""
    place = np.full(len(index.pts), -1, np.int64)
    place[list(emitted)] = np.arange(len(emitted))
    silent = np.flatnonzero(place < 0)
    place[silent] = len(emitted) + np.arange(len(silent))
    pts = index.pts.copy()
    pts[list(emitted)] = np.sort(index.pts[list(emitted)])
    shown = index.shown & (place < len(emitted))
    return replace(index, pts=pts, place=place, shown=shown)


def frame_times(index: PacketIndex, rate: Fraction | None) -> tuple[np.ndarray, float]:
    """Seconds of each shown frame since the first (float64 [T], strictly increasing) and how long the last one stays."""
    order = index.order
    pts = index.pts[order]
    times = (pts - pts[0]) * float(index.time_base)
    for i in np.flatnonzero(np.diff(times) <= 0) + 1:  # two frames stamped alike
        times[i] = max(times[i], times[i - 1] + 1e-6)
    last = float(index.duration[order[-1]] * index.time_base)
    if last <= 0:
        last = float(np.median(np.diff(times))) if len(times) > 1 else float(1 / (rate or 25))
    return times, last
