"""How likely it is that a pose is wrong: it must follow what a failing estimate looks like, and not what a faulty motion looks like."""

import numpy as np
import pytest

from core.pose_failure import KINDS, MIRROR, Regression, bundled_model, pose_failure, pose_features
from core.skeletons import BLAZEPOSE, OPENPOSE_BODY
from core.tracks.flips import FlipTracks
from core.tracks.joints import JOINTS
from tests.walking import HEIGHT_PIXELS, walking_track
from tests.watched import FRAMES, leap, pictures, watched

WRIST = JOINTS.index("left_wrist")


def test_that_a_pose_that_moves_as_its_picture_does_is_right() -> None:
    track = watched()
    found = pose_failure(track, pictures(track))
    assert found.frame.max() < 0.1
    assert not found.lost.any()


def test_that_a_pose_that_jumps_about_unseen_while_its_picture_does_not_is_lost() -> None:
    track = watched()
    seen = pictures(track)
    for frame in range(30, 36, 2):
        leap(track, slice(frame, frame + 1), 0.3, JOINTS)
    track.keypoint_scores[30:36] = 0.2
    found = pose_failure(track, seen)
    assert set(range(30, 36)) <= set(np.flatnonzero(found.lost)) <= set(range(25, 41))


def test_that_only_the_joint_that_left_its_picture_is_doubted() -> None:
    track = watched()
    seen = pictures(track)
    leap(track, slice(30, 31), 0.15)
    found = pose_failure(track, seen).joint[30]
    assert int(found.argmax()) == WRIST
    assert found[WRIST] > 3 * np.delete(found, WRIST).max()


def test_that_a_leap_which_the_picture_makes_as_well_is_no_failure_of_the_pose() -> None:
    track = watched()
    calm, abrupt = pictures(track), pictures(track, {30: 20.0, 31: 20.0})
    leap(track, slice(30, 31), 0.15)
    doubted, believed = (pose_failure(track, seen).joint[30, WRIST] for seen in (calm, abrupt))
    assert believed < 0.3 * doubted


def test_that_a_joint_that_cannot_be_seen_is_doubted_with_and_without_pictures() -> None:
    track = watched()
    track.keypoint_scores[30, OPENPOSE_BODY.index("left_wrist")] = 0.05
    for seen in (pictures(track), None):
        found = pose_failure(track, seen).joint[:, WRIST]
        assert found[30] > 1.5 * found[29]


def test_that_nothing_is_lost_without_pictures() -> None:
    track = watched()
    track.keypoint_scores[30] = 0.0
    assert not pose_failure(track, None).lost.any()


def mirror(frames: dict[int, float]) -> FlipTracks:
    """What a second look found: joints so many body heights away in these frames; nobody looked at the others."""
    picture = np.full((FRAMES, len(JOINTS)), np.nan, np.float32)
    for frame, value in frames.items():
        picture[frame] = value
    return FlipTracks(picture, 3 * picture)


def test_that_a_body_found_elsewhere_in_the_mirror_is_doubted_where_somebody_looked() -> None:
    track = watched()
    without, with_mirror = (pose_failure(track, pictures(track), flips) for flips in (None, mirror({20: 0.3, 21: 0.005})))
    assert with_mirror.frame[20] > 20 * without.frame[20]
    assert with_mirror.joint[20].min() > 20 * np.median(without.joint[20])
    assert with_mirror.frame[21] < 0.05
    np.testing.assert_array_equal(np.delete(with_mirror.frame, [20, 21]), np.delete(without.frame, [20, 21]))


def test_that_a_doubtful_pose_is_believed_when_the_mirror_shows_the_same() -> None:
    track = watched()
    seen = pictures(track)
    for frame in range(30, 36, 2):
        leap(track, slice(frame, frame + 1), 0.3, JOINTS)
    track.keypoint_scores[30:36] = 0.2
    without, agreed = (pose_failure(track, seen, flips) for flips in (None, mirror(dict.fromkeys(range(25, 41), 0.005))))
    assert agreed.frame[32] < 0.5 * without.frame[32]


def test_that_nothing_is_claimed_about_another_extractor() -> None:
    track = walking_track(frames=FRAMES)
    found = pose_failure(track, pictures(track))
    assert np.isnan(found.frame).all() and np.isnan(found.joint).all()
    assert not found.lost.any()


def test_that_frames_without_a_body_are_unknown() -> None:
    track = watched()
    for values in (track.keypoints, track.points3d):
        values[20:30] = np.nan
    found = pose_failure(track, pictures(track))
    assert np.isnan(found.frame).tolist() == [20 <= frame < 30 for frame in range(FRAMES)]


def test_that_a_hand_behind_the_back_is_hidden_and_one_before_the_belly_is_not() -> None:
    track = watched()
    point = BLAZEPOSE.index("left_wrist")
    track.points3d[10, point] = (0.0, -0.25, 0.3)
    track.points3d[11, point] = (0.0, -0.25, -0.3)
    _, joints = pose_features(track, None)
    assert [joints[name][10, WRIST] for name in ("hidden", "in_front")] == [1.0, 0.0]
    assert [joints[name][11, WRIST] for name in ("hidden", "in_front")] == [0.0, 1.0]


def test_that_a_joint_beyond_the_edge_is_outside() -> None:
    track = watched()
    track.keypoints[10, OPENPOSE_BODY.index("left_wrist")] = (track.size[0] + HEIGHT_PIXELS, 100)
    _, joints = pose_features(track, None)
    assert joints["outside"][9:12, WRIST].tolist() == [0.0, 1.0, 0.0]


def test_that_the_regression_is_logistic_on_standardised_features_held_within_their_range() -> None:
    model = Regression(("a",), np.array([1.0]), np.array([2.0]), np.array([-1.0]), np.array([5.0]), np.array([0.5]), -1.0)
    found = model.probability({"a": np.array([3.0, 100.0, np.nan])})
    assert found == pytest.approx([1 / (1 + np.exp(0.5)), 1 / (1 + np.exp(0.0)), 1 / (1 + np.exp(1.0))])


def test_that_the_bundled_model_doubts_more_where_more_speaks_for_a_failure() -> None:
    model = bundled_model()
    assert model.extractor == "blazepose"
    assert model.lost["alone"] is None
    flip = model.frame[MIRROR]
    assert flip.weight[flip.features.index("flip_third")] + flip.weight[flip.features.index("flip")] > 0
    for kind in KINDS:
        for regression, name in ((model.joint[kind], "doubt"), (model.joint[kind], "outside")):
            assert regression.weight[regression.features.index(name)] > 0
    joint = model.joint["pictures"]
    assert joint.weight[joint.features.index("off_flow_around")] > 0
