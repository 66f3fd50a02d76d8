"""Order of frames, on points along a smooth way through a space of many dimensions: their distances are those of pictures in motion."""

import numpy as np
import pytest

from core.tracks.order import Order, longest_splice, one_scale, order
from core.tracks.pixels.distances import LAGS

FRAMES = 100


def way(frames: int = FRAMES) -> np.ndarray:
    """float [frames, 24]: a smooth way that turns and comes near itself, as a person's does who repeats a movement."""
    generator = np.random.default_rng(1)
    phase, speed = generator.uniform(0, 2 * np.pi, 24), generator.choice([1, 2], 24)
    return np.asarray(15 * np.sin(2 * np.pi * speed * np.arange(frames)[:, None] / 44 + phase))


def distances(points: np.ndarray) -> np.ndarray:
    result = np.full((len(points), LAGS), np.nan)
    for lag in range(1, LAGS + 1):
        result[lag:, lag - 1] = np.linalg.norm(points[lag:] - points[:-lag], axis=1) / 3
    return result


def ordered(points: np.ndarray, mirror: np.ndarray | None = None, unexplained: np.ndarray | None = None, fps: float = 30.0) -> Order:
    """unexplained: by the flow, over the usual; unknown unless given."""
    apart = distances(points)
    other = np.full(len(points), np.nan)
    flipped = -points if mirror is None else mirror
    other[1:] = np.linalg.norm(flipped[1:] - points[:-1], axis=1) / 3
    flow = np.full(len(points), np.nan) if unexplained is None else unexplained
    return order(apart, apart, other, flow, np.arange(len(points)) / fps)


@pytest.fixture(scope="module")
def plain() -> Order:
    return ordered(way())


def test_that_frames_in_order_are_ordinary(plain: Order) -> None:
    assert np.nanmax(plain.disorder) < 1.05
    assert np.nanmax(plain.reversal) < 1.0
    assert np.nanmax(plain.splice) < 1.0
    assert np.nanmax(plain.mirror) < 1.0


def test_that_shuffled_frames_are_out_of_order() -> None:
    places = np.arange(FRAMES)
    places[40:48] = 40 + np.array([3, 7, 0, 5, 2, 6, 1, 4])
    found = ordered(way()[places]).disorder
    assert found[42:46].min() > 1.5
    assert 38 <= int(np.nanargmax(found)) <= 49
    assert np.nanmax(found[:34]) < 1.05


def test_that_a_reversed_range_is_named_to_the_frame() -> None:
    places = np.arange(FRAMES)
    places[40:56] = places[40:56][::-1]
    found = ordered(way()[places]).reversal
    assert found[40:56].min() > 2.5
    np.testing.assert_array_equal(np.flatnonzero(found > 0.95 * np.nanmax(found)), np.arange(40, 56))
    assert np.nanmax(np.delete(found, range(40, 56))) < 1.5


def test_that_what_the_flow_explains_was_not_turned_round_put_in_or_shuffled() -> None:
    places = np.arange(FRAMES)
    places[40:56], places[70] = places[40:56][::-1], 20
    points, steps = way()[places], np.ones(FRAMES)
    smooth = ordered(points, unexplained=steps)
    assert np.nanmax(smooth.reversal) == np.nanmax(smooth.splice) == np.nanmax(smooth.mirror) == 0
    assert np.nanmax(smooth.disorder) == 1
    steps[[40, 56, 70, 71]] = 3.0
    abrupt = ordered(points, unexplained=steps)
    np.testing.assert_array_equal(abrupt.reversal[40:56], ordered(points).reversal[40:56])
    assert np.flatnonzero(abrupt.splice > 1).tolist() == [70]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_that_frames_from_elsewhere_are_named_to_the_frame(length: int) -> None:
    places = np.arange(FRAMES)
    places[40 : 40 + length] = 70 + np.arange(length)
    found = ordered(way()[places]).splice
    assert found[40 : 40 + length].min() > 2
    np.testing.assert_array_equal(np.flatnonzero(found > 0.95 * np.nanmax(found)), np.arange(40, 40 + length))


def test_that_mirrored_frames_are_named_to_the_frame() -> None:
    points, flipped = way(), -way()
    points[40:45], flipped[40:45] = flipped[40:45].copy(), points[40:45].copy()
    found = ordered(points, flipped).mirror
    assert found[40:45].min() > 3
    np.testing.assert_array_equal(np.flatnonzero(found > 1), np.arange(40, 45))


def test_that_at_quick_rates_more_frames_are_a_moment() -> None:
    places = np.arange(FRAMES)
    places[40:46] = 70 + np.arange(6)
    assert np.nanmax(ordered(way()[places]).splice[41:45]) < 1
    assert ordered(way()[places], fps=60.0).splice[40:46].min() > 1.1
    points, flipped = way(), -way()
    points[40:58], flipped[40:58] = flipped[40:58].copy(), points[40:58].copy()
    assert np.nanmax(ordered(points, flipped).mirror[45:53]) < 1
    assert ordered(points, flipped, fps=60.0).mirror[40:58].min() > 3


@pytest.mark.parametrize(("fps", "frames"), [(12.0, 4), (30.0, 4), (60.0, 8), (np.nan, 4)])
def test_that_what_comes_from_elsewhere_lasts_for_a_moment(fps: float, frames: int) -> None:
    assert longest_splice(1 / fps) == frames


@pytest.mark.parametrize("left_out", [3, 6])
def test_that_a_step_is_worth_the_frames_it_leaves_out(left_out: int) -> None:
    places = np.concatenate([np.arange(40), np.arange(40 + left_out, FRAMES)])
    found = ordered(way()[places]).worth
    assert 0.6 * (left_out + 1) < found[40] <= left_out + 1.5
    assert np.nanmax(np.delete(found, 40)) < 1.5


def test_that_frames_shown_again_are_in_order() -> None:
    places = np.arange(FRAMES)
    places[40:48] = 40
    found = ordered(way()[places])
    assert np.nanmax(found.disorder) < 1.1
    assert np.nanmax(found.reversal) < 1.0


def test_that_noise_at_rest_has_no_order() -> None:
    found = ordered(way()[[10] * FRAMES] + np.random.default_rng(2).normal(0, 0.1, (FRAMES, 24)))
    assert np.nanmax(found.disorder) == 1
    assert np.nanmax(found.reversal) < 1
    assert np.nanmax(found.splice) < 1


def test_that_unknown_distances_leave_the_order_unknown() -> None:
    apart = distances(way())
    apart[50:, :] = np.where(np.arange(LAGS) < np.arange(50)[:, None], apart[50:], np.nan)
    found = order(apart, apart, np.full(FRAMES, np.nan), np.full(FRAMES, np.nan), np.arange(FRAMES) / 30)
    assert np.isnan(found.disorder[50])
    assert np.nanmax(found.reversal) < 1


def test_that_disorder_needs_the_person_in_all_frames_or_in_none() -> None:
    placed = np.ones(40, bool)
    assert one_scale(placed).all()
    assert one_scale(~placed).all()
    placed[20] = False
    np.testing.assert_array_equal(np.flatnonzero(~one_scale(placed)), np.arange(15, 26))
