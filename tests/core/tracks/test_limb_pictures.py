"""What the pictures tell of each limb bone."""

from dataclasses import replace

import numpy as np
import pytest

from core.tracks.bones import BONES
from core.tracks.joints import JointMotion, joint_motion
from core.tracks.limb_pictures import limb_pictures
from core.tracks.pixels.limbs import THIRDS_APART
from core.tracks.pixels.measure import PixelTracks, measure_pictures
from tests.moving_square import film, places, square_track

FRAMES = 40
TRACK = square_track(FRAMES)
SHANK = [bone[0] for bone in BONES].index("left_shank")


@pytest.fixture(scope="module")
def pixels() -> PixelTracks:
    return measure_pictures(film(FRAMES), TRACK)


@pytest.fixture(scope="module")
def motion() -> JointMotion:
    return joint_motion(TRACK, TRACK.scored())


def test_that_flow_is_the_way_of_the_lower_end_from_the_upper_one_in_body_heights(pixels: PixelTracks, motion: JointMotion) -> None:
    flow = np.zeros((FRAMES, len(BONES), 2, 2))
    flow[20, SHANK] = (5.0, 5.0), (5.0 + 12.0 * THIRDS_APART, 5.0)
    found = limb_pictures(replace(pixels, bone_flow=flow), motion, TRACK.times)["bone_flow"]
    np.testing.assert_allclose(found[20, SHANK], [12.0 / motion.scale[20], 0.0], rtol=1e-6)
    assert np.count_nonzero(found) == 1


def test_that_a_body_that_moves_as_a_whole_neither_turns_nor_stretches_its_bones(pixels: PixelTracks, motion: JointMotion) -> None:
    moved = np.abs(np.diff(places(FRAMES))).max() / motion.scale.min()
    found = limb_pictures(pixels, motion, TRACK.times)["bone_flow"]
    assert np.isnan(found[0]).all()
    assert np.median(np.abs(found[1:])) < 0.1 * moved


def test_that_a_leap_is_over_what_is_usual_around(pixels: PixelTracks, motion: JointMotion) -> None:
    left = np.full((FRAMES, len(BONES), 2), 4.0)
    left[:, :, 1] = 5.0
    left[20, SHANK] = 40.0, 20.0
    found = limb_pictures(replace(pixels, bone_unexplained=left), motion, TRACK.times)["bone_leap"]
    np.testing.assert_allclose(found[20, SHANK], [8.0, 4.0])
    np.testing.assert_allclose(found[:, SHANK - 1], np.tile([0.8, 1.0], (FRAMES, 1)))


def test_that_less_than_two_grey_levels_are_no_surprise(pixels: PixelTracks, motion: JointMotion) -> None:
    left = np.full((FRAMES, len(BONES), 2), 0.1)
    left[20, SHANK] = 1.0
    found = limb_pictures(replace(pixels, bone_unexplained=left), motion, TRACK.times)["bone_leap"]
    np.testing.assert_allclose(found[20, SHANK], 0.5)


def test_that_unknown_frames_stay_unknown_and_leave_those_around_alone(pixels: PixelTracks, motion: JointMotion) -> None:
    left = np.full((FRAMES, len(BONES), 2), 4.0)
    left[10, SHANK, 1] = np.nan
    found = limb_pictures(replace(pixels, bone_unexplained=left), motion, TRACK.times)["bone_leap"]
    np.testing.assert_array_equal(np.argwhere(np.isnan(found)), [[10, SHANK, 1]])
    np.testing.assert_allclose(found[9, SHANK], 1.0)


def test_that_colours_are_those_of_the_pictures(pixels: PixelTracks, motion: JointMotion) -> None:
    np.testing.assert_array_equal(limb_pictures(pixels, motion, TRACK.times)["bone_colour"], pixels.bone_colours)


def test_that_without_pictures_all_is_unknown(motion: JointMotion) -> None:
    found = limb_pictures(None, motion, TRACK.times)
    shapes = {name: values.shape for name, values in found.items()}
    assert shapes == {"bone_flow": (FRAMES, 8, 2), "bone_leap": (FRAMES, 8, 2), "bone_colour": (FRAMES, 8, 3)}
    assert all(np.isnan(values).all() for values in found.values())


def test_that_a_single_frame_has_colours_and_no_flow() -> None:
    track = square_track(1)
    found = limb_pictures(measure_pictures(film(1), track), joint_motion(track, track.scored()), track.times)
    assert np.isfinite(found["bone_colour"]).all()
    assert np.isnan(found["bone_flow"]).all()
    assert np.isnan(found["bone_leap"]).all()
