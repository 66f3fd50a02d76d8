"""Inverse kinematics: 33 points in space -> the rotations and the shape of a body with 24 SMPL joints.

A first pass without iteration lays every bone along the observed one (`core.extraction.swings`). A few steps of gradient descent then fit
rotations and shape to the points, all frames at once and each on its own: no term joins one frame to the next, because smoothing would hide
the very faults Telltale looks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from core.body import BodyModel, pose_joints, rest_joints
from core.camera import solve_translation
from core.extraction.swings import lay_bones
from core.skeletons import BLAZEPOSE, SMPL, SMPL_FROM_BLAZEPOSE

STEPS = 50
_RATE = 0.05
# In square metres: what a unit of beta squared, and a square radian away from the first pass, cost beside one joint's squared distance.
_SHAPE_PRIOR, _POSE_PRIOR = 1e-4, 2e-4
# Points that turn a bone without naming a joint, each with the joint that carries it; the body knows the vertices of the same names.
_CARRIERS = {
    "nose": "head",
    "left_ear": "head",
    "right_ear": "head",
    "left_heel": "left_ankle",
    "right_heel": "right_ankle",
    "left_foot_index": "left_foot",
    "right_foot_index": "right_foot",
}
_MARKER_WEIGHT = 0.3
_RAY_WEIGHT = 1.0  # of the picture beside space: depth comes from the points, the rest from both
_LEAST_WEIGHT = 0.05  # of a point the model believes to be hidden


@dataclass(frozen=True, eq=False)
class BodyFit:
    """In HumanTrack's terms: global_orient float32 [T, 3, 3], body_pose float32 [T, 23, 3, 3], betas float32 [T, 10],
    translation float32 [T, 3]."""

    global_orient: np.ndarray
    body_pose: np.ndarray
    betas: np.ndarray
    translation: np.ndarray


def fit_body(
    body: BodyModel, points: np.ndarray, pixels: np.ndarray, visibility: np.ndarray, intrinsics: np.ndarray, steps: int = STEPS
) -> BodyFit:
    """The body whose joints lie nearest to points [T, 33, 3] (finite, metres, camera axes) and to the rays through pixels [T, 33, 2].

    The origin of the points does not matter. visibility [T, 33] in 0..1 weighs them; intrinsics [4] as in `core.camera`. Each frame has a
    shape of its own. The hands keep their rest pose.
    """
    if not len(points):
        shapes = ((0, 3, 3), (0, 23, 3, 3), (0, 10), (0, 3))
        return BodyFit(*(np.empty(shape, np.float32) for shape in shapes))
    first = lay_bones(body, points.astype(np.float64))
    # With two threads these small products take ten times as long.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rotations, betas = _refine(_Skeleton(body), first, points, pixels, visibility, intrinsics, steps)
    finally:
        torch.set_num_threads(threads)
    joints = pose_joints(body, rotations[:, 0], rotations[:, 1:], betas, np.zeros((len(points), 3)))[:, list(SMPL_FROM_BLAZEPOSE)]
    seen = list(SMPL_FROM_BLAZEPOSE.values())
    translation = solve_translation(joints, pixels[:, seen], _weights(visibility[:, seen]), intrinsics)
    return BodyFit(rotations[:, 0].copy(), rotations[:, 1:].copy(), betas, translation.astype(np.float32))


def _weights(visibility: np.ndarray) -> np.ndarray:
    weights: np.ndarray = _LEAST_WEIGHT + (1 - _LEAST_WEIGHT) * np.clip(visibility, 0, 1)
    return weights


class _Skeleton:
    """The joints and markers of a body as torch computes them from rotations and betas."""

    def __init__(self, body: BodyModel) -> None:
        rest = rest_joints(body, np.zeros(10))
        directions = rest_joints(body, np.eye(10)) - rest
        self.rest, self.directions = torch.from_numpy(rest), torch.from_numpy(directions.reshape(10, -1))
        markers = [name for name in _CARRIERS if name in body.landmarks]
        carriers = [SMPL.index(_CARRIERS[name]) for name in markers]
        self.offsets = torch.from_numpy(body.v_template[[body.landmarks[name] for name in markers]] - rest[carriers])
        levels = _levels(body.parents)
        self.levels = [(torch.tensor(members), torch.tensor(parents)) for members, parents in levels]
        by_depth = [0, *(joint for members, _ in levels for joint in members)]
        # Where the joints stand when they are lined up by depth.
        self.by_name = torch.tensor([by_depth.index(joint) for joint in range(len(SMPL))])
        self.carriers_by_depth = self.by_name[carriers]
        self.above = torch.from_numpy(np.maximum(body.parents, 0).astype(np.int64))
        # Which of the joints and markers are observed, and by which BlazePose point.
        self.seen = [*SMPL_FROM_BLAZEPOSE, *range(len(SMPL), len(SMPL) + len(markers))]
        self.points = [*SMPL_FROM_BLAZEPOSE.values(), *(BLAZEPOSE.index(name) for name in markers)]
        self.importance = np.array([1.0] * len(SMPL_FROM_BLAZEPOSE) + [_MARKER_WEIGHT] * len(markers), np.float32)

    def place(self, rotations: torch.Tensor, betas: torch.Tensor) -> torch.Tensor:
        """Joints, then markers, [T, 24 + M, 3] of rotations [T, 24, 3, 3] relative to the parents and betas [T, 10]."""
        rest = self.rest + (betas @ self.directions).reshape(-1, len(SMPL), 3)
        bones = (rest - rest[:, self.above])[..., None]
        turned, moved = rotations[:, :1], rest[:, :1]
        turns, joints = [turned], [moved]
        # Joints of equal depth move together: nine small products instead of two dozen.
        for members, parents in self.levels:
            above = turned[:, parents]
            moved = moved[:, parents] + (above @ bones[:, members])[..., 0]
            turned = above @ rotations[:, members]
            turns.append(turned)
            joints.append(moved)
        world = torch.cat(turns, 1)[:, self.carriers_by_depth]
        placed = torch.cat(joints, 1)
        marks = placed[:, self.carriers_by_depth] + (world @ self.offsets[..., None])[..., 0]
        return torch.cat([placed[:, self.by_name], marks], 1)


def _levels(parents: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """The joints below the pelvis by depth, each with the position of its parent within the level above."""
    depth = [0] * len(parents)
    for joint, parent in enumerate(parents.tolist()[1:], 1):
        depth[joint] = depth[parent] + 1
    members = [[joint for joint in range(len(parents)) if depth[joint] == level] for level in range(max(depth) + 1)]
    return [(now, [above.index(int(parents[joint])) for joint in now]) for above, now in pairwise(members)]


def _refine(
    skeleton: _Skeleton,
    first: np.ndarray,
    points: np.ndarray,
    pixels: np.ndarray,
    visibility: np.ndarray,
    intrinsics: np.ndarray,
    steps: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Adam over all frames at once; the sum of the frames' losses has no term that holds two frames."""
    start = torch.from_numpy(first.astype(np.float32))
    aim = torch.from_numpy(np.ascontiguousarray(points[:, skeleton.points], np.float32))
    weight = torch.from_numpy((_weights(visibility[:, skeleton.points]) * skeleton.importance).astype(np.float32))
    share = (weight / weight.sum(1, keepdim=True))[..., None]
    aim = aim - (aim * share).sum(1, keepdim=True)
    # Depth and place of the whole person, from all points; where they cannot be known the rays do not count.
    place = solve_translation(points, pixels, _weights(visibility), intrinsics)
    known = np.isfinite(place).all(1)
    rays = (pixels[:, skeleton.points] - intrinsics[2:]) / intrinsics[:2]
    ray = torch.from_numpy(rays.astype(np.float32))
    ray_weight = _RAY_WEIGHT * weight * torch.from_numpy(known.astype(np.float32))[:, None]
    turn = torch.zeros(len(first), len(SMPL), 3, requires_grad=True)
    betas = torch.zeros(len(first), 10, requires_grad=True)
    origin = torch.from_numpy(np.where(known[:, None], place, 1.0).astype(np.float32)).requires_grad_()
    free = torch.ones(len(SMPL), 1)
    free[[SMPL.index("left_hand"), SMPL.index("right_hand")]] = 0
    optimiser = torch.optim.Adam([{"params": [turn, origin], "lr": _RATE}, {"params": [betas], "lr": 3 * _RATE}])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1), 0.1 * _RATE)
    for _ in range(steps):
        optimiser.zero_grad()
        placed = skeleton.place(start @ _exponential(turn * free), betas)[:, skeleton.seen]
        centred = placed - (placed * share).sum(1, keepdim=True)
        seen = placed + origin[:, None]
        # Metres at right angles to the view, between a point and the ray it is seen on.
        beside = seen[..., :2] - ray * seen[..., 2:]
        loss = (weight * ((centred - aim) ** 2).sum(-1)).sum() + (ray_weight * (beside**2).sum(-1)).sum()
        loss = loss + _SHAPE_PRIOR * (betas**2).sum() + _POSE_PRIOR * (turn**2).sum()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return (start @ _exponential(turn * free)).numpy(), betas.detach().numpy().copy()


def _exponential(vectors: torch.Tensor) -> torch.Tensor:
    """Rotation matrices [..., 3, 3] of axis-angle vectors [..., 3] (Rodrigues), with a gradient at zero."""
    squared = (vectors**2).sum(-1)[..., None, None] + 1e-12
    angle = squared.sqrt()
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    return torch.eye(3) + angle.sin() / angle * cross + (1 - angle.cos()) / squared * (cross @ cross)
