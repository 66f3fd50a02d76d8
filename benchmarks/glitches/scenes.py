"""A body in motion before a camera, and the pictures of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.glitches.bodies import BONES, LimbGrowth, grow_bone, joints_of
from core.body import BodyModel, load_body, pose_body
from core.skeletons import SMPL
from render.mesh import MeshRenderer
from tools.mocap.actor import draw_frame, paint
from tools.mocap.clips import FPS, Library, Take
from tools.mocap.retarget import BodyMotion, retarget
from tools.mocap.room import draw_backdrop
from tools.mocap.views import View, centred, choose_shape, choose_view, every


@dataclass(frozen=True, eq=False)
class Scene:
    """motion: what is shown; bones: those of the body that are longer for a while."""

    motion: BodyMotion
    body: BodyModel
    view: View
    fps: float
    bones: tuple[LimbGrowth, ...] = ()


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


def shown_joints(scene: Scene) -> np.ndarray:
    """float [T, 24, 3] in the room, with what hangs on a longer bone moved along."""
    joints = np.array(joints_of(scene.motion, scene.body))
    moved = joints.copy()
    for longer in scene.bones:
        side, _, name = longer.bone.partition("_")
        upper, lower, hanging = BONES[name]
        bone = joints[:, SMPL.index(f"{side}_{lower}")] - joints[:, SMPL.index(f"{side}_{upper}")]
        for part in hanging[1:]:
            moved[:, SMPL.index(f"{side}_{part}")] += longer.growth[:, None] * bone
    return moved


def across(scene: Scene, frame: int, moves: np.ndarray) -> np.ndarray:
    """[...]: metres by which moves [..., 3] of the room go sideways or up in the picture of this frame; those along the view do not."""
    return np.asarray(np.linalg.norm((moves @ scene.view.camera(frame).rotation.T)[..., :2], axis=-1))
