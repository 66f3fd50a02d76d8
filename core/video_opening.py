"""What is done once when a video is opened: list the packets, decode the first picture, confirm the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
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
from core.truncation import is_cut_off
from core.video_file import VideoError, VideoFile, check_file
from core.video_index import STORES_TIMES, PacketIndex, build_index, frame_times, ordered_as_decoded, without
from core.video_reader import FrameReader, StreamReader

# The end is confirmed by decoding from the last key frame if that is no farther than this many packets.
CONFIRMED_PACKETS = 600
# Frames of a file without stored times whose decoded order is compared with the guessed one.
_ORDER_SAMPLE = 48
_NOTHING_DECODES = "No frame of {} can be decoded: export it again, as H.264 in MP4 if possible."


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
    packets_decoded: int  # to open it; bounded, however long the video is


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
    with closing(StreamReader(file, index)) as reader:
        index = _confirm_order(reader, index)
        index, cut_off = _confirm_end(reader, index)
        decoded = reader.packets_decoded
    if not index.shown.any():
        raise VideoError(_NOTHING_DECODES.format(file.path.name))
    with closing(StreamReader(file, index)) as reader:
        first, missing = _first_picture(reader)
        decoded += reader.packets_decoded
    if first is None:
        raise VideoError(_NOTHING_DECODES.format(file.path.name))
    index = without(index, index.order[:missing].tolist())
    times, last = frame_times(index, rate)
    return OpenedVideo(
        path=file.path,
        timebase=Timebase(times, last),
        notes=_notes(len(times), packets, missing, cut_off or index.broken_off or is_cut_off(file.path)),
        pictures=picture_maker(first, aspect),
        first_frame=first,
        new_reader=lambda: StreamReader(file, index),
        release=file.delete_repacked,
        packets_decoded=decoded,
    )


def _notes(count: int, packets: int, missing: int, cut_off: bool) -> tuple[str, ...]:
    notes = []
    if missing:
        notes.append(f"The first {missing} frames of the file need a part that is missing and are left out.")
    if count + missing < packets:
        notes.append(f"The file is damaged at its end: {count} of its {packets} frames can be read.")
    elif cut_off:
        notes.append(f"The file is damaged at its end: only {count} frames are left of it.")
    return tuple(notes)


def _confirm_order(reader: StreamReader, index: PacketIndex) -> PacketIndex:
    """Where the container stores no times, ask the decoder for the order; decode everything only if the guess is wrong."""
    if index.formats & STORES_TIMES:
        return index
    reader.restart(0)
    sample = list(islice(reader.emitted(), _ORDER_SAMPLE))
    if (np.diff(index.place[sample]) > 0).all():
        return index
    reader.restart(0)
    return ordered_as_decoded(index, list(dict.fromkeys(reader.emitted())))


def _confirm_end(reader: StreamReader, index: PacketIndex) -> tuple[PacketIndex, bool]:
    """Take out the frames behind the last key frame that do not decode; if none does, go on with the key frame before.

    Also says whether any was taken out.
    """
    cut_off = False
    stop = len(index.pts)
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
    return index, cut_off


def _first_picture(reader: StreamReader) -> tuple[av.VideoFrame | None, int]:
    """The first frame that decodes, and how many frames before it do not."""
    reader.restart(0)
    found = reader.next_frame()
    return (None, 0) if found is None else (found[1], found[0])


def open_folder(path: Path) -> OpenedVideo:
    """Images that cannot be read are left out at both ends, and show the one before elsewhere. Raises VideoError."""
    files = image_files(path)
    begin, first = next(((n, frame) for n, file in enumerate(files) if (frame := read_image(file)) is not None), (0, None))
    if first is None:
        raise VideoError(f"No image in the folder {path.name} can be read: export them again as PNG or JPEG.")
    stop = next(n for n in range(len(files), begin, -1) if n == begin + 1 or read_image(files[n - 1]) is not None)
    readable = files[begin:stop]
    lost = len(files) - len(readable)
    times = np.arange(len(readable)) / float(RATE)
    return OpenedVideo(
        path=path,
        timebase=Timebase(times, float(1 / RATE)),
        notes=(f"{lost} of the {len(files)} images cannot be read and are left out.",) if lost else (),
        pictures=picture_maker(first, Fraction(1)),
        first_frame=first,
        new_reader=lambda: ImageReader(readable),
        release=lambda: None,
        packets_decoded=0,
    )
