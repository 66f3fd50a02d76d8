import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from scipy.spatial.transform import Rotation

from core.body import (
    BUNDLED_BODY,
    BUNDLED_BODY_SMALL,
    REGIONS,
    BodyModelError,
    load_body,
    pose_body,
    pose_joints,
    rest_joints,
)
from core.safe_pickle import UnsafePickle
from core.skeletons import SMPL, SMPL_PARENTS

STILL = (np.eye(3), np.repeat(np.eye(3)[None], 23, 0))
ZERO = np.zeros(3)
NO_SHAPE = np.zeros(10)


@pytest.fixture(scope="module", params=[BUNDLED_BODY, BUNDLED_BODY_SMALL], ids=["full", "small"])
def body(request):
    return load_body(request.param)


@pytest.fixture(scope="module")
def small():
    return load_body(BUNDLED_BODY_SMALL)


def random_pose(seed, spread=0.6):
    rng = np.random.default_rng(seed)
    turns = Rotation.from_rotvec(rng.normal(0, spread, (24, 3))).as_matrix()
    return turns[0], turns[1:], rng.normal(0, 1, 10), rng.normal(0, 2, 3)


def bend(joint, rotvec):
    orient, pose = STILL[0].copy(), STILL[1].copy()
    pose[SMPL.index(joint) - 1] = Rotation.from_rotvec(rotvec).as_matrix()
    return orient, pose


def smpl_like(seed=0, **changes):
    """A made-up model in the layout of SMPL's own files: 6890 vertices, pose directions, three hundred shapes, unsigned indices."""
    small, rng = load_body(BUNDLED_BODY_SMALL), np.random.default_rng(seed)
    loose = 6890 - len(small.v_template)
    return {
        "v_template": np.pad(small.v_template.astype(np.float64), ((0, loose), (0, 0))),
        "shapedirs": np.pad(small.shapedirs, ((0, loose), (0, 0), (0, 290))),
        "posedirs": rng.normal(0, 0.01, (6890, 3, 207)),
        "J_regressor": np.pad(small.J_regressor, ((0, 0), (0, loose))),
        "weights": np.pad(small.weights, ((0, loose), (0, 0)), mode="edge"),
        "f": small.faces.astype(np.uint32),
        "kintree_table": np.array([[2**32 - 1, *SMPL_PARENTS[1:]], range(24)], np.uint32),
    } | changes


def test_that_the_bundled_body_is_the_full_one_and_has_its_own_space():
    body = load_body()
    assert (len(body.v_template), body.space) == (13718, "telltale-cc0")
    assert tuple(body.parents.tolist()) == SMPL_PARENTS


def test_that_weights_and_joint_regressor_mix_and_do_not_scale(body):
    np.testing.assert_allclose(body.weights.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(body.J_regressor.sum(1), 1, atol=1e-4)
    assert body.weights.min() >= 0


def test_that_the_zero_pose_is_a_t_with_the_left_arm_on_plus_x(body):
    at = dict(zip(SMPL, rest_joints(body, NO_SHAPE), strict=True))
    for side, sign in (("left", 1), ("right", -1)):
        shoulder, elbow, wrist = (at[f"{side}_{part}"] for part in ("shoulder", "elbow", "wrist"))
        assert sign * wrist[0] > sign * elbow[0] > sign * shoulder[0] > 0.1
        np.testing.assert_allclose([elbow[1:], wrist[1:]], [shoulder[1:]] * 2, atol=0.005)
        hip, knee, ankle, foot = (at[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot"))
        assert abs(np.cross(knee - hip, ankle - hip)[0]) < 0.01  # straight as seen from the side
        assert hip[1] > knee[1] > ankle[1]
        assert foot[2] > ankle[2] + 0.08  # toes forward
    np.testing.assert_allclose(at["pelvis"], 0, atol=0.005)


def test_that_the_joints_lie_inside_the_body(body):
    low, high = body.v_template.min(0), body.v_template.max(0)
    joints = rest_joints(body, NO_SHAPE)
    assert (joints > low).all() and (joints < high).all()
    assert 1.6 < high[1] - low[1] < 1.85


def test_that_both_bundled_bodies_have_the_same_joints():
    for betas in (NO_SHAPE, np.array([1.0, -1.0, 0.5, *[0.0] * 7])):
        difference = rest_joints(load_body(BUNDLED_BODY), betas) - rest_joints(load_body(BUNDLED_BODY_SMALL), betas)
        assert np.linalg.norm(difference, axis=1).max() < 0.015


def test_that_the_first_beta_makes_the_body_taller(body):
    heights = [np.ptp(pose_body(body, *STILL, np.eye(10)[0] * b, ZERO)[0][:, 1]) for b in (-2, 0, 2)]
    assert heights[0] + 0.1 < heights[1] < heights[2] - 0.1


def test_that_surface_normals_point_outward(body):
    a, b, c = (body.v_template[body.faces[:, i]].astype(np.float64) for i in range(3))
    volume = np.einsum("fi,fi->f", a, np.cross(b, c)).sum() / 6
    assert 0.05 < volume < 0.11  # cubic metres, positive only when the triangles are wound outward


def test_that_every_region_lies_where_it_is_worn(body):
    y = body.v_template[:, 1]
    joints = dict(zip(SMPL, rest_joints(body, NO_SHAPE), strict=True))
    worn = {name: y[body.region == i] for i, name in enumerate(REGIONS)}
    assert worn["shoes"].max() < joints["left_knee"][1] < joints["pelvis"][1] < np.median(worn["shirt"])
    assert joints["left_ankle"][1] < np.median(worn["trousers"]) < joints["pelvis"][1]
    assert worn["hair"].min() > joints["neck"][1]
    for name in ("skin", "shirt", "trousers", "shoes", "hair"):
        assert len(worn[name]) > 0.01 * len(y)


def test_that_landmarks_are_on_their_sides(body):
    at = {name: body.v_template[vertex] for name, vertex in body.landmarks.items()}
    assert abs(at["nose"][0]) < 0.01 and at["nose"][2] > at["left_ear"][2] + 0.08
    for part in ("eye", "ear", "heel", "foot_index"):
        assert at[f"left_{part}"][0] > 0.02 and at[f"right_{part}"][0] < -0.02
    assert at["left_foot_index"][2] > at["left_heel"][2] + 0.15


def test_that_the_zero_pose_gives_the_template(body):
    vertices, joints = pose_body(body, *STILL, NO_SHAPE, np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(vertices, body.v_template + np.array([1, 2, 3]), atol=1e-5)
    np.testing.assert_allclose(joints, rest_joints(body, NO_SHAPE) + np.array([1, 2, 3]), atol=1e-5)
    assert vertices.dtype == joints.dtype == np.float32


def test_that_global_orientation_turns_about_the_pelvis(body):
    turn = Rotation.from_euler("y", 90, degrees=True).as_matrix()
    _, joints = pose_body(body, turn, STILL[1], NO_SHAPE, ZERO)
    rest = rest_joints(body, NO_SHAPE)
    np.testing.assert_allclose(joints[0], rest[0], atol=1e-6)
    np.testing.assert_allclose(joints - rest[0], (rest - rest[0]) @ turn.T, atol=1e-5)


def test_that_bending_the_left_elbow_moves_the_left_forearm_alone(body):
    vertices, joints = pose_body(body, *bend("left_elbow", [0, -np.pi / 2, 0]), NO_SHAPE, ZERO)
    moved = {SMPL[i] for i in np.flatnonzero(np.linalg.norm(joints - rest_joints(body, NO_SHAPE), axis=1) > 1e-4)}
    assert moved == {"left_wrist", "left_hand"}
    assert joints[SMPL.index("left_wrist")][2] > 0.2  # the hand comes forward
    still = body.v_template[:, 0] < 0.2
    np.testing.assert_allclose(vertices[still], body.v_template[still], atol=1e-4)


def test_that_bending_the_knee_about_x_brings_the_heel_back(body):
    _, joints = pose_body(body, *bend("right_knee", [np.pi / 2, 0, 0]), NO_SHAPE, ZERO)
    assert joints[SMPL.index("right_ankle")][2] < -0.3


@pytest.mark.parametrize("seed", range(6))
def test_that_numpy_and_smplx_agree_within_a_tenth_of_a_millimetre(body, seed):
    torch = pytest.importorskip("torch")
    from core.body_smplx import load_smplx

    orient, pose, betas, translation = random_pose(seed)
    vertices, joints = pose_body(body, orient, pose, betas, translation)
    out = run_smplx(torch, load_smplx(body), orient, pose, betas, translation)
    assert np.abs(out.vertices[0].numpy() - vertices).max() < 1e-4
    assert np.abs(out.joints[0, :24].numpy() - joints).max() < 1e-4


def test_that_pose_blend_shapes_of_a_persons_own_model_agree_with_smplx(tmp_path):
    torch = pytest.importorskip("torch")
    from core.body_smplx import load_smplx

    np.savez(tmp_path / "SMPL_NEUTRAL.npz", **smpl_like())
    own = load_body(tmp_path / "SMPL_NEUTRAL.npz")
    orient, pose, betas, translation = random_pose(1)
    vertices, _ = pose_body(own, orient, pose, betas, translation)
    without, _ = pose_body(load_body(BUNDLED_BODY_SMALL), orient, pose, betas, translation)
    assert np.abs(vertices[: len(without)] - without).max() > 0.01  # the blend shapes do something here
    out = run_smplx(torch, load_smplx(own), orient, pose, betas, translation)
    assert np.abs(out.vertices[0].numpy() - vertices).max() < 1e-4


def run_smplx(torch, model, orient, pose, betas, translation):
    def tensor(value):
        return torch.as_tensor(np.asarray(value)[None], dtype=torch.float32)

    return model(
        global_orient=tensor(orient[None]),
        body_pose=tensor(pose),
        betas=tensor(betas),
        transl=tensor(translation),
        pose2rot=False,
    )


def test_that_smplx_face_points_are_the_landmarks(small):
    torch = pytest.importorskip("torch")
    from core.body_smplx import load_smplx

    out = run_smplx(torch, load_smplx(small), *STILL, NO_SHAPE, ZERO)
    extra = out.joints[0, 24:].numpy()
    expected = small.v_template[[small.landmarks[n] for n in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")]]
    np.testing.assert_allclose(extra[:5], expected, atol=1e-5)


def test_that_batched_joints_are_those_of_the_single_poses(small):
    poses = [random_pose(seed) for seed in range(5)]
    orient, pose, betas, translation = (np.stack(values) for values in zip(*poses, strict=True))
    expected = np.stack([pose_body(small, *values)[1] for values in poses])
    np.testing.assert_allclose(pose_joints(small, orient, pose, betas, translation), expected, atol=1e-5)


def test_that_one_shape_serves_all_frames_of_a_batch(small):
    orient, pose, betas, translation = random_pose(0)
    many = pose_joints(small, np.stack([orient] * 3), np.stack([pose] * 3), betas, np.stack([translation] * 3))
    np.testing.assert_allclose(many, np.stack([pose_body(small, orient, pose, betas, translation)[1]] * 3), atol=1e-5)


def test_that_a_shape_seen_before_does_not_stick_to_the_next(small):
    tall = pose_body(small, *STILL, np.eye(10)[0] * 2, ZERO)[0]
    mean = pose_body(small, *STILL, NO_SHAPE, ZERO)[0]
    np.testing.assert_allclose(mean, small.v_template, atol=1e-5)
    assert np.abs(tall - mean).max() > 0.05


def test_that_a_persons_own_pickle_is_read_as_the_space_smpl(tmp_path):
    model = smpl_like()
    model["J_regressor"] = scipy.sparse.csc_matrix(model["J_regressor"])
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(pickle.dumps(model, protocol=2))
    own = load_body(path)
    assert own.space == "smpl" and own.region is None and own.shapedirs.shape[2] == 10
    np.testing.assert_allclose(own.J_regressor[:, :1229], load_body(BUNDLED_BODY_SMALL).J_regressor)
    np.testing.assert_allclose(own.posedirs, model["posedirs"].astype(np.float32))


def test_that_a_malicious_pickle_is_refused_by_load_body(tmp_path):
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(UnsafePickle):
        load_body(path)


def test_that_an_npz_with_pickled_objects_is_refused(tmp_path):
    np.savez(tmp_path / "body.npz", **smpl_like(J_regressor=np.array({"not": "an array"}, object)))
    with pytest.raises(BodyModelError, match=r"body\.npz"):
        load_body(tmp_path / "body.npz")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weights": np.ones((5, 24))}, "weights has the shape"),
        ({"kintree_table": np.zeros((2, 24), np.int64)}, "connected in another way"),
        ({"f": np.array([[0, 1, 99999]])}, "do not exist"),
        ({"shapedirs": np.zeros((6890, 3, 4))}, "shapedirs has the shape"),
    ],
)
def test_that_a_model_of_another_build_is_refused_with_its_reason(tmp_path, changes, said):
    np.savez(tmp_path / "body.npz", **smpl_like(**changes))
    with pytest.raises(BodyModelError, match=said):
        load_body(tmp_path / "body.npz")


def test_that_files_which_are_no_body_model_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    (tmp_path / "text.npz").write_text("hello")
    np.save(tmp_path / "array.npy", np.zeros(3))
    for name, said in (
        ("other.npz", "no entry"),
        ("text.npz", "cannot be read"),
        ("array.npy", "array.npy"),
        ("none.npz", "does not exist"),
    ):
        with pytest.raises(BodyModelError, match=said):
            load_body(tmp_path / name)


def test_that_the_window_can_pose_a_body_without_torch():
    code = "import sys, core.body, core.camera; b = core.body.load_body(); assert 'torch' not in sys.modules and 'smplx' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
