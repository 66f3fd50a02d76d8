"""Held-out motion, filmed: clean takes, and takes with one to three faults of the body.

The motion is HDM05 (validation only, never trained on) and those CMU takes that are not among the films of the bundled manifold, as
`tools.render_mocap` plans them. Shapes, clothes, rooms, cameras, sizes and frame rates are drawn anew for each film.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.glitches.faults import plant_faults
from benchmarks.glitches.films import Film, Truth, find_film, write_film
from benchmarks.glitches.kinds import BODY_KINDS, TREMBLING_KINDS, Plant
from benchmarks.glitches.scenes import Scene, set_scene, shoot
from benchmarks.glitches.takes import held_out
from benchmarks.glitches.timeline import MARGIN, SPACING, TAIL
from render.mesh import create_renderer
from tools.mocap.clips import FPS, Take, open_library
from tools.mocap.retarget import BodyMotion

RECIPE = 1  # raise when the same plan makes other pictures
FEWEST = 20
CLEAN_MINUTES = 7.0
STEPS = (2, 3, 4, 4)  # of the 60 Hz data: 30, 20 and 15 frames a second
BODY_STEPS = (2, 3)
_LONGEST, _LONGEST_CLEAN, _LONGEST_TREMBLING = 9.0, 16.0, 6.0  # seconds of one film


@dataclass(frozen=True)
class BodyPlan:
    """One film to be made. kinds: the faults it is to carry, most wanted first; none for a clean film."""

    name: str
    library: str
    take: Take
    step: int
    kinds: tuple[str, ...]
    seed: tuple[int, ...]


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


def plan_trembling(mocap: Path, seed: int, folder: Path) -> list[BodyPlan]:
    """Films with at least `FEWEST` limbs and bodies that tremble."""
    made = 0
    plans: list[BodyPlan] = []
    for number, (library, take) in enumerate(held_out(mocap, _LONGEST_TREMBLING, seed + 3000)):
        if made >= FEWEST:
            break
        plan = _plan("jitter", library, take, BODY_STEPS[number % len(BODY_STEPS)], TREMBLING_KINDS * 2, (seed, 5, number))
        known = find_film(folder, plan.name)
        plants = known.plants if known else stage(plan, mocap)[1]
        if plants:
            plans.append(plan)
            made += len(plants)
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
    family = "jitter" if plan.kinds and plan.kinds[0] in TREMBLING_KINDS else "bodies" if plan.kinds else "clean rendered"
    film = Film(family, f"{plan.take.clip}:{plan.take.start}", scene.fps, plants)
    return write_film(folder, plan.name, film, shoot(scene, create_renderer("raster")), plan.seed)
