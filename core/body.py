"""Body models in the SMPL format and their skinning by numpy, fast enough for every frame of the window.

Axes of the rest pose: x to the body's left, y up, z forward, metres. `core.body_smplx` is the same model through the package smplx (torch);
tests hold both together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.safe_pickle import load_pickled_arrays
from core.skeletons import SMPL, SMPL_PARENTS

_FOLDER = Path(__file__).resolve().parent.parent / "resources" / "body"
BUNDLED_BODY = _FOLDER / "telltale_body.npz"
BUNDLED_BODY_SMALL = _FOLDER / "telltale_body_small.npz"
BUNDLED_SPACE, USER_SPACE = "telltale-cc0", "smpl"
REGIONS = ("skin", "shirt", "trousers", "shoes", "hair", "eyes")  # what a vertex of the bundled body wears
SHAPES = 10
# Where the pelvis of the neutral SMPL model of mean shape lies from its origin, in metres: translations of SMPL bodies count from there.
SMPL_PELVIS = (-0.0022, -0.2408, 0.0286)


class BodyModelError(ValueError):
    """A file that is not a body model; the message is one sentence for people."""


@dataclass(frozen=True, eq=False)
class BodyModel:
    """A body of V vertices and F triangles. Two models are equal only when they are the same object.

    space         the name of the space its betas live in
    v_template    float32 [V, 3]      the mean body in the zero pose
    shapedirs     float32 [V, 3, 10]  per unit of each beta
    posedirs      float32 [V, 3, 207] | None   pose blend shapes; None when the model has none
    J_regressor   float32 [24, V]
    weights       float32 [V, 24]     skinning weights, rows sum to 1
    faces         int32 [F, 3]
    parents       int32 [24]          -1 for the pelvis
    region        int8 [V] | None     index into REGIONS
    landmarks     name -> vertex of the nose, eyes, ears, heels and toe tips; empty when unknown
    """

    space: str
    v_template: np.ndarray
    shapedirs: np.ndarray
    posedirs: np.ndarray | None
    J_regressor: np.ndarray
    weights: np.ndarray
    faces: np.ndarray
    parents: np.ndarray
    region: np.ndarray | None = None
    landmarks: Mapping[str, int] = field(default_factory=dict)


def load_body(path: Path | None = None) -> BodyModel:
    """The bundled body, or a person's own SMPL model (npz, or pkl read without running anything in it).

    Raises BodyModelError when the file is missing or is no SMPL model, core.safe_pickle.UnsafePickle when a pickle holds more than arrays.
    """
    path = BUNDLED_BODY if path is None else path
    if not path.is_file():
        raise BodyModelError(f"The body model {path} does not exist: choose another file, or none to use the bundled body.")
    arrays = load_pickled_arrays(path) if path.suffix.lower() == ".pkl" else _npz_arrays(path)
    try:
        return _model(arrays)
    except KeyError as error:
        raise BodyModelError(f"{path.name} is not an SMPL body model: it has no entry {error}.") from error
    except ValueError as error:
        raise BodyModelError(f"{path.name} is not an SMPL body model with {len(SMPL)} joints: {error}") from error


def rest_joints(body: BodyModel, betas: np.ndarray) -> np.ndarray:
    """Joints float32 [..., 24, 3] in the zero pose, of betas [..., 10]."""
    joints, directions = _joint_shapes(body)
    return (joints + np.einsum("jks,...s->...jk", directions, np.asarray(betas, np.float64))).astype(np.float32)


def pose_body(
    body: BodyModel, global_orient: np.ndarray, body_pose: np.ndarray, betas: np.ndarray, translation: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices float32 [V, 3] and joints float32 [24, 3] of one pose.

    global_orient [3, 3] and body_pose [23, 3, 3] are rotations relative to the parent; betas [10]; translation [3] is added last. With the
    orientation and translation of a HumanTrack the result is in camera space.
    """
    shape = np.ascontiguousarray(betas, np.float32)
    template, rest = _shaped(body, shape.tobytes())
    rotations = np.concatenate([np.asarray(global_orient).reshape(1, 3, 3), body_pose]).astype(np.float32)
    if body.posedirs is not None:
        offsets = body.posedirs.reshape(-1, 207) @ (rotations[1:] - np.eye(3, dtype=np.float32)).ravel()
        template = template + offsets.reshape(-1, 3).T
    turns, joints = _chain(body, rotations[None], rest[None])
    moves = np.empty((len(rest), 3, 4), np.float32)
    moves[:, :, :3] = turns[0]
    moves[:, :, 3] = joints[0] - np.einsum("jab,jb->ja", turns[0], rest) + np.asarray(translation, np.float32)
    # One product blends all twelve coefficients; coordinates lie in rows, so that every further step runs over contiguous memory.
    blend = moves.reshape(len(rest), 12).T @ _weights_by_joint(body)
    vertices = np.empty((template.shape[1], 3), np.float32)
    for axis in range(3):
        a, b, c, d = blend[4 * axis : 4 * axis + 4]
        vertices[:, axis] = a * template[0] + b * template[1] + c * template[2] + d
    return vertices, joints[0] + np.asarray(translation, np.float32)


def pose_joints(
    body: BodyModel, global_orient: np.ndarray, body_pose: np.ndarray, betas: np.ndarray, translation: np.ndarray
) -> np.ndarray:
    """Joints float32 [T, 24, 3] of T poses at once.

    global_orient [T, 3, 3], body_pose [T, 23, 3, 3], betas [10] or [T, 10], translation [T, 3].
    """
    rotations = np.concatenate([np.asarray(global_orient).reshape(-1, 1, 3, 3), body_pose], 1).astype(np.float32)
    rest = np.broadcast_to(rest_joints(body, betas), (len(rotations), len(SMPL), 3))
    _, joints = _chain(body, rotations, rest)
    return joints + np.asarray(translation, np.float32)[:, None]


def _chain(body: BodyModel, rotations: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations [T, 24, 3, 3] relative to the parents -> rotations in the body's frame, joints [T, 24, 3]."""
    turns, joints = np.empty_like(rotations), np.empty_like(rest)
    turns[:, 0], joints[:, 0] = rotations[:, 0], rest[:, 0]
    for joint, parent in enumerate(body.parents.tolist()[1:], 1):
        np.matmul(turns[:, parent], rotations[:, joint], out=turns[:, joint])
        bone = (rest[:, joint] - rest[:, parent])[:, :, None]
        joints[:, joint] = joints[:, parent] + (turns[:, parent] @ bone)[:, :, 0]
    return turns, joints


@lru_cache(maxsize=4)
def _joint_shapes(body: BodyModel) -> tuple[np.ndarray, np.ndarray]:
    """Joints of the mean body [24, 3] and their change with each beta [24, 3, 10], float64."""
    regressor = body.J_regressor.astype(np.float64)
    return regressor @ body.v_template, np.einsum("jv,vks->jks", regressor, body.shapedirs, optimize=True)


@lru_cache(maxsize=4)
def _weights_by_joint(body: BodyModel) -> np.ndarray:
    return np.ascontiguousarray(body.weights.T)


@lru_cache(maxsize=16)
def _shaped(body: BodyModel, betas: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [3, V] and joints [24, 3] of one shape in the zero pose; shapes are few, frames many."""
    values = np.frombuffer(betas, np.float32)
    template = (body.v_template + body.shapedirs @ values).T
    return np.ascontiguousarray(template), rest_joints(body, values)


def _npz_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            wanted = {"v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table"}
            optional = {"region", "landmark_names", "landmark_vertices", "space"}
            return {name: file[name] for name in wanted | optional if name in file}
    except (ValueError, OSError, EOFError) as error:
        raise BodyModelError(f"{path.name} cannot be read as a body model: {error}") from error
    # np.load gives zipfile's own errors through, and a bare array for an .npy file.
    except Exception as error:
        raise BodyModelError(f"{path.name} is not an npz file ({type(error).__name__}).") from error


def _model(arrays: Mapping[str, Any]) -> BodyModel:
    template = np.asarray(arrays["v_template"], np.float32)
    count = len(template)
    parents = np.asarray(arrays["kintree_table"], np.int64)[0].astype(np.int32)
    parents[0] = -1
    posedirs = np.asarray(arrays["posedirs"])
    model = BodyModel(
        space=str(arrays.get("space", USER_SPACE)),
        v_template=template,
        shapedirs=np.ascontiguousarray(np.asarray(arrays["shapedirs"])[:, :, :SHAPES], np.float32),
        posedirs=np.ascontiguousarray(posedirs, np.float32) if posedirs.any() else None,
        J_regressor=np.asarray(arrays["J_regressor"], np.float32),
        weights=np.asarray(arrays["weights"], np.float32),
        faces=np.asarray(arrays["f"]).astype(np.int32),
        parents=parents,
        region=np.asarray(arrays["region"], np.int8) if "region" in arrays else None,
        landmarks=dict(zip(arrays["landmark_names"].tolist(), arrays["landmark_vertices"].tolist(), strict=True))
        if "landmark_names" in arrays
        else {},
    )
    shapes = {
        "v_template": (model.v_template.shape, (count, 3)),
        "shapedirs": (model.shapedirs.shape, (count, 3, SHAPES)),
        "posedirs": (posedirs.shape, (count, 3, 207)),
        "J_regressor": (model.J_regressor.shape, (len(SMPL), count)),
        "weights": (model.weights.shape, (count, len(SMPL))),
        "f": (model.faces.shape, (len(model.faces), 3)),
    }
    for name, (found, expected) in shapes.items():
        if found != expected:
            raise ValueError(f"{name} has the shape {found} instead of {expected}.")
    if tuple(parents.tolist()) != SMPL_PARENTS:
        raise ValueError("its joints are connected in another way.")
    if model.faces.min() < 0 or model.faces.max() >= count:
        raise ValueError("its triangles name vertices that do not exist.")
    return model
