"""Frames and seconds."""

from __future__ import annotations

import numpy as np
import pytest

from core.timebase import FrameIndex, Seconds, Timebase, clock, duration_text

VARIABLE = Timebase(np.array([0.0, 0.04, 0.08, 0.58, 0.62]), 0.04)


def test_that_a_frame_has_the_time_of_its_stamp_and_not_of_an_average_rate() -> None:
    assert [VARIABLE.seconds(FrameIndex(index)) for index in range(5)] == [0.0, 0.04, 0.08, 0.58, 0.62]


@pytest.mark.parametrize("index", [-1, 5])
def test_that_a_frame_outside_has_no_time(index: int) -> None:
    with pytest.raises(IndexError):
        VARIABLE.seconds(FrameIndex(index))


@pytest.mark.parametrize(
    ("seconds", "frame"), [(-3.0, 0), (0.0, 0), (0.039, 0), (0.04, 1), (0.3, 2), (0.579, 2), (0.58, 3), (0.62, 4), (99.0, 4)]
)
def test_that_a_time_gives_the_frame_on_screen(seconds: float, frame: int) -> None:
    assert VARIABLE.frame(Seconds(seconds)) == frame


def test_that_every_frame_is_found_again_by_its_own_time() -> None:
    times = np.arange(500) * 1001 / 30000
    timebase = Timebase(times, 1001 / 30000)
    assert [timebase.frame(timebase.seconds(FrameIndex(index))) for index in range(500)] == list(range(500))


def test_that_the_duration_includes_the_last_frame() -> None:
    assert VARIABLE.duration == pytest.approx(0.66)


def test_that_one_long_pause_does_not_bend_the_rate() -> None:
    assert VARIABLE.fps == pytest.approx(25.0)


def test_that_times_rounded_to_milliseconds_keep_the_rate() -> None:
    assert Timebase(np.round(np.arange(90) / 30, 3), 1 / 30).fps == pytest.approx(30.0, abs=0.01)


def test_that_a_single_frame_has_the_rate_of_its_own_duration() -> None:
    assert Timebase(np.array([0.0]), 0.5).fps == 2.0


def test_that_the_length_is_the_number_of_frames() -> None:
    assert len(VARIABLE) == 5


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00.000"), (3.12, "0:03.120"), (59.9996, "1:00.000"), (3661.5, "61:01.500")])
def test_that_a_time_is_written_as_people_read_it(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_that_durations_are_said_in_the_unit_that_fits() -> None:
    expected = {0.2: "1 s", 41: "41 s", 59.4: "59 s", 59.6: "1 min", 89: "1 min", 3599: "1 h 0 min", 12000: "3 h 20 min"}
    assert {seconds: duration_text(seconds) for seconds in expected} == expected
