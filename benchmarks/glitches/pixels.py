"""The family of pixels: real clips with faults planted in their pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.glitches.clips import Clip, pictures, smoothed
from benchmarks.glitches.films import Film, Truth, find_film, write_film
from benchmarks.glitches.kinds import PIXEL_KINDS, Plant, limb_of
from benchmarks.glitches.timeline import DRIFTS, HEAD, LEAST_SPEED, TAIL, Edit, Timeline, edit_times, joint_speed, lay, ramp, swell
from benchmarks.glitches.warps import BONES, chain, dye_shirt, grow_person, stretch_limb

RECIPE = 1  # raise when the same plan makes other pictures
FEWEST = 20  # plants of each kind
_SEGMENT = 10.0  # seconds of a clip in one film
_ROUNDS = 300  # through the clips; short ones take one plant at a time
GROWTH = 0.15
LIMB_GROWTH = (0.4, 0.6)
_LEAST_SEEN = 0.6  # of its longest view, for a bone to be stretched


@dataclass(frozen=True, eq=False)
class PixelPlan:
    """One film to be made: a part of a clip and what is planted in it."""

    name: str
    clip: Clip
    start: int
    stop: int
    edits: tuple[Edit, ...]
    seed: tuple[int, ...]


def plan_pixels(clips: Sequence[Clip], seed: int) -> list[PixelPlan]:
    """Films with at least `FEWEST` plants of each kind: the clips in turn, kinds with the fewest plants first."""
    made: Counter[str] = Counter()
    plans: list[PixelPlan] = []
    for number in range(_ROUNDS):
        for place, clip in enumerate(clips):
            if all(made[kind] >= FEWEST for kind in PIXEL_KINDS):
                return plans
            generator = np.random.default_rng([seed, number, place])
            start, stop = segment(clip, generator)
            edits = _edits(clip, start, stop, made, generator)
            if edits:
                made.update(edit.kind for edit in edits)
                start, stop, edits = _cut_to(edits, start, stop, clip.fps)
                name = f"pixels_r{RECIPE}_s{seed}_{number:02d}_{clip.path.stem}"
                plans.append(PixelPlan(name, clip, start, stop, edits, (seed, number, place)))
    return plans


def segment(clip: Clip, generator: np.random.Generator) -> tuple[int, int]:
    """A part of the clip, at most `_SEGMENT` seconds long, among those in which the person is seen well and moves the most of the time."""
    length = min(len(clip.frames), round(_SEGMENT * clip.fps))
    speed = joint_speed(clip.points, clip.scores, clip.height, clip.fps)
    good = clip.usable & (speed > max(float(np.median(speed)), LEAST_SPEED))
    count = np.convolve(good, np.ones(length), mode="valid")
    start = int(generator.choice(np.flatnonzero(count >= 0.8 * count.max())))
    return start, start + length


def _cut_to(edits: tuple[Edit, ...], start: int, stop: int, fps: float) -> tuple[int, int, tuple[Edit, ...]]:
    """The part without what lies long before the first plant and long after the last one; the edits counted from its new start."""
    ahead = max(0, edits[0].start - round(HEAD * fps))
    shifted = tuple(replace(edit, start=edit.start - ahead) for edit in edits)
    return start + ahead, min(stop, start + edits[-1].stop + round(TAIL * fps)), shifted


def _edits(clip: Clip, start: int, stop: int, made: Counter[str], generator: np.random.Generator) -> tuple[Edit, ...]:
    """What is planted in this part: kinds of the time line and limbs, and a drift at the end if there is room for one."""

    def rarest_first(kinds: Sequence[str]) -> list[str]:
        chance = generator.random(len(kinds))
        return [kind for _, _, kind in sorted((made[kind], chance[i], kind) for i, kind in enumerate(kinds))]

    part = slice(start, stop)
    speed = joint_speed(clip.points[part], clip.scores[part], clip.height, clip.fps)
    brief = rarest_first([kind for kind in PIXEL_KINDS if kind not in DRIFTS])
    drift = rarest_first(DRIFTS)[:1] if min(made[kind] for kind in DRIFTS) < FEWEST else []
    room = max(1, int((stop - start) / clip.fps / 2.6))
    wanted = brief[: room - len(drift)] + drift if room > 1 else (drift or brief[:1])
    edits, _ = lay(wanted, speed, clip.usable[part], clip.fps, generator)
    return edits


def make_pixels(plan: PixelPlan, folder: Path) -> Truth:
    """The film of a plan; the one that is there if it was made before."""
    known = find_film(folder, plan.name)
    if known is not None:
        return known
    clip, part = plan.clip, slice(plan.start, plan.stop)
    generator = np.random.default_rng([*plan.seed, 7])
    poses = np.where(clip.scores[part, :, None] >= 0.5, clip.points[part], np.nan) / clip.height
    timeline = edit_times(plan.stop - plan.start, plan.edits, poses, clip.fps, generator)
    plants, shown = [], list(timeline.plants)
    bones: dict[int, tuple[str, float]] = {}
    for index, plant in enumerate(shown):
        if plant.kind == "limb":
            bone = choose_bone(clip, plan.start + timeline.order[plant.start : plant.stop], generator)
            bones[index] = bone, float(generator.uniform(*LIMB_GROWTH))
            plant = replace(plant, limb=limb_of(chain_end(bone)), detail=f"{bone} {bones[index][1]:.0%} longer")
        plants.append(plant)
    origin = clip.frames[plan.start + timeline.order]
    film = Film("pixels", clip.path.name, clip.fps, tuple(plants), origin=tuple(origin.tolist()))
    return write_film(folder, plan.name, film, _changed(plan, timeline, bones, generator), plan.seed)


def choose_bone(clip: Clip, frames: np.ndarray, generator: np.random.Generator) -> str:
    """A bone that is well seen, and nearly from the side, throughout these frames; the best seen one if none is."""
    quality = []
    for bone in BONES:
        ends = chain(bone)
        length = np.linalg.norm(clip.points[:, ends[1]] - clip.points[:, ends[0]], axis=-1)
        seen = np.where((clip.scores[:, ends[:2]] >= 0.5).all(1), np.nan_to_num(length), 0.0)
        quality.append(min(seen[frames].min() / max(np.quantile(seen, 0.95), 1e-9), clip.scores[frames][:, ends].min()))
    good = [bone for bone, value in zip(BONES, quality, strict=True) if value >= _LEAST_SEEN]
    return str(generator.choice(good)) if good else BONES[int(np.argmax(quality))]


def chain_end(bone: str) -> str:
    """The joint at the far end of a bone."""
    side, _, name = bone.partition("_")
    return f"{side}_{_ENDS[name]}"


_ENDS = {"upper_arm": "elbow", "forearm": "wrist", "thigh": "knee", "shank": "ankle"}


def _changed(
    plan: PixelPlan, timeline: Timeline, bones: dict[int, tuple[str, float]], generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """The pictures of the film."""
    clip, frames = plan.clip, len(timeline.order)
    places = plan.start + timeline.order
    steady, calm = smoothed(clip.points, 1.0), smoothed(clip.points, 2.5)
    angle = generator.uniform(0, 2 * np.pi)
    dye = (float(generator.uniform(-12, 12)), float(55 * np.cos(angle)), float(55 * np.sin(angle)))
    shares = [_share(plant, frames) for plant in timeline.plants]
    for frame, picture in enumerate(pictures(clip, places.tolist())):
        place = places[frame]
        if timeline.mirrored[frame]:
            picture = picture[:, ::-1]
        for index, (plant, share) in enumerate(zip(timeline.plants, shares, strict=True)):
            if share[frame] == 0:
                continue
            if plant.kind == "limb":
                bone, growth = bones[index]
                picture = stretch_limb(picture, steady[place], bone, growth * share[frame], clip.height)
            elif plant.kind == "growth":
                picture = grow_person(picture, calm[place], 1 + GROWTH * share[frame], clip.height)
            elif plant.kind == "hue":
                lightness, a, b = (share[frame] * value for value in dye)
                picture = dye_shirt(picture, calm[place], (lightness, a, b), clip.height)
        yield picture


def _share(plant: Plant, frames: int) -> np.ndarray:
    if plant.kind == "limb":
        return swell(frames, plant.start, plant.stop)
    return ramp(frames, plant.start, plant.stop) if plant.kind in DRIFTS else np.zeros(frames)
