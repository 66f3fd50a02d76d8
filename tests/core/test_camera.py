import numpy as np
import pytest

from core.camera import default_intrinsics, project, solve_translation

INTRINSICS = np.array([800.0, 800.0, 319.5, 239.5])


def test_that_a_point_on_the_axis_lands_in_the_middle_between_the_pixel_centres():
    assert project(np.array([0.0, 0.0, 2.0]), default_intrinsics((640, 480))).tolist() == [319.5, 239.5]


def test_that_x_goes_right_and_y_goes_down():
    assert project(np.array([0.5, 0.25, 2.0]), INTRINSICS).tolist() == [519.5, 339.5]


def test_that_points_behind_the_camera_have_no_pixel():
    assert np.isnan(project(np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0]]), INTRINSICS)).all()


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)])
def test_that_the_larger_side_is_seen_under_55_degrees(size):
    fx, fy, _, _ = default_intrinsics(size)
    assert fx == fy
    assert 2 * np.degrees(np.arctan(0.5 * 1280 / fx)) == pytest.approx(55.0)


def scene(frames=5, joints=24, seed=3):
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 0.4, (frames, joints, 3))
    translation = rng.uniform([-1, -0.5, 2], [1, 0.5, 6], (frames, 3))
    return points, translation, project(points + translation[:, None], INTRINSICS)


def test_that_the_translation_of_projected_points_is_found_again():
    points, translation, pixels = scene()
    found = solve_translation(points, pixels, np.ones(points.shape[:2]), INTRINSICS)
    np.testing.assert_allclose(found, translation, atol=1e-9)


def test_that_points_of_no_weight_and_unknown_points_take_no_part():
    points, translation, pixels = scene()
    weights = np.ones(points.shape[:2])
    pixels[:, 0], weights[:, 0] = 5000.0, 0.0
    pixels[:, 1] = np.nan
    points[:, 2] = np.nan
    np.testing.assert_allclose(solve_translation(points, pixels, weights, INTRINSICS), translation, atol=1e-9)


def test_that_a_heavier_point_is_met_more_closely():
    points, _, pixels = scene(frames=1)
    pixels[0, 0] += 40.0
    weights = np.ones((1, 24))

    def miss() -> float:
        moved = points + solve_translation(points, pixels, weights, INTRINSICS)[:, None]
        return float(np.linalg.norm(project(moved, INTRINSICS)[0, 0] - pixels[0, 0]))

    even = miss()
    weights[0, 0] = 50.0
    assert miss() < 0.5 * even


def test_that_a_frame_without_two_points_is_unknown_and_the_others_are_not():
    points, translation, pixels = scene(frames=3)
    weights = np.ones((3, 24))
    weights[1, 1:] = 0.0
    found = solve_translation(points, pixels, weights, INTRINSICS)
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]], translation[[0, 2]], atol=1e-9)


def test_that_a_body_mirrored_through_the_camera_has_no_position():
    points, _, pixels = scene(frames=1)
    upside_down = 2 * INTRINSICS[2:] - pixels
    assert np.isnan(solve_translation(points, upside_down, np.ones((1, 24)), INTRINSICS)).all()


def test_that_points_in_one_ray_leave_the_depth_unknown():
    points = np.zeros((1, 24, 3))
    pixels = np.full((1, 24, 2), 100.0)
    assert np.isnan(solve_translation(points, pixels, np.ones((1, 24)), INTRINSICS)).all()
