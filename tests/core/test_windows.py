"""Stretches at the manifold's rate, windows, and the way back to video frames."""

from dataclasses import replace

import numpy as np
import pytest

from core.manifold import Manifold
from core.motion import so3_exp
from core.track import HumanTrack, Presence
from core.windows import (
    Stretch,
    cut_windows,
    positions_to_frames,
    refusal,
    steps_to_frames,
    stretches,
    video_range,
    window_starts,
)
from tests.synthetic_tracks import blank_manifold, moving_track


@pytest.fixture(scope="module")
def manifold() -> Manifold:
    return blank_manifold(fps=30.0)


def with_presence(track: HumanTrack, value: Presence, *frames: int) -> HumanTrack:
    presence = list(track.presence)
    keypoints = track.keypoints.copy()
    for frame in frames:
        presence[frame] = value
        if value in (Presence.NONE, Presence.CUT):
            keypoints[frame] = np.nan
    return replace(track, presence=tuple(presence), keypoints=keypoints)


@pytest.mark.parametrize(("length", "count"), [(20, 1), (32, 1), (39, 1), (40, 2), (41, 2), (81, 7)])
def test_that_a_clip_gives_as_many_windows_as_the_released_code(length: int, count: int) -> None:
    assert window_starts(length).tolist() == [8 * i for i in range(count)]


def test_that_a_short_clip_is_padded_with_its_last_frame() -> None:
    window = cut_windows(np.arange(20)[:, None], np.array([0]))[0, :, 0]
    assert window.tolist() == [*range(20), *[19] * 12]


def test_that_a_video_at_the_manifolds_rate_is_taken_frame_by_frame(manifold: Manifold) -> None:
    track = moving_track(frames=40, fps=29.97)
    (part,) = stretches(track, manifold)
    np.testing.assert_array_equal(part.position, np.arange(40))
    np.testing.assert_array_equal(part.features["appearance"], track.features["appearance"])


def test_that_a_manifold_without_a_rate_takes_every_frame(manifold: Manifold) -> None:
    (part,) = stretches(moving_track(frames=40, fps=12), replace(manifold, fps=None))
    np.testing.assert_array_equal(part.position, np.arange(40))


def test_that_features_are_resampled_by_time(manifold: Manifold) -> None:
    track = moving_track(frames=61, fps=60)
    (part,) = stretches(track, manifold)
    np.testing.assert_allclose(part.position, np.arange(0, 61, 2), atol=1e-9)
    np.testing.assert_allclose(part.features["beta"], track.betas[::2], atol=1e-6)
    np.testing.assert_allclose(part.features["pose"].reshape(-1, 23, 3, 3), track.body_pose[::2], atol=1e-6)


def test_that_linear_features_lie_between_their_frames(manifold: Manifold) -> None:
    track = moving_track(frames=26, fps=25)
    track = replace(track, betas=np.outer(track.times, np.arange(10)).astype(np.float32))
    (part,) = stretches(track, manifold)
    assert len(part) == 31
    np.testing.assert_allclose(part.features["beta"], np.outer(np.arange(31) / 30, np.arange(10)), atol=1e-6)


def test_that_rotations_are_resampled_along_the_arc(manifold: Manifold) -> None:
    track = moving_track(frames=16, fps=15)
    vectors = np.zeros((16, 3), np.float32)
    vectors[:, 1] = np.arange(16) * np.radians(40)
    track = replace(track, global_orient=so3_exp(vectors))
    (part,) = stretches(track, manifold)
    halves = np.zeros((31, 3))
    halves[:, 1] = np.arange(31) * np.radians(20)
    np.testing.assert_allclose(part.features["global"].reshape(-1, 3, 3), so3_exp(halves), atol=1e-5)


def test_that_a_key_point_unseen_on_one_side_takes_the_nearer_frame(manifold: Manifold) -> None:
    track = moving_track(frames=11, fps=10)
    scores = track.keypoint_scores.copy()
    scores[1, 30] = 0.0
    track = replace(track, keypoint_scores=scores)
    (part,) = stretches(track, manifold)
    point = part.features["kp2d"].reshape(-1, 60, 2)[:, 30]
    np.testing.assert_allclose(point[1], track.keypoints[0, 30] / track.size, atol=1e-6)  # a third of the way to the unseen frame
    np.testing.assert_array_equal(point[2:5], -1)
    np.testing.assert_allclose(point[5], track.keypoints[2, 30] / track.size, atol=1e-6)


@pytest.mark.parametrize(("missing", "parts"), [(5, 1), (6, 2)])
def test_that_gaps_up_to_five_frames_are_bridged_and_flagged(manifold: Manifold, missing: int, parts: int) -> None:
    track = with_presence(moving_track(frames=60), Presence.NONE, *range(20, 20 + missing))
    found = stretches(track, manifold)
    assert len(found) == parts
    flagged = [int(p) for part in found for p, flag in zip(part.position, part.interpolated, strict=True) if flag]
    assert flagged == (list(range(20, 25)) if parts == 1 else [])
    if parts == 1:
        np.testing.assert_allclose(found[0].features["beta"][22], track.betas[19], atol=1e-6)


def test_that_a_cut_splits_even_without_a_gap(manifold: Manifold) -> None:
    track = with_presence(moving_track(frames=60), Presence.CUT, 30)
    assert [(part.position[0], part.position[-1]) for part in stretches(track, manifold)] == [(0, 29), (31, 59)]


def test_that_frames_with_several_people_take_part_only_when_allowed(manifold: Manifold) -> None:
    track = with_presence(moving_track(frames=60), Presence.MANY, *range(20, 30))
    assert [len(part) for part in stretches(track, manifold)] == [20, 30]
    assert [len(part) for part in stretches(track, manifold, allow_many=True)] == [60]


def test_that_the_authors_variant_concatenates(manifold: Manifold) -> None:
    track = with_presence(moving_track(frames=60), Presence.NONE, *range(20, 30))
    (part,) = stretches(track, replace(manifold, variant="authors", fps=None))
    assert part.position.tolist() == [*range(20), *range(30, 60)]
    assert not part.interpolated.any()


@pytest.mark.parametrize(("many", "scored"), [(20, True), (21, False)])
def test_that_a_clip_needs_four_fifths_of_single_person_frames(many: int, scored: bool) -> None:
    track = with_presence(moving_track(frames=100), Presence.MANY, *range(many))
    reason = refusal(track)
    assert (reason is None) == scored
    assert scored or reason == (
        "Only 79 of 100 frames show exactly one clearly seen person (80 % are needed); 21 show several people, so the clip has no scores."
    )
    assert refusal(track, allow_many=True) is None


def stretch(position: np.ndarray, seconds: np.ndarray) -> Stretch:
    empty = np.zeros((len(position), 18, 2), np.float32)
    return Stretch(position, seconds, {}, empty, np.zeros(len(position), bool))


def test_that_steps_at_the_native_rate_map_to_their_frames() -> None:
    times = np.arange(10) / 30
    frames, values = steps_to_frames(stretch(np.arange(4.0, 8), times[4:8]), np.array([1.0, 2, 3]), times)
    assert frames.tolist() == [5, 6, 7]
    np.testing.assert_allclose(values, [1, 2, 3])


def test_that_steps_of_another_rate_are_shared_out_by_overlap() -> None:
    times = np.arange(7) / 60
    part = stretch(np.array([0.0, 2, 4, 6]), np.arange(4) / 30)
    frames, values = steps_to_frames(part, np.array([1.0, np.nan, 3]), times)
    assert frames.tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(values, [1, 1, np.nan, np.nan, 3, 3])
    slow = np.arange(3) / 15
    frames, values = steps_to_frames(stretch(np.array([0, 0.5, 1, 1.5, 2]), np.arange(5) / 30), np.array([1.0, 2, 3, 5]), slow)
    np.testing.assert_allclose(values, [1.5, 4])


def test_that_values_at_positions_are_read_off_at_frames() -> None:
    frames, values = positions_to_frames(stretch(np.array([0, 1.5, 3]), np.array([0, 1.5, 3])), np.array([[0.0], [3], [6]]))
    assert frames.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(values[:, 0], [0, 2, 4, 6])


def test_that_a_window_names_the_video_frames_it_shows() -> None:
    part = stretch(np.arange(100) * 2.0 + 10, np.arange(100) / 30)
    assert video_range(part, 8) == (26, 89)
