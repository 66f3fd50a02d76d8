"""Bones that are longer than they can be."""

import numpy as np
import pytest

from core.tracks.bones import BONES, bone_lengths, bump_frames
from core.tracks.joints import JOINTS, joint_motion
from tests.walking import walking_track

FOREARM = [name for name, _, _ in BONES].index("left_forearm")
WRIST = JOINTS.index("left_wrist")


def stretched(frames: slice, by: float, swing: float = 0.4, fps: float = 30.0) -> np.ndarray:
    """The bump [T, 8] of a walk whose left forearm is longer by the share `by` in these frames."""
    track = walking_track(frames=round(4 * fps), fps=fps, swing=swing, noise=0.0)
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


@pytest.mark.parametrize("fps", [15.0, 24.0, 30.0, 60.0])
def test_that_a_bone_that_is_longer_for_a_moment_is_the_same_bump_at_each_rate(fps: float) -> None:
    first, stop = round(1.6 * fps), round(2.2 * fps)
    found = stretched(slice(first, stop), 0.3, fps=fps)[:, FOREARM]
    np.testing.assert_allclose(found[first:stop].max(), np.log(1.3), atol=0.05)
    assert np.delete(found, range(first - 1, stop + 1)).max() < 0.01


def test_that_a_bump_lasts_for_so_many_seconds() -> None:
    assert bump_frames(np.arange(60) / 30) == [4, 6, 8, 11, 14, 18, 24]
    assert bump_frames(np.arange(60) * 0.0333667)[0] == 4  # 29.97 frames a second
    assert bump_frames(np.arange(60) / 60) == [8, 12, 16, 22, 28, 36, 48]
    assert bump_frames(np.arange(60) / 15) == [3, 4, 6, 7, 9, 12]
    assert bump_frames(np.zeros(1)) == [3]
