from itertools import pairwise

import numpy as np
import pytest

from benchmarks.glitches.kinds import PIXEL_KINDS
from benchmarks.glitches.timeline import (
    LENGTHS,
    MARGIN,
    SPACING,
    Edit,
    edit_times,
    elsewhere,
    joint_speed,
    lay,
    length_of,
    ramp,
    shuffled,
    swell,
)

FPS = 30.0
NOWHERE = np.zeros((100, 4, 2))


def edited(kind: str, start: int = 40, length: int = 8, seed: int = 0, poses: np.ndarray = NOWHERE):
    return edit_times(100, [Edit(kind, start, length)], poses, FPS, np.random.default_rng(seed))


def test_that_a_skip_leaves_frames_out_and_is_planted_where_time_goes_on() -> None:
    film = edited("skip", length=6)
    assert film.order.tolist() == [*range(40), *range(46, 100)]
    assert (film.plants[0].start, film.plants[0].stop) == (40, 41)


@pytest.mark.parametrize("seed", range(4))
def test_that_a_freeze_holds_the_frame_before_it(seed: int) -> None:
    film = edited("freeze", seed=seed)
    after = 48 if film.plants[0].detail == "time goes on" else 40
    assert film.order.tolist() == [*range(40), *[39] * 8, *range(after, 100)]
    assert (film.plants[0].start, film.plants[0].stop) == (40, 48)


def test_that_both_ways_of_freezing_occur() -> None:
    assert {edited("freeze", seed=seed).plants[0].detail for seed in range(8)} == {"time goes on", "time stands still"}


def test_that_a_reversal_runs_backwards_in_its_place() -> None:
    assert edited("reversal").order.tolist() == [*range(40), *range(47, 39, -1), *range(48, 100)]


def test_that_a_shuffle_holds_the_same_frames_far_from_their_order() -> None:
    order = edited("shuffle", length=12).order
    assert sorted(order.tolist()) == list(range(100))
    assert np.abs(order[40:52] - np.arange(40, 52)).mean() >= 3
    assert order[:40].tolist() == list(range(40)) and order[52:].tolist() == list(range(52, 100))


def test_that_mirrored_frames_are_the_planted_ones() -> None:
    film = edited("mirror", length=5)
    assert np.flatnonzero(film.mirrored).tolist() == [40, 41, 42, 43, 44]
    assert film.order.tolist() == list(range(100))


def test_that_a_splice_shows_another_pose() -> None:
    poses = NOWHERE.copy()
    poses[80:] = 1.0
    film = edited("splice", length=2, poses=poses)
    assert film.order[40] >= 80 and film.order[41] == film.order[40] + 1
    assert film.order[42] == 42 and len(film.order) == 100


def test_that_a_splice_takes_nothing_from_near() -> None:
    starts = [elsewhere(NOWHERE, Edit("splice", 40, 2), FPS, np.random.default_rng(seed)) for seed in range(50)]
    assert min(abs(start - 40) for start in starts) >= 15 and max(starts) <= 98


@pytest.mark.parametrize("kind", ["limb", "growth", "hue"])
def test_that_a_warp_leaves_the_order_alone(kind: str) -> None:
    assert edited(kind).order.tolist() == list(range(100))


def test_that_later_plants_are_counted_in_frames_of_the_finished_film() -> None:
    film = edit_times(100, [Edit("skip", 20, 5), Edit("mirror", 60, 3)], NOWHERE, FPS, np.random.default_rng(0))
    assert [(p.start, p.stop) for p in film.plants] == [(20, 21), (55, 58)]
    assert film.order[55] == 60


@pytest.mark.parametrize("kind", PIXEL_KINDS)
def test_that_lengths_are_those_of_the_issue(kind: str) -> None:
    found = {length_of(kind, FPS, np.random.default_rng(seed)) for seed in range(300)}
    if kind in LENGTHS:
        assert (min(found), max(found)) == LENGTHS[kind]
    else:
        assert found <= {"growth": {45}, "hue": {36}, "limb": set(range(10, 22))}[kind]


def test_that_plants_lie_in_motion_and_apart() -> None:
    speed = np.where(np.arange(600) % 100 < 45, 1.0, 0.3)
    edits, unplaced = lay(["mirror", "splice", "freeze", "skip"], speed, np.ones(600, bool), FPS, np.random.default_rng(3))
    assert len(edits) == 4 and unplaced == ()
    assert all(speed[e.start : e.stop].mean() > np.median(speed) for e in edits)
    assert all(b.start - a.stop >= SPACING * FPS for a, b in pairwise(edits))
    assert edits[0].start >= MARGIN * FPS and edits[-1].stop <= 600 - MARGIN * FPS


def test_that_nothing_is_planted_at_rest_or_where_the_person_is_not_seen() -> None:
    generator = np.random.default_rng(0)
    assert lay(["freeze"], np.full(300, 0.1), np.ones(300, bool), FPS, generator) == ((), ("freeze",))
    half = np.arange(300) < 150
    fast = np.where(half, 0.5, 2.0)
    edits, _ = lay(["freeze"], fast, half, FPS, generator)
    assert edits == ()


def test_that_joint_speed_is_in_body_heights_a_second() -> None:
    points = np.zeros((60, 6, 2))
    points[:, :3, 0] = np.arange(60)[:, None] * 10.0  # half of the points move 10 pixels a frame
    speed = joint_speed(points, np.ones((60, 6)), height=100.0, fps=30.0)
    assert speed[10:50] == pytest.approx(3.0)
    unseen = joint_speed(points, np.zeros((60, 6)), height=100.0, fps=30.0)
    assert (unseen == 0).all()


def test_that_a_shuffle_is_never_nearly_in_order() -> None:
    for seed in range(50):
        assert np.abs(np.array(shuffled(range(6), np.random.default_rng(seed))) - np.arange(6)).mean() >= 1.5


def test_that_a_drift_rises_to_one_and_stays_and_a_swell_comes_back() -> None:
    rising = ramp(20, 5, 15)
    assert (rising[:5] == 0).all() and (rising[14:] == 1).all() and (np.diff(rising) >= 0).all()
    swelling = swell(20, 5, 15)
    assert (swelling[:5] == 0).all() and (swelling[15:] == 0).all() and swelling[5:15].min() > 0.3 and swelling[9] == 1
