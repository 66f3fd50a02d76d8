"""Clips whose frame number is burnt into the pixels, made on the spot with the encoders of the PyAV wheel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.extraction.blazepose import extract_frames
from core.track import HumanTrack
from core.video import open_video

SAMPLE = Path(__file__).parents[2] / "resources" / "sample" / "telltale_sample.mp4"
BITS, COLUMNS = 12, 4
BLOCK = 24
WIDTH, HEIGHT = BLOCK * COLUMNS, BLOCK * BITS // COLUMNS


def burn(number: int) -> np.ndarray:
    """uint8 [72, 96, 3]: `number` as 12 blocks, light for 1 and dark for 0, the highest bit at the top left."""
    bits = np.array([number >> bit & 1 for bit in reversed(range(BITS))], np.uint8).reshape(-1, COLUMNS)
    return np.repeat(np.kron(bits * 180 + 30, np.ones((BLOCK, BLOCK), np.uint8))[..., None], 3, axis=2)


def read_number(picture: np.ndarray) -> int:
    """The number that `burn` put into a picture of any size; -1 when a block is neither light nor dark."""
    height, width = picture.shape[:2]
    number = 0
    for row in range(BITS // COLUMNS):
        for column in range(COLUMNS):
            y, x = (np.array([row, column]) + 0.5) * (height * COLUMNS / BITS, width / COLUMNS)
            value = picture[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4].mean()
            if 90 < value < 160:
                return -1
            number = number << 1 | int(value > 125)
    return number


def encode(
    path: Path,
    codec: str = "libx264",
    count: int = 40,
    options: dict[str, str] | None = None,
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    pixels: str = "yuv420p",
    sample_aspect: Fraction | None = None,
    container_options: dict[str, str] | None = None,
    container_format: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Frames 0 .. count - 1, shown at `times` (units of `time_base`; 25 a second unless given)."""
    with av.open(str(path), "w", format=container_format, options=container_options or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        stream.codec_context.time_base = time_base
        stream.codec_context.thread_count = 1
        if sample_aspect:
            stream.codec_context.sample_aspect_ratio = sample_aspect
        container.start_encoding()
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(burn(number), format="rgb24").reformat(format=pixels)
            frame.time_base = time_base
            frame.pts = number if times is None else times[number]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_png(path: Path, picture: np.ndarray) -> None:
    """`picture` (uint8 [H, W, 3]) as a PNG file."""
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("png", rate=25)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="session")
def sample_track() -> HumanTrack:
    """The first 112 frames of the bundled sample through the real extractor: a limb that grows, and a freeze."""
    with open_video(SAMPLE) as video:
        return extract_frames((picture for _, picture in video.frames(0, 112)), video.timebase.times[:112], video.size)


@pytest.fixture
def make_clip() -> Callable[..., Path]:
    return encode


@pytest.fixture
def number_in() -> Callable[[np.ndarray], int]:
    return read_number


@pytest.fixture
def numbered_picture() -> Callable[[int], np.ndarray]:
    return burn


@pytest.fixture
def save_image() -> Callable[[Path, np.ndarray], None]:
    return write_png
