"""Faults of a moving body, with exact truth: every function takes a BodyMotion and gives the faulty one, or what to do to its vertices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.spatial.transform import Rotation

from benchmarks.glitches.timeline import ramp, swell
from core.body import BodyModel, pose_joints
from core.skeletons import SMPL
from tools.mocap.retarget import BodyMotion

HEIGHT = 1.72  # metres, of the mean body: only a scale for thresholds
# Bone -> its upper joint, its lower joint, and all that hangs on the bone.
BONES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "upper_arm": ("shoulder", "elbow", ("shoulder", "elbow", "wrist", "hand")),
    "forearm": ("elbow", "wrist", ("elbow", "wrist", "hand")),
    "thigh": ("hip", "knee", ("hip", "knee", "ankle", "foot")),
    "shank": ("knee", "ankle", ("knee", "ankle", "foot")),
}
# Turning by a positive angle about it bends the joint, in the frame of the parent at rest (x left, y up, z forward).
_HINGES = {"left_elbow": (0, -1, 0), "right_elbow": (0, 1, 0), "left_knee": (1, 0, 0), "right_knee": (1, 0, 0)}
_SWAPPED = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist", "hand")
_MIRROR = np.diag([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class LimbGrowth:
    """A bone that is longer: growth float [T], as a share of its length."""

    bone: str  # left_forearm, ...
    growth: np.ndarray


def joints_of(motion: BodyMotion, body: BodyModel) -> np.ndarray:
    """float [T, 24, 3] in the room, metres."""
    return pose_joints(body, motion.global_orient, motion.body_pose, motion.betas, motion.translation)


def swap_sides(motion: BodyMotion, start: int, stop: int) -> BodyMotion:
    """In frames start..stop left arm and leg do what the right ones did, and the other way round; the trunk goes on."""
    pose = motion.body_pose.copy()
    for name in _SWAPPED:
        left, right = SMPL.index(f"left_{name}") - 1, SMPL.index(f"right_{name}") - 1
        pose[start:stop, left] = _MIRROR @ motion.body_pose[start:stop, right] @ _MIRROR
        pose[start:stop, right] = _MIRROR @ motion.body_pose[start:stop, left] @ _MIRROR
    return replace(motion, body_pose=pose)


def hyperextend(motion: BodyMotion, joint: str, start: int, stop: int, degrees: float) -> BodyMotion:
    """The elbow or knee bends `degrees` the wrong way, quickly, and comes back."""
    pose, index = motion.body_pose.copy(), SMPL.index(joint) - 1
    hinge = np.array(_HINGES[joint], np.float64)
    share = swell(len(motion), start, stop)[start:stop]
    bent = np.maximum(flexion(motion, joint)[start:stop], 0)
    turn = -share * (bent + np.radians(degrees))
    pose[start:stop, index] = Rotation.from_rotvec(turn[:, None] * hinge).as_matrix() @ pose[start:stop, index]
    return replace(motion, body_pose=pose)


def flexion(motion: BodyMotion, joint: str) -> np.ndarray:
    """Radians [T]: how far an elbow or knee is bent about its hinge."""
    rotation = Rotation.from_matrix(motion.body_pose[:, SMPL.index(joint) - 1])
    return np.asarray(rotation.as_rotvec() @ np.array(_HINGES[joint], np.float64))


def drift_root(motion: BodyMotion, start: int, stop: int, shift: np.ndarray) -> BodyMotion:
    """The whole body moves by `shift` [3] metres from start to stop. Upwards it floats and comes down again, sideways it stays."""
    path = ramp(len(motion), start, stop) if shift[1] == 0 else swell(len(motion), start, stop)
    return replace(motion, translation=motion.translation + path[:, None] * shift)


def teleport_arm(motion: BodyMotion, side: str, start: int, stop: int, turn: np.ndarray) -> BodyMotion:
    """In frames start..stop the arm is elsewhere: turned at the shoulder by the rotation vector `turn` [3] of the collar's frame."""
    pose, index = motion.body_pose.copy(), SMPL.index(f"{side}_shoulder") - 1
    pose[start:stop, index] = Rotation.from_rotvec(turn).as_matrix() @ pose[start:stop, index]
    return replace(motion, body_pose=pose)


def grow_bone(body: BodyModel, vertices: np.ndarray, joints: np.ndarray, bone: str, growth: float) -> np.ndarray:
    """Vertices [V, 3] with a bone `growth` longer and all that hangs on it moved along. joints [24, 3] as `pose_body` gives them."""
    side, _, name = bone.partition("_")
    upper_name, lower_name, hanging = BONES[name]
    upper, lower = joints[SMPL.index(f"{side}_{upper_name}")], joints[SMPL.index(f"{side}_{lower_name}")]
    length = float(np.linalg.norm(lower - upper))
    along = (lower - upper) / length
    carried = body.weights[:, [SMPL.index(f"{side}_{part}") for part in hanging]].sum(1)
    reach = np.clip((vertices - upper) @ along, 0, length)
    # What hangs below the bone is past its end however it is bent.
    below = body.weights[:, [SMPL.index(f"{side}_{part}") for part in hanging[1:]]].sum(1)
    reach = np.maximum(reach, below * length)
    return np.asarray(vertices + (carried * reach * growth)[:, None] * along)


def stance(joints: np.ndarray, fps: float) -> np.ndarray:
    """bool [T]: frames in which one foot stands: near the lowest place of the feet and slower than a quarter of a metre a second."""
    standing = np.zeros(len(joints), bool)
    feet = [SMPL.index("left_foot"), SMPL.index("right_foot")]
    low = np.quantile(joints[:, feet, 1].min(1), 0.1) + 0.06
    for foot in feet:
        speed = np.zeros(len(joints))
        speed[1:] = np.linalg.norm(np.diff(joints[:, foot], axis=0), axis=-1) * fps
        standing |= (uniform_filter1d(speed, max(1, round(fps / 10))) < 0.25) & (joints[:, foot, 1] < low)
    return standing


def body_speed(joints: np.ndarray, fps: float) -> np.ndarray:
    """float [T]: mean speed of the joints in body heights a second, over a fifth of a second."""
    speed = np.zeros(len(joints))
    speed[1:] = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(1) * fps / HEIGHT
    return np.asarray(uniform_filter1d(speed, max(1, round(fps / 5)), mode="nearest"))
