"""Inverse kinematics: 33 points in space -> the rotations and the shape of a body with 24 SMPL joints.

An analytic pass sets every limb along its bone (swing from bone directions, twist from the planes of hips, shoulders and bent limbs);
a few steps of gradient descent then fit all frames at once, each on its own: no term joins one frame to the next, because smoothing
would hide the very faults Telltale looks for.
"""

from __future__ import annotations

import numpy as np
import torch

from core.body import BodyModel, rest_joints
from core.skeletons import BLAZEPOSE, SMPL, SMPL_FROM_BLAZEPOSE, SMPL_PARENTS

STEPS = 50
_RATE = 0.03
_SHAPE_PRIOR = 1e-4  # square metres per unit of beta squared: enough to keep unseen directions of shape at the mean
_POSE_PRIOR = 2e-4  # square metres per square radian away from the analytic pose
_J = {name: index for index, name in enumerate(SMPL)}
_P = {name: index for index, name in enumerate(BLAZEPOSE)}


def fit_pose(body: BodyModel, points: np.ndarray, visibility: np.ndarray, steps: int = STEPS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """global_orient [T, 3, 3], body_pose [T, 23, 3, 3], betas [T, 10] (float32) for points [T, 33, 3] in camera axes (metres).

    visibility [T, 33] weighs the points; nothing in `points` may be NaN. Hands stay in their rest pose.
    """
    if not len(points):
        return np.empty((0, 3, 3), np.float32), np.empty((0, 23, 3, 3), np.float32), np.empty((0, 10), np.float32)
    targets, weights = joint_targets(points, visibility)
    initial = _analytic(body, points, targets)
    return _refine(body, initial, targets, weights, steps)


def joint_targets(points: np.ndarray, visibility: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where SMPL joints should be: targets [T, 24, 3] and weights [T, 24] (0 where nothing is known of a joint)."""
    frames = len(points)
    targets, weights = np.zeros((frames, len(SMPL), 3)), np.zeros((frames, len(SMPL)))
    for joint, point in SMPL_FROM_BLAZEPOSE.items():
        targets[:, joint] = points[:, point]
        weights[:, joint] = 0.05 + 0.95 * np.clip(visibility[:, point], 0, 1)
    return targets, weights


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _frame(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rotations whose columns are axes: x is kept, y as near as it can be to the given one."""
    x = _unit(x)
    z = _unit(np.cross(x, y))
    return np.stack([x, np.cross(z, x), z], -1)


def _frame_y(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The same with y kept and x as near as it can be."""
    y = _unit(y)
    z = _unit(np.cross(x, y))
    return np.stack([np.cross(y, z), y, z], -1)


def swing(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The shortest rotations [T, 3, 3] that turn directions `start` [3] or [T, 3] onto `end` [T, 3]."""
    a, b = np.broadcast_arrays(_unit(np.asarray(start, np.float64)), _unit(end))
    cosine = np.einsum("ti,ti->t", a, b)
    axis = np.cross(a, b)
    # Opposite directions have no shortest rotation: any axis at right angles will do.
    flipped = cosine < -1 + 1e-8
    if flipped.any():
        axis[flipped] = _unit(np.cross(a[flipped], np.eye(3)[np.abs(a[flipped]).argmin(1)]))
    cross = np.zeros((len(b), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    cross -= cross.transpose(0, 2, 1).copy()
    factor = 1 / np.maximum(1 + cosine, 1e-9)
    turned = np.eye(3) + cross + cross @ cross * factor[:, None, None]
    if flipped.any():
        turned[flipped] = np.eye(3) + 2 * (cross @ cross)[flipped]
    return turned


def _bent(parent: np.ndarray, rest: np.ndarray, rest_hinge: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """World rotations of an upper limb: along its bone, turned so that the hinge (elbow, knee) lies across the plane of the two bones.

    parent [T, 3, 3]; rest [3] bone and rest_hinge [3] axis in the rest pose; upper, lower [T, 3] observed bones. The straighter the
    limb, the less its plane says: the shortest swing then takes over.
    """
    local = np.einsum("tji,tj->ti", parent, upper)
    swung = parent @ swing(rest, local)
    normal = np.cross(_unit(upper), _unit(lower))
    strength = np.clip((np.linalg.norm(normal, axis=-1, keepdims=True) - 0.15) / 0.35, 0, 1)
    hinge = swung @ rest_hinge
    axis = _unit(upper)
    wanted = strength * _unit(normal) + (1 - strength) * hinge
    wanted = wanted - np.einsum("ti,ti->t", wanted, axis)[:, None] * axis
    observed = np.stack([axis, _unit(wanted), np.cross(axis, _unit(wanted))], -1)
    side = rest_hinge - rest_hinge @ _unit(rest) * _unit(rest)
    standard = np.stack([_unit(rest), _unit(side), np.cross(_unit(rest), _unit(side))], -1)
    return observed @ standard.T


def _analytic(body: BodyModel, points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Rotations [T, 24, 3, 3] relative to the parents that lay every bone along the observed one."""
    frames = len(points)
    rest = rest_joints(body, np.zeros(10)).astype(np.float64)
    world = np.tile(np.eye(3), (frames, 24, 1, 1))
    hips = targets[:, _J["left_hip"]] - targets[:, _J["right_hip"]]
    shoulders = targets[:, _J["left_shoulder"]] - targets[:, _J["right_shoulder"]]
    up = (targets[:, _J["left_shoulder"]] + targets[:, _J["right_shoulder"]] - targets[:, _J["left_hip"]] - targets[:, _J["right_hip"]]) / 2
    # The pelvis leans half as much as the trunk where a person bends: thighs pull it back.
    pelvis, chest = _frame(hips, up), _frame_y(up, shoulders)
    world[:, _J["pelvis"]] = pelvis
    between = _rotation_vector(pelvis.transpose(0, 2, 1) @ chest)
    for share, name in ((1 / 3, "spine1"), (2 / 3, "spine2"), (1.0, "spine3")):
        world[:, _J[name]] = pelvis @ _rotation_matrix(share * between)
    for name in ("left_collar", "right_collar"):
        world[:, _J[name]] = chest
    ears = points[:, _P["left_ear"]] - points[:, _P["right_ear"]]
    ahead = points[:, _P["nose"]] - (points[:, _P["left_ear"]] + points[:, _P["right_ear"]]) / 2
    sideways = _unit(ears)
    # The nose stands a little below the ears: turn the face's direction up by that angle.
    above = np.cross(ahead, sideways)
    head = _frame(ears, above) @ _rotation_matrix(np.array([[np.radians(-12.0), 0, 0]]))
    world[:, _J["head"]] = head
    world[:, _J["neck"]] = chest @ _rotation_matrix(0.5 * _rotation_vector(chest.transpose(0, 2, 1) @ head))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hip, knee, ankle, foot = (_J[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot"))
        shoulder, elbow, wrist, hand = (_J[f"{side}_{part}"] for part in ("shoulder", "elbow", "wrist", "hand"))
        thigh, shin = targets[:, knee] - targets[:, hip], targets[:, ankle] - targets[:, knee]
        # A knee bends backwards: from thigh to shin the normal points to the body's left (+x) in the rest pose.
        world[:, hip] = _bent(pelvis, rest[knee] - rest[hip], np.array([1.0, 0, 0]), thigh, shin)
        world[:, knee] = _swung(world[:, hip], rest[ankle] - rest[knee], shin)
        toes = points[:, _P[f"{side}_foot_index"]] - points[:, _P[f"{side}_heel"]]
        flat = rest[foot] - rest[ankle]
        sole = np.array([flat[0], 0.0, flat[2]])
        world[:, ankle] = _swung(world[:, knee], sole, toes)
        world[:, foot] = world[:, ankle]
        upper, lower = targets[:, elbow] - targets[:, shoulder], targets[:, wrist] - targets[:, elbow]
        # An elbow bends forwards: with the arms out, the normal of the left arm points down, of the right arm up.
        world[:, shoulder] = _bent(chest, rest[elbow] - rest[shoulder], np.array([0, -sign, 0]), upper, lower)
        world[:, elbow] = _swung(world[:, shoulder], rest[wrist] - rest[elbow], lower)
        knuckles = (points[:, _P[f"{side}_index"]] + points[:, _P[f"{side}_pinky"]]) / 2 - targets[:, wrist]
        world[:, wrist] = _swung(world[:, elbow], rest[hand] - rest[wrist], knuckles)
        world[:, hand] = world[:, wrist]
    local = world.copy()
    for joint, parent in enumerate(SMPL_PARENTS[1:], 1):
        local[:, joint] = world[:, parent].transpose(0, 2, 1) @ world[:, joint]
    return local


def _swung(parent: np.ndarray, rest: np.ndarray, bone: np.ndarray) -> np.ndarray:
    return parent @ swing(rest, np.einsum("tji,tj->ti", parent, bone))


def _rotation_vector(matrices: np.ndarray) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    return Rotation.from_matrix(matrices).as_rotvec()


def _rotation_matrix(vectors: np.ndarray) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    return Rotation.from_rotvec(vectors).as_matrix()


def _refine(
    body: BodyModel, initial: np.ndarray, targets: np.ndarray, weights: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adam over all frames at once; every frame has parameters of its own, so that frames do not touch."""
    mean, directions = body_joint_shapes(body)
    start = torch.from_numpy(initial.astype(np.float32))
    aim, weight = torch.from_numpy(targets.astype(np.float32)), torch.from_numpy(weights.astype(np.float32))
    turn = torch.zeros(len(initial), 24, 3, requires_grad=True)
    betas = torch.zeros(len(initial), 10, requires_grad=True)
    centre = (aim * weight[..., None]).sum(1) / weight.sum(1, keepdim=True)
    optimiser = torch.optim.Adam([{"params": [turn], "lr": _RATE}, {"params": [betas], "lr": 3 * _RATE}])
    for _ in range(steps):
        optimiser.zero_grad()
        joints, _ = _joints(start, turn, mean, directions, betas)
        # The origin is free: only the arrangement of the joints counts.
        middle = (joints * weight[..., None]).sum(1) / weight.sum(1, keepdim=True)
        error = ((joints - middle[:, None] - aim + centre[:, None]) ** 2).sum(-1)
        loss = (weight * error).sum() + _SHAPE_PRIOR * (betas**2).sum() + _POSE_PRIOR * (turn**2).sum()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        rotations = start @ _exp(turn)
    final = rotations.numpy()
    return final[:, 0].copy(), final[:, 1:].copy(), betas.detach().numpy().copy()


def body_joint_shapes(body: BodyModel) -> tuple[torch.Tensor, torch.Tensor]:
    zero = rest_joints(body, np.zeros(10))
    each = rest_joints(body, np.eye(10)) - zero
    return torch.from_numpy(zero), torch.from_numpy(np.ascontiguousarray(each.transpose(1, 2, 0)))


def _exp(vectors: torch.Tensor) -> torch.Tensor:
    """Rotation matrices of axis-angle vectors (Rodrigues), smooth at zero."""
    squared = (vectors**2).sum(-1)[..., None, None] + 1e-12
    angle = squared.sqrt()
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    return torch.eye(3) + angle.sin() / angle * cross + (1 - angle.cos()) / squared * (cross @ cross)


def _joints(
    start: torch.Tensor, turn: torch.Tensor, mean: torch.Tensor, directions: torch.Tensor, betas: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    rotations = start @ _exp(turn)
    rest = mean + torch.einsum("jks,ts->tjk", directions, betas)
    turns, joints = [rotations[:, 0]], [rest[:, 0]]
    for joint, parent in enumerate(SMPL_PARENTS[1:], 1):
        joints.append(joints[parent] + (turns[parent] @ (rest[:, joint] - rest[:, parent])[..., None])[..., 0])
        turns.append(turns[parent] @ rotations[:, joint])
    return torch.stack(joints, 1), rotations
