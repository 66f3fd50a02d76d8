"""All local tracks of a film together: what belongs to which track, and what stays unknown."""

from dataclasses import replace

import numpy as np
import pytest

from core.packing import pack, unpack
from core.track import HumanTrack, Presence
from core.tracks.bones import BONES
from core.tracks.joints import JOINTS, joint_motion
from core.tracks.local import LocalTracks, local_tracks
from core.tracks.pixels.measure import PixelTracks, measure_pictures
from tests.moving_square import HEIGHT, SQUARE, WIDTH, film, places, square_track, texture
from tests.walking import walking_track

OF_PICTURES = (
    "sharpness", "joint_off_flow", "colour_drift", "change", "held", "regular", "freeze", "skip", "disorder", "reversal", "splice",
    "mirror", "worth", "turn_back", "unexplained", "cut", "crossfade", "flicker", "camera_speed", "camera_zoom", "camera_support",
    "bone_flow", "bone_leap", "bone_colour",
)  # fmt: skip


@pytest.fixture(scope="module")
def square() -> tuple[HumanTrack, PixelTracks]:
    return square_track(80), measure_pictures(film(80), square_track(80))


@pytest.fixture(scope="module")
def plain(square: tuple[HumanTrack, PixelTracks]) -> LocalTracks:
    return local_tracks(*square)


def of(pictures: list[np.ndarray]) -> LocalTracks:
    return local_tracks(square_track(len(pictures)), measure_pictures(pictures, square_track(len(pictures))))


def test_that_every_track_speaks_of_every_frame(plain: LocalTracks) -> None:
    assert len(plain) == 80
    assert {len(values) for values in vars(plain).values()} == {80}
    assert plain.joint_jump.shape == (80, len(JOINTS))
    assert plain.bone_space.shape == (80, 8)
    assert plain.bone_shown.shape == plain.bone_flow.shape == plain.bone_leap.shape == (80, 8, 2)
    assert plain.bone_pointing.shape == plain.bone_colour.shape == (80, 8, 3)
    assert plain.hyperextension.shape == (80, 4)


def test_that_an_ordinary_film_is_ordinary_in_every_track(plain: LocalTracks) -> None:
    limits = {
        "freeze": 3, "skip": 1.5, "disorder": 1.4, "reversal": 1.1, "splice": 1.1, "mirror": 1.1, "cut": 1, "crossfade": 1.2,
        "flicker": 0.05, "swap": 0.0, "camera_speed": 0.05,
    }  # fmt: skip
    for name, limit in limits.items():
        assert np.nanmax(getattr(plain, name)) < limit, name


def test_that_without_pictures_what_needs_them_is_unknown_and_the_rest_is_not() -> None:
    tracks = local_tracks(walking_track(frames=60), None)
    for name in OF_PICTURES:
        assert np.isnan(getattr(tracks, name)).all(), name
    for name in ("joint_speed", "joint_jump_score", "root_speed", "bone_space", "swap", "hyperextension", "slip", "growth"):
        assert np.isfinite(getattr(tracks, name)[20:40]).any(), name


def test_that_nobody_is_unknown_throughout_without_a_warning() -> None:
    track = walking_track(frames=30)
    track.keypoints[:], track.points3d[:], track.boxes[:] = np.nan, np.nan, np.nan
    nobody = replace(track, size=(WIDTH, HEIGHT), presence=(Presence.NONE,) * 30)
    pictures = film(30)
    tracks = local_tracks(nobody, measure_pictures(pictures, nobody))
    assert np.isnan(tracks.joint_speed).all()
    assert np.isnan(tracks.root_speed).all()
    assert np.isfinite(tracks.change[1:]).all()


@pytest.mark.parametrize("frames", [1, 2, 3, 6])
def test_that_the_shortest_films_have_tracks(frames: int) -> None:
    tracks = of(film(frames))
    assert len(tracks) == frames
    assert np.isnan(tracks.change[0])


def test_that_a_frozen_film_with_a_jump_to_its_place_is_a_freeze() -> None:
    pictures = film(80)
    pictures[41:47] = [pictures[40]] * 6
    tracks = of(pictures)
    assert tracks.freeze[41:47].min() > 6
    assert tracks.held[30] < 2


def test_that_reversed_frames_are_reversed_and_go_back_at_their_ends() -> None:
    order = np.arange(80)
    order[32:48] = order[32:48][::-1]
    pictures, track = film(80), square_track(80)
    track = replace(track, boxes=track.boxes[order], keypoints=track.keypoints[order])
    tracks = local_tracks(track, measure_pictures([pictures[place] for place in order], track))
    assert tracks.reversal[32:48].min() > 2
    assert min(tracks.turn_back[31:34].max(), tracks.turn_back[47:50].max()) > 0.4


def test_that_mirrored_frames_are_mirrored(plain: LocalTracks) -> None:
    pictures = film(80)
    pictures[30:34] = [np.ascontiguousarray(one[:, ::-1]) for one in pictures[30:34]]
    tracks = of(pictures)
    assert tracks.mirror[30:34].min() > 1.5 * np.nanmax(plain.mirror)


def test_that_no_way_leads_over_a_cut() -> None:
    other = [np.asarray(255 - texture(HEIGHT, WIDTH, 5, 20.0) // 3, np.uint8)] * 20
    tracks = of(film(40) + other)
    assert tracks.cut[40] > 1
    assert np.isnan(tracks.change[40])
    assert np.isnan(tracks.skip[40])
    assert np.isnan(tracks.disorder[38:43]).all()


def test_that_a_joint_that_moves_with_its_pixels_is_on_the_flow(plain: LocalTracks) -> None:
    scale = joint_motion(square_track(80), square_track(80).scored()).scale[10]
    assert np.nanmedian(plain.joint_off_flow) < 0.5 / scale


def test_that_a_joint_that_leaves_its_pixels_is_off_the_flow(square: tuple[HumanTrack, PixelTracks], plain: LocalTracks) -> None:
    track, pixels = square
    keypoints = track.keypoints.copy()
    keypoints[40:, 4, 0] += 20.0  # the right wrist
    scale = joint_motion(track, track.scored()).scale[40]
    found = local_tracks(replace(track, keypoints=keypoints), pixels).joint_off_flow[40, JOINTS.index("right_wrist")]
    assert found == pytest.approx(20.0 / scale, rel=0.2)


def test_that_bones_of_a_body_that_only_moves_neither_turn_nor_leap(plain: LocalTracks) -> None:
    scale = joint_motion(square_track(80), square_track(80).scored()).scale[10]
    assert np.nanmedian(np.abs(plain.bone_flow)) < 0.5 / scale
    assert np.nanmax(plain.bone_leap) < 2.5


def test_that_the_picture_leaps_under_the_limb_that_leaps_and_not_under_the_others(plain: LocalTracks) -> None:
    pictures, left = film(40), places(40)
    for frame in range(20, 28):
        # The left shank is gone for a moment: the background is there.
        x, y = round(left[frame]) + SQUARE[0] // 2, 64 + SQUARE[1] * 3 // 4
        pictures[frame][y : y + 28, x : x + 24] = 255 - pictures[frame][y : y + 28, x : x + 24]
    leap = of(pictures).bone_leap.max(axis=-1)
    names = [bone[0] for bone in BONES]
    shank, forearm = names.index("left_shank"), names.index("right_forearm")
    assert min(leap[20, shank], leap[28, shank]) > 2 * np.nanmax(plain.bone_leap)
    assert leap[20:29, forearm].max() < np.nanmax(plain.bone_leap) + 0.5


def test_that_acceleration_is_that_of_the_path() -> None:
    track = walking_track(frames=40, swing=0.0, noise=0.0)
    track.keypoints[..., 0] += (0.5 * np.arange(40) ** 2)[:, None]
    scale = joint_motion(track, track.scored()).scale[20]
    np.testing.assert_allclose(local_tracks(track, None).joint_acceleration[5:35], 900.0 / scale, rtol=1e-2)


def test_that_tracks_of_other_lengths_are_refused(square: tuple[HumanTrack, PixelTracks]) -> None:
    with pytest.raises(ValueError, match="80 frames for a track of 60"):
        local_tracks(square_track(60), square[1])


def test_that_local_tracks_go_through_the_cache_unchanged(plain: LocalTracks) -> None:
    again = unpack(LocalTracks, pack(plain))
    for name, values in vars(plain).items():
        np.testing.assert_array_equal(getattr(again, name), values)


def test_that_the_square_moves_as_fast_as_its_joints_say(plain: LocalTracks) -> None:
    track = square_track(80)
    scale = joint_motion(track, track.scored()).scale[0]
    np.testing.assert_allclose(plain.root_speed[1:], np.abs(np.diff(places(80))) * 30 / scale, atol=0.3)
