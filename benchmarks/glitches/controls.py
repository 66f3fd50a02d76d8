"""Negative controls: what a camera, an editor or another frame rate does to a film of real motion. None of it is a fault of the body."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from benchmarks.glitches.clips import Clip, pictures, smoothed
from benchmarks.glitches.films import Film, Truth, find_film, write_film
from benchmarks.glitches.scenes import set_scene, shoot
from benchmarks.glitches.takes import held_out
from benchmarks.glitches.timeline import ramp
from benchmarks.glitches.warps import away_from_body
from render.mesh import create_renderer
from tools.mocap.clips import FPS, Take, open_library

RECIPE = 2  # raise when the same plan makes other pictures
_SECONDS = 5.0
_LEAST_SECONDS = 2.5
_SLOWED_SECONDS = 1.5  # of motion, before it is slowed down
FADE = 12  # frames of a crossfade
_TINY = (64, 64)  # pixels, in which moments of a clip are compared
_SLOWEST_CLIP = 20.0  # frames a second, of a clip to which a camera or an editor does something
_CLIPS_EACH = 3
_TAKES_EACH = 3
# Frame rate of the film and step through the 60 Hz data: slow motion shows every frame of it at a quarter of the speed.
_RATES = {"12 fps": (12.0, 5), "60 fps": (60.0, 1), "slow motion": (15.0, 1), "slow leap": (15.0, 1)}
_LEAPS = ("Jump", "ForwardJump", "Leap")


@dataclass(frozen=True, eq=False)
class ControlPlan:
    """One film to be made: of a clip (what is done to its pictures), or of a take (its rate)."""

    name: str
    kind: str
    clip: Clip | None
    start: int
    stop: int
    take: int | None
    seed: tuple[int, ...]


def plan_controls(clips: Sequence[Clip], seed: int) -> list[ControlPlan]:
    """Each kind a few times: pictures of the faster clips in turn, rates of held-out takes."""
    fit = [clip for clip in clips if clip.fps >= _SLOWEST_CLIP and len(clip.frames) / clip.fps >= _LEAST_SECONDS]
    plans = []
    turn = 0
    for kind in PICTURE_CONTROLS:
        for number in range(_CLIPS_EACH):
            clip = fit[turn % len(fit)]
            turn += 1
            generator = np.random.default_rng([seed, 3, turn])
            length = min(len(clip.frames), round(_SECONDS * clip.fps))
            start = int(generator.integers(0, len(clip.frames) - length + 1))
            name = _name(kind, seed, number, clip.path.stem)
            plans.append(ControlPlan(name, kind, clip, start, start + length, None, (seed, 3, turn)))
    for kind in _RATES:
        for number in range(_TAKES_EACH):
            plans.append(ControlPlan(_name(kind, seed, number, "take"), kind, None, 0, 0, number, (seed, 4, number)))
    return plans


def _name(kind: str, seed: int, number: int, source: str) -> str:
    return f"control_r{RECIPE}_s{seed}_{kind.replace(' ', '_')}_{number}_{source}"


def make_control(plan: ControlPlan, mocap: Path, folder: Path) -> Truth:
    """The film of a plan; the one that is there if it was made before."""
    known = find_film(folder, plan.name)
    if known is not None:
        return known
    generator = np.random.default_rng(plan.seed)
    if plan.clip is None:
        return _film_at_a_rate(plan, mocap, folder, generator)
    clip, frames = plan.clip, range(plan.start, plan.stop)
    shown, edit = PICTURE_CONTROLS[plan.kind](clip, frames, generator)
    origin = () if edit else tuple(clip.frames[list(frames)].tolist())
    film = Film("controls", clip.path.name, clip.fps, control=plan.kind, edit=edit, origin=origin)
    return write_film(folder, plan.name, film, shown, plan.seed)


def _film_at_a_rate(plan: ControlPlan, mocap: Path, folder: Path, generator: np.random.Generator) -> Truth:
    """The same held-out takes for each rate, in the same room and view, so that only the rate differs."""
    assert plan.take is not None
    fps, step = _RATES[plan.kind]
    takes = _leaps(mocap, plan.seed[0]) if plan.kind == "slow leap" else held_out(mocap, _SECONDS, plan.seed[0] + 2000)
    library, take = takes[plan.take]
    if plan.kind.startswith("slow"):  # a quarter of the speed makes it four times as long
        length = round(_SLOWED_SECONDS * FPS)
        middle = _highest(library, take, mocap) if plan.kind == "slow leap" else busiest(library, take, mocap, length)
        first = int(np.clip(middle - length // 2, take.start, max(take.stop - length, take.start)))
        take = replace(take, start=first, stop=min(take.stop, first + length))
    scene = set_scene(open_library(mocap, library), take, step, generator)
    film = Film("controls", f"{take.clip}:{take.start}", fps, control=plan.kind)
    return write_film(folder, plan.name, film, shoot(scene, create_renderer("raster")), plan.seed)


def _leaps(mocap: Path, seed: int) -> list[tuple[str, Take]]:
    """Takes of CMU in which somebody leaps; none of those is held out, but gravity need not be learned."""
    takes = [take for take in open_library(mocap).takes if take.action in _LEAPS]
    return [("cmu", takes[place]) for place in np.random.default_rng(seed).permutation(len(takes))]


def _highest(library: str, take: Take, mocap: Path) -> int:
    """The frame in which the body is highest."""
    opened = open_library(mocap, library)
    return take.start + int(opened.positions(take)[:, opened.joints.index("root"), 1].argmax())


def busiest(library: str, take: Take, mocap: Path, length: int) -> int:
    """The middle of the `length` frames in which the limbs move most: of a body at rest nobody can say that it was slowed down."""
    opened = open_library(mocap, library)
    points = opened.positions(take)
    moved = np.linalg.norm(np.diff(points - points[:, [opened.joints.index("root")]], axis=0), axis=-1).mean(axis=1)
    around = np.convolve(moved, np.ones(min(length, len(moved))), mode="valid")
    return take.start + int(around.argmax()) + length // 2


Shown = tuple[Iterator[np.ndarray], tuple[int, int] | None]


def pan(clip: Clip, frames: range, generator: np.random.Generator) -> Shown:
    """The camera follows a smooth path over a tenth of the picture, by cropping."""
    phase = generator.uniform(0, 2 * np.pi)
    turn = 2 * np.pi * np.arange(len(frames)) / clip.fps / 4 + phase
    return _cropped(clip, frames, 1 / 1.12, np.sin(turn), np.sin(1.3 * turn + 1)), None


def zoom(clip: Clip, frames: range, generator: np.random.Generator) -> Shown:
    """In by a quarter over two and a half seconds, and out again."""
    place = np.arange(len(frames)) / clip.fps / 5 + generator.uniform(0, 0.2)
    return _cropped(clip, frames, 1 / (1 + 0.25 * np.sin(np.pi * place) ** 2), *(np.zeros(len(frames)),) * 2), None


def _cropped(clip: Clip, frames: range, share: float | np.ndarray, x: np.ndarray, y: np.ndarray) -> Iterator[np.ndarray]:
    """The part `share` of each picture, x and y from -1 to 1 of the way to its edges, at the full size."""
    width, height = clip.size
    shares = np.broadcast_to(share, len(frames))
    for picture, part, dx, dy in zip(pictures(clip, frames), shares, x, y, strict=True):
        rest = (1 - part) / 2
        move = np.array([[part, 0, rest * (1 + dx) * width], [0, part, rest * (1 + dy) * height]])
        yield cv2.warpAffine(picture, move, clip.size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)


def flicker(clip: Clip, frames: range, generator: np.random.Generator) -> Shown:
    """Light that changes from frame to frame by up to a tenth, as under lamps on alternating current."""
    light = 1 + 0.1 * np.sin(np.arange(len(frames)) * generator.uniform(1.2, 2.6)) * generator.uniform(0.6, 1, len(frames))

    def shown() -> Iterator[np.ndarray]:
        for picture, level in zip(pictures(clip, frames), light, strict=True):
            yield np.clip(picture * level, 0, 255).astype(np.uint8)

    return shown(), None


def crossfade(clip: Clip, frames: range, generator: np.random.Generator) -> Shown:
    """The first half of the part fades into another moment of the clip: the one whose pictures differ most, or nothing would fade."""
    begin = len(frames) // 2 - FADE // 2
    start = _most_different(clip, frames.start + begin, len(frames) - begin)
    share = ramp(len(frames), begin, begin + FADE)
    other = [max(start + number - begin, 0) for number in range(len(frames))]

    def shown() -> Iterator[np.ndarray]:
        for first, second, weight in zip(pictures(clip, frames), pictures(clip, other), share, strict=True):
            yield cv2.addWeighted(first, 1 - weight, second, float(weight), 0)

    return shown(), (begin, begin + FADE)


def _most_different(clip: Clip, begin: int, needed: int) -> int:
    """Where the `needed` frames begin whose first FADE differ most from those from `begin` on."""
    every = pictures(clip, range(len(clip.frames)))
    tiny = np.stack([cv2.resize(picture, _TINY, interpolation=cv2.INTER_AREA) for picture in every]).astype(np.float32)
    starts = range(len(tiny) - needed + 1)
    return max(starts, key=lambda start: float(np.square(tiny[start : start + FADE] - tiny[begin : begin + FADE]).mean()))


def motion_blur(clip: Clip, frames: range, generator: np.random.Generator) -> Shown:
    """A long exposure: each picture is the mean of itself and its neighbours, more of them for a while in the middle."""
    last = len(clip.frames) - 1
    long_from, long_to = len(frames) // 3, 2 * len(frames) // 3

    def shown() -> Iterator[np.ndarray]:
        for number, place in enumerate(frames):
            reach = 2 if long_from <= number < long_to else 1
            near = [min(max(place + by, 0), last) for by in range(-reach, reach + 1)]
            yield np.mean([picture.astype(np.float32) for picture in pictures_of(near)], axis=0).astype(np.uint8)

    kept: dict[int, np.ndarray] = {}
    needed = iter(range(max(frames.start - 2, 0), min(frames.stop + 2, last) + 1))
    source = pictures(clip, range(max(frames.start - 2, 0), min(frames.stop + 2, last) + 1))

    def pictures_of(places: Sequence[int]) -> list[np.ndarray]:
        while max(places) not in kept:
            kept[next(needed)] = next(source)
        for old in [place for place in kept if place < min(places) - 2]:
            del kept[old]
        return [kept[place] for place in places]

    return shown(), None


def background_warp(clip: Clip, frames: range, generator: np.random.Generator) -> Shown:
    """What is behind the person swims by up to a hundredth of the picture; the person does not."""
    width, height = clip.size
    field = np.stack([gaussian_filter(generator.normal(size=(height // 8, width // 8)), 9) for _ in range(4)])
    field *= 0.01 * min(width, height) / np.abs(field).max()
    large = [cv2.resize(layer, clip.size) for layer in field]
    calm = smoothed(clip.points, 2.5)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))

    def shown() -> Iterator[np.ndarray]:
        for number, (place, picture) in enumerate(zip(frames, pictures(clip, frames), strict=True)):
            turn = 2 * np.pi * number / clip.fps / 1.6
            weight = away_from_body(picture, calm[place], clip.height)
            dx = weight * (np.sin(turn) * large[0] + np.cos(turn) * large[1])
            dy = weight * (np.sin(turn) * large[2] + np.cos(turn) * large[3])
            where = (x + dx).astype(np.float32), (y + dy).astype(np.float32)
            yield cv2.remap(picture, *where, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    return shown(), None


PICTURE_CONTROLS: dict[str, Callable[[Clip, range, np.random.Generator], Shown]] = {
    "pan": pan,
    "zoom": zoom,
    "flicker": flicker,
    "crossfade": crossfade,
    "motion blur": motion_blur,
    "background warp": background_warp,
}
