"""Opening a video file: what is accepted, what is refused, and transport streams repacked so that they can be sought."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream


class VideoError(Exception):
    """The video cannot be opened; the message is one sentence for people that says what is wrong and what to do."""


# Not videos: text shown as a picture, and lists that name other files.
_REFUSED_FORMATS = {"tty", "hls", "dash", "concat", "image2", "imf"}
# Streams without an index, whose seeking is a guess by byte position.
_UNSEEKABLE_FORMATS = {"mpegts", "mpeg"}


@dataclass(frozen=True)
class VideoFile:
    """A file that can be demuxed and sought; `repacked` is a temporary file to be deleted when the video is closed."""

    path: Path
    repacked: Path | None = None

    @property
    def readable(self) -> Path:
        return self.repacked or self.path

    def open(self) -> tuple[InputContainer, VideoStream]:
        """A fresh container and its video stream. Raises FFmpegError, OSError."""
        container = _open(self.readable)
        return container, video_stream(container)

    def delete_repacked(self) -> None:
        if self.repacked is not None:
            self.repacked.unlink(missing_ok=True)


def _open(path: Path) -> InputContainer:
    # "file:" keeps a name such as "http:x.mp4" or "concat:x" from being read as an address.
    return av.open(f"file:{path}", metadata_errors="ignore", options={"protocol_whitelist": "file"})


def video_stream(container: InputContainer) -> VideoStream:
    """The stream to show: the default one, else the largest; cover pictures of music files do not count. Raises LookupError."""
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        raise LookupError("no video stream")
    return max(streams, key=lambda s: (bool(s.disposition & Disposition.default), s.codec_context.width * s.codec_context.height))


def check_file(path: Path) -> VideoFile:
    """The file behind `path`, ready to be demuxed. Raises VideoError when it is not a video."""
    if not path.exists():
        raise VideoError(f"There is no file {path}: check the name.")
    try:
        empty = path.stat().st_size == 0
        with path.open("rb"):
            pass
    except OSError as error:
        raise VideoError(f"{path.name} cannot be read ({error.strerror}): check its permissions.") from error
    if empty:
        raise VideoError(f"{path.name} is empty (0 bytes): export or download it again.")
    try:
        container = _open(path)
    except (FFmpegError, ValueError) as error:
        raise VideoError(f"{path.name} is not a video that can be read, or its beginning or end is missing: export it again.") from error
    with container:
        formats = set(container.format.name.split(","))
        if formats & _REFUSED_FORMATS:
            raise VideoError(f"{path.name} is not a video: choose a video file, a GIF or a folder of images.")
        try:
            stream = video_stream(container)
        except LookupError:
            raise VideoError(f"{path.name} has no video stream (only sound or other data): choose a file with pictures.") from None
        if stream.codec_context is None:
            raise VideoError(f"{path.name} uses a video format that cannot be decoded here: convert it to H.264 in MP4.")
        return VideoFile(path, _repack(container, stream, path)) if formats & _UNSEEKABLE_FORMATS else VideoFile(path)


def _repack(container: InputContainer, stream: VideoStream, path: Path) -> Path:
    """Copy the packets, unchanged, into a Matroska file in the temporary folder. Raises VideoError."""
    with tempfile.NamedTemporaryFile(prefix="telltale-", suffix=".mkv", delete=False) as handle:
        target = Path(handle.name)
    copied = 0
    try:
        with av.open(str(target), "w", format="matroska") as output:
            copy = output.add_stream_from_template(stream)
            try:
                for packet in container.demux(stream):
                    if packet.size == 0 or (packet.pts is None and packet.dts is None):
                        continue
                    packet.stream = copy
                    output.mux_one(packet)
                    copied += 1
            except FFmpegError:
                pass  # a damaged end: what came before it is kept
    except (FFmpegError, OSError, ValueError) as error:
        target.unlink(missing_ok=True)
        raise VideoError(f"{path.name} cannot be repacked for seeking ({error}): convert it to MP4.") from error
    if not copied:
        target.unlink(missing_ok=True)
        raise VideoError(f"{path.name} contains no frames: export it again.")
    return target
