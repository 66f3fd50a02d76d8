"""Views of retargeted motion: a seeded body shape, outfit, room, light and camera for each, drawn frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from core.body import SHAPES, BodyModel, pose_body
from core.camera import default_intrinsics
from render.mesh import MeshRenderer
from tools.mocap.actor import Outfit, choose_outfit, draw_frame, paint
from tools.mocap.retarget import BodyMotion
from tools.mocap.room import Camera, Room, draw_backdrop, furnish, look_at

SIZES = ((640, 360), (480, 480), (640, 480), (360, 480))
_TRAVEL = 1.2  # metres; a person who walks farther is followed by the camera


@dataclass(frozen=True, eq=False)
class View:
    """How one clip is filmed. offset [3]: from the person to the camera; targets [T, 3]: what the camera looks at."""

    size: tuple[int, int]
    intrinsics: np.ndarray
    offset: np.ndarray
    targets: np.ndarray
    room: Room
    outfit: Outfit
    light: np.ndarray

    def camera(self, frame: int) -> Camera:
        return look_at(self.targets[frame] + self.offset, self.targets[frame], self.intrinsics)


def choose_shape(generator: np.random.Generator) -> np.ndarray:
    """Betas float64 [10] of a random adult, within what is common."""
    return np.clip(generator.normal(0, 0.8, SHAPES), -1.5, 1.5)


def centred(motion: BodyMotion) -> BodyMotion:
    """The same motion around the middle of the room."""
    middle = (motion.translation.min(0) + motion.translation.max(0)) / 2
    return replace(motion, translation=motion.translation - middle * (1, 0, 1))


def every(motion: BodyMotion, step: int) -> BodyMotion:
    """Every `step`-th frame."""
    return replace(
        motion,
        global_orient=motion.global_orient[::step],
        body_pose=motion.body_pose[::step],
        translation=motion.translation[::step],
    )


def choose_view(
    motion: BodyMotion,
    fps: float,
    generator: np.random.Generator,
    *,
    size: tuple[int, int] | None = None,
    frontal: bool = False,
    share: tuple[float, float] = (0.6, 0.85),
    middle: float = 0.95,
) -> View:
    """A random view of a motion that lies around the middle of the room: mostly from the front, often from the side or behind.

    size: of the picture; random when None. frontal: only views from the front, for films that people look at. The person, arms up and
    moving about, fills `share` of the picture (above 1 a part is outside of it); `middle` is the height in metres the camera looks at.
    """
    size = size or SIZES[generator.integers(len(SIZES))]
    intrinsics = default_intrinsics(size) * (*[generator.uniform(0.9, 1.4)] * 2, 1, 1)
    sides = (generator.uniform(-0.9, 0.9), generator.uniform(0.9, 1.7), -generator.uniform(0.9, 1.7), np.pi)
    turn = generator.uniform(-0.45, 0.45) if frontal else generator.choice(sides, p=(0.5, 0.18, 0.18, 0.14))
    facing = motion.global_orient[:, :, 2].mean(0)
    yaw = np.arctan2(facing[0], facing[2]) + turn
    travel = np.ptp(motion.translation[:, [0, 2]], axis=0).max()
    height = np.array([0.0, middle, 0.0])
    if travel > _TRAVEL:
        targets = gaussian_filter1d(motion.translation, 0.5 * fps, axis=0, mode="nearest") * (1, 0, 1) + height
        room_for = 0.5
    else:
        targets = np.broadcast_to(height, motion.translation.shape)
        room_for = travel / 2
    filled = generator.uniform(*share) if not frontal else 0.95  # nearly all of it where people look
    distance = max(intrinsics[1] * 2.1 / (filled * size[1]), intrinsics[0] * (1.5 + 2 * room_for) / (filled * size[0])) + room_for
    offset = np.array([distance * np.sin(yaw), generator.uniform(-0.1, 0.8), distance * np.cos(yaw)])
    half = travel / 2 + distance + generator.uniform(0.5, 2.5)
    light = generator.uniform((-0.6, 0.7, -0.6), (0.6, 1.0, 0.6))
    return View(size, intrinsics, offset, targets, furnish(generator, half), choose_outfit(generator), light / np.linalg.norm(light))


def film(motion: BodyMotion, body: BodyModel, view: View, renderer: MeshRenderer) -> Iterator[np.ndarray]:
    """The frames, uint8 [H, W, 3] RGB."""
    colours = paint(body, view.outfit)
    backdrop: np.ndarray | None = None
    still = bool((view.targets == view.targets[0]).all())
    for frame in range(len(motion)):
        camera = view.camera(frame)
        if backdrop is None or not still:
            backdrop = draw_backdrop(view.room, camera, view.size, view.light, coarse=not still)
        vertices, _ = pose_body(body, motion.global_orient[frame], motion.body_pose[frame], motion.betas, motion.translation[frame])
        yield draw_frame(renderer, vertices, body.faces, colours, backdrop, camera, view.light)
