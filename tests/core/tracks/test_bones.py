"""Bones that are longer than they can be."""

import numpy as np

from core.tracks.bones import BONES, bone_lengths
from core.tracks.joints import JOINTS, joint_motion
from tests.walking import walking_track

FOREARM = [name for name, _, _ in BONES].index("left_forearm")
WRIST = JOINTS.index("left_wrist")


def stretched(frames: slice, by: float, swing: float = 0.4) -> np.ndarray:
    """The bump [T, 8] of a walk whose left forearm is longer by the share `by` in these frames."""
    track = walking_track(frames=120, swing=swing, noise=0.0)
    motion = joint_motion(track, track.scored())
    elbow, wrist = motion.image[:, JOINTS.index("left_elbow")], motion.image[:, WRIST]
    wrist[frames] += by * (wrist - elbow)[frames]
    return np.asarray(bone_lengths(motion, track.times).bump)


def test_that_a_walk_has_no_bump() -> None:
    assert np.nanmax(stretched(slice(0, 0), 0.0)) < 0.01


def test_that_a_forearm_that_is_longer_for_a_moment_is_a_bump_of_that_bone_in_those_frames() -> None:
    found = stretched(slice(50, 62), 0.3)
    np.testing.assert_allclose(found[50:62, FOREARM].max(), np.log(1.3), atol=0.05)
    assert np.delete(found[:, FOREARM], range(48, 64)).max() < 0.01
    assert np.delete(found, FOREARM, axis=1).max() < 0.01


def test_that_a_bone_that_stays_longer_is_no_bump() -> None:
    assert np.nanmax(stretched(slice(60, 120), 0.3)[:, FOREARM]) < 0.05


def test_that_a_bone_that_is_not_seen_has_no_bump() -> None:
    track = walking_track(frames=60)
    track.points3d_scores[:, 15] = 0.1  # the left wrist
    lengths = bone_lengths(joint_motion(track, track.scored()), track.times)
    assert np.isnan(lengths.bump[:, FOREARM]).all()
    assert np.isfinite(lengths.bump[:, FOREARM + 2]).all()
