import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.glitches.bodies import (
    body_speed,
    drift_root,
    flexion,
    grow_bone,
    hyperextend,
    joints_of,
    stance,
    swap_sides,
    teleport_arm,
)
from core.body import load_body, pose_body
from core.skeletons import SMPL
from tools.mocap.retarget import BodyMotion

BODY = load_body()


def posed(frames: int = 20, **turns: tuple[float, float, float]) -> BodyMotion:
    """A standing body, joints turned by rotation vectors in degrees, all frames alike."""
    pose = np.tile(np.eye(3), (frames, 23, 1, 1))
    for name, turn in turns.items():
        pose[:, SMPL.index(name) - 1] = Rotation.from_rotvec(np.radians(turn)).as_matrix()
    return BodyMotion(np.tile(np.eye(3), (frames, 1, 1)), pose, np.zeros((frames, 3)), np.zeros(10))


def joint(motion: BodyMotion, name: str, frame: int) -> np.ndarray:
    return joints_of(motion, BODY)[frame, SMPL.index(name)]


def test_that_swapped_sides_are_the_mirrored_pose_for_these_frames_only() -> None:
    motion = posed(left_shoulder=(0, 0, -70), right_elbow=(0, 60, 0), left_hip=(-40, 0, 0))
    swapped = swap_sides(motion, 5, 8)
    for name, other in (("left_wrist", "right_wrist"), ("right_ankle", "left_ankle")):
        expected = joint(motion, other, 6) * (-1, 1, 1)
        assert joint(swapped, name, 6) == pytest.approx(expected, abs=5e-3)
        assert joint(swapped, name, 8) == pytest.approx(joint(motion, name, 8))


def test_that_a_symmetric_pose_has_nothing_to_swap() -> None:
    motion = posed()
    assert joints_of(swap_sides(motion, 0, 20), BODY) == pytest.approx(joints_of(motion, BODY), abs=5e-3)


@pytest.mark.parametrize("name", ["left_elbow", "right_elbow", "left_knee", "right_knee"])
def test_that_a_hyperextended_joint_bends_the_wrong_way(name: str) -> None:
    hinge = {"left_elbow": (0, -1, 0), "right_elbow": (0, 1, 0)}.get(name, (1, 0, 0))
    motion = posed(**{name: tuple(30.0 * value for value in hinge)})
    wrong = np.degrees(flexion(hyperextend(motion, name, 5, 15, 40.0), name))
    assert np.degrees(flexion(motion, name)) == pytest.approx(30.0)
    assert wrong.min() == pytest.approx(-40.0, abs=0.1) and wrong[[4, 15]] == pytest.approx(30.0)


def test_that_a_knee_bends_backwards_and_an_elbow_forwards() -> None:
    straight = posed()
    assert joint(posed(left_knee=(30, 0, 0)), "left_ankle", 0)[2] < joint(straight, "left_ankle", 0)[2] - 0.1
    assert joint(posed(right_elbow=(0, 30, 0)), "right_wrist", 0)[2] > joint(straight, "right_wrist", 0)[2] + 0.1


def test_that_a_slide_stays_and_a_float_comes_down() -> None:
    slid = drift_root(posed(), 5, 15, np.array([0.4, 0.0, 0.0])).translation
    assert (slid[:5] == 0).all() and slid[14:, 0] == pytest.approx(0.4)
    floated = drift_root(posed(), 5, 15, np.array([0.0, 0.2, 0.0])).translation
    assert (floated[15:] == 0).all() and floated[:, 1].max() == pytest.approx(0.2)


def test_that_a_teleported_arm_is_elsewhere_and_the_other_one_is_not() -> None:
    motion = posed()
    moved = teleport_arm(motion, "left", 5, 7, np.radians((0.0, 0.0, 80.0)))
    distance = np.linalg.norm(joints_of(moved, BODY) - joints_of(motion, BODY), axis=-1)
    assert (distance[5:7, SMPL.index("left_wrist")] > 0.4).all() and distance[:5].max() == distance[7:].max() == 0
    assert distance[:, SMPL.index("right_wrist")].max() == 0


@pytest.mark.parametrize("bone", ["left_forearm", "right_upper_arm", "left_thigh", "right_shank"])
def test_that_a_longer_bone_moves_what_hangs_on_it_and_nothing_else(bone: str) -> None:
    motion = posed(left_knee=(50, 0, 0), right_knee=(50, 0, 0), left_elbow=(0, -50, 0), right_elbow=(0, 50, 0))
    vertices, joints = pose_body(BODY, motion.global_orient[0], motion.body_pose[0], motion.betas, motion.translation[0])
    longer = grow_bone(BODY, vertices, joints, bone, 0.5)
    ends = {"forearm": ("elbow", "wrist", "hand"), "upper_arm": ("shoulder", "elbow", "hand"), "thigh": ("hip", "knee", "foot"),
            "shank": ("knee", "ankle", "foot")}  # fmt: skip
    side, _, name = bone.partition("_")
    upper, lower, last = (SMPL.index(f"{side}_{part}") for part in ends[name])
    shift = 0.5 * (joints[lower] - joints[upper])
    tip = BODY.weights[:, last] > 0.99
    assert (longer - vertices)[tip] == pytest.approx(np.tile(shift, (tip.sum(), 1)), abs=2e-3)
    other = BODY.weights[:, [SMPL.index(n) for n in SMPL if not n.startswith(side)]].sum(1) > 0.999
    assert (longer == vertices)[other].all()


def test_that_a_standing_foot_is_found_and_a_hovering_one_is_not() -> None:
    motion = posed(frames=40)
    path = np.zeros((40, 3))
    path[20:, 1] = 0.5
    path[20:, 2] = np.arange(20) * 0.1
    moving = BodyMotion(motion.global_orient, motion.body_pose, path, motion.betas)
    standing = stance(joints_of(moving, BODY), 30.0)
    assert standing[2:18].all() and not standing[23:].any()


def test_that_body_speed_is_in_body_heights_a_second() -> None:
    motion = posed(frames=40)
    moving = BodyMotion(motion.global_orient, motion.body_pose, np.arange(40)[:, None] * np.array([0.0172, 0, 0]), motion.betas)
    assert body_speed(joints_of(moving, BODY), 30.0)[10:30] == pytest.approx(0.3, rel=1e-3)
