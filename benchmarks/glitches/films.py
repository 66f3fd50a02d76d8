"""Films with their truth: written once to the work folder, found again there. A film that is whole has its list of plants beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.glitches.kinds import Plant

GRAIN = 1.6  # grey levels, standard deviation: fresh in every frame, so that no frame is an exact copy of another
CRF = "18"
_LONG_SIDE, _SHORT_SIDE = 1280, 720


@dataclass(frozen=True)
class Truth:
    """What is known of one film. path: the video; family: pixels, bodies, controls, clean real or clean rendered.

    source: the clip or take it was made from; control: the kind of control, None elsewhere; edit: frames in which the film was cut or
    faded by its editor, (start, stop); origin: the frame of the source that each frame shows, empty where the film is the source.
    """

    name: str
    path: Path
    family: str
    source: str
    fps: float
    frames: int
    plants: tuple[Plant, ...] = ()
    control: str | None = None
    edit: tuple[int, int] | None = None
    origin: tuple[int, ...] = ()

    @property
    def minutes(self) -> float:
        return self.frames / self.fps / 60


@dataclass(frozen=True)
class Film:
    """Everything about a film but its pictures; Truth as soon as those are written."""

    family: str
    source: str
    fps: float
    plants: tuple[Plant, ...] = ()
    control: str | None = None
    edit: tuple[int, int] | None = None
    origin: tuple[int, ...] = ()


def find_film(folder: Path, name: str) -> Truth | None:
    """The film `name` if it was finished before."""
    listing = folder / f"{name}.json"
    if not listing.exists():
        return None
    known = json.loads(listing.read_text(encoding="utf-8"))
    plants = tuple(Plant(**plant) for plant in known.pop("plants"))
    edit = known.pop("edit")
    return Truth(
        name=name,
        path=folder / f"{name}.mp4",
        plants=plants,
        edit=(edit[0], edit[1]) if edit else None,
        origin=tuple(known.pop("origin")),
        **known,
    )


def write_film(folder: Path, name: str, film: Film, pictures: Iterable[np.ndarray], seed: Sequence[int]) -> Truth:
    """Write pictures (uint8 [H, W, 3] RGB, all of one even size) under fresh grain as H.264, then the list; returns the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = encode(grainy(pictures, np.random.default_rng([*seed, 1])), folder / f"{name}.mp4", film.fps)
    listing = folder / f"{name}.json"
    temporary = listing.with_name(f".{name}.{os.getpid()}.json")
    temporary.write_text(json.dumps({**asdict(film), "frames": frames}, indent=1) + "\n", encoding="utf-8")
    temporary.replace(listing)
    found = find_film(folder, name)
    assert found is not None
    return found


def grainy(pictures: Iterable[np.ndarray], generator: np.random.Generator) -> Iterable[np.ndarray]:
    """The pictures under grain of their own. Drawn from a sheet of noise at random places: cheap, and never the same twice."""
    sheet: np.ndarray | None = None
    for picture in pictures:
        height, width = picture.shape[:2]
        if sheet is None:
            sheet = generator.normal(0, GRAIN, (height + 64, width + 64)).astype(np.float32)
        y, x = generator.integers(0, 64, 2)
        sign = generator.choice((-1.0, 1.0))
        noise = np.round(sign * sheet[y : y + height, x : x + width]).astype(np.int16)[..., None]
        yield np.clip(picture.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def encode(pictures: Iterable[np.ndarray], path: Path, fps: float) -> int:
    """H.264, 4:2:0; the number of frames written."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    rate = Fraction(fps).limit_denominator(1001)
    count = 0
    with av.open(str(temporary), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": CRF, "preset": "veryfast", "threads": "1"})
        stream.pix_fmt = "yuv420p"
        stream.time_base = 1 / rate
        for picture in pictures:
            if count == 0:
                stream.height, stream.width = picture.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
            count += 1
        container.mux(stream.encode(None))
    temporary.replace(path)
    return count


def film_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height at which a clip of this size is planted: at most 720p, upright or not, and even."""
    scale = min(1.0, _LONG_SIDE / max(size), _SHORT_SIDE / min(size))
    return round(size[0] * scale / 2) * 2, round(size[1] * scale / 2) * 2


def sized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
