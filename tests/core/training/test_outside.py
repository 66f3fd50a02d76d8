"""Outside what a manifold knows: the border, foreign motion, retrieval."""

import numpy as np
import pytest

from core.motion import UNSEEN
from core.training.calibration import own_rank
from core.training.foreign import KINDS, foreign
from core.training.outside import outside_distance
from core.training.retrieval import retrieval


def unit(degrees: np.ndarray) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def raw_windows(count: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    points = rng.random((count, 32, 120)).astype(np.float32)
    points[0, 5, :4] = UNSEEN
    pose = np.tile(np.eye(3, dtype=np.float32).ravel(), (count, 32, 23)) * rng.random((count, 1, 1)).astype(np.float32)
    return {"appearance": rng.random((count, 32, 8)).astype(np.float32), "pose": pose, "kp2d": points}


def test_that_the_border_is_what_windows_keep_from_those_of_other_clips() -> None:
    z = unit(np.concatenate([np.zeros(20), np.full(20, 60.0)]))
    # Each window lies 60 degrees from the other clip: a chord of 1.
    assert outside_distance(z, np.repeat([0, 1], 20)) == pytest.approx(1.0)
    assert outside_distance(z, np.tile([0, 1], 20)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_that_foreign_motion_keeps_the_form_of_the_features(kind: str) -> None:
    raw = raw_windows()
    made = foreign(kind, raw, np.random.default_rng(1))
    assert {name: (values.shape, values.dtype) for name, values in made.items()} == {name: (v.shape, v.dtype) for name, v in raw.items()}
    assert not np.array_equal(made["kp2d"], raw["kp2d"])


def test_that_exchanged_points_move_as_smoothly_as_before_and_random_rotations_are_rotations() -> None:
    raw = raw_windows()
    made = foreign("exchanged", raw, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(made["kp2d"][1], axis=-1), np.sort(raw["kp2d"][1], axis=-1))
    step, before = (np.linalg.norm(np.diff(x["kp2d"][1], axis=0), axis=-1) for x in (made, raw))
    np.testing.assert_allclose(step, before, rtol=1e-5)
    rotations = foreign("random", raw, np.random.default_rng(1))["pose"].reshape(-1, 3, 3)
    np.testing.assert_allclose(rotations @ np.swapaxes(rotations, -1, -2), np.tile(np.eye(3), (len(rotations), 1, 1)), atol=1e-5)


def test_that_an_unknown_kind_of_foreign_motion_is_refused() -> None:
    with pytest.raises(ValueError, match="no foreign motion 'flying'"):
        foreign("flying", raw_windows(), np.random.default_rng(0))


def test_that_retrieval_has_its_known_answer() -> None:
    gallery, labels = unit(np.array([0.0, 10.0, 90.0])), np.array([0, 1, 0])
    # From 4 degrees: 0 (right), 10 (wrong), 90 (right): AP = (1 + 2/3) / 2. From 8 degrees as class 1: right at once. Class 2 is not there.
    first, precision = retrieval(unit(np.array([4.0, 8.0, 50.0])), np.array([0, 1, 2]), gallery, labels)
    assert (first, precision) == (1.0, pytest.approx((5 / 6 + 1) / 2))
    with pytest.raises(ValueError, match="no query"):
        retrieval(unit(np.array([4.0])), np.array([2]), gallery, labels)


def test_that_the_rank_of_a_class_is_the_share_of_centroids_nearer_than_its_own() -> None:
    centroids = unit(np.array([0.0, 30.0, 60.0, 90.0, 180.0]))
    windows = unit(np.array([2.0, 40.0, 50.0]))
    assert own_rank(windows[:1], centroids, 0) == 0
    assert own_rank(windows, centroids, 0) == 0.5  # at 40 degrees those of 30 and 60 are nearer, of four others
    assert own_rank(windows, centroids, 4) == 1
    assert own_rank(windows[:0], centroids, 0) == 0
