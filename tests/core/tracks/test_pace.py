"""Frames shown again, steps that leave frames out, and the patterns of frame-rate conversions, on plain changes."""

import numpy as np

from core.tracks.pace import Pace, over_neighbours, pace

STEP = 6.0


def paced(change: np.ndarray, fps: float = 30.0) -> Pace:
    return pace(change, change / 2, np.arange(len(change)) / fps)


def steady(frames: int = 90) -> np.ndarray:
    change = STEP + np.sin(np.arange(frames) / 3)
    change[0] = np.nan
    return np.asarray(change)


def test_that_steady_motion_is_ordinary() -> None:
    p = paced(steady())
    assert np.nanmax(p.held) < 1.6
    assert np.nanmax(p.freeze) < 1.5
    assert np.nanmax(p.skip) < 1.3
    assert np.nanmax(p.regular) == 0
    assert np.isnan([p.held[0], p.freeze[0], p.skip[0]]).all()


def test_that_a_freeze_of_four_frames_with_grain_stands_out_in_its_steps() -> None:
    change = steady()
    change[40:43] = 0.2
    p = paced(change)
    assert p.freeze[40:43].min() > 8
    assert np.nanmax(np.delete(p.freeze, [40, 41, 42])) < 2


def test_that_two_frames_shown_again_are_held_and_no_freeze() -> None:
    change = steady()
    change[40:42] = 0.2
    p = paced(change)
    assert p.held[40:42].min() > 8
    assert np.nanmax(p.freeze) < 2


def test_that_a_turning_point_is_no_freeze() -> None:
    change = np.abs(14 * np.sin(2 * np.pi * np.arange(120) / 40)) + 0.2
    change[0] = np.nan
    assert np.nanmax(paced(change).freeze) < 3


def test_that_rest_with_pulses_of_the_compression_is_no_freeze() -> None:
    change = np.full(90, 0.05)
    change[::5] = 0.7
    p = paced(change)
    assert np.nanmax(p.freeze) <= 1
    assert np.nanmax(p.held) <= 1
    assert np.nanmax(p.skip) <= 1


def test_that_every_fifth_frame_shown_again_is_a_pattern() -> None:
    change = steady()
    change[4::5] = 0.2
    p = paced(change)
    assert p.regular[4::5].min() == 1
    assert np.nanmax(p.freeze) < 2
    assert np.nanmax(p.skip) < 1.3


def test_that_twelve_frames_a_second_in_a_film_of_twenty_four_are_no_freeze_even_where_motion_turns() -> None:
    change = np.abs(14 * np.sin(2 * np.pi * np.arange(120) / 40)) + 0.2
    change[1::2] = 0.05
    change[0] = np.nan
    p = paced(change, 24.0)
    assert np.nanmax(p.freeze) < 3
    assert p.regular[1::2].min() == 1


def test_that_a_freeze_beside_a_pattern_is_found() -> None:
    change = steady()
    change[4::5] = 0.2
    change[40:44] = 0.2
    p = paced(change)
    assert p.freeze[40:44].min() > 8
    assert np.nanmax(np.delete(p.freeze, range(39, 46))) < 2


def test_that_a_step_that_leaves_frames_out_stands_out_alone() -> None:
    change = steady()
    change[50] = 4 * STEP
    p = paced(change)
    assert p.skip[50] > 3
    assert np.nanmax(np.delete(p.skip, 50)) < 1.3


def test_that_a_step_out_of_a_repeated_frame_is_compared_with_the_others() -> None:
    change = steady()
    change[4::5] = 0.2
    change[50] = 4 * STEP
    assert paced(change).skip[50] > 3


def test_that_a_step_is_compared_with_the_largest_of_its_neighbours_that_are_ordinary() -> None:
    values = np.array([np.nan, 4, 5, 4, 20, 4, 5, 4, 4.0])
    ordinary = np.where(np.arange(9) == 2, np.nan, values)
    found = over_neighbours(values, ordinary, 2.0)
    assert found[4] == 4.0
    assert found[5] == 0.2
    assert np.isnan(found[1])  # nothing is known before it
    assert over_neighbours(np.full(9, 0.1), np.full(9, 0.1), 2.0)[4] == 1.0


def test_that_at_fifteen_frames_a_second_two_frames_shown_again_are_a_freeze() -> None:
    change = steady()
    change[40:42] = 0.2
    for fps, freezes in ((12.0, True), (15.0, True), (24.0, False), (30.0, False), (10.0, False)):
        found = paced(change, fps).freeze
        assert (found[40:42].min() > 8) == freezes
        assert np.nanmax(np.delete(found, [40, 41])) < 2


def test_that_at_fifteen_frames_a_second_two_slow_steps_are_a_turning_point() -> None:
    change = steady()
    change[39:43] = 3, 1.2, 1.2, 3
    assert np.nanmax(paced(change, 15.0).freeze) < 2


def test_that_a_freeze_of_a_second_is_found_at_sixty_frames_a_second() -> None:
    change = steady(200)
    change[80:135] = 0.2
    assert paced(change, 60.0).freeze[80:135].min() > 8
