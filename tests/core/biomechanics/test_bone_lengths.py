"""Departures of bones from their own length."""

import numpy as np
import pytest

from core.biomechanics.bone_lengths import BONES, length_deviation
from core.skeletons import BLAZEPOSE

SHANK = next(i for i, (start, end) in enumerate(BONES) if (BLAZEPOSE[start], BLAZEPOSE[end]) == ("left_knee", "left_ankle"))


def body(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """A body of constant lengths that turns and moves."""
    rng = np.random.default_rng(3)
    still = rng.normal(0, 0.5, (33, 3))
    angle = np.linspace(0, 2, frames)
    turn = np.stack([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    points = np.tile(still, (frames, 1, 1))
    points[..., :2] = points[..., :2] @ turn + rng.normal(0, 1, (frames, 1, 2))
    return points, np.ones((frames, 33))


def test_that_the_known_lengths_give_the_known_mean() -> None:
    points, scores = body(4)
    knee, ankle = BONES[SHANK]
    points[:, ankle] = points[:, knee] + np.array([1, 1, 1.2, 0.8])[:, None] * (0.6, 0.0, 0.8)
    deviation = length_deviation(points, scores)[:, SHANK]
    np.testing.assert_allclose(deviation, [0, 0, 0.2, 0.2], atol=1e-12)
    assert deviation.mean() == pytest.approx(0.1, abs=1e-6)


def test_that_there_are_fourteen_bones_with_two_ends_each_and_none_twice() -> None:
    assert len({frozenset(bone) for bone in BONES}) == len(BONES) == 14
    assert all(start != end for start, end in BONES)


def test_that_a_body_that_only_moves_and_turns_departs_from_nothing() -> None:
    np.testing.assert_allclose(length_deviation(*body(30)), 0, atol=1e-12)


def test_that_the_unit_plays_no_part() -> None:
    points, scores = body(9)
    points += np.random.default_rng(0).normal(0, 0.05, points.shape)
    np.testing.assert_allclose(length_deviation(points * 1000, scores), length_deviation(points, scores), rtol=1e-9)


def test_that_a_bone_with_an_end_of_low_confidence_is_unknown_there_and_does_not_shift_its_median() -> None:
    points, scores = body(9)
    points[4, BONES[SHANK][1]] += 7
    scores[4, BONES[SHANK][1]] = 0.29
    deviation = length_deviation(points, scores)
    assert np.isnan(deviation[4, SHANK])
    np.testing.assert_allclose(np.delete(deviation[:, SHANK], 4), 0, atol=1e-12)


def test_that_a_bone_that_is_never_seen_stays_unknown() -> None:
    points, scores = body(5)
    scores[:, BONES[SHANK][0]] = 0
    deviation = length_deviation(points, scores)
    assert np.isnan(deviation[:, SHANK]).all()
    assert np.isfinite(deviation[:, 0]).all()
