"""One pass over the pictures: what each measurement says of a film whose truth is known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.extraction import Cancelled
from core.packing import pack, unpack
from core.skeletons import OPENPOSE_BODY
from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from core.tracks.pixels.distances import LAGS
from core.tracks.pixels.measure import PixelTracks, measure_pictures
from tests.moving_square import HEIGHT, SHIRT, WIDTH, film, picture, places, square_track, texture

PERSON, WHOLE, BACKGROUND = 1, 0, 2
_NAMES = [bone[0] for bone in BONES]
SHANK, OTHER_SHANK = _NAMES.index("left_shank"), _NAMES.index("right_shank")
LEGS = [place for place, name in enumerate(_NAMES) if name.endswith(("thigh", "shank"))]


@pytest.fixture(scope="module")
def plain() -> PixelTracks:
    return measure_pictures(film(60), square_track(60))


def measured(pictures: list[np.ndarray]) -> PixelTracks:
    return measure_pictures(pictures, square_track(len(pictures)))


def test_that_every_measurement_speaks_of_every_frame(plain: PixelTracks) -> None:
    assert len(plain) == 60
    assert plain.distance.shape == (60, 3, LAGS)
    assert plain.joint_flow.shape == (60, len(JOINTS), 2)
    assert plain.bone_flow.shape == (60, len(BONES), 2, 2)
    assert plain.bone_unexplained.shape == (60, len(BONES), 2)
    assert plain.bone_colours.shape == (60, len(BONES), 3)
    assert all(len(values) == 60 and values.dtype == np.float32 for values in vars(plain).values())
    assert np.isnan(plain.distance[5, 0, 5:]).all()
    assert np.isfinite(plain.distance[5, :, :5]).all()


def test_that_a_frame_shown_again_has_no_distance() -> None:
    pictures = film(20)
    pictures[10] = pictures[9]
    pixels = measured(pictures)
    np.testing.assert_allclose(pixels.distance[10, :, 0], 0.0, atol=1e-3)
    assert pixels.distance[9, PERSON, 0] > 3
    assert pixels.person_flow[10, 1] < 0.1


def test_that_distances_grow_with_the_frames_between(plain: PixelTracks) -> None:
    assert (np.diff(plain.distance[12, PERSON, :6]) > 0).all()


def test_that_only_the_person_moves_before_a_still_background(plain: PixelTracks) -> None:
    assert np.nanmax(plain.distance[1:, BACKGROUND, 0]) < 0.3 * np.nanmedian(plain.distance[1:, PERSON, 0])


def test_that_fresh_grain_leaves_a_frozen_frame_recognisable() -> None:
    generator = np.random.default_rng(3)
    pictures = [cv2.resize(one, (1280, 960), interpolation=cv2.INTER_CUBIC) for one in film(16)]
    pictures[8] = pictures[7]
    grainy = [np.clip(one + generator.normal(0, 1.6, one.shape), 0, 255).astype(np.uint8) for one in pictures]
    track = square_track(16)
    scaled = replace(track, size=(1280, 960), boxes=track.boxes * 4, keypoints=track.keypoints * 4)
    change = measure_pictures(grainy, scaled).distance[:, PERSON, 0]
    assert change[8] < 0.1 * change[7]


def test_that_light_as_a_whole_is_no_change_of_the_picture() -> None:
    pictures = film(12)
    lit = [
        np.clip(one * (1.12 if number % 2 else 1.0) + (5 if number % 3 else 0), 0, 255).astype(np.uint8)
        for number, one in enumerate(pictures)
    ]
    plain, flickering = measured(pictures), measured(lit)
    np.testing.assert_allclose(flickering.distance[1:, PERSON, 0], plain.distance[1:, PERSON, 0], rtol=0.15)
    assert flickering.light[1, 0] - flickering.light[0, 0] > 10


def test_that_a_mirrored_frame_is_near_its_neighbour_when_mirrored_back() -> None:
    pictures = film(12)
    pictures[6] = np.ascontiguousarray(pictures[6][:, ::-1])
    pixels = measured(pictures)
    assert pixels.mirrored[6, WHOLE, 0] < 0.5 * pixels.distance[6, WHOLE, 0]
    assert pixels.mirrored[3, WHOLE, 0] > 2 * pixels.distance[3, WHOLE, 0]


def test_that_a_pan_is_told_in_pixels_of_the_frame() -> None:
    pictures = [picture(left, shift=(2.0 * number, -1.0 * number)) for number, left in enumerate(places(12))]
    pixels = measured(pictures)
    np.testing.assert_allclose(pixels.camera[1:, :2], np.tile([2.0, -1.0], (11, 1)), atol=0.25)
    np.testing.assert_allclose(pixels.camera[1:, 2:], 0.0, atol=0.01)
    assert (pixels.support[1:] > 0.8).all()


def test_that_a_zoom_is_the_logarithm_of_the_scale() -> None:
    turn = [cv2.getRotationMatrix2D(((WIDTH - 1) / 2, (HEIGHT - 1) / 2), 0, 1.01**number) for number in range(8)]
    background = texture(HEIGHT, WIDTH, 1)
    pictures = [cv2.warpAffine(background, one, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT) for one in turn]
    track = square_track(8)
    nobody = replace(track, boxes=np.full_like(track.boxes, np.nan), keypoints=np.full_like(track.keypoints, np.nan))
    pixels = measure_pictures(pictures, nobody)
    np.testing.assert_allclose(pixels.camera[1:, 2], np.log(1.01), atol=0.002)
    assert np.isnan(pixels.joint_flow).all()
    assert np.isnan(pixels.distance[:, PERSON]).all()


def test_that_a_background_without_texture_gives_no_camera() -> None:
    grey = [np.full((HEIGHT, WIDTH, 3), 120, np.uint8) for _ in range(4)]
    pixels = measured(grey)
    np.testing.assert_array_equal(pixels.support[1:], 0.0)
    np.testing.assert_array_equal(pixels.camera[1:], 0.0)


def test_that_the_flow_under_a_joint_is_the_motion_of_what_it_lies_on(plain: PixelTracks) -> None:
    moved = np.diff(places(60))
    knee = JOINTS.index("left_knee")
    np.testing.assert_allclose(plain.joint_flow[1:, knee, 0], moved, atol=1.2)
    assert np.abs(plain.joint_flow[1:, knee, 1]).max() < 1.2
    assert np.abs(plain.joint_flow[1:, knee, 0] - moved).mean() < 0.4


def test_that_the_flow_under_a_bone_is_the_motion_of_what_it_lies_on(plain: PixelTracks) -> None:
    moved = np.diff(places(60))[:, None, None]
    assert np.isnan(plain.bone_flow[0]).all()
    assert np.abs(plain.bone_flow[1:, LEGS][..., 0] - moved).mean() < 0.4
    assert np.abs(plain.bone_flow[1:, LEGS][..., 1]).mean() < 0.4


def test_that_the_flow_under_a_bone_is_in_pixels_of_the_frame(plain: PixelTracks) -> None:
    pictures = [cv2.resize(one, (640, 480), interpolation=cv2.INTER_CUBIC) for one in film(12)]
    track = square_track(12)
    twice = measure_pictures(pictures, replace(track, size=(640, 480), boxes=track.boxes * 2, keypoints=track.keypoints * 2))
    moved = 2 * np.diff(places(12))[:, None, None]
    assert np.abs(twice.bone_flow[1:, LEGS][..., 0] - moved).mean() < 0.8


def test_that_what_is_unexplained_under_a_bone_is_told_where_it_was_and_where_it_is() -> None:
    pictures, track = film(12), square_track(12)
    keypoints = track.keypoints.copy()
    ends = [OPENPOSE_BODY.index(JOINTS[joint]) for joint in BONES[SHANK][1:]]
    keypoints[6:, ends, 0] += 60.0  # the shank is taken to be before the background
    away = replace(track, keypoints=keypoints)
    there = {frame: keypoints[frame, ends].mean(axis=0).astype(int) for frame in (5, 6)}
    changed = [one.copy() for one in pictures]
    x, y = there[6]
    changed[6][y - 12 : y + 12, x - 10 : x + 10] = 255 - changed[6][y - 12 : y + 12, x - 10 : x + 10]
    plain, strange = (measure_pictures(shown, away).bone_unexplained[6] for shown in (pictures, changed))
    assert strange[SHANK, 1] > 5 * strange[SHANK, 0]
    assert strange[SHANK, 1] > 5 * plain[SHANK, 1]
    np.testing.assert_allclose(strange[OTHER_SHANK], plain[OTHER_SHANK], rtol=0.3, atol=0.5)


def test_that_the_colour_of_a_bone_is_that_of_the_limb_and_not_of_what_lies_beside(plain: PixelTracks) -> None:
    pictures, track = film(3), square_track(3)
    for one, points in zip(pictures, track.keypoints, strict=True):
        upper, lower = (tuple(int(v) for v in points[OPENPOSE_BODY.index(JOINTS[joint])].round()) for joint in BONES[SHANK][1:])
        cv2.line(one, upper, lower, (200, 30, 30), 5)
    red = cv2.cvtColor(np.array([[(200, 30, 30)]], np.uint8), cv2.COLOR_RGB2LAB)[0, 0]
    found = measured(pictures).bone_colours
    np.testing.assert_allclose(found[:, SHANK], np.tile(red, (3, 1)), atol=3)
    np.testing.assert_array_equal(found[:, OTHER_SHANK], plain.bone_colours[:3, OTHER_SHANK])


def test_that_bones_without_joints_are_unknown() -> None:
    track = square_track(3)
    keypoints = track.keypoints.copy()
    keypoints[1:, OPENPOSE_BODY.index("left_ankle")] = np.nan
    pixels = measure_pictures(film(3), replace(track, keypoints=keypoints))
    assert np.isfinite(pixels.bone_flow[1, SHANK]).all()  # the flow is that under the earlier frame's bone
    assert np.isnan(pixels.bone_flow[2, SHANK]).all()
    np.testing.assert_array_equal(np.isnan(pixels.bone_unexplained[1:, SHANK]), [[False, True], [True, True]])
    assert np.isnan(pixels.bone_colours[1:, SHANK]).all()
    assert np.isfinite(pixels.bone_flow[1:, OTHER_SHANK]).all()


def test_that_the_flow_turns_back_when_the_square_does(plain: PixelTracks) -> None:
    going, turning = plain.flow_turn[30:50, 0], plain.flow_turn[22, 1]  # the square turns after frame 20
    assert going.min() > 0.9
    assert turning < -0.5


def test_that_the_colour_of_the_trunk_is_that_of_the_shirt(plain: PixelTracks) -> None:
    shirt = cv2.cvtColor(np.array([[SHIRT]], np.uint8), cv2.COLOR_RGB2LAB)[0, 0]
    np.testing.assert_allclose(plain.colours[10, 1], shirt, atol=6)


def test_that_a_blurred_frame_is_less_sharp() -> None:
    pictures = film(10)
    pictures[5] = cv2.blur(pictures[5], (9, 9))
    sharpness = measured(pictures).sharpness
    assert sharpness[5] < 0.2 * sharpness[4]


def test_that_a_new_shot_is_a_cut_and_two_strange_frames_are_none() -> None:
    other = [np.asarray(255 - texture(HEIGHT, WIDTH, 9 + number // 40, 20.0) // 3, np.uint8) for number in range(12)]
    cut = measured(film(12) + other).cut
    assert cut[12] > 1
    assert np.isnan(cut[:4]).all()
    spliced = film(24)
    spliced[12:14] = other[:2]
    assert np.nanmax(measured(spliced).cut) < 1


def test_that_the_flow_explains_a_moving_square_and_not_a_strange_one(plain: PixelTracks) -> None:
    pictures = film(30)
    pictures[15] = np.asarray(texture(HEIGHT, WIDTH, 5), np.uint8)
    assert measured(pictures).unexplained[15, 1] > 4 * plain.unexplained[15, 1]


def test_that_pixel_tracks_go_through_the_cache_unchanged(plain: PixelTracks) -> None:
    again = unpack(PixelTracks, pack(plain))
    for name, values in vars(plain).items():
        np.testing.assert_array_equal(getattr(again, name), values)


def test_that_the_work_can_be_stopped_and_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(Cancelled):
        measure_pictures(film(10), square_track(10), lambda done, total: told.append((done, total)), lambda: len(told) == 3)
    assert told == [(1, 10), (2, 10), (3, 10)]


def test_that_a_track_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="5 pictures for a track of 6"):
        measure_pictures(film(5), square_track(6))
    with pytest.raises(ValueError, match="more pictures"):
        measure_pictures(film(6), square_track(5))
