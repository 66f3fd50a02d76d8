from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.glitches.bodies import HEIGHT, LimbGrowth
from benchmarks.glitches.faults import LEAST_SHOWN, near_side, plant_faults, plant_one, shown_change
from benchmarks.glitches.kinds import BODY_KINDS, Plant
from benchmarks.glitches.scenes import Scene, across, shoot, shown_joints
from benchmarks.glitches.timeline import MARGIN, SPACING
from core.body import load_body
from core.skeletons import SMPL
from render.mesh import create_renderer
from tools.mocap.retarget import BodyMotion
from tools.mocap.views import choose_view

FPS = 30.0


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Twelve seconds of a person who swings both arms in turn, feet on the floor."""
    body, frames = load_body(), 360
    pose = np.tile(np.eye(3), (frames, 23, 1, 1))
    angle = np.arange(frames) / FPS * 3
    for name, phase in (("left_shoulder", 0.0), ("right_shoulder", 2.0)):
        turn = np.stack([0 * angle, 0.9 * np.sin(angle + phase), -1.1 + 0.5 * np.cos(angle + phase)], 1)
        pose[:, SMPL.index(name) - 1] = Rotation.from_rotvec(turn * (1 if phase == 0 else (1, -1, -1))).as_matrix()
    lowest = float(body.v_template[:, 1].min())
    place = np.tile((0.0, -lowest, 0.0), (frames, 1))
    motion = BodyMotion(np.tile(np.eye(3), (frames, 1, 1)), pose, place, np.zeros(10))
    return Scene(motion, body, choose_view(motion, FPS, np.random.default_rng(0), size=(160, 120), frontal=True), FPS)


def test_that_faults_lie_apart_and_are_shown(scene: Scene) -> None:
    changed, plants = plant_faults(scene, ["body stretch", "arm teleport", "hyperextension", "swap"], np.random.default_rng(1))
    assert len(plants) >= 3
    edges = [(0, round(MARGIN * FPS)), *((p.start, p.stop) for p in plants)]
    assert all(b[0] - a[1] >= SPACING * FPS for a, b in pairwise(edges[1:]))
    assert plants[0].start >= MARGIN * FPS
    moved = np.linalg.norm(shown_joints(changed) - shown_joints(scene), axis=-1).max(1)
    for plant in plants:
        assert moved[plant.start : plant.stop].max() / HEIGHT >= LEAST_SHOWN[plant.kind]
    inside = np.zeros(360, bool)
    for plant in plants:
        inside[plant.start : plant.stop] = True
    assert moved[~inside].max() == 0


@pytest.mark.parametrize("kind", [kind for kind in BODY_KINDS if kind not in ("swap", "root drift")])
def test_that_the_limb_of_the_truth_is_the_one_that_moves(scene: Scene, kind: str) -> None:
    clean = shown_joints(scene)
    for seed in range(4):
        changed, plant = plant_one(scene, kind, 100, 110, clean, np.random.default_rng(seed))
        moved = np.linalg.norm(shown_joints(changed) - clean, axis=-1)[100:110].max(0)
        side, part = (plant.limb or "").split("_")
        own = {"arm": ("elbow", "wrist", "hand"), "leg": ("knee", "ankle", "foot")}[part]
        names = {SMPL[i] for i in np.flatnonzero(moved > 1e-6)}
        assert names and names <= {f"{side}_{name}" for name in own}


def test_that_a_fault_along_the_view_counts_as_not_shown(scene: Scene) -> None:
    camera = scene.view.camera(0)
    assert across(scene, 0, camera.rotation[2]) == pytest.approx(0, abs=1e-9)
    assert across(scene, 0, camera.rotation[0]) == pytest.approx(1)


def test_that_a_longer_bone_counts_as_shown(scene: Scene) -> None:
    longer = Scene(scene.motion, scene.body, scene.view, FPS, (LimbGrowth("left_forearm", np.full(360, 0.5)),))
    assert 0.01 < shown_change(scene, longer, Plant("body stretch", 100, 110)) < 0.2


def test_that_the_near_side_is_chosen_when_the_body_stands_sideways(scene: Scene) -> None:
    towards = scene.view.offset / np.linalg.norm(scene.view.offset * (1, 0, 1)) * (1, 0, 1)
    joints = np.zeros((1, 24, 3))
    joints[0, SMPL.index("left_shoulder")] = 0.2 * towards
    joints[0, SMPL.index("right_shoulder")] = -0.2 * towards
    assert near_side(scene, joints, 0, np.random.default_rng(0)) == "left"
    assert near_side(scene, -joints, 0, np.random.default_rng(0)) == "right"


def test_that_pictures_of_a_clean_scene_differ_from_faulty_ones_only_in_the_fault(scene: Scene) -> None:
    def first(shown: Scene, count: int) -> list[np.ndarray]:
        frames = shoot(shown, create_renderer("raster"))
        return [next(frames) for _ in range(count)]

    growth = np.zeros(360)
    growth[2] = 0.8
    longer = Scene(scene.motion, scene.body, scene.view, FPS, (LimbGrowth("left_forearm", growth),))
    same = [bool((a == b).all()) for a, b in zip(first(scene, 4), first(longer, 4), strict=True)]
    assert same == [True, True, False, True]
