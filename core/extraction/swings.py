"""The first pass of the inverse kinematics: every bone along the observed one, without iteration.

Swing comes from the direction of a bone, twist from the planes of hips, shoulders and face, and from the plane of a bent limb.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from core.body import BodyModel, rest_joints
from core.skeletons import BLAZEPOSE, SMPL

_J = {name: index for index, name in enumerate(SMPL)}
_P = {name: index for index, name in enumerate(BLAZEPOSE)}
# Sine of the bend of a limb below which its plane says nothing, and from which it says all.
_STRAIGHT, _BENT = 0.15, 0.5


def lay_bones(body: BodyModel, points: np.ndarray) -> np.ndarray:
    """Rotations [T, 24, 3, 3] relative to the parents for points [T, 33, 3] in camera axes (finite)."""
    rest = rest_joints(body, np.zeros(10)).astype(np.float64)
    at = {name: points[:, index] for name, index in _P.items()}
    world = np.tile(np.eye(3), (len(points), len(SMPL), 1, 1))
    chest = _lay_trunk(world, at)
    _lay_head(world, at, chest)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        _lay_leg(world, at, rest, side)
        _lay_arm(world, at, rest, side, sign, chest)
    local = world.copy()
    for joint, parent in enumerate(body.parents.tolist()[1:], 1):
        local[:, joint] = world[:, parent].transpose(0, 2, 1) @ world[:, joint]
    return local


def _lay_trunk(world: np.ndarray, at: dict[str, np.ndarray]) -> np.ndarray:
    """Pelvis along the hips, chest along the shoulders, the spine shares the turn between them. Returns the chest's rotations."""
    hips = at["left_hip"] - at["right_hip"]
    shoulders = at["left_shoulder"] - at["right_shoulder"]
    up = (at["left_shoulder"] + at["right_shoulder"] - at["left_hip"] - at["right_hip"]) / 2
    pelvis = _axes(hips, up)
    chest = _axes(up, -shoulders)[:, :, [1, 0, 2]] * np.array([-1.0, 1.0, 1.0])
    between = _vectors(pelvis.transpose(0, 2, 1) @ chest)
    world[:, _J["pelvis"]] = pelvis
    for name, share in (("spine1", 1 / 3), ("spine2", 2 / 3), ("spine3", 1.0)):
        world[:, _J[name]] = pelvis @ _matrices(share * between)
    for name in ("left_collar", "right_collar"):
        world[:, _J[name]] = chest
    return chest


def _lay_head(world: np.ndarray, at: dict[str, np.ndarray], chest: np.ndarray) -> None:
    ears = at["left_ear"] - at["right_ear"]
    ahead = at["nose"] - (at["left_ear"] + at["right_ear"]) / 2
    # The nose stands 14 degrees below the ears: the face's direction is turned up by as much.
    head = _axes(ears, np.cross(ahead, ears)) @ _matrices(np.array([[np.radians(-14.0), 0.0, 0.0]]))
    world[:, _J["head"]] = head
    world[:, _J["neck"]] = chest @ _matrices(0.5 * _vectors(chest.transpose(0, 2, 1) @ head))


def _lay_leg(world: np.ndarray, at: dict[str, np.ndarray], rest: np.ndarray, side: str) -> None:
    hip, knee, ankle, foot = (_J[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot"))
    thigh, shin = at[f"{side}_knee"] - at[f"{side}_hip"], at[f"{side}_ankle"] - at[f"{side}_knee"]
    # A knee bends backwards: the normal of thigh and shin then points to the body's left, both in the rest pose and in the picture.
    world[:, hip] = _along(world[:, _J["pelvis"]], rest[knee] - rest[hip], np.array([1.0, 0.0, 0.0]), thigh, shin)
    world[:, knee] = _swung(world[:, hip], rest[ankle] - rest[knee], shin)
    sole = rest[foot] - rest[ankle]
    world[:, ankle] = _swung(world[:, knee], np.array([sole[0], 0.0, sole[2]]), at[f"{side}_foot_index"] - at[f"{side}_heel"])
    world[:, foot] = world[:, ankle]


def _lay_arm(world: np.ndarray, at: dict[str, np.ndarray], rest: np.ndarray, side: str, sign: float, chest: np.ndarray) -> None:
    shoulder, elbow, wrist, hand = (_J[f"{side}_{part}"] for part in ("shoulder", "elbow", "wrist", "hand"))
    upper, lower = at[f"{side}_elbow"] - at[f"{side}_shoulder"], at[f"{side}_wrist"] - at[f"{side}_elbow"]
    # An elbow bends forwards: with the arms held out, the normal of the left arm points down, that of the right arm up.
    world[:, shoulder] = _along(chest, rest[elbow] - rest[shoulder], np.array([0.0, -sign, 0.0]), upper, lower)
    world[:, elbow] = _swung(world[:, shoulder], rest[wrist] - rest[elbow], lower)
    knuckles = (at[f"{side}_index"] + at[f"{side}_pinky"]) / 2 - at[f"{side}_wrist"]
    world[:, wrist] = _swung(world[:, elbow], rest[hand] - rest[wrist], knuckles)
    world[:, hand] = world[:, wrist]


def _along(parent: np.ndarray, rest: np.ndarray, hinge: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Rotations of an upper limb: along its bone, turned so that its hinge stands at right angles to the plane of the two bones.

    parent [T, 3, 3]; rest [3] the bone and hinge [3] its axis in the rest pose; upper, lower [T, 3] observed bones. The straighter a limb,
    the less its plane says: the shortest swing then takes over.
    """
    swung = _swung(parent, rest, upper)
    bone = _unit(upper)
    normal = np.cross(bone, _unit(lower))
    bend = np.linalg.norm(normal, axis=-1, keepdims=True)
    trust = np.clip((bend - _STRAIGHT) / (_BENT - _STRAIGHT), 0, 1)
    wanted = trust * _unit(normal) + (1 - trust) * (swung @ hinge)
    return _axes(bone, wanted) @ _axes(rest[None], hinge[None])[0].T


def _swung(parent: np.ndarray, rest: np.ndarray, bone: np.ndarray) -> np.ndarray:
    """The parents' rotations [T, 3, 3] followed by the shortest turn that lays the rest bone [3] along the observed one [T, 3]."""
    return parent @ shortest_turn(rest, np.einsum("tji,tj->ti", parent, bone))


def shortest_turn(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The rotations [T, 3, 3] by the smallest angle that turn the direction `start` [3] onto `end` [T, 3]."""
    a, b = np.broadcast_arrays(_unit(start), _unit(end))
    cosine = np.einsum("ti,ti->t", a, b)
    axis = np.cross(a, b)
    cross = _cross_matrices(axis)
    turn: np.ndarray = np.eye(3) + cross + cross @ cross / np.maximum(1 + cosine, 1e-9)[:, None, None]
    opposite = cosine < -1 + 1e-9
    if opposite.any():
        # Half a turn about any axis at right angles.
        across = _unit(np.cross(a[opposite], np.eye(3)[np.abs(a[opposite]).argmin(1)]))
        turn[opposite] = 2 * across[:, :, None] * across[:, None, :] - np.eye(3)
    return turn


def _cross_matrices(vectors: np.ndarray) -> np.ndarray:
    matrices = np.zeros((len(vectors), 3, 3))
    matrices[:, 2, 1], matrices[:, 0, 2], matrices[:, 1, 0] = vectors.T
    return matrices - matrices.transpose(0, 2, 1)


def _axes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rotations [T, 3, 3] whose first column lies along x, the second as near to y as it can."""
    x = _unit(x)
    z = _unit(np.cross(x, y))
    return np.stack([x, np.cross(z, x), z], -1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return unit


def _vectors(matrices: np.ndarray) -> np.ndarray:
    vectors: np.ndarray = Rotation.from_matrix(matrices).as_rotvec()
    return vectors


def _matrices(vectors: np.ndarray) -> np.ndarray:
    matrices: np.ndarray = Rotation.from_rotvec(vectors).as_matrix()
    return matrices
