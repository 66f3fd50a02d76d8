"""The fault of trembling: a limb, or the whole body, shakes quickly by a few hundredths of a body height."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.glitches.bodies import HEIGHT
from benchmarks.glitches.kinds import Plant
from benchmarks.glitches.scenes import Scene, across, shown_joints
from benchmarks.glitches.timeline import swell
from core.skeletons import SMPL

REACH = (0.02, 0.04)  # body heights, from the middle to the farthest place in the picture
HERTZ = (6.0, 12.0)
_FASTEST = 0.45  # of the frame rate: what is faster would show as something slower
_LIMBS = {"arm": ("shoulder", "wrist"), "leg": ("hip", "ankle")}
_TRIAL, _MOST = 0.05, 0.5  # radians


def plant_trembling(scene: Scene, side: str, start: int, stop: int, generator: np.random.Generator) -> tuple[Scene, Plant]:
    """In frames start..stop an arm or a leg of this side trembles about its upper end, or the whole body does.

    Its farthest joint is at most `REACH` body heights, seen in the picture, from where it would be.
    """
    motion = scene.motion
    reach = float(generator.uniform(*REACH))
    hertz = float(generator.uniform(HERTZ[0], min(HERTZ[1], max(_FASTEST * scene.fps, HERTZ[0]))))
    shaking = shakes(len(motion), start, stop, hertz / scene.fps, generator)
    told = f"trembles by {reach:.3f} body heights at {hertz:.0f} Hz"
    part = str(generator.choice((*_LIMBS, "body")))
    if part == "body":
        axes = scene.view.camera((start + stop) // 2).rotation[:2]
        moved = replace(motion, translation=motion.translation + reach * HEIGHT * shaking @ axes)
        return replace(scene, motion=moved), Plant("jitter", start, stop, detail=f"the body {told}")
    upper, end = (f"{side}_{name}" for name in _LIMBS[part])
    axes = np.linalg.qr(generator.normal(size=(3, 3)))[0][:2]

    def turned(angle: float) -> Scene:
        pose, index = motion.body_pose.copy(), SMPL.index(upper) - 1
        pose[start:stop, index] = Rotation.from_rotvec(angle * shaking[start:stop] @ axes).as_matrix() @ pose[start:stop, index]
        return replace(scene, motion=replace(motion, body_pose=pose))

    shown = farthest(scene, turned(_TRIAL), end, start, stop)
    angle = min(_TRIAL * reach / max(shown, 1e-6), _MOST)
    return turned(angle), Plant("jitter", start, stop, f"{side}_{part}", f"{side} {part} {told}")


def shakes(frames: int, start: int, stop: int, cycles: float, generator: np.random.Generator) -> np.ndarray:
    """float64 [frames, 2]: two ways of shaking of about `cycles` cycles a frame, never the same twice; the farthest place at length 1."""
    time = np.arange(frames)
    envelope = swell(frames, start, stop)
    paths = []
    for _ in range(2):
        near = cycles * generator.uniform(0.85, 1.15, 2)
        phase = generator.uniform(0, 2 * np.pi, 2)
        paths.append(envelope * (np.sin(2 * np.pi * near[0] * time + phase[0]) + 0.6 * np.sin(2 * np.pi * near[1] * time + phase[1])))
    path = np.stack(paths, axis=1)
    return np.asarray(path / np.linalg.norm(path, axis=1).max())


def farthest(before: Scene, after: Scene, joint: str, start: int, stop: int) -> float:
    """Body heights by which the joint is displaced in the picture at most."""
    moves = (shown_joints(after) - shown_joints(before))[:, SMPL.index(joint)]
    return max(float(across(before, frame, moves[frame])) for frame in range(start, stop)) / HEIGHT
