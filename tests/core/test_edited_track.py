"""Frames dropped, held and interpolated: what is in the edited track, and where each frame went."""

from dataclasses import replace

import numpy as np
import pytest

from core.edited_track import Edit, EditError, EditKind, edit_track, geodesic, great_circle
from core.motion import so3_exp, so3_log
from core.ranges import over_all_frames
from core.timebase import FrameIndex
from core.track import HumanTrack, Presence, slice_track, track_arrays
from tests.synthetic_tracks import SMALL_SOURCES, moving_track


def edit(kind: str, start: int, stop: int) -> Edit:
    return Edit(EditKind(kind), FrameIndex(start), FrameIndex(stop))


def track_of(frames: int = 20) -> HumanTrack:
    track = moving_track(1, 3, frames, 30.0, SMALL_SOURCES)
    # A track that tells its frames apart in every field.
    number = np.arange(frames, dtype=np.float32)
    points = np.tile(number[:, None, None], (1, 33, 3))
    return replace(track, points3d=points, translation=np.tile(number[:, None], (1, 3)), betas=np.tile(number[:, None] ** 2, (1, 10)))


def with_presence(track: HumanTrack, frame: int, presence: Presence, reason: str = "made up") -> HumanTrack:
    values, reasons = list(track.presence), list(track.reasons)
    values[frame], reasons[frame] = presence, reason
    return replace(track, presence=tuple(values), reasons=tuple(reasons))


def assert_frames(edited: HumanTrack, places: list[int], track: HumanTrack, sources: list[int]) -> None:
    """Every field but the times holds in `places` what the original holds in `sources`."""
    before, after = track_arrays(track), track_arrays(edited)
    for name in set(before) - {"meta", "times"}:
        np.testing.assert_array_equal(after[name][places], before[name][sources], err_msg=name)
    assert [edited.presence[t] for t in places] == [track.presence[t] for t in sources]
    assert [edited.reasons[t] for t in places] == [track.reasons[t] for t in sources]


def test_that_dropped_frames_are_gone_and_the_times_close_up() -> None:
    track = replace(track_of(6), times=np.array([0.0, 0.1, 0.2, 0.5, 0.6, 0.9]))
    track = with_presence(track, 5, Presence.UNCERTAIN)
    edited, frames = edit_track(track, edit("drop", 2, 4))
    assert_frames(edited, [0, 1, 2, 3], track, [0, 1, 4, 5])
    # Frame 4 takes the place of frame 2, and with it its time.
    np.testing.assert_allclose(edited.times, [0.0, 0.1, 0.2, 0.5], atol=1e-12)
    assert frames.old.tolist() == frames.picture.tolist() == [0, 1, 4, 5]
    assert frames.new.tolist() == [0, 1, -1, -1, 2, 3]
    np.testing.assert_array_equal(frames.on_original(np.array([1.0, 2.0, 3.0, 4.0])), [1, 2, np.nan, np.nan, 3, 4])


@pytest.mark.parametrize(("start", "stop", "kept"), [(0, 2, [2, 3, 4, 5]), (4, 6, [0, 1, 2, 3]), (1, 6, [0])])
def test_that_frames_at_either_end_can_be_dropped(start: int, stop: int, kept: list[int]) -> None:
    track = track_of(6)
    edited, frames = edit_track(track, edit("drop", start, stop))
    assert_frames(edited, list(range(len(kept))), track, kept)
    np.testing.assert_allclose(edited.times, np.arange(len(kept)) / 30, atol=1e-12)
    assert frames.old.tolist() == kept


def test_that_held_frames_repeat_the_one_before_them_at_their_own_times() -> None:
    track = track_of(8)
    edited, frames = edit_track(track, edit("hold", 3, 6))
    assert_frames(edited, list(range(8)), track, [0, 1, 2, 2, 2, 2, 6, 7])
    np.testing.assert_array_equal(edited.times, track.times)
    assert frames.picture.tolist() == [0, 1, 2, 2, 2, 2, 6, 7]
    assert frames.old.tolist() == frames.new.tolist() == list(range(8))


def test_that_the_last_frames_can_be_held() -> None:
    track = track_of(8)
    edited, _ = edit_track(track, edit("hold", 5, 8))
    assert_frames(edited, [5, 6, 7], track, [4, 4, 4])


def test_that_interpolated_frames_lie_between_their_neighbours_by_time() -> None:
    track = track_of(6)
    track = replace(track, times=np.array([0.0, 0.1, 0.2, 0.5, 0.6, 0.9]))
    edited, frames = edit_track(track, edit("interpolate", 2, 4))
    # Frames 2 and 3 lie at 0.2 and 0.8 of the way from frame 1 (0.1 s) to frame 4 (0.6 s).
    np.testing.assert_allclose(edited.translation[1:5, 0], [1, 1.6, 3.4, 4], atol=1e-6)
    np.testing.assert_allclose(edited.betas[1:5, 0], [1, 1 + 0.2 * 15, 1 + 0.8 * 15, 16], atol=1e-5)
    np.testing.assert_allclose(edited.points3d[1:5, 7, 2], [1, 1.6, 3.4, 4], atol=1e-6)
    middle = 0.8 * track.keypoints[1] + 0.2 * track.keypoints[4]
    np.testing.assert_allclose(edited.keypoints[2], middle, atol=1e-4)
    assert_frames(edited, [0, 1, 4, 5], track, [0, 1, 4, 5])
    assert frames.old.tolist() == list(range(6))
    assert frames.picture.tolist() == [0, 1, -1, -1, 4, 5]


def test_that_interpolated_joints_turn_evenly_along_the_shortest_arc() -> None:
    track = track_of(9)
    edited, _ = edit_track(track, edit("interpolate", 3, 7))
    turns = so3_log(np.swapaxes(edited.body_pose[2:7], -1, -2) @ edited.body_pose[3:8])
    whole = so3_log(np.swapaxes(track.body_pose[2], -1, -2) @ track.body_pose[7])
    np.testing.assert_allclose(turns, np.tile(whole / 5, (5, 1, 1)), atol=2e-6)
    np.testing.assert_allclose(edited.global_orient @ np.swapaxes(edited.global_orient, -1, -2), np.tile(np.eye(3), (9, 1, 1)), atol=1e-6)


def test_that_interpolated_looks_keep_to_the_great_circle() -> None:
    track = track_of(9)
    looks = np.zeros((9, 8), np.float32)
    looks[:, 0] = 2.0
    looks[7:, 0], looks[7:, 1] = 0.0, 6.0
    edited, _ = edit_track(replace(track, features={"appearance": looks, "other": looks}), edit("interpolate", 4, 7))
    middle = edited.features["appearance"][5]
    np.testing.assert_allclose(middle, [4 * np.sqrt(0.5), 4 * np.sqrt(0.5), 0, 0, 0, 0, 0, 0], atol=1e-6)
    # A source that is no direction has no great circle.
    np.testing.assert_allclose(edited.features["other"][5], [1, 3, 0, 0, 0, 0, 0, 0], atol=1e-6)


def test_that_the_middle_of_two_rotations_is_exact() -> None:
    axis = np.array([2.0, -1.0, 2.0]) / 3
    before = so3_exp(np.array([0.3, -0.2, 0.9]))
    after = before @ so3_exp(axis * 2.4)
    (middle,) = geodesic(before, after, np.array([0.5]))
    np.testing.assert_allclose(middle, before @ so3_exp(axis * 1.2), atol=1e-14)
    quarter, ends = geodesic(np.eye(3), np.diag([-1.0, -1.0, 1.0]), np.array([0.5])), geodesic(before, after, np.array([0.0, 1.0]))
    # Half of a half turn about z, to either side.
    np.testing.assert_allclose(np.abs(quarter[0]), [[0, 1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(ends, [before, after], atol=1e-14)


@pytest.mark.parametrize(
    ("before", "after", "middle"),
    [
        ((3.0, 0.0), (0.0, 3.0), (3 * np.sqrt(0.5), 3 * np.sqrt(0.5))),
        ((3.0, 0.0), (5.0, 0.0), (4.0, 0.0)),
        ((0.0, 0.0), (0.0, 3.0), (0.0, 1.5)),
        ((3.0, 0.0), (-1.0, 0.0), (1.0, 0.0)),
    ],
)
def test_that_the_great_circle_has_the_norm_between(before: tuple[float, ...], after: tuple[float, ...], middle: tuple[float, ...]) -> None:
    (found,) = great_circle(np.array(before), np.array(after), np.array([0.5]))
    np.testing.assert_allclose(found, middle, atol=1e-12)


def test_that_a_point_that_one_side_does_not_see_comes_from_the_nearer_side() -> None:
    track = track_of(7)
    track.keypoints[5, 40], track.keypoint_scores[5, 40] = np.nan, 0.0
    edited, _ = edit_track(track, edit("interpolate", 2, 5))
    # Frame 1 sees the point, frame 5 does not.
    np.testing.assert_array_equal(edited.keypoints[2, 40], track.keypoints[1, 40])
    assert np.isnan(edited.keypoints[4, 40]).all()
    np.testing.assert_allclose(edited.keypoint_scores[1:6, 40], [0.9, 0.9, 0.9, 0.0, 0.0])


def test_that_a_gap_is_filled_when_both_its_sides_show_the_person() -> None:
    track = with_presence(track_of(9), 4, Presence.NONE, "nobody was found")
    track.keypoints[4] = np.nan
    edited, _ = edit_track(track, edit("interpolate", 4, 5))
    assert edited.presence[4] is Presence.OK
    assert edited.reasons[4] is None
    np.testing.assert_allclose(edited.keypoints[4], (track.keypoints[3] + track.keypoints[5]) / 2, atol=1e-4)


def test_that_frames_between_one_with_several_people_show_several_too() -> None:
    track = with_presence(track_of(9), 3, Presence.MANY, "2 people are visible")
    with pytest.raises(EditError, match=r"Frame 3 before the range is none to interpolate from \(2 people are visible\)"):
        edit_track(track, edit("interpolate", 4, 6))
    edited, _ = edit_track(track, edit("interpolate", 4, 6), allow_many=True)
    assert edited.presence[3:7] == (Presence.MANY, Presence.MANY, Presence.MANY, Presence.OK)


@pytest.mark.parametrize("kind", ["drop", "hold"])
def test_that_a_shot_that_began_in_the_range_begins_behind_it(kind: str) -> None:
    track = with_presence(track_of(9), 4, Presence.CUT, "A new shot begins here.")
    edited, frames = edit_track(track, edit(kind, 3, 6))
    begins = int(frames.new[6])
    assert [t for t in range(len(edited)) if edited.presence[t] is Presence.CUT] == [begins]
    assert edited.reasons[begins] == "A new shot begins here."


def test_that_nothing_is_a_cut_when_a_whole_shot_is_dropped() -> None:
    track = with_presence(track_of(9), 4, Presence.CUT)
    for start, stop in ((0, 6), (3, 9)):
        edited, _ = edit_track(track, edit("drop", start, stop))
        assert set(edited.presence) == {Presence.OK}


@pytest.mark.parametrize(
    ("kind", "start", "stop", "sentence"),
    [
        ("drop", 4, 4, "The range 4:4 holds no frame: give A:B with A < B, it holds the frames A to B - 1."),
        ("drop", 5, 2, "The range 5:2 holds no frame"),
        ("hold", 4, 21, "The range 4:21 does not lie in the clip, which has 20 frames: give A:B with 0 <= A < B <= 20."),
        ("drop", -1, 3, "The range -1:3 does not lie in the clip"),
        ("drop", 0, 20, "Nothing is left to judge when every frame is dropped: choose a shorter range."),
        ("hold", 0, 4, "There is no frame before the range 0:4 to hold: choose a range that starts after a frame with the person."),
        ("interpolate", 0, 4, "There is no frame before the range 0:4 to interpolate from"),
        (
            "interpolate",
            4,
            20,
            "There is no frame behind the range 4:20 to interpolate from: choose a range that ends before a frame with the person.",
        ),
        (
            "hold",
            11,
            12,
            "Frame 10 before the range is none to hold (nobody was found): choose a range that starts after a frame with the person.",
        ),
        ("interpolate", 11, 12, "Frame 10 before the range is none to interpolate from (nobody was found)"),
        (
            "interpolate",
            8,
            10,
            "Frame 10 behind the range is none to interpolate from (nobody was found): "
            "choose a range that ends before a frame with the person.",
        ),
        (
            "interpolate",
            14,
            17,
            "Nothing lies between two shots, and a new one begins at frame 15: choose a range within one shot.",
        ),
    ],
)
def test_that_what_cannot_be_done_is_said_in_a_sentence(kind: str, start: int, stop: int, sentence: str) -> None:
    track = with_presence(with_presence(track_of(20), 10, Presence.NONE, "nobody was found"), 15, Presence.CUT, "A new shot begins here.")
    track.keypoints[10] = np.nan
    with pytest.raises(EditError) as error:
        edit_track(track, edit(kind, start, stop))
    assert str(error.value).startswith(sentence)


def test_that_frames_that_were_not_analysed_cannot_be_edited() -> None:
    part = slice_track(track_of(20), slice(5, 15))
    track = over_all_frames(part, 5, np.arange(20) / 30)
    with pytest.raises(EditError, match="The range 3:8 is not all analysed, the analysis covers frames 5 to 14 only"):
        edit_track(track, edit("drop", 3, 8))
    with pytest.raises(EditError, match="Nothing is left to judge"):
        edit_track(track, edit("drop", 5, 15))
    edited, _ = edit_track(track, edit("drop", 5, 8))
    assert_frames(edited, list(range(17)), track, [*range(5), *range(8, 20)])


def test_that_the_original_is_left_as_it_was() -> None:
    track = track_of(9)
    before = {name: values.copy() for name, values in track_arrays(track).items()}
    for kind in EditKind:
        edit_track(track, Edit(kind, FrameIndex(3), FrameIndex(5)))
    for name, values in track_arrays(track).items():
        np.testing.assert_array_equal(values, before[name])
