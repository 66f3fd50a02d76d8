"""Held-out motion, filmed: clean takes, and takes with one to three faults of the body.

The motion is HDM05 (validation only, never trained on) and those CMU takes that are not among the films of the bundled manifold, as
`tools.render_mocap` plans them. Shapes, clothes, rooms, cameras, sizes and frame rates are drawn anew for each film.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.glitches.bodies import (
    HEIGHT,
    LimbGrowth,
    body_speed,
    drift_root,
    grow_bone,
    hyperextend,
    joints_of,
    stance,
    swap_distance,
    swap_sides,
    teleport_arm,
)
from benchmarks.glitches.films import Film, Truth, find_film, write_film
from benchmarks.glitches.kinds import BODY_KINDS, Plant
from benchmarks.glitches.takes import held_out
from benchmarks.glitches.timeline import MARGIN, SPACING, TAIL, swell
from core.body import BodyModel, load_body, pose_body
from core.skeletons import SMPL
from render.mesh import MeshRenderer, create_renderer
from tools.mocap.actor import draw_frame, paint
from tools.mocap.clips import FPS, Library, Take, open_library
from tools.mocap.retarget import BodyMotion, retarget
from tools.mocap.room import draw_backdrop
from tools.mocap.views import View, centred, choose_shape, choose_view, every

RECIPE = 1  # raise when the same plan makes other pictures
FEWEST = 20
CLEAN_MINUTES = 7.0
STEPS = (2, 3, 4, 4)  # of the 60 Hz data: 30, 20 and 15 frames a second
BODY_STEPS = (2, 3)
_LONGEST, _LONGEST_CLEAN = 6.5, 16.0  # seconds of one film
_LEAST_SWAP = 0.12  # body heights that wrists and ankles move, on average, when sides are swapped
# Seconds, both ends included.
_SECONDS = {
    "swap": (0.1, 0.3), "body stretch": (0.35, 0.6), "root drift": (0.5, 0.9), "hyperextension": (0.3, 0.5), "arm teleport": (0.04, 0.1),
}  # fmt: skip


@dataclass(frozen=True)
class BodyPlan:
    """One film to be made. kinds: the faults it is to carry, most wanted first; none for a clean film."""

    name: str
    library: str
    take: Take
    step: int
    kinds: tuple[str, ...]
    seed: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Scene:
    """A body in motion before a camera. moves: the motion that is shown; bones: those of it that are longer."""

    motion: BodyMotion
    body: BodyModel
    view: View
    fps: float
    bones: tuple[LimbGrowth, ...] = ()


def plan_clean(mocap: Path, seed: int) -> list[BodyPlan]:
    """Unedited films of `CLEAN_MINUTES` altogether."""
    plans: list[BodyPlan] = []
    seconds = 0.0
    for number, (library, take) in enumerate(held_out(mocap, _LONGEST_CLEAN, seed)):
        if seconds >= CLEAN_MINUTES * 60:
            break
        plans.append(_plan("clean", library, take, STEPS[number % len(STEPS)], (), (seed, 1, number)))
        seconds += (take.stop - take.start) / FPS
    return plans


def plan_bodies(mocap: Path, seed: int, folder: Path) -> list[BodyPlan]:
    """Films with at least `FEWEST` faults of each kind, those with the fewest first. Films already in `folder` need not be staged again."""
    made: Counter[str] = Counter()
    plans: list[BodyPlan] = []
    for number, (library, take) in enumerate(held_out(mocap, _LONGEST, seed + 1000)):
        wanted = sorted((kind for kind in BODY_KINDS if made[kind] < FEWEST), key=lambda kind: (made[kind], BODY_KINDS.index(kind)))
        room = int(((take.stop - take.start) / FPS - 2 * MARGIN + SPACING) / (SPACING + 0.4))
        if not wanted:
            break
        plan = _plan("bodies", library, take, BODY_STEPS[number % len(BODY_STEPS)], tuple(wanted[: max(room, 1)]), (seed, 2, number))
        known = find_film(folder, plan.name)
        plants = known.plants if known else stage(plan, mocap)[1]
        if plants:
            plans.append(plan)
            made.update(plant.kind for plant in plants)
    return plans


def _plan(prefix: str, library: str, take: Take, step: int, kinds: tuple[str, ...], seed: tuple[int, ...]) -> BodyPlan:
    return BodyPlan(f"{prefix}_r{RECIPE}_s{seed[0]}_{seed[-1]:03d}_{take.clip}_{take.start}", library, take, step, kinds, seed)


def stage(plan: BodyPlan, mocap: Path) -> tuple[Scene, tuple[Plant, ...]]:
    """The scene of a film, and what is planted in it."""
    generator = np.random.default_rng(plan.seed)
    scene = set_scene(open_library(mocap, plan.library), plan.take, plan.step, generator)
    scene, plants = plant_faults(scene, plan.kinds, generator)
    if plants:
        kept = slice(plants[-1].stop + round(TAIL * scene.fps))
        motion = scene.motion
        shorter = BodyMotion(motion.global_orient[kept], motion.body_pose[kept], motion.translation[kept], motion.betas)
        scene = replace(scene, motion=shorter)
    return scene, plants


def make_rendered(plan: BodyPlan, mocap: Path, folder: Path) -> Truth:
    """The film of a plan; the one that is there if it was made before."""
    known = find_film(folder, plan.name)
    if known is not None:
        return known
    scene, plants = stage(plan, mocap)
    film = Film("bodies" if plan.kinds else "clean rendered", f"{plan.take.clip}:{plan.take.start}", scene.fps, plants)
    return write_film(folder, plan.name, film, shoot(scene, create_renderer("raster")), plan.seed)


def set_scene(library: Library, take: Take, step: int, generator: np.random.Generator) -> Scene:
    """A random person in a random room who moves as in the take, `step` frames of the 60 Hz data at a time."""
    body = load_body()
    motion = centred(every(retarget(library.positions(take), library.joints, body, choose_shape(generator), FPS), step))
    return Scene(motion, body, choose_view(motion, FPS / step, generator), FPS / step)


def shoot(scene: Scene, renderer: MeshRenderer) -> Iterator[np.ndarray]:
    """The frames, uint8 [H, W, 3] RGB."""
    motion, body, view = scene.motion, scene.body, scene.view
    colours = paint(body, view.outfit)
    still = bool((view.targets == view.targets[0]).all())
    backdrop: np.ndarray | None = None
    for frame in range(len(motion)):
        camera = view.camera(frame)
        if backdrop is None or not still:
            backdrop = draw_backdrop(view.room, camera, view.size, view.light, coarse=not still)
        vertices, joints = pose_body(body, motion.global_orient[frame], motion.body_pose[frame], motion.betas, motion.translation[frame])
        for longer in scene.bones:
            if longer.growth[frame] > 0:
                vertices = grow_bone(body, vertices, joints, longer.bone, float(longer.growth[frame]))
        yield draw_frame(renderer, vertices, body.faces, colours, backdrop, camera, view.light)


def plant_faults(scene: Scene, kinds: Sequence[str], generator: np.random.Generator) -> tuple[Scene, tuple[Plant, ...]]:
    """The scene with these faults one after the other, where the body moves faster than its median; a kind without a place is left out."""
    clean = joints_of(scene.motion, scene.body)
    speed = body_speed(clean, scene.fps)
    fast = speed > np.median(speed)
    standing = stance(clean, scene.fps)
    margin, spacing = round(MARGIN * scene.fps), round(SPACING * scene.fps)
    earliest = margin
    plants: list[Plant] = []
    for kind in kinds:
        length = max(2, round(generator.uniform(*_SECONDS[kind]) * scene.fps))
        starts = [
            s
            for s in range(earliest, len(fast) - margin - length)
            if speed[s : s + length].mean() > np.median(speed) and _possible(kind, scene, s, s + length, standing)
        ]
        if starts:
            near = [s for s in starts if s <= starts[0] + scene.fps / 2]
            start = int(generator.choice(near))
            scene, plant = plant_one(scene, kind, start, start + length, clean, generator)
            plants.append(plant)
            earliest = start + length + spacing
    return scene, tuple(plants)


def _possible(kind: str, scene: Scene, start: int, stop: int, standing: np.ndarray) -> bool:
    if kind == "root drift":
        return bool(standing[start:stop].mean() >= 0.8)
    if kind == "swap":
        return all(swap_distance(scene.motion, scene.body, frame) >= _LEAST_SWAP for frame in (start, stop - 1))
    return True


def plant_one(scene: Scene, kind: str, start: int, stop: int, joints: np.ndarray, generator: np.random.Generator) -> tuple[Scene, Plant]:
    """The scene with one fault in frames start..stop. joints [T, 24, 3]: of the clean motion, in the room."""
    motion = scene.motion
    if kind == "swap":
        return replace(scene, motion=swap_sides(motion, start, stop)), Plant(kind, start, stop)
    if kind == "root drift":
        shift, detail = _drift(scene, (start + stop) // 2, generator)
        return replace(scene, motion=drift_root(motion, start, stop, shift)), Plant(kind, start, stop, detail=detail)
    side = near_side(scene, joints, (start + stop) // 2, generator)
    if kind == "body stretch":
        bone = f"{side}_{generator.choice(('upper_arm', 'forearm', 'thigh', 'shank'))}"
        growth = float(generator.uniform(0.35, 0.6))
        longer = LimbGrowth(bone, growth * swell(len(motion), start, stop))
        limb = f"{side}_{'arm' if bone.endswith('arm') else 'leg'}"
        return replace(scene, bones=(*scene.bones, longer)), Plant(kind, start, stop, limb, f"{bone} {growth:.0%} longer")
    if kind == "hyperextension":
        part = str(generator.choice(("elbow", "knee")))
        degrees = float(generator.uniform(35, 60))
        moved = hyperextend(motion, f"{side}_{part}", start, stop, degrees)
        limb = f"{side}_{'arm' if part == 'elbow' else 'leg'}"
        return replace(scene, motion=moved), Plant(kind, start, stop, limb, f"{side} {part} {degrees:.0f} degrees the wrong way")
    axis = generator.normal(size=3) * (0.3, 1, 1)  # turning about the arm itself would hardly show
    turn = axis / np.linalg.norm(axis) * np.radians(generator.uniform(60, 100))
    moved = teleport_arm(motion, side, start, stop, turn)
    return replace(scene, motion=moved), Plant(kind, start, stop, f"{side}_arm", f"{side} arm elsewhere")


def near_side(scene: Scene, joints: np.ndarray, frame: int, generator: np.random.Generator) -> str:
    """The side nearer to the camera where that is clear, else either: a fault behind the body cannot be seen."""
    position = scene.view.camera(frame).position
    distance = [float(np.linalg.norm(joints[frame, SMPL.index(f"{side}_shoulder")] - position)) for side in ("left", "right")]
    if abs(distance[0] - distance[1]) > 0.08:
        return "left" if distance[0] < distance[1] else "right"
    return str(generator.choice(("left", "right")))


def _drift(scene: Scene, frame: int, generator: np.random.Generator) -> tuple[np.ndarray, str]:
    """Sideways in the picture, or up."""
    if generator.random() < 0.4:
        height = float(generator.uniform(0.12, 0.2) * HEIGHT)
        return np.array([0.0, height, 0.0]), f"floats {height:.2f} m up and down again"
    reach = float(generator.choice((-1, 1)) * generator.uniform(0.18, 0.3) * HEIGHT)
    return scene.view.camera(frame).rotation[0] * reach, f"slides {abs(reach):.2f} m"
