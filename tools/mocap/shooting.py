"""How a film of motion capture differs from the next: rate, tempo, left or right, framing, light, grain and compression. All seeded."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

RATES = (12, 15, 24, 25, 30, 60)
_RATE_SHARES = (0.08, 0.08, 0.2, 0.2, 0.36, 0.08)
_TEMPO = 0.1  # up to this share slower or faster than it was danced


@dataclass(frozen=True)
class Shooting:
    """fps of the film; tempo 1 = as recorded; gain and gamma of the light, grain in grey levels, crf of the H.264 encoder."""

    fps: int
    tempo: float
    mirrored: bool
    gain: float
    gamma: float
    grain: float
    crf: int


def choose_shooting(generator: np.random.Generator) -> Shooting:
    """A random way to film."""
    return Shooting(
        fps=int(generator.choice(RATES, p=_RATE_SHARES)),
        tempo=float(generator.uniform(1 - _TEMPO, 1 + _TEMPO)),
        mirrored=bool(generator.random() < 0.5),
        gain=float(generator.uniform(0.65, 1.15)),
        gamma=float(generator.uniform(0.8, 1.3)),
        grain=float(generator.choice((0.0, generator.uniform(0.5, 4.0)))),
        crf=int(generator.integers(17, 33)),
    )


def retime(positions: np.ndarray, recorded_fps: float, shooting: Shooting) -> np.ndarray:
    """Joint positions [T, J, 3] as they stand at the film's frames [T', J, 3], in between two recorded ones on the line."""
    seconds = (len(positions) - 1) / recorded_fps / shooting.tempo
    at = np.arange(int(seconds * shooting.fps) + 1) / shooting.fps * shooting.tempo * recorded_fps
    low = np.minimum(at.astype(int), len(positions) - 1)
    high = np.minimum(low + 1, len(positions) - 1)
    share = (at - low)[:, None, None]
    return np.asarray(positions[low] * (1 - share) + positions[high] * share)


def mirror(positions: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The same motion seen in a mirror: positions [T, J, 3] of the joints `names`, of which left ones begin with l, right ones with r."""
    index = list(names)
    other = [index.index(partner) if (partner := _other_side(name)) in index else place for place, name in enumerate(index)]
    return np.asarray(positions[:, other] * (-1.0, 1.0, 1.0))


def _other_side(name: str) -> str:
    return {"l": "r", "r": "l"}.get(name[0], name[0]) + name[1:]


def lit(pictures: Iterable[np.ndarray], shooting: Shooting, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Pictures uint8 [H, W, 3] under the film's light and with its grain, the same for all channels."""
    table = np.clip(255 * (np.arange(256) / 255) ** shooting.gamma * shooting.gain, 0, 255)
    for picture in pictures:
        value = table[picture]
        if shooting.grain:
            value = value + generator.normal(0, shooting.grain, (*picture.shape[:2], 1))
        yield np.clip(value + 0.5, 0, 255).astype(np.uint8)


def compress(pictures: Iterable[np.ndarray], size: tuple[int, int], fps: int, crf: int) -> bytes:
    """The pictures as an H.264 film; size (width, height) must be even."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": str(crf), "preset": "veryfast", "threads": "1"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, fps)
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def pictures_of(film: bytes) -> Iterator[np.ndarray]:
    """The pictures uint8 [H, W, 3] of a film, as a video file gives them back."""
    with av.open(io.BytesIO(film)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")
