"""The body as a whole, with the camera's motion removed, and what rests on the ground."""

import numpy as np

from core.tracks.joints import JOINTS, JointMotion, joint_motion
from core.tracks.root import Root, camera_steps, root, still_paths
from tests.walking import HEIGHT_PIXELS, walking_track

SIZE = (640, 640)
ANKLES = [JOINTS.index("left_ankle"), JOINTS.index("right_ankle")]


def standing(frames: int = 90) -> tuple[np.ndarray, JointMotion]:
    """Key points [T, J, 2] of somebody who stands still, and their JointMotion."""
    track = walking_track(frames=frames, swing=0.0, noise=0.0)
    motion = joint_motion(track, track.scored())
    return motion.image.astype(np.float64) * motion.scale[:, None, None], motion


def measured(keypoints: np.ndarray, motion: JointMotion, camera: np.ndarray | None = None) -> Root:
    paths = still_paths(keypoints, motion.scale, camera, SIZE)
    return root(motion, paths, keypoints, camera, np.arange(len(keypoints)) / 30)


def test_that_a_body_that_stands_does_nothing() -> None:
    found = measured(*standing())
    for values in vars(found).values():
        assert np.nanmax(np.abs(values)) < 1e-3


def test_that_the_speed_of_the_trunk_is_in_body_heights_a_second() -> None:
    keypoints, motion = standing()
    keypoints[..., 0] += 2.0 * np.arange(90)[:, None]
    np.testing.assert_allclose(measured(keypoints, motion).speed[1:], 2.0 * 30 / HEIGHT_PIXELS, rtol=1e-3)


def test_that_a_camera_that_moves_and_zooms_leaves_a_standing_body_at_rest() -> None:
    keypoints, motion = standing()
    camera = np.tile([3.0, -1.0, 0.004, 0.002], (90, 1))
    for frame in range(1, 90):
        keypoints[frame] = keypoints[frame - 1] + camera_steps(keypoints[frame - 1][None], camera[frame][None], SIZE)[0]
    found = measured(keypoints, motion, camera)
    assert np.nanmax(found.speed) < 1e-6
    assert np.nanmax(np.abs(found.growth)) < 1e-3
    assert np.nanmax(found.slip) < 1e-6


def test_that_a_body_that_is_elsewhere_in_one_step_jumps() -> None:
    keypoints, motion = standing()
    keypoints[40:, :, 0] += 0.2 * HEIGHT_PIXELS
    found = measured(keypoints, motion)
    np.testing.assert_allclose(found.jump[40], 0.2, rtol=1e-3)
    assert found.jump_score[40] > 20
    assert int(np.nanargmax(found.jump_score)) == 40


def test_that_growth_is_the_rate_of_the_logarithm_of_the_size() -> None:
    keypoints, motion = standing()
    middle = keypoints.mean(axis=1, keepdims=True)
    keypoints = middle + (keypoints - middle) * np.exp(0.1 * np.arange(90) / 30)[:, None, None]
    np.testing.assert_allclose(measured(keypoints, motion).growth[1:], 0.1, rtol=1e-3)


def test_that_a_body_that_slides_over_the_ground_slips_sideways() -> None:
    keypoints, motion = standing()
    keypoints[45:75, :, 0] += (0.3 * HEIGHT_PIXELS * np.arange(30) / 30)[:, None]
    keypoints[75:, :, 0] += 0.3 * HEIGHT_PIXELS
    found = measured(keypoints, motion)
    np.testing.assert_allclose(found.foot_slip[52:68], 0.3, rtol=0.02)
    np.testing.assert_allclose(found.slip[52:68], 0.3, rtol=0.02)
    np.testing.assert_allclose(found.rise[52:68], 0.0, atol=1e-6)


def test_that_a_body_that_floats_up_rises() -> None:
    keypoints, motion = standing()
    keypoints[45:75, :, 1] -= (0.3 * HEIGHT_PIXELS * np.arange(30) / 30)[:, None]
    keypoints[75:, :, 1] -= 0.3 * HEIGHT_PIXELS
    np.testing.assert_allclose(measured(keypoints, motion).rise[52:68], 0.3, rtol=0.02)


def test_that_a_step_on_one_foot_is_no_slip() -> None:
    keypoints, motion = standing()
    keypoints[40:60, ANKLES[0], 0] += 60 * np.sin(np.pi * np.arange(20) / 20)
    found = measured(keypoints, motion)
    assert np.nanmax(found.foot_slip) < 0.01
    assert np.nanmax(found.slip) < 0.01


def test_that_a_scale_that_changes_moves_nothing() -> None:
    keypoints, motion = standing()
    paths = still_paths(keypoints, motion.scale * np.linspace(1.0, 1.5, 90), None, SIZE)
    np.testing.assert_allclose(paths, 0.0, atol=1e-9)


def test_that_a_frame_in_which_a_joint_is_hidden_leaves_its_path_whole() -> None:
    keypoints, motion = standing()
    keypoints[..., 0] += 2.0 * np.arange(90)[:, None]
    keypoints[30:33, 0] = np.nan
    paths = still_paths(keypoints, motion.scale, None, SIZE)
    assert np.isnan(paths[30:33, 0]).all()
    np.testing.assert_allclose(paths[60, 0, 0], 60 * 2.0 / HEIGHT_PIXELS, rtol=1e-3)
