"""The encoder's reaction to an event, and the shares of its sources."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from core.analysis import EncoderReaction, Glitch
from core.extraction import Cancelled
from core.motion import UNSEEN, so3_exp
from core.skeletons import OPENPOSE_BODY
from core.source_shares import explain, healed, ranked, shapley
from core.track import HumanTrack
from tests.synthetic_tracks import SMALL_SOURCES, blank_manifold, moving_track

MANIFOLD = blank_manifold(sources=SMALL_SOURCES)
SECONDS = np.arange(5) / 30
_PER_FRAME = (
    "boxes", "keypoints", "keypoint_scores", "points3d", "points3d_scores", "global_orient", "body_pose", "betas", "translation",
    "intrinsics",
)  # fmt: skip


def event(start: int, stop: int, kind: str = "jump", severity: float = 0.9) -> Glitch:
    return Glitch(f"{kind}{start}", start, stop, start, kind, severity, "", 1.0, {}, (), (), "")


def each_again(track: HumanTrack, count: int, fps: float) -> HumanTrack:
    """Each frame `count` times, at another rate."""
    arrays: dict[str, Any] = {name: np.repeat(getattr(track, name), count, axis=0) for name in _PER_FRAME}
    return replace(
        track,
        times=np.arange(count * len(track)) / fps,
        presence=tuple(value for value in track.presence for _ in range(count)),
        reasons=tuple(value for value in track.reasons for _ in range(count)),
        features={name: np.repeat(values, count, axis=0) for name, values in track.features.items()},
        **arrays,
    )


def frozen_track(frames: int = 150) -> HumanTrack:
    """Nothing changes from frame to frame."""
    return each_again(moving_track(1, 3, 1, 30.0, SMALL_SOURCES), frames, 30.0)


def leaping_wrist(track: HumanTrack, frames: slice) -> HumanTrack:
    """The left wrist is 80 pixels off in these frames: of the sources only kp2d knows."""
    keypoints = track.keypoints.copy()
    keypoints[frames, OPENPOSE_BODY.index("left_wrist")] += 80
    return replace(track, keypoints=keypoints)


@pytest.mark.parametrize(
    ("values", "shares"),
    [
        ([0.0, 1.0, 2.0, 3.0], [1.0, 2.0]),  # each adds its own
        ([0.0, 0.0, 0.0, 1.0], [0.5, 0.5]),  # only both together
        ([0, 0, 0, 1, 0, 1, 0, 1], [2 / 3, 1 / 6, 1 / 6]),  # one left glove, two right ones
        ([5.0, 7.0], [2.0]),  # what nobody brought in is nobody's
    ],
)
def test_that_shapley_values_are_those_of_the_textbook(values: list[float], shares: list[float]) -> None:
    assert shapley(np.array(values)).tolist() == pytest.approx(shares)


def test_that_shapley_values_add_up_to_what_all_are_worth_together() -> None:
    values = np.random.default_rng(4).normal(size=32)
    assert shapley(values).sum() == pytest.approx(values[-1] - values[0])


def test_that_healed_rotations_lie_on_the_shortest_arc_by_time() -> None:
    turned = so3_exp(np.array([[0.0, 0, 0], [3, 0, 0], [0, 2, 0], [0, 0, 0.9], [1, 1, 1]])).reshape(5, 9)
    seconds = np.array([0.0, 0.1, 0.2, 0.6, 1.0])
    mended = healed({"global": turned}, 0, 3, seconds)["global"]
    np.testing.assert_allclose(mended[1:3], so3_exp(np.array([[0, 0, 0.15], [0, 0, 0.3]])).reshape(2, 9), atol=1e-6)
    np.testing.assert_array_equal(mended[[0, 3, 4]], turned[[0, 3, 4]])


def test_that_healed_appearance_lies_on_the_great_circle_and_shape_on_a_line() -> None:
    look = np.array([[1.0, 0], [9, 9], [9, 9], [9, 9], [0, 1]])
    mended = healed({"appearance": look, "beta": look}, 0, 4, SECONDS)
    np.testing.assert_allclose(mended["appearance"][2], [np.sqrt(0.5), np.sqrt(0.5)])
    np.testing.assert_allclose(mended["beta"][1:4], [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]])


def test_that_a_healed_key_point_that_one_side_does_not_see_is_that_of_the_nearer_side() -> None:
    points = np.array([[0.0, 0, UNSEEN, UNSEEN], [5, 5, 5, 5], [5, 5, 5, 5], [0.9, 0.3, 0.4, 0.4], [0, 0, 0, 0]])
    mended = healed({"kp2d": points}, 0, 3, SECONDS)["kp2d"]
    np.testing.assert_allclose(mended[1:3], [[0.3, 0.1, UNSEEN, UNSEEN], [0.6, 0.2, 0.4, 0.4]])


def test_that_an_event_in_one_source_is_that_source_alone() -> None:
    (seen,) = explain([event(70, 72)], leaping_wrist(frozen_track(), slice(70, 72)), MANIFOLD)
    assert seen.encoder is not None
    assert seen.encoder.rise > 0.05
    assert (seen.encoder.usual, seen.encoder.highest) == pytest.approx((0, 0), abs=1e-5)
    assert seen.sources == pytest.approx({"appearance": 0, "global": 0, "pose": 0, "beta": 0, "kp2d": 1}, abs=1e-5)


def test_that_shares_of_an_event_in_all_sources_add_up_to_one() -> None:
    here, there = moving_track(1, 3, 150, 30.0, SMALL_SOURCES), moving_track(0, 9, 150, 30.0, SMALL_SOURCES)
    mixed = {}
    for name in ("keypoints", "global_orient", "body_pose", "betas"):
        mixed[name] = getattr(here, name).copy()
        mixed[name][70:72] = getattr(there, name)[70:72]
    appearance = here.features["appearance"].copy()
    appearance[70:72] = there.features["appearance"][70:72]
    (seen,) = explain([event(70, 72)], replace(here, features={"appearance": appearance}, **mixed), MANIFOLD)
    assert seen.encoder is not None and seen.encoder.seen
    assert sum(seen.sources.values()) == pytest.approx(1)
    assert min(seen.sources.values()) >= 0
    assert sum(share > 0.02 for share in seen.sources.values()) >= 3


def test_that_an_event_like_the_rest_of_the_clip_is_not_seen_and_has_no_shares() -> None:
    track = moving_track(1, 3, 150, 30.0, SMALL_SOURCES)
    unseen = explain([event(70, 72)], frozen_track(), MANIFOLD)[0]
    assert unseen.encoder is not None and not unseen.encoder.seen
    assert unseen.sources == {}
    rises = [explain([event(at, at + 3)], track, MANIFOLD)[0].encoder for at in (50, 70, 90, 110)]
    assert sum(reaction is not None and reaction.seen for reaction in rises) <= 1


def test_that_other_events_are_no_measure_of_what_is_usual() -> None:
    track = leaping_wrist(leaping_wrist(frozen_track(), slice(70, 72)), slice(100, 140, 2))
    seen = explain([event(70, 72), event(100, 140)], track, MANIFOLD)[0].encoder
    assert seen is not None and seen.highest == pytest.approx(0, abs=1e-5)
    untold = explain([event(70, 72)], track, MANIFOLD)[0].encoder
    assert untold is not None and untold.highest > 0.01


@pytest.mark.parametrize(("start", "stop"), [(0, 2), (149, 150), (40, 70)])
def test_that_an_event_at_an_end_or_longer_than_a_window_is_left_as_it_is(start: int, stop: int) -> None:
    assert explain([event(start, stop)], frozen_track(), MANIFOLD) == (event(start, stop),)


def test_that_a_clip_of_events_alone_tells_nothing_of_what_is_usual() -> None:
    glitches = (event(10, 12), event(20, 22))
    assert explain(glitches, frozen_track(24), MANIFOLD) == glitches


@pytest.mark.parametrize("kind", ["edit", "pose lost"])
def test_that_cuts_and_lost_poses_are_not_explained(kind: str) -> None:
    track = leaping_wrist(frozen_track(), slice(70, 72))
    assert explain([event(70, 72, kind)], track, MANIFOLD) == (event(70, 72, kind),)


def test_that_an_event_is_found_again_in_a_film_of_another_rate() -> None:
    track = leaping_wrist(frozen_track(), slice(70, 72))
    fast = each_again(track, 2, 60.0)
    slow, quick = explain([event(70, 72)], track, MANIFOLD)[0], explain([event(140, 144)], fast, MANIFOLD)[0]
    assert slow.encoder is not None and quick.encoder is not None
    assert quick.encoder.rise == pytest.approx(slow.encoder.rise, rel=0.02)


def reacting(start: int, rise: float, severity: float) -> Glitch:
    return replace(event(start, start + 1, severity=severity), encoder=EncoderReaction(rise, 0.5, 1.0))


def test_that_the_reaction_ranks_equally_rare_events_and_no_others() -> None:
    weak, strong, rarer, unseen = reacting(1, 2.0, 0.61), reacting(2, 4.0, 0.6), reacting(3, 1.5, 0.9), reacting(4, 0.8, 0.62)
    assert ranked([unseen, weak, strong, rarer]) == (rarer, strong, weak, unseen)


def test_that_progress_counts_events_cancelling_stops_and_threads_are_given_back() -> None:
    before, calls = torch.get_num_threads(), list[tuple[int, int]]()
    tell: Callable[[int, int], None] = lambda done, total: calls.append((done, total))  # noqa: E731
    explain([event(70, 72), event(0, 1)], frozen_track(), MANIFOLD, progress=tell)
    assert calls == [(1, 2), (2, 2)]
    with pytest.raises(Cancelled):
        explain([event(70, 72)], frozen_track(), MANIFOLD, cancelled=lambda: True)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("start", [60, 61])
def test_that_one_frame_of_a_fast_film_is_explained_although_it_may_lie_between_resampled_ones(start: int) -> None:
    track = moving_track(1, 3, 300, 60.0, SMALL_SOURCES)
    (found,) = explain([event(start, start + 1)], leaping_wrist(track, slice(start, start + 1)), MANIFOLD)
    assert found.encoder is not None
