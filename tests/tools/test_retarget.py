"""Motion capture on the bundled body."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.body import load_body, pose_joints, rest_joints
from core.skeletons import SMPL
from tools.mocap.clips import FPS, Take, clean_parts, open_library
from tools.mocap.retarget import COMMON_JOINTS, joint_error, retarget

NAMES = (
    "lhipjoint", "rhipjoint", "lfemur", "rfemur", "ltibia", "rtibia", "lfoot", "rfoot", "lowerback", "thorax", "upperneck", "head",
    "lclavicle", "rclavicle", "lhumerus", "rhumerus", "lradius", "rradius", "lwrist", "rwrist", "lfingers", "rfingers", "lthumb", "rthumb",
)  # fmt: skip
FRAMES = 40


def skeleton(turns: dict[str, np.ndarray], orient: np.ndarray) -> np.ndarray:
    """Positions [40, 24, 3] of NAMES on the bundled body whose joints are turned by rotation vectors [40, 3], and `orient` [40, 3]."""
    body = load_body()
    pose = np.tile(np.eye(3), (FRAMES, 23, 1, 1))
    for name, vectors in turns.items():
        pose[:, SMPL.index(name) - 1] = Rotation.from_rotvec(vectors).as_matrix()
    joints = pose_joints(body, Rotation.from_rotvec(orient).as_matrix(), pose, np.zeros(10), np.zeros((FRAMES, 3))).astype(np.float64)
    worlds = _worlds(pose, Rotation.from_rotvec(orient).as_matrix())
    at = {mocap: joints[:, SMPL.index(smpl)] for smpl, mocap in COMMON_JOINTS.items()}
    at["lowerback"], at["thorax"] = joints[:, SMPL.index("spine1")], joints[:, SMPL.index("neck")]
    up, forward = np.array([0, 0.1, 0]), np.array([0, 0, 0.03])
    at["upperneck"] = at["thorax"] + worlds[:, SMPL.index("neck")] @ up
    at["head"] = at["upperneck"] + worlds[:, SMPL.index("head")] @ up
    rest = rest_joints(body, np.zeros(10)).astype(np.float64)
    for side, short in (("left", "l"), ("right", "r")):
        at[f"{short}foot"] = joints[:, SMPL.index(f"{side}_foot")]
        at[f"{short}wrist"] = at[f"{short}radius"]
        hand = worlds[:, SMPL.index(f"{side}_wrist")]
        at[f"{short}fingers"] = joints[:, SMPL.index(f"{side}_wrist")] + hand @ (
            rest[SMPL.index(f"{side}_hand")] - rest[SMPL.index(f"{side}_wrist")]
        )
        at[f"{short}thumb"] = at[f"{short}wrist"] + hand @ forward
    return np.stack([at[name] for name in NAMES], 1)


def _worlds(pose: np.ndarray, orient: np.ndarray) -> np.ndarray:
    worlds = [orient]
    for joint, parent in enumerate(load_body().parents.tolist()[1:], 1):
        worlds.append(worlds[parent] @ pose[:, joint - 1])
    return np.stack(worlds, 1)


def swinging(axis: tuple[float, float, float], low: float, high: float) -> np.ndarray:
    """Rotation vectors [40, 3] in degrees from low to high and back about an axis."""
    angle = np.radians(low + (high - low) * (1 - np.cos(np.linspace(0, 2 * np.pi, FRAMES))) / 2)
    return angle[:, None] * np.array(axis)


def angle_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.degrees(Rotation.from_matrix(np.swapaxes(a, -1, -2) @ b).magnitude())


def test_that_a_bent_elbow_and_knee_come_back() -> None:
    turns = {"left_elbow": swinging((0, -1, 0), 40, 100), "right_knee": swinging((1, 0, 0), 30, 90)}
    motion = retarget(skeleton(turns, np.zeros((FRAMES, 3))), NAMES, load_body(), np.zeros(10), FPS)
    for name, vectors in turns.items():
        wanted = Rotation.from_rotvec(vectors).as_matrix()
        assert angle_between(motion.body_pose[:, SMPL.index(name) - 1], wanted).max() < 4.0


def test_that_an_arm_raised_with_a_bent_elbow_comes_back() -> None:
    turns = {"right_shoulder": swinging((0, 0, 1), 20, 75), "right_elbow": np.tile(np.radians((0.0, 80.0, 0.0)), (FRAMES, 1))}
    motion = retarget(skeleton(turns, np.zeros((FRAMES, 3))), NAMES, load_body(), np.zeros(10), FPS)
    shoulder = Rotation.from_rotvec(turns["right_shoulder"]).as_matrix()
    assert angle_between(motion.body_pose[:, SMPL.index("right_shoulder") - 1], shoulder).max() < 3.0


def test_that_turning_the_whole_person_turns_only_the_pelvis() -> None:
    turn = swinging((0, 1, 0), 0, 170)
    still = retarget(skeleton({}, np.zeros((FRAMES, 3))), NAMES, load_body(), np.zeros(10), FPS)
    turned = retarget(skeleton({}, turn), NAMES, load_body(), np.zeros(10), FPS)
    assert angle_between(turned.global_orient, Rotation.from_rotvec(turn).as_matrix()).max() < 0.5
    assert angle_between(turned.body_pose, still.body_pose).max() < 1.0


def test_that_the_soles_stand_on_the_floor() -> None:
    motion = retarget(skeleton({}, np.zeros((FRAMES, 3))), NAMES, load_body(), np.zeros(10), FPS)
    body = load_body()
    ankle = pose_joints(body, motion.global_orient, motion.body_pose, motion.betas, motion.translation)[:, SMPL.index("left_ankle"), 1]
    above_sole = rest_joints(body, np.zeros(10))[SMPL.index("left_ankle"), 1] - body.v_template[:, 1].min()
    np.testing.assert_allclose(ankle, above_sole, atol=0.02)


@pytest.mark.parametrize("action", ["Walk", "Jump", "Punch", "Squat", "Cartwheel", "Kick"])
def test_that_joints_of_real_motion_lie_where_they_were_captured(shared: Path, action: str) -> None:
    library = open_library(shared / "mocap")
    take = next(take for take in library.takes if take.action == action)
    positions = library.positions(take)
    body = load_body()
    error = joint_error(retarget(positions, library.joints, body, np.zeros(10), FPS), body, positions, library.joints)
    assert error.mean() < 0.05
    assert np.percentile(error, 99) < 0.15


def test_that_rotations_of_a_walk_are_continuous(shared: Path) -> None:
    library = open_library(shared / "mocap")
    motion = retarget(library.positions(library.takes[0]), library.joints, load_body(), np.zeros(10), FPS)
    steps = angle_between(motion.body_pose[:-1], motion.body_pose[1:])
    assert steps.max() < 15.0


def test_that_a_recording_that_begins_in_t_pose_loses_its_first_frames(shared: Path) -> None:
    library = open_library(shared / "mocap")
    take = next(take for take in library.takes if take.clip == "cmu_16_15")
    (part,) = clean_parts(library, take, 60)
    assert 1 < part.start < 10
    assert part.stop == take.stop


def test_that_segments_of_an_exercise_clip_are_takes_of_their_own(shared: Path) -> None:
    library = open_library(shared / "mocap")
    assert Take("cmu_14_06", "14", "Squat", 510, 792) in library.takes
    assert not [take for take in library.takes if take.action == "Exercises"]
