"""Where a limb bone lies in a picture, and what is taken from there."""

import numpy as np
import pytest

from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from core.tracks.pixels.limbs import THIRDS_APART, bone_points, colours_along, flow_along, strength_along

SHAPE = (100, 200)
ARM, FOREARM = 0, 1
SHARES = np.arange(1, 10) / 10


def lying(start: float = 10.0, stop: float = 110.0, row: float = 40.0) -> np.ndarray:
    """Joints [J, 2] of which only the left shoulder and elbow are known: the upper arm lies in one row."""
    joints = np.full((len(JOINTS), 2), np.nan)
    joints[[BONES[ARM][1], BONES[ARM][2]]] = (start, row), (stop, row)
    return joints


def test_that_the_points_lie_along_the_bone_and_beside_it() -> None:
    rows, columns = bone_points(lying(), 200.0, SHAPE)
    assert rows.shape == columns.shape == (len(BONES), 9, 3)
    np.testing.assert_array_equal(columns[ARM], np.tile(10 + 100 * SHARES, (3, 1)).T)
    np.testing.assert_array_equal(rows[ARM], np.tile([38, 40, 42], (9, 1)))


def test_that_a_small_person_is_looked_at_a_pixel_to_the_sides() -> None:
    np.testing.assert_array_equal(bone_points(lying(), 0.0, SHAPE)[0][ARM], np.tile([39, 40, 41], (9, 1)))


def test_that_an_upright_bone_is_looked_at_to_its_left_and_right() -> None:
    joints = lying()
    joints[[BONES[ARM][1], BONES[ARM][2]]] = (50.0, 0.0), (50.0, 90.0)
    rows, columns = bone_points(joints, 250.0, SHAPE)
    np.testing.assert_array_equal(columns[ARM], np.tile([53, 50, 47], (9, 1)))
    np.testing.assert_array_equal(rows[ARM, :, 1], np.arange(9, 90, 9))


def test_that_points_of_bones_with_an_unknown_end_are_unknown() -> None:
    rows, columns = bone_points(lying(), 200.0, SHAPE)
    assert (rows[1:] == -1).all()
    assert (columns[1:] == -1).all()


def test_that_points_outside_the_picture_are_unknown_and_the_others_stay() -> None:
    rows, columns = bone_points(lying(-50.0, 50.0, row=98.0), 200.0, SHAPE)
    inside = columns[ARM] >= 0
    np.testing.assert_array_equal(inside, np.outer(SHARES >= 0.5, [True, True, False]))
    np.testing.assert_array_equal(rows[ARM] >= 0, inside)
    np.testing.assert_array_equal(columns[ARM, 4:, 1], [0, 10, 20, 30, 40])


def test_that_the_flow_is_that_under_the_upper_and_under_the_lower_third() -> None:
    flow = np.moveaxis(np.indices(SHAPE)[::-1], 0, -1).astype(np.float32)  # as far as the place itself
    found = flow_along(flow, bone_points(lying(), 200.0, SHAPE))
    np.testing.assert_array_equal(found[ARM], [[30, 40], [90, 40]])
    assert found.dtype == np.float32


def test_that_the_thirds_tell_by_how_much_a_bone_is_stretched() -> None:
    flow = 0.1 * np.moveaxis(np.indices(SHAPE)[::-1], 0, -1).astype(np.float32)
    upper, lower = flow_along(flow, bone_points(lying(), 200.0, SHAPE))[ARM]
    np.testing.assert_allclose((lower - upper) / THIRDS_APART, [0.1 * 100, 0.0], rtol=1e-6)


def test_that_one_point_that_flows_elsewhere_tells_nothing() -> None:
    flow = np.ones((*SHAPE, 2), np.float32)
    flow[:, 20] = 50.0
    np.testing.assert_array_equal(flow_along(flow, bone_points(lying(), 200.0, SHAPE))[ARM], 1.0)


def test_that_the_flow_of_a_bone_that_is_half_outside_is_that_of_what_is_seen() -> None:
    flow = np.full((*SHAPE, 2), 3.0, np.float32)
    flow[-1, -1] = np.nan  # where a place of -1 would be read
    found = flow_along(flow, bone_points(lying(-80.0, 20.0), 200.0, SHAPE))[ARM]
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1], 3.0)


def test_that_the_colour_is_that_of_the_middle_and_not_of_what_lies_beside() -> None:
    lab = np.full((*SHAPE, 3), 200, np.uint8)
    lab[40] = (50, 160, 90)
    found = colours_along(lab, bone_points(lying(), 200.0, SHAPE))
    np.testing.assert_array_equal(found[ARM], [50, 160, 90])
    assert np.isnan(found[FOREARM]).all()


def test_that_the_strength_is_the_root_mean_square_of_the_points_that_are_known() -> None:
    values = np.full(SHAPE, 4.0)
    values[:, :25] = -1.0
    assert strength_along(values, bone_points(lying(), 200.0, SHAPE))[ARM] == pytest.approx(np.sqrt((1 + 8 * 16) / 9))
    # Six tenths of the bone and more, of which those up to column 20 are in the weak part.
    assert strength_along(values, bone_points(lying(-50.0, 50.0), 200.0, SHAPE))[ARM] == pytest.approx(np.sqrt((3 + 2 * 16) / 5))


def test_that_nothing_known_is_unknown_without_a_warning() -> None:
    points = bone_points(np.full((len(JOINTS), 2), np.nan), 0.0, SHAPE)
    assert np.isnan(flow_along(np.zeros((*SHAPE, 2), np.float32), points)).all()
    assert np.isnan(colours_along(np.zeros((*SHAPE, 3), np.uint8), points)).all()
    assert np.isnan(strength_along(np.zeros(SHAPE), points)).all()
