"""What is done once when a video is opened: list the packets, decode the first picture, confirm the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from core.image_sequence import RATE, ImageReader, image_files, read_image
from core.picture import PictureMaker, picture_maker
from core.timebase import Timebase
from core.video_file import VideoError, VideoFile, check_file
from core.video_index import STORES_TIMES, PacketIndex, build_index, frame_times, ordered_as_decoded, without
from core.video_reader import FrameReader, StreamReader

# The end is confirmed by decoding from the last key frame if that is no farther than this many packets.
CONFIRMED_PACKETS = 600
# Frames of a file without stored times whose decoded order is compared with the guessed one.
_ORDER_SAMPLE = 48


@dataclass(frozen=True, eq=False)
class OpenedVideo:
    """Everything that `Video` needs."""

    path: Path
    timebase: Timebase
    notes: tuple[str, ...]
    pictures: PictureMaker
    first_frame: av.VideoFrame
    new_reader: Callable[[], FrameReader]
    release: Callable[[], None]


def open_file(path: Path) -> OpenedVideo:
    """Raises VideoError."""
    file = check_file(path)
    try:
        return _open_stream(file)
    except (FFmpegError, OSError, LookupError, ValueError) as error:
        file.delete_repacked()
        raise VideoError(f"{path.name} cannot be read as a video ({error}): export it again.") from error
    except VideoError:
        file.delete_repacked()
        raise


def _open_stream(file: VideoFile) -> OpenedVideo:
    container, stream = file.open()
    with container:
        index = build_index(container, stream)
        aspect, rate = stream.sample_aspect_ratio, stream.average_rate
    if not index.shown.any():
        raise VideoError(f"{file.path.name} contains no frames: export it again.")
    packets = max(int(index.shown.sum()), index.declared)
    index = _confirm_order(file, index)
    index, cut_off = _confirm_end(file, index)
    first, index, missing = _first_picture(file, index)
    notes = []
    if missing:
        notes.append(f"The first {missing} frames need a part of the file that is missing and are left out.")
    count = int(index.shown.sum())
    if count + missing < packets:
        notes.append(f"The file is damaged at its end: {count} of its {packets} frames can be read.")
    elif cut_off or index.broken_off:
        notes.append(f"The file is damaged at its end: the first {count} frames can be read.")
    times, last = frame_times(index, rate)
    return OpenedVideo(
        file.path, Timebase(times, last), tuple(notes), picture_maker(first, aspect), first,
        lambda: StreamReader(file, index), file.delete_repacked,
    )  # fmt: skip


def _confirm_order(file: VideoFile, index: PacketIndex) -> PacketIndex:
    """Where the container stores no times, ask the decoder for the order; decode everything only if the guess is wrong."""
    if index.formats & STORES_TIMES:
        return index
    reader = StreamReader(file, index)
    try:
        reader.restart(0)
        sample = list(islice(reader.emitted(), _ORDER_SAMPLE))
        places = index.place[sample]
        if (np.diff(places) > 0).all():
            return index
        reader.restart(0)
        return ordered_as_decoded(index, list(dict.fromkeys(reader.emitted())))
    finally:
        reader.close()


def _confirm_end(file: VideoFile, index: PacketIndex) -> tuple[PacketIndex, bool]:
    """Take out the frames behind the last key frame that do not decode; if none does, go on with the key frame before."""
    cut_off = False
    stop = len(index.pts)
    reader = StreamReader(file, index)
    try:
        for start in reversed(index.starts):
            if stop - start > CONFIRMED_PACKETS:
                break
            reader.restart(start)
            decoded = set(reader.emitted())
            expected = [n for n in range(start, stop) if index.shown[n] and (start == 0 or index.place[n] >= index.place[start])]
            lost = [n for n in expected if n not in decoded]
            cut_off = cut_off or bool(lost)
            if len(lost) < len(expected):
                return without(index, lost), cut_off
            # The whole group is lost, and with it the pictures shown before its key frame.
            index = without(index, range(start, stop))
            stop = start
    finally:
        reader.close()
    if not index.shown.any():
        raise VideoError(f"No frame of {file.path.name} can be decoded: export it again, as H.264 in MP4 if possible.")
    return index, cut_off


def _first_picture(file: VideoFile, index: PacketIndex) -> tuple[av.VideoFrame, PacketIndex, int]:
    """The first frame that decodes, the index without those before it, and how many these are."""
    reader = StreamReader(file, index)
    try:
        reader.restart(0)
        found = reader.next_frame()
        if found is None:
            raise VideoError(f"No frame of {file.path.name} can be decoded: export it again, as H.264 in MP4 if possible.")
        number, frame = found
        return frame, without(index, index.order[:number].tolist()), number
    finally:
        reader.close()


def open_folder(path: Path) -> OpenedVideo:
    """Raises VideoError."""
    files = image_files(path)
    readable = [file for file in files if (first := read_image(file)) is not None]
    if not readable:
        raise VideoError(f"No image in the folder {path.name} can be read: export them again as PNG or JPEG.")
    first = read_image(readable[0])
    assert first is not None
    times = np.arange(len(readable)) / float(RATE)
    return OpenedVideo(
        path, Timebase(times, float(1 / RATE)), (), picture_maker(first, Fraction(1)), first, lambda: ImageReader(readable), lambda: None
    )
