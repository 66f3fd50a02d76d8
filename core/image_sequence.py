"""A folder of images as a video: natural order, 25 frames a second."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from core.video_file import VideoError

SUFFIXES = {".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".jp2", ".tga"}
RATE = Fraction(25)  # an image carries no time


def image_files(folder: Path) -> list[Path]:
    """The images in `folder` itself, `frame2` before `frame10`. Raises VideoError when there are none."""
    try:
        files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")]
    except OSError as error:
        raise VideoError(f"The folder {folder.name} cannot be read ({error.strerror}): check its permissions.") from error
    if not files:
        raise VideoError(f"The folder {folder.name} contains no images: choose one with PNG or JPEG frames, or a video file.")
    return sorted(files, key=lambda path: natural_key(path.name))


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sorts runs of digits as numbers, the rest as lower-case text; the name itself decides between equals."""
    parts = re.split(r"(\d+)", name)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part.lower()) for part in parts] + [(0, 0, name)]


def read_image(path: Path) -> av.VideoFrame | None:
    """The first picture in `path`, or None when it cannot be decoded."""
    try:
        with av.open(f"file:{path}", metadata_errors="ignore", options={"protocol_whitelist": "file", "pattern_type": "none"}) as container:
            return next(container.decode(video=0), None)
    except (FFmpegError, OSError, ValueError, IndexError):
        return None


class ImageReader:
    """FrameReader over image files; every image is its own key frame."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        self._next = 0

    def aim(self, target: int) -> None:
        self._next = target

    def next_frame(self) -> tuple[int, av.VideoFrame] | None:
        while self._next < len(self._files):
            index = self._next
            self._next += 1
            frame = read_image(self._files[index])
            if frame is not None:
                return index, frame
        return None

    def retreat(self, target: int) -> bool:
        return False

    def close(self) -> None:
        self._next = len(self._files)
