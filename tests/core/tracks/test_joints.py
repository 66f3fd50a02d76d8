"""Joint steps in body heights, and what the motion around them does not explain."""

import numpy as np
import pytest

from core.tracks.joints import JOINTS, joint_motion, median, quantile, running_median
from core.tracks.spikes import spikes
from tests.walking import HEIGHT_METRES, HEIGHT_PIXELS, walking_track


def test_that_steps_are_body_heights_in_the_picture_and_in_space() -> None:
    track = walking_track(frames=40, swing=0.0, noise=0.0, drift=3.0)
    motion = joint_motion(track, track.scored())
    np.testing.assert_allclose(motion.image_step[1:], 3.0 / HEIGHT_PIXELS, rtol=1e-3)
    np.testing.assert_allclose(motion.space_step[1:], 0.0, atol=1e-6)
    np.testing.assert_allclose(motion.speed[1:], 3.0 * 30 / HEIGHT_PIXELS, rtol=1e-3)
    assert np.isnan(motion.image_step[0]).all()


def test_that_a_step_in_space_is_told_in_body_heights() -> None:
    track = walking_track(frames=40, swing=0.0, noise=0.0)
    track.points3d[20:, 15, 2] += 0.1 * HEIGHT_METRES
    motion = joint_motion(track, track.scored())
    assert motion.space_step[20, JOINTS.index("left_wrist")] == pytest.approx(0.1, rel=1e-3)
    assert motion.image_step[20, JOINTS.index("left_wrist")] == pytest.approx(0.0, abs=1e-6)


def test_that_frames_that_are_no_witness_give_no_step() -> None:
    track = walking_track(frames=40)
    witness = track.scored()
    witness[10] = False
    motion = joint_motion(track, witness)
    assert np.isnan(motion.image_step[10:12]).all()
    assert np.isfinite(motion.image_step[12]).all()


def test_that_an_unsure_joint_is_unknown_in_its_frame_alone() -> None:
    track = walking_track(frames=40)
    track.points3d_scores[10, 15] = 0.2
    motion = joint_motion(track, track.scored())
    wrist = JOINTS.index("left_wrist")
    assert np.isnan(motion.image_step[10:12, wrist]).all()
    assert np.isfinite(motion.image_step[12, wrist])
    assert np.isfinite(motion.image_step[10, JOINTS.index("nose")])


def test_that_a_track_without_anybody_is_unknown_throughout() -> None:
    track = walking_track(frames=5)
    track.keypoints[:], track.points3d[:] = np.nan, np.nan
    motion = joint_motion(track, track.scored())
    assert np.isnan(motion.image_step).all()


def test_that_quantiles_leave_the_unknown_out() -> None:
    values = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan], [8.0, np.nan]])
    np.testing.assert_array_equal(median(values), [3.0, np.nan])
    np.testing.assert_array_equal(quantile(values, 0.75), [5.5, np.nan])
    np.testing.assert_array_equal(running_median(values, 1)[:, 0], [1.0, 2.0, 5.5, 5.5])


def test_that_a_smooth_motion_has_no_spike_and_a_jump_has_its_height() -> None:
    times = np.arange(60) / 30
    positions = np.stack([0.3 * np.sin(2 * np.pi * times), 0.1 * times], axis=-1)[:, None]
    duration = np.diff(times, prepend=np.nan)
    assert np.nanmax(spikes(positions, duration, times).score) < 2
    positions[30:] += (0.0, 0.2)
    found = spikes(positions, duration, times)
    assert int(np.nanargmax(found.score[:, 0])) == 30
    assert found.excess[30, 0] == pytest.approx(0.2, abs=0.02)


def test_that_a_longer_frame_is_no_jump() -> None:
    """Variable frame rate: twice the time, twice the way."""
    times = np.arange(60) / 30
    times[30:] += 1 / 30
    positions = np.stack([0.5 * times, 0 * times], axis=-1)[:, None]
    found = spikes(positions, np.diff(times, prepend=np.nan), times)
    assert np.nanmax(found.excess) == pytest.approx(0, abs=1e-6)
