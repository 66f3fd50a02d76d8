import numpy as np
import pytest

from core.body import load_body, pose_joints
from core.camera import default_intrinsics, project
from core.extraction.kinematics import fit_body
from core.extraction.swings import shortest_turn
from core.motion import so3_exp, so3_log
from core.skeletons import BLAZEPOSE, SMPL, SMPL_FROM_BLAZEPOSE

BODY = load_body()
SIZE = (1280, 720)
INTRINSICS = default_intrinsics(SIZE)
FACING = np.diag([1.0, -1.0, -1.0])  # towards the camera: the body's left on the right of the picture
PLACE = np.array([0.2, 0.1, 3.5])


def turns(**vectors: tuple[float, float, float]) -> np.ndarray:
    """Rotations [23, 3, 3] of named joints given as axis-angle, the others at rest."""
    pose = np.zeros((23, 3), np.float32)
    for name, vector in vectors.items():
        pose[SMPL.index(name) - 1] = vector
    return so3_exp(pose)


POSES = {
    "rest": turns(),
    "left arm down, right arm up": turns(left_shoulder=(0, 0, -1.2), right_shoulder=(0, 0, -0.9)),
    "squat": turns(left_hip=(-1.2, 0, 0.2), right_hip=(-1.2, 0, -0.2), left_knee=(1.6, 0, 0), right_knee=(1.6, 0, 0), spine1=(0.3, 0, 0)),
    "bent elbows": turns(left_elbow=(0, -1.4, 0), right_elbow=(0, 1.4, 0), left_shoulder=(0, 0, -0.8), right_shoulder=(0, 0, 0.8)),
}


def points_of(pose: np.ndarray, orient: np.ndarray = FACING) -> np.ndarray:
    """The 33 points [33, 3] in camera axes that a perfect detector would see of a pose, hip-centred."""
    rotations = np.concatenate([orient[None], pose])
    joints = pose_joints(BODY, orient[None], pose[None], np.zeros((1, 10)), np.zeros((1, 3)))[0]
    world = [rotations[0]]
    for joint, parent in enumerate(BODY.parents.tolist()[1:], 1):
        world.append(world[parent] @ rotations[joint])
    rest = pose_joints(BODY, np.eye(3)[None], turns()[None], np.zeros((1, 10)), np.zeros((1, 3)))[0]
    points = np.zeros((33, 3))
    carriers = {"heel": "ankle", "foot_index": "foot"}
    for index, name in enumerate(BLAZEPOSE):
        side, _, part = name.partition("_")
        if part in ("pinky", "index", "thumb"):
            points[index] = joints[SMPL.index(f"{side}_hand")]
        elif name in BODY.landmarks:
            carrier = SMPL.index(f"{side}_{carriers[part]}" if part in carriers else "head")
            points[index] = joints[carrier] + world[carrier] @ (BODY.v_template[BODY.landmarks[name]] - rest[carrier])
    for joint, index in SMPL_FROM_BLAZEPOSE.items():
        points[index] = joints[joint]
    return points - (points[BLAZEPOSE.index("left_hip")] + points[BLAZEPOSE.index("right_hip")]) / 2


def fit(points: np.ndarray, steps: int = 50):  # type: ignore[no-untyped-def]
    return fit_body(BODY, points, project(points + PLACE, INTRINSICS), np.ones(points.shape[:2]), INTRINSICS, steps)


@pytest.mark.parametrize("name", POSES)
def test_that_a_known_pose_is_recovered_to_the_centimetre(name: str) -> None:
    points = points_of(POSES[name])[None]
    found = fit(points)
    joints = pose_joints(BODY, found.global_orient, found.body_pose, found.betas, found.translation)[0]
    expected = points[0, list(SMPL_FROM_BLAZEPOSE.values())] + PLACE
    error = np.linalg.norm(joints[list(SMPL_FROM_BLAZEPOSE)] - expected, axis=-1)
    assert error.mean() < 0.01
    assert error.max() < 0.03


def test_that_the_rotations_of_bent_limbs_are_those_that_made_the_points() -> None:
    found = fit(points_of(POSES["squat"])[None])
    for name in ("left_hip", "right_hip", "left_knee", "right_knee"):
        joint = SMPL.index(name) - 1
        difference = so3_log(POSES["squat"][joint].T @ found.body_pose[0, joint])
        assert np.degrees(np.linalg.norm(difference)) < 15, name


def test_that_the_left_arm_stays_the_left_arm() -> None:
    raised = turns(left_shoulder=(0, 0, 1.2), right_shoulder=(0, 0, 1.2))  # left up, right down
    found = fit(points_of(raised)[None])
    joints = pose_joints(BODY, found.global_orient, found.body_pose, found.betas, found.translation)[0]
    left, right = joints[SMPL.index("left_wrist")], joints[SMPL.index("right_wrist")]
    assert left[1] < right[1] - 0.5  # y points down
    assert left[0] > right[0]  # it faces the camera


def test_that_the_first_pass_alone_lays_the_bones_along_the_observed_ones() -> None:
    points = points_of(POSES["bent elbows"])[None]
    found = fit(points, steps=0)
    joints = pose_joints(BODY, found.global_orient, found.body_pose, found.betas, found.translation)[0]
    for bone in (("left_elbow", "left_wrist"), ("right_hip", "right_knee"), ("left_knee", "left_ankle")):
        ours = joints[SMPL.index(bone[1])] - joints[SMPL.index(bone[0])]
        seen = points[0, BLAZEPOSE.index(bone[1])] - points[0, BLAZEPOSE.index(bone[0])]
        assert ours @ seen / np.linalg.norm(ours) / np.linalg.norm(seen) > 0.999


def test_that_no_frame_has_a_part_in_the_fit_of_another() -> None:
    both = np.stack([points_of(POSES["squat"]), points_of(POSES["rest"])])
    together, alone = fit(both), fit(both[:1])
    np.testing.assert_allclose(together.body_pose[0], alone.body_pose[0], atol=1e-4)
    np.testing.assert_allclose(together.betas[0], alone.betas[0], atol=1e-3)


def test_that_longer_legs_change_the_shape_of_their_frame_only() -> None:
    points = np.stack([points_of(POSES["rest"]), points_of(POSES["rest"])])
    legs = [index for index, name in enumerate(BLAZEPOSE) if name.split("_", 1)[-1] in ("knee", "ankle", "heel", "foot_index")]
    points[1, legs, 1] *= 1.2
    found = fit(points)
    assert np.abs(found.betas[0]).max() < 0.3
    assert np.abs(found.betas[1]).max() > 0.5
    joints = pose_joints(BODY, found.global_orient, found.body_pose, found.betas, found.translation)
    length = np.linalg.norm(joints[:, SMPL.index("left_ankle")] - joints[:, SMPL.index("left_hip")], axis=-1)
    assert length[1] > 1.1 * length[0]


def test_that_the_results_are_rotations_and_the_hands_rest() -> None:
    found = fit(points_of(POSES["squat"])[None])
    matrices = np.concatenate([found.global_orient, found.body_pose[0]])
    np.testing.assert_allclose(matrices @ matrices.transpose(0, 2, 1), np.broadcast_to(np.eye(3), matrices.shape), atol=1e-5)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-5)
    for name in ("left_hand", "right_hand"):
        np.testing.assert_allclose(found.body_pose[0, SMPL.index(name) - 1], np.eye(3), atol=1e-5)


def test_that_no_frames_give_no_fits() -> None:
    found = fit(np.zeros((0, 33, 3)))
    assert found.body_pose.shape == (0, 23, 3, 3)
    assert found.translation.shape == (0, 3)


def test_that_the_shortest_turn_of_opposite_directions_is_half_a_turn() -> None:
    turn = shortest_turn(np.array([0.0, 1.0, 0.0]), np.array([[0.0, -2.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 1.0]]))
    np.testing.assert_allclose(turn @ [0.0, 1.0, 0.0], [[0, -1, 0], [0, 1, 0], [0, 0, 1]], atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turn), 1, atol=1e-9)
