"""Motion features: the known answers of science.md 10, and the features of a track."""

from dataclasses import replace

import numpy as np
import pytest

from core.motion import body_joints, joint_speed, motion_features, motion_size, so3_exp, so3_log, track_features
from tests.synthetic_tracks import moving_track


def turned(degrees: list[float]) -> np.ndarray:
    """Rotations about z as flat matrices [T, 9]."""
    vectors = np.zeros((len(degrees), 3))
    vectors[:, 2] = np.radians(degrees)
    return so3_exp(vectors).reshape(-1, 9)


@pytest.mark.parametrize("variant", ["corrected", "authors"])
def test_that_rotation_motion_is_the_angle_between_frames(variant: str) -> None:
    motion = motion_features("global", turned([0, 30, 90]), variant)
    np.testing.assert_allclose(motion, [[0, 0, 0], [0, 0, 0.5235988], [0, 0, 1.0471976]], atol=1e-6)


def test_that_half_a_turn_is_pi_exactly_and_nothing_for_the_authors() -> None:
    raw = turned([0, 180]).astype(np.float32)
    raw[1] = np.diag([-1, -1, 1]).ravel()
    assert abs(motion_features("global", raw, "corrected")[1, 2]) == pytest.approx(np.pi, abs=1e-6)
    np.testing.assert_array_equal(motion_features("global", raw, "authors"), 0)


def test_that_the_logarithm_undoes_the_exponential_up_to_half_a_turn() -> None:
    rng = np.random.default_rng(0)
    axes = rng.normal(size=(300, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    vectors = (
        axes * np.concatenate([np.linspace(0, 1e-3, 100), np.linspace(0, np.pi - 1e-9, 100), np.linspace(3.13, np.pi - 1e-7, 100)])[:, None]
    )
    np.testing.assert_allclose(so3_log(so3_exp(vectors)), vectors, atol=1e-6)


@pytest.mark.parametrize("name", ["vit", "appearance", "clip", "dino"])
def test_that_appearance_motion_is_the_difference_of_unit_vectors(name: str) -> None:
    np.testing.assert_allclose(motion_features(name, np.array([[3.0, 4], [4, 3]]), "corrected"), [[0, 0], [0.2, -0.2]], atol=1e-9)


def test_that_beta_motion_is_the_difference() -> None:
    np.testing.assert_allclose(motion_features("beta", np.array([[1.0, 2], [4, 1]]), "corrected"), [[0, 0], [3, -1]])


@pytest.mark.parametrize(("degrees", "residual"), [(10, 0.347296), (30, 1.0), (90, 2.0)])
def test_that_a_pure_rotation_of_the_key_points_leaves_nothing_unless_for_the_authors(degrees: float, residual: float) -> None:
    points = np.array([[0.0, 0], [2, 0], [0, 1], [1, 3]])
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    raw = np.stack([points, points @ rotation.T]).reshape(2, -1)
    assert np.linalg.norm(motion_features("kp2d", raw, "corrected")[1]) == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(motion_features("kp2d", raw, "authors")[1]) == pytest.approx(residual, abs=1e-5)


def test_that_moving_and_zooming_is_no_motion_of_the_key_points() -> None:
    points = np.random.default_rng(0).normal(size=(60, 2))
    raw = np.stack([points, 1.7 * points + [3, -2]]).reshape(2, -1)
    np.testing.assert_allclose(motion_features("kp2d", raw, "corrected"), 0, atol=1e-12)


def test_that_unseen_points_take_no_part_in_the_corrected_motion() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 1, (60, 2))
    angle = np.radians(20)
    turned_points = points @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).T
    before, after = points.copy(), turned_points.copy()
    before[18:39] = -1
    after[[3, 50]] = -1
    raw = np.stack([before, after]).reshape(2, -1)
    np.testing.assert_allclose(motion_features("kp2d", raw, "corrected"), 0, atol=1e-9)
    assert np.linalg.norm(motion_features("kp2d", raw, "authors")[1]) > 0.5


def test_that_windows_of_a_batch_are_treated_like_single_ones() -> None:
    track = moving_track(frames=12)
    for name, raw in track_features(track, ("appearance", "pose", "beta", "kp2d"), "corrected").items():
        batch = np.stack([raw[:6], raw[6:]])
        together = motion_features(name, batch, "corrected")
        np.testing.assert_allclose(together[1], motion_features(name, raw[6:], "corrected"), atol=1e-7)
        assert not together[:, 0].any()
        assert together.shape[-1] == motion_size(name, raw.shape[-1])


def test_that_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ValueError, match="no motion variant"):
        motion_features("beta", np.zeros((2, 1)), "paper")


def test_that_key_points_are_normalised_and_unseen_ones_are_minus_one() -> None:
    track = moving_track(frames=3)
    scores = track.keypoint_scores.copy()
    scores[1, [4, 20]] = 0.29
    track = replace(track, keypoint_scores=scores)
    hands_only = track_features(track, ("kp2d",), "corrected", "hands")["kp2d"].reshape(3, 60, 2)
    everywhere = track_features(track, ("kp2d",), "corrected", "all")["kp2d"].reshape(3, 60, 2)
    np.testing.assert_allclose(hands_only[0], track.keypoints[0] / [640, 480], atol=1e-6)
    np.testing.assert_array_equal(hands_only[1, 20], [-1, -1])
    np.testing.assert_allclose(hands_only[1, 4], track.keypoints[1, 4] / [640, 480], atol=1e-6)
    np.testing.assert_array_equal(everywhere[1, [4, 20]], -1)


def test_that_frames_without_a_person_stay_unknown() -> None:
    track = moving_track(frames=3)
    keypoints = track.keypoints.copy()
    keypoints[1] = np.nan
    features = track_features(replace(track, keypoints=keypoints), ("kp2d",), "corrected")["kp2d"]
    assert np.isnan(features[1]).all()
    assert np.isfinite(features[[0, 2]]).all()


def test_that_speed_is_in_body_heights_a_second() -> None:
    track = moving_track(frames=2)
    keypoints = np.repeat(track.keypoints[:1], 2, axis=0)
    keypoints[1] += [0, 30]
    track = replace(track, keypoints=keypoints)
    joints = body_joints(track)
    height = 1 / np.linalg.norm(joints[0, 1] - joints[0, 0]) * np.linalg.norm(keypoints[0, 1] - keypoints[0, 0])
    assert 270 < height < 350  # the figure is about 300 pixels tall
    speed = joint_speed(joints, track.times)
    assert np.isnan(speed[0])
    assert speed[1] == pytest.approx(30 / height * 30, rel=1e-5)
