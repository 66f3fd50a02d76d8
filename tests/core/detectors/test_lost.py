"""Where the pose is not trusted, and what that means for what rests on it."""

from dataclasses import replace

import numpy as np
import pytest

from core.analysis import JointEvidence
from core.detectors.candidate import LEAST, POSE_LOST, Candidate
from core.detectors.lost import RESTS_ON_POSE, PoseTrust, believed, pose_confidence, pose_trust, poses_lost, trusted
from core.pose_failure import PoseFailure
from core.track import Presence
from core.tracks.joints import JOINTS
from tests.walking import walking_track

FRAMES = 40


def failure(frame: dict[int, float] | None = None, wrist: dict[int, float] | None = None) -> PoseFailure:
    """A pose that is right, but with these probabilities in frames, and in those of the left wrist."""
    whole, joints = np.zeros(FRAMES), np.zeros((FRAMES, len(JOINTS)))
    for place, value in (frame or {}).items():
        whole[place] = value
    for place, value in (wrist or {}).items():
        joints[place, JOINTS.index("left_wrist")] = value
    return PoseFailure(whole, joints, whole >= 0.5)


def event(detector: str, start: int, stop: int, joint: str | None = "left_wrist", confidence: float = 0.97) -> Candidate:
    joints = () if joint is None else (JointEvidence(joint, 1.0, 2.0),)
    return Candidate(detector, "jump", start, stop, start, 5.0, confidence, joints, (), "")


def test_that_the_confidence_of_an_event_is_that_its_joints_are_right() -> None:
    wrong = failure(wrist={10: 0.3, 11: 0.3, 12: 0.3})
    assert pose_confidence(event("joints", 11, 12), wrong) == pytest.approx(0.7)
    assert pose_confidence(event("joints", 11, 12, "right_knee"), wrong) == 1.0


def test_that_the_confidence_of_an_event_without_joints_is_that_of_the_whole_pose() -> None:
    wrong = failure(frame={10: 0.2, 11: 0.4, 12: 0.6})
    assert pose_confidence(event("slip", 11, 12, joint=None), wrong) == pytest.approx(0.6)


def test_that_what_the_pictures_tell_alone_does_not_depend_on_the_pose() -> None:
    wrong = failure(frame=dict.fromkeys(range(FRAMES), 0.9), wrist=dict.fromkeys(range(FRAMES), 0.9))
    (kept,) = believed([event("skip", 11, 12, joint=None, confidence=1.0)], wrong)
    assert kept.confidence == 1.0


def test_that_an_event_of_a_pose_that_is_likely_to_be_wrong_is_not_told() -> None:
    wrong = failure(wrist={10: 0.3, 11: 0.3, 12: 0.3})
    assert believed([event("joints", 11, 12)], wrong) == []
    assert [found.start for found in believed([event("joints", 30, 31)], wrong)] == [30]


def test_that_a_leap_may_look_more_like_a_failing_pose_than_other_events() -> None:
    wrong = failure(wrist={10: 0.15, 11: 0.15, 12: 0.15})
    told = believed([event("joints", 11, 12), event("limbs", 11, 12)], wrong)
    assert [found.detector for found in told] == ["joints"]


def test_that_an_event_is_as_sure_as_the_least_sure_of_its_grounds() -> None:
    wrong = failure(wrist={10: 0.06, 11: 0.06, 12: 0.06})
    first, second = believed([event("joints", 11, 12, confidence=0.97), event("joints", 11, 12, confidence=0.8)], wrong)
    assert first.confidence == pytest.approx(0.94)
    assert second.confidence == pytest.approx(0.8)


def test_that_an_unknown_probability_takes_nothing_away() -> None:
    unknown = PoseFailure(np.full(FRAMES, np.nan), np.full((FRAMES, len(JOINTS)), np.nan), np.zeros(FRAMES, bool))
    (kept,) = believed([event("joints", 11, 12)], unknown)
    assert kept.confidence == 0.97


def test_that_frames_whose_pose_is_lost_are_no_witnesses() -> None:
    track = walking_track(frames=FRAMES)
    unsure = np.arange(FRAMES) == 7
    left = trusted(track, unsure)
    assert np.flatnonzero(~left.scored()).tolist() == [7]
    assert track.scored().all()


def test_that_a_lost_pose_is_told_with_the_confidence_that_is_left() -> None:
    wrong = failure(frame={20: 0.6, 21: 0.9, 22: 0.6})
    trust = PoseTrust(np.full((FRAMES, len(JOINTS)), 0.95), wrong, wrong.lost)
    (lost,) = poses_lost(trust)
    assert (lost.kind, lost.start, lost.stop, lost.peak) == (POSE_LOST, 20, 23, 21)
    assert lost.confidence == pytest.approx(0.3)


def test_that_what_the_extractor_doubts_is_not_trusted() -> None:
    track = walking_track(frames=FRAMES)
    doubted = replace(track, presence=tuple(Presence.UNCERTAIN if frame == 9 else Presence.OK for frame in range(FRAMES)))
    assert np.flatnonzero(pose_trust(doubted, None).unsure).tolist() == [9]


def test_that_of_every_detector_it_is_known_whether_it_looks_at_the_pose() -> None:
    pictures = {"cut", "crossfade", "mirror", "freeze", "shuffle", "splice", "reversal", "skip", "colour"}
    assert set(LEAST) == pictures | set(RESTS_ON_POSE)
    assert not pictures & set(RESTS_ON_POSE)
