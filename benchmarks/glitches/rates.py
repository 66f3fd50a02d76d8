"""The same clip at 60, 30 and 15 frames a second gets the same events: the same scenes with the same faults, every frame of them, every
second and every fourth.

Frames in disorder last at least a fifth of a second: a freeze of four frames at 60 a second is one frame at 15, and nothing any more. A
shuffle must be out of order at every rate: of its frames every fourth may follow each other in time, and then nothing is wrong at 15.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.glitches.bodies import body_speed, joints_of
from benchmarks.glitches.clips import REPEATED, Clip, pictures
from benchmarks.glitches.faults import plant_faults
from benchmarks.glitches.films import Film, Truth, find_film, write_film
from benchmarks.glitches.kinds import NO_FAULT, Plant
from benchmarks.glitches.matching import Event, fits
from benchmarks.glitches.scenes import Scene, set_scene, shoot
from benchmarks.glitches.takes import held_out
from benchmarks.glitches.timeline import Timeline, edit_times, joint_speed, lay
from core.video import open_video
from render.mesh import create_renderer
from tools.mocap.clips import FPS, Take, open_library
from tools.mocap.retarget import BodyMotion

RECIPE = 2  # raise when the same plan makes other pictures
STEPS = (1, 2, 4)  # through the frames of a film of 60 a second
LEAST_SECONDS = 0.2
SAME_TIME = 0.1  # seconds
_SECONDS = 4.6
# One fault a film: two do not fit into so short a one.
_BODY_KINDS = ("body stretch", "swap", "root drift", "hyperextension", "jitter")
_ORDER_SECONDS = {"freeze": (0.2, 0.4), "shuffle": (0.27, 0.4), "reversal": (0.4, 0.6), "mirror": (0.2, 0.3)}
_MARGIN = 0.4  # seconds free at either end: quick clips are short
_LIKE_A_CLIP = 55.0  # frames a second, at least, of a real clip that takes part


@dataclass(frozen=True, eq=False)
class RatePlan:
    """One film. source: names the scene and its faults, whatever the rate; clip: a real clip, else motion capture is filmed."""

    source: str
    step: int
    kinds: tuple[str, ...]
    seed: tuple[int, ...]
    library: str = ""
    take: Take | None = None
    clip: Clip | None = None


def plan_rates(mocap: Path, clips: Sequence[Clip], seed: int) -> list[RatePlan]:
    """Every scene at each step: bodies with faults, bodies whose frames are in disorder, and quick real clips in disorder."""
    takes = iter(held_out(mocap, _SECONDS, seed + 4000))
    plans: list[RatePlan] = []
    for number, kind in enumerate((*_BODY_KINDS, *_ORDER_SECONDS)):
        library, take = next((name, take) for name, take in takes if take.stop - take.start > 4 * FPS)
        name = f"rates_r{RECIPE}_s{seed}_{number:02d}_{take.clip}"
        plans += [RatePlan(name, step, (kind,), (seed, 6, number), library, take) for step in STEPS]
    for place, clip in enumerate(clip for clip in clips if clip.fps >= _LIKE_A_CLIP):
        for kind in _ORDER_SECONDS:
            name = f"rates_r{RECIPE}_s{seed}_{clip.path.stem}_{kind}"
            plans += [RatePlan(name, step, (kind,), (seed, 7, place), clip=clip) for step in STEPS]
    return plans


def is_quick(path: Path, labels: Sequence[Plant]) -> bool:
    """Whether a real clip has enough frames a second to take part, each of them another."""
    with open_video(path) as video:
        return video.timebase.fps >= _LIKE_A_CLIP and all(label.kind != REPEATED for label in labels)


def make_rate(plan: RatePlan, mocap: Path, folder: Path) -> Truth:
    """The film of a plan; the one that is there if it was made before."""
    name = f"{plan.source}_step{plan.step}"
    known = find_film(folder, name)
    if known is not None:
        return known
    generator = np.random.default_rng(plan.seed)
    fps, plants, shown = _real(plan, generator) if plan.clip is not None else _rendered(plan, mocap, generator)
    thin = tuple(replace(plant, start=plant.start // plan.step, stop=-(-plant.stop // plan.step)) for plant in plants)
    return write_film(folder, name, Film("rates", plan.source, fps / plan.step, thin), shown, plan.seed)


def _rendered(plan: RatePlan, mocap: Path, generator: np.random.Generator) -> tuple[float, Sequence[Plant], Iterator[np.ndarray]]:
    assert plan.take is not None
    scene = set_scene(open_library(mocap, plan.library), plan.take, 1, generator)
    mirrored = np.zeros(len(scene.motion), bool)
    if plan.kinds[0] in _ORDER_SECONDS:
        joints = joints_of(scene.motion, scene.body)
        usable = np.ones(len(joints), bool)
        timeline = _disorder(plan.kinds, body_speed(joints, FPS), usable, joints[..., :2], FPS, generator)
        scene, plants, mirrored = _in_order(scene, timeline.order), timeline.plants, timeline.mirrored
    else:
        scene, plants = plant_faults(scene, plan.kinds, generator)
    shown = shoot(_in_order(scene, np.arange(0, len(scene.motion), plan.step)), create_renderer("raster"))
    flips = mirrored[:: plan.step]
    return FPS, plants, (picture[:, ::-1] if flip else picture for picture, flip in zip(shown, flips, strict=False))


def _real(plan: RatePlan, generator: np.random.Generator) -> tuple[float, Sequence[Plant], Iterator[np.ndarray]]:
    clip = plan.clip
    assert clip is not None
    speed = joint_speed(clip.points, clip.scores, clip.height, clip.fps)
    poses = np.where(clip.scores[..., None] >= 0.5, clip.points, np.nan) / clip.height
    timeline = _disorder(plan.kinds, speed, clip.usable, poses, clip.fps, generator)
    order, flips = timeline.order[:: plan.step], timeline.mirrored[:: plan.step]
    shown = pictures(clip, order.tolist())
    return clip.fps, timeline.plants, (picture[:, ::-1] if flip else picture for picture, flip in zip(shown, flips, strict=True))


def _disorder(
    kinds: Sequence[str], speed: np.ndarray, usable: np.ndarray, poses: np.ndarray, fps: float, generator: np.random.Generator
) -> Timeline:
    def length(kind: str, rate: float, chance: np.random.Generator) -> int:
        return round(chance.uniform(*_ORDER_SECONDS[kind]) * rate)

    edits, _ = lay(kinds, speed, usable, fps, generator, length, _MARGIN)
    while True:
        timeline = edit_times(len(speed), edits, poses, fps, generator)
        if all(out_of_order(timeline.order, plant) for plant in timeline.plants if plant.kind == "shuffle"):
            return timeline


def out_of_order(order: np.ndarray, plant: Plant) -> bool:
    """Whether the frames of a plant, with the one after it, are out of order at every rate. order int [T]: the frame that each shows."""
    thinned = (order[::step][plant.start // step : -(-plant.stop // step) + 1] for step in STEPS)
    return all(bool((np.diff(shown) < 0).any()) for shown in thinned)


def _in_order(scene: Scene, order: np.ndarray) -> Scene:
    """The scene with its frames in this order, each filmed as it would have been."""
    motion = scene.motion
    taken = BodyMotion(motion.global_orient[order], motion.body_pose[order], motion.translation[order], motion.betas)
    bones = tuple(replace(bone, growth=bone.growth[order]) for bone in scene.bones)
    return replace(scene, motion=taken, bones=bones, view=replace(scene.view, targets=np.asarray(scene.view.targets)[order]))


@dataclass(frozen=True)
class Told:
    """The plants and events of one scene at one rate, in seconds."""

    fps: float
    plants: tuple[Plant, ...]
    events: tuple[Event, ...]


def rates_report(told_of: Iterable[tuple[Truth, Sequence[Event]]]) -> str:
    """What became of each plant at each rate, and whether the events at 30 frames a second are told at 15 and 60 as well."""
    scenes: dict[str, dict[int, Told]] = {}
    for truth, events in told_of:
        told = Told(truth.fps, truth.plants, tuple(event for event in events if event.kind not in NO_FAULT))
        scenes.setdefault(truth.source, {})[int(truth.name.rpartition("_step")[2])] = told
    lines = ["## The same scenes at 60, 30 and 15 frames a second", ""]
    lines += ["| scene | plant | seconds | at 60 | at 30 | at 15 |", "|---|---|---|---|---|---|"]
    same: dict[int, list[bool]] = {1: [], 4: []}
    agree: list[bool] = []
    found: dict[int, list[bool]] = {step: [] for step in STEPS}
    for source, steps in scenes.items():
        for number, plant in enumerate(steps[1].plants):
            said = [_told(steps[step], steps[step].plants[number]) for step in STEPS]
            when = f"{plant.start / steps[1].fps:.2f} to {plant.stop / steps[1].fps:.2f}"
            lines.append(f"| {source} | {plant.kind} | {when} | {' | '.join(kind or '-' for kind in said)} |")
            agree.append(len(set(said)) == 1)
            for step, kind in zip(STEPS, said, strict=True):
                found[step].append(kind is not None)
        middle = steps[2]
        for event in middle.events:
            if (event.stop - event.start) / middle.fps >= LEAST_SECONDS or any(fits(event, plant) for plant in middle.plants):
                for step, seen in same.items():
                    seen.append(any(same_event(event, middle.fps, other, steps[step].fps) for other in steps[step].events))
    lines += ["", f"The same answer at all three rates: {sum(agree)} of {len(agree)} plants."]
    lines += [f"Found at {60 // step}: {sum(found[step])} of {len(found[step])}." for step in STEPS]
    for step, seen in same.items():
        told_too = f"Events at 30 that are also told at {60 // step}, same kind, same time within {SAME_TIME:g} s"
        lines.append(f"{told_too}: {sum(seen)} of {len(seen)}.")
    return "\n".join(lines)


def _told(told: Told, plant: Plant) -> str | None:
    """The kind of the strongest event that fits the plant."""
    fitting = [event for event in told.events if fits(event, plant)]
    return max(fitting, key=lambda event: event.score).kind if fitting else None


def same_event(a: Event, fps_a: float, b: Event, fps_b: float) -> bool:
    """Whether both are of one kind and the peak of one lies in the other, give or take `SAME_TIME`."""
    inside = b.start / fps_b - SAME_TIME <= a.peak / fps_a <= b.stop / fps_b + SAME_TIME
    around = a.start / fps_a - SAME_TIME <= b.peak / fps_b <= a.stop / fps_a + SAME_TIME
    return a.kind == b.kind and (inside or around)
