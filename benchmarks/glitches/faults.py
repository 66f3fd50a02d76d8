"""Faults planted in a scene: where, which limb, how much; always so that the picture shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.glitches.bodies import (
    HEIGHT,
    LimbGrowth,
    body_speed,
    drift_root,
    hyperextend,
    joints_of,
    stance,
    swap_sides,
    teleport_arm,
)
from benchmarks.glitches.kinds import Plant
from benchmarks.glitches.scenes import Scene, across, shown_joints
from benchmarks.glitches.timeline import MARGIN, SPACING, swell
from benchmarks.glitches.trembling import REACH, plant_trembling
from core.skeletons import SMPL

# Seconds, both ends included.
SECONDS = {
    "swap": (0.1, 0.3), "body stretch": (0.35, 0.6), "root drift": (0.5, 0.9), "hyperextension": (0.3, 0.5), "arm teleport": (0.04, 0.1),
    "jitter": (0.5, 1.0),
}  # fmt: skip
# Body heights by which the joint that moves most is displaced in the picture, at least: a fault along the view cannot be seen.
LEAST_SHOWN = {
    "swap": 0.15, "body stretch": 0.05, "root drift": 0.1, "hyperextension": 0.08, "arm teleport": 0.15, "jitter": 0.9 * REACH[0],
}  # fmt: skip
_LATEST = 0.5  # seconds by which a fault may lie later than it could
_TRIES = 8


def plant_faults(
    scene: Scene, kinds: Sequence[str], generator: np.random.Generator, spacing_seconds: float = SPACING
) -> tuple[Scene, tuple[Plant, ...]]:
    """The scene with these faults one after the other, where the body moves faster than its median; a kind without a place is left out."""
    clean = joints_of(scene.motion, scene.body)
    speed = body_speed(clean, scene.fps)
    standing = stance(clean, scene.fps)
    margin, spacing = round(MARGIN * scene.fps), round(spacing_seconds * scene.fps)
    earliest = margin
    plants: list[Plant] = []
    for kind in kinds:
        length = max(2, round(generator.uniform(*SECONDS[kind]) * scene.fps))
        starts = [
            s
            for s in range(earliest, len(speed) - margin - length)
            if speed[s : s + length].mean() > np.median(speed) and (kind != "root drift" or standing[s : s + length].mean() >= 0.8)
        ]
        for _ in range(_TRIES if starts else 0):
            start = int(generator.choice([s for s in starts if s <= starts[0] + _LATEST * scene.fps]))
            changed, plant = plant_one(scene, kind, start, start + length, clean, generator)
            if shown_change(scene, changed, plant) >= LEAST_SHOWN[kind]:
                scene = changed
                plants.append(plant)
                earliest = plant.stop + spacing
                break
            starts = [s for s in starts if s != start]
            if not starts:
                break
    return scene, tuple(plants)


def shown_change(before: Scene, after: Scene, plant: Plant) -> float:
    """Body heights by which the joint that moves most is displaced in the picture, in the middle or at the end of the plant.

    What trembles is anywhere at any time: there it is the most in any frame.
    """
    moves = shown_joints(after) - shown_joints(before)
    frames = range(plant.start, plant.stop) if plant.kind == "jitter" else ((plant.start + plant.stop) // 2, plant.stop - 1)
    return max(float(across(before, frame, moves[frame]).max()) for frame in frames) / HEIGHT


def plant_one(scene: Scene, kind: str, start: int, stop: int, joints: np.ndarray, generator: np.random.Generator) -> tuple[Scene, Plant]:
    """The scene with one fault in frames start..stop. joints [T, 24, 3]: of the clean motion, in the room."""
    motion = scene.motion
    if kind == "swap":
        return replace(scene, motion=swap_sides(motion, start, stop)), Plant(kind, start, stop)
    if kind == "root drift":
        shift, detail = _drift(scene, (start + stop) // 2, generator)
        return replace(scene, motion=drift_root(motion, start, stop, shift)), Plant(kind, start, stop, detail=detail)
    side = near_side(scene, joints, (start + stop) // 2, generator)
    if kind == "jitter":
        return plant_trembling(scene, side, start, stop, generator)
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
