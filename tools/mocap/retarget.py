"""Joint positions of motion capture -> rotations of a body in the SMPL format.

Bone directions give the swing of every limb exactly; what positions alone do not tell, the twist about a bone, comes from the plane of the
neighbouring bones (elbow, knee, thumb, foot) where that plane is well defined, and from the untwisted swing where it is not. Twists, not
directions, are smoothed over a few frames, so the motion keeps its speed. All functions work on all frames at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from core.body import BodyModel, pose_joints, rest_joints
from core.skeletons import SMPL, SMPL_PARENTS

TWIST_SMOOTHING = 0.06  # seconds, standard deviation
MOST_TWIST = 2.0  # radians, about a bone against the bone before it
UP = np.array([0.0, 1.0, 0.0])

# SMPL joint -> motion-capture joint at the same place of the body.
COMMON_JOINTS = {
    "left_hip": "lhipjoint", "right_hip": "rhipjoint", "left_knee": "lfemur", "right_knee": "rfemur", "left_ankle": "ltibia",
    "right_ankle": "rtibia", "left_shoulder": "lclavicle", "right_shoulder": "rclavicle", "left_elbow": "lhumerus",
    "right_elbow": "rhumerus", "left_wrist": "lradius", "right_wrist": "rradius",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class BodyMotion:
    """A moving body in the room (y up, metres, floor at y = 0): what `core.body.pose_body` needs, frame by frame.

    global_orient float64 [T, 3, 3], body_pose float64 [T, 23, 3, 3], translation float64 [T, 3], betas float64 [10].
    """

    global_orient: np.ndarray
    body_pose: np.ndarray
    translation: np.ndarray
    betas: np.ndarray

    def __len__(self) -> int:
        return len(self.translation)


def retarget(positions: np.ndarray, names: Sequence[str], body: BodyModel, betas: np.ndarray, fps: float) -> BodyMotion:
    """positions [T, 31, 3] (metres, y up) of the joints `names`, at `fps` -> the same motion of `body`."""
    at = {name: positions[:, index] for index, name in enumerate(names)}
    rest = dict(zip(SMPL, rest_joints(body, betas).astype(np.float64), strict=True))
    sigma = TWIST_SMOOTHING * fps
    turns: dict[str, np.ndarray] = {}
    _torso(turns, at, rest)
    for side in ("left", "right"):
        _arm(turns, at, rest, side, sigma)
        _leg(turns, at, rest, side, sigma)
    world = np.stack([turns[name] for name in SMPL], 1)
    local = np.einsum("tjba,tjbc->tjac", world[:, SMPL_PARENTS[1:]], world[:, 1:])

    scale = _leg_length(rest, ("hip", "knee", "ankle")) / _leg_length(at, ("hipjoint", "femur", "tibia"))
    hips = scale * (at["lhipjoint"] + at["rhipjoint"]) / 2
    # The pelvis joint turns about itself, so the rest position of the middle of the hips tells where it must lie.
    offset = (rest["left_hip"] + rest["right_hip"]) / 2 - rest["pelvis"]
    translation = hips - world[:, 0] @ offset - rest["pelvis"]
    translation[:, 1] -= _floor(body, world[:, 0], local, betas, translation)
    return BodyMotion(world[:, 0], local, translation, np.asarray(betas, np.float64))


def joint_error(motion: BodyMotion, body: BodyModel, positions: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Distance [T, 12] in metres between the common joints, once sizes (by leg length) and the middle of the hips agree."""
    joints = pose_joints(body, motion.global_orient, motion.body_pose, motion.betas, motion.translation)
    ours = np.stack([joints[:, SMPL.index(name)] for name in COMMON_JOINTS], 1)
    theirs = np.stack([positions[:, list(names).index(name)] for name in COMMON_JOINTS.values()], 1)
    at = {name: positions[:, index] for index, name in enumerate(names)}
    rest = dict(zip(SMPL, rest_joints(body, motion.betas).astype(np.float64), strict=True))
    theirs = theirs * _leg_length(rest, ("hip", "knee", "ankle")) / _leg_length(at, ("hipjoint", "femur", "tibia"))
    ours, theirs = (points - points[:, :2].mean(1, keepdims=True) for points in (ours, theirs))
    return np.linalg.norm(ours - theirs, axis=-1)


def _torso(turns: dict[str, np.ndarray], at: dict[str, np.ndarray], rest: dict[str, np.ndarray]) -> None:
    """Pelvis from hips and lower back, chest from shoulders and thorax, the spine between them in equal parts; neck and head by swing."""
    pelvis = _frame(at["lhipjoint"] - at["rhipjoint"], at["lowerback"] - (at["lhipjoint"] + at["rhipjoint"]) / 2, first="x")
    pelvis_rest = _frame(rest["left_hip"] - rest["right_hip"], rest["spine1"] - (rest["left_hip"] + rest["right_hip"]) / 2, first="x")
    chest = _frame(at["lclavicle"] - at["rclavicle"], at["thorax"] - at["lowerback"], first="y")
    chest_rest = _frame(rest["left_shoulder"] - rest["right_shoulder"], rest["neck"] - rest["spine1"], first="y")
    turns["pelvis"] = pelvis @ pelvis_rest.T
    turns["spine3"] = chest @ chest_rest.T
    bend = Rotation.from_matrix(np.swapaxes(turns["pelvis"], 1, 2) @ turns["spine3"]).as_rotvec()
    for part, name in enumerate(("spine1", "spine2"), 1):
        turns[name] = turns["pelvis"] @ Rotation.from_rotvec(bend * part / 3).as_matrix()
    turns["neck"] = _swing(turns["spine3"] @ UP, at["upperneck"] - at["thorax"]) @ turns["spine3"]
    turns["head"] = _swing(turns["neck"] @ UP, at["head"] - at["upperneck"]) @ turns["neck"]


def _arm(turns: dict[str, np.ndarray], at: dict[str, np.ndarray], rest: dict[str, np.ndarray], side: str, sigma: float) -> None:
    s, sign = side[0], 1.0 if side == "left" else -1.0
    chest = turns["spine3"]
    shoulder, elbow, wrist = at[f"{s}clavicle"], at[f"{s}humerus"], at[f"{s}radius"]
    # The collar's rest differs between skeletons: its turns are counted from where it is most of the time.
    collar = _unit(np.einsum("tba,tb->ta", chest, shoulder - at["thorax"]))
    turns[f"{side}_collar"] = chest @ _swing(_unit(np.median(collar, 0)), collar)

    upper, fore = _unit(elbow - shoulder), _unit(wrist - elbow)
    upper_rest = rest[f"{side}_elbow"] - rest[f"{side}_shoulder"]
    hinge = np.array([0.0, -sign, 0.0])  # an elbow of the T-pose bends about it
    turns[f"{side}_shoulder"] = _limb(chest, upper_rest, hinge, upper, np.cross(upper, fore), sigma)
    lower_rest = rest[f"{side}_wrist"] - rest[f"{side}_elbow"]
    bent = _swing(turns[f"{side}_shoulder"] @ lower_rest, fore) @ turns[f"{side}_shoulder"]

    hand = _unit(at[f"{s}fingers"] - wrist)
    thumb = _unit(at[f"{s}thumb"] - at[f"{s}wrist"])
    twist = _twist(bent, fore, np.array([0.0, 0.0, 1.0]), thumb, sigma, fallback=0.2)
    # The forearm turns half as far as the hand, as radius and ulna do.
    turns[f"{side}_elbow"] = _about(fore, twist / 2) @ bent
    whole = _about(fore, twist) @ bent
    turns[f"{side}_wrist"] = _swing(whole @ (rest[f"{side}_hand"] - rest[f"{side}_wrist"]), hand) @ whole
    turns[f"{side}_hand"] = turns[f"{side}_wrist"]


def _leg(turns: dict[str, np.ndarray], at: dict[str, np.ndarray], rest: dict[str, np.ndarray], side: str, sigma: float) -> None:
    s = side[0]
    hip, knee, ankle, ball = at[f"{s}hipjoint"], at[f"{s}femur"], at[f"{s}tibia"], at[f"{s}foot"]
    thigh, shank = _unit(knee - hip), _unit(ankle - knee)
    foot = _unit(ball - ankle)
    # A straight knee has no plane of its own: the foot then tells where it points.
    plane = np.cross(thigh, shank) + 0.3 * np.cross(foot, shank)
    thigh_rest, shank_rest = (rest[f"{side}_{b}"] - rest[f"{side}_{a}"] for a, b in (("hip", "knee"), ("knee", "ankle")))
    turns[f"{side}_hip"] = _limb(turns["pelvis"], thigh_rest, np.array([1.0, 0.0, 0.0]), thigh, plane, sigma)
    turns[f"{side}_knee"] = _swing(turns[f"{side}_hip"] @ shank_rest, shank) @ turns[f"{side}_hip"]
    foot_rest = rest[f"{side}_foot"] - rest[f"{side}_ankle"]
    pitch = _sole_pitch(foot, ankle, ball) - np.arctan2(foot_rest[1], foot_rest[2])
    sideways = _unit(np.cross(UP, foot))
    level = np.einsum("tab,tb->ta", _about(sideways, np.full(len(foot), pitch)), foot)
    turns[f"{side}_ankle"] = _swing(turns[f"{side}_knee"] @ foot_rest, level) @ turns[f"{side}_knee"]
    turns[f"{side}_foot"] = turns[f"{side}_ankle"]


def _sole_pitch(foot: np.ndarray, ankle: np.ndarray, ball: np.ndarray) -> float:
    """The slope of the ankle-to-ball bone while the foot stands on the floor: skeletons place the ball at different heights."""
    low = (ankle[:, 1] <= np.percentile(ankle[:, 1], 40)) & (ball[:, 1] <= np.percentile(ball[:, 1], 40))
    slope = np.arcsin(np.clip(foot[:, 1], -1, 1))
    return float(np.median(slope[low] if low.any() else slope))


def _limb(
    parent: np.ndarray, bone_rest: np.ndarray, hinge_rest: np.ndarray, bone: np.ndarray, plane: np.ndarray, sigma: float
) -> np.ndarray:
    """World rotation [T,3,3] that lays `bone_rest` along `bone` [T,3], its hinge along the normal `plane` [T,3] where that has a length."""
    swung = _swing(parent @ bone_rest, bone) @ parent
    return _about(bone, _twist(swung, bone, hinge_rest, plane, sigma, fallback=0.12)) @ swung


def _twist(turn: np.ndarray, axis: np.ndarray, side_rest: np.ndarray, side: np.ndarray, sigma: float, fallback: float) -> np.ndarray:
    """Angle [T] about unit `axis` that brings `turn @ side_rest` to `side`, smoothed.

    `side` counts by its length across the axis; `fallback` is the weight of an untwisted limb against it. No joint turns farther than
    `MOST_TWIST`, and none comes back on the other side.
    """
    now = _across(turn @ side_rest, axis)
    wanted = _across(side, axis)
    cosine = np.einsum("ta,ta->t", now, wanted)
    sine = np.einsum("ta,ta->t", np.cross(now, wanted), axis)
    plane = np.stack([cosine + fallback, sine], -1)
    smooth = gaussian_filter1d(plane, sigma, axis=0, mode="nearest")
    angle = np.unwrap(np.arctan2(smooth[:, 1], smooth[:, 0]))
    angle -= 2 * np.pi * np.round(np.median(angle) / (2 * np.pi))
    # Where the plane is lost and found again the angle may still leap: a second pass spreads it.
    return gaussian_filter1d(np.clip(angle, -MOST_TWIST, MOST_TWIST), sigma, mode="nearest")


def _across(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    return vectors - np.einsum("ta,ta->t", vectors, axis)[:, None] * axis


def _floor(body: BodyModel, orient: np.ndarray, local: np.ndarray, betas: np.ndarray, translation: np.ndarray) -> float:
    """The height of the soles while standing: joints of ankle and foot, less how far they lie above the sole in the rest pose."""
    joints = pose_joints(body, orient, local, betas, translation)
    rest = rest_joints(body, betas)
    sole = float((body.v_template[:, 1] + body.shapedirs[:, 1] @ betas).min())
    heights = []
    for name in ("left_ankle", "right_ankle", "left_foot", "right_foot"):
        above = float(rest[SMPL.index(name), 1]) - sole
        heights.append(joints[:, SMPL.index(name), 1] - above)
    return float(np.percentile(np.min(heights, 0), 10))


def _leg_length(at: dict[str, np.ndarray], parts: tuple[str, str, str]) -> float:
    lengths = []
    for side in ("l", "r"):
        chain = [at[part] if (part := f"{side}{name}") in at else at[f"{'left' if side == 'l' else 'right'}_{name}"] for name in parts]
        lengths.append(sum(np.median(np.linalg.norm(b - a, axis=-1)) for a, b in itertools.pairwise(chain)))
    return float(np.mean(lengths))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _frame(x: np.ndarray, y: np.ndarray, first: str) -> np.ndarray:
    """Rotations [..., 3, 3] with columns x, y, z; the `first` axis is kept exactly, the other made square to it."""
    if first == "x":
        x = _unit(x)
        z = _unit(np.cross(x, y))
        return np.stack([x, np.cross(z, x), z], -1)
    y = _unit(y)
    z = _unit(np.cross(x, y))
    return np.stack([np.cross(y, z), y, z], -1)


def _swing(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotations [T, 3, 3] that turn directions a ([3] or [T, 3]) into directions b [T, 3]."""
    a, b = _unit(a), _unit(b)
    v, c = np.cross(a, b), np.einsum("...a,...a->...", a, b)
    zero = np.zeros_like(c)
    k = np.stack([zero, -v[..., 2], v[..., 1], v[..., 2], zero, -v[..., 0], -v[..., 1], v[..., 0], zero], -1).reshape(*c.shape, 3, 3)
    return np.eye(3) + k + k @ k / np.maximum(1 + c, 1e-6)[..., None, None]


def _about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Rotations [T, 3, 3] about unit axes [T, 3] by angles [T]."""
    return np.asarray(Rotation.from_rotvec(axis * angle[:, None]).as_matrix())
