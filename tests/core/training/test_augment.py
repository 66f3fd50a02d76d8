"""Augmentation changes what says nothing about the action, and leaves the motion alone."""

import numpy as np

from core.motion import motion_features, so3_exp
from core.training.augment import augment


def windows() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    rotations = so3_exp(rng.normal(0, 0.5, (4, 32, 24, 3)).astype(np.float32)).reshape(4, 32, -1)
    points = rng.uniform(0.2, 0.8, (4, 32, 120)).astype(np.float32)
    points[:, :5, 40:60] = -1
    return {
        "appearance": (rng.normal(0, 1, (4, 1, 10)) + rng.normal(0, 0.1, (4, 32, 10))).astype(np.float32),
        "global": rotations[..., :9],
        "pose": rotations[..., 9:],
        "beta": rng.normal(0, 1, (4, 32, 10)).astype(np.float32),
        "kp2d": points,
    }


def test_that_heading_place_size_and_build_change_but_their_motion_does_not() -> None:
    before = windows()
    after = augment(before, np.random.default_rng(1))
    for name in ("global", "beta", "kp2d"):
        assert np.abs(after[name] - before[name]).max() > 0.1
        np.testing.assert_allclose(
            motion_features(name, after[name], "corrected"), motion_features(name, before[name], "corrected"), atol=2e-4
        )
    np.testing.assert_array_equal(after["pose"], before["pose"])


def test_that_a_turned_body_stays_upright() -> None:
    before = windows()["global"]
    after = augment({"global": before}, np.random.default_rng(1))["global"]
    np.testing.assert_allclose(after[..., 3:6], before[..., 3:6], atol=1e-6)  # the row of the vertical axis


def test_that_unseen_points_stay_unseen() -> None:
    before = windows()["kp2d"]
    after = augment({"kp2d": before}, np.random.default_rng(1))["kp2d"]
    np.testing.assert_array_equal(after == -1, before == -1)


def test_that_an_appearance_moves_towards_another_of_the_batch() -> None:
    before = windows()["appearance"]
    after = augment({"appearance": before}, np.random.default_rng(1))["appearance"]
    np.testing.assert_allclose(after - after.mean(axis=1, keepdims=True), before - before.mean(axis=1, keepdims=True), atol=1e-5)
    means = before.mean(axis=1)
    for moved, own in zip(after.mean(axis=1), means, strict=True):
        way = [np.linalg.norm(moved - own) + np.linalg.norm(moved - other) - np.linalg.norm(other - own) for other in means]
        assert min(way) < 1e-4  # on the straight line to one of them
