import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.glitches.bodies import HEIGHT
from benchmarks.glitches.faults import plant_one
from benchmarks.glitches.scenes import Scene, across, shown_joints
from benchmarks.glitches.trembling import REACH, shakes
from core.body import load_body
from core.skeletons import SMPL
from tools.mocap.retarget import BodyMotion
from tools.mocap.views import choose_view

FPS, FRAMES = 30.0, 120


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A person who stands still, arms down."""
    body = load_body()
    pose = np.tile(np.eye(3), (FRAMES, 23, 1, 1))
    for name, sign in (("left_shoulder", -1), ("right_shoulder", 1)):
        pose[:, SMPL.index(name) - 1] = Rotation.from_rotvec((0, 0, 1.1 * sign)).as_matrix()
    motion = BodyMotion(np.tile(np.eye(3), (FRAMES, 1, 1)), pose, np.zeros((FRAMES, 3)), np.zeros(10))
    return Scene(motion, body, choose_view(motion, FPS, np.random.default_rng(0), size=(160, 120), frontal=True), FPS)


@pytest.mark.parametrize("seed", range(6))
def test_that_what_trembles_reaches_as_far_in_the_picture_as_it_says(scene: Scene, seed: int) -> None:
    clean = shown_joints(scene)
    changed, plant = plant_one(scene, "jitter", 40, 65, clean, np.random.default_rng(seed))
    moves = shown_joints(changed) - clean
    shown = np.array([across(scene, frame, moves[frame]) for frame in range(FRAMES)]) / HEIGHT
    names = {SMPL[joint] for joint in np.flatnonzero(shown.max(0) > 1e-6)}
    if plant.limb:
        side, part = plant.limb.split("_")
        own = {"arm": ("elbow", "wrist", "hand"), "leg": ("knee", "ankle", "foot")}[part]
        assert names == {f"{side}_{name}" for name in own}
        farthest = shown[:, SMPL.index(f"{side}_{'wrist' if part == 'arm' else 'ankle'}")].max()
    else:
        assert names == set(SMPL)
        farthest = shown.max()
    told = float(plant.detail.split(" by ")[1].split()[0])
    assert REACH[0] - 5e-4 <= told <= REACH[1] + 5e-4
    assert farthest == pytest.approx(told, rel=0.2)  # turning is not quite moving
    assert shown[:40].max() == shown[65:].max() == 0


def test_that_shaking_turns_as_often_as_its_cycles_say() -> None:
    path = shakes(600, 0, 600, 8 / 60, np.random.default_rng(0))
    assert np.linalg.norm(path, axis=1).max() == pytest.approx(1)
    turns = [(np.diff(np.sign(path[:, axis])) != 0).sum() / 2 / 10 for axis in range(2)]
    assert turns == pytest.approx([8, 8], abs=1.3)
