"""Knees and elbows that bend the wrong way."""

import numpy as np
import pytest

from core.skeletons import BLAZEPOSE
from core.tracks.hinges import HINGES, hinges

P = {name: index for index, name in enumerate(BLAZEPOSE)}


def figure(knee: np.ndarray, elbow: np.ndarray | None = None, turn: float = 0.3) -> np.ndarray:
    """float [T, 33, 3], camera axes: a person who faces the camera, turned by `turn`; degrees by which the left knee and elbow are bent."""
    frames = len(knee)
    elbow = np.full(frames, 40.0) if elbow is None else elbow
    points = np.zeros((frames, 33, 3))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hip, shoulder = np.array([0.1 * sign, 0.0, 0.0]), np.array([0.15 * sign, -0.5, 0.0])
        # She faces the camera: forward is towards it, her left is to the right of the picture.
        bend = np.radians(knee if side == "left" else np.full(frames, 20.0))
        points[:, P[f"{side}_hip"]], points[:, P[f"{side}_shoulder"]] = hip, shoulder
        points[:, P[f"{side}_knee"]] = hip + np.array([0.0, 0.42, -0.05])
        shank = np.stack([0 * bend, 0.4 * np.cos(bend), 0.4 * np.sin(bend)], -1)
        points[:, P[f"{side}_ankle"]] = points[:, P[f"{side}_knee"]] + shank
        bend = np.radians(elbow if side == "left" else np.full(frames, 40.0))
        points[:, P[f"{side}_elbow"]] = shoulder + np.array([0.25 * sign, 0.1, 0.0])
        fore = np.stack([0.25 * sign * np.cos(bend), 0 * bend, -0.25 * np.sin(bend)], -1)
        points[:, P[f"{side}_wrist"]] = points[:, P[f"{side}_elbow"]] + fore
    about = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return np.asarray(points @ about.T)


def measured(points: np.ndarray) -> np.ndarray:
    return hinges(points, np.ones(points.shape[:2], bool), np.arange(len(points)) / 30).back


def test_that_joints_that_bend_as_they_should_are_not_hyperextended() -> None:
    bend = 40 + 35 * np.sin(np.arange(60) / 6)
    np.testing.assert_array_equal(measured(figure(bend, bend)), 0.0)


@pytest.mark.parametrize("turn", [0.0, 1.0, 2.5])
def test_that_a_knee_bent_back_shows_the_degrees_beyond_the_limit(turn: float) -> None:
    bend = np.full(60, 30.0)
    bend[30:36] = -25.0
    found = measured(figure(bend, turn=turn))
    knee = HINGES.index("left_knee")
    # The thigh leans forward by 7 degrees, which adds to the bend.
    np.testing.assert_allclose(found[30:36, knee], 25.0 - 5.0, atol=8.0)
    np.testing.assert_array_equal(np.delete(found[:, knee], range(30, 36)), 0.0)
    np.testing.assert_array_equal(np.delete(found, knee, axis=1), 0.0)


def test_that_an_elbow_bent_back_stands_out_from_its_own_way_of_bending() -> None:
    bend = np.full(60, 40.0)
    bend[30:36] = -35.0
    found = measured(figure(np.full(60, 20.0), bend))[:, HINGES.index("left_elbow")]
    assert found[30:36].min() > 15
    np.testing.assert_array_equal(np.delete(found, range(30, 36)), 0.0)


def test_that_points_that_are_not_known_leave_the_joint_unknown() -> None:
    points = figure(np.full(60, 20.0))
    known = np.ones(points.shape[:2], bool)
    known[:, P["left_ankle"]] = False
    found = hinges(points, known, np.arange(60) / 30).back
    assert np.isnan(found[:, HINGES.index("left_knee")]).all()
    assert np.isfinite(found[:, HINGES.index("right_knee")]).all()


def test_that_a_knee_bent_sideways_has_turned() -> None:
    points = figure(np.full(60, 30.0), turn=0.0)
    shank = 0.4 * np.array([np.sin(np.radians(30.0)), np.cos(np.radians(30.0)), 0.0])
    points[30:36, P["left_ankle"]] = points[30:36, P["left_knee"]] + shank
    found = hinges(points, np.ones(points.shape[:2], bool), np.arange(60) / 30).turn
    knee = HINGES.index("left_knee")
    np.testing.assert_allclose(found[30:36, knee], 90.0 * np.sin(np.radians(30.0)), atol=12.0)
    assert np.delete(found[:, knee], range(30, 36)).max() < 12
    assert np.delete(found, knee, axis=1).max() < 1e-3
