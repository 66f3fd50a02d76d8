"""Slow changes of size and colour, and bodies that stand still where there are no pictures, from tracks with known values."""

import numpy as np
import pytest

from core.detectors.drifts import drifts
from core.detectors.still import still_bodies
from tests.quiet_tracks import at, quiet_tracks

TIMES = np.arange(60) / 30
RISE = np.clip(1 - np.abs(np.arange(60) - 30) / 12, 0, 1)


@pytest.mark.parametrize(("sign", "word"), [(1, "grows by 22%"), (-1, "shrinks by 18%")])
def test_that_a_body_that_changes_its_size_says_by_how_much(sign: int, word: str) -> None:
    (found,) = drifts(quiet_tracks(size_drift=sign * 0.2 * RISE))
    assert (found.detector, found.kind, found.start, found.stop, found.peak) == ("size", "scale or identity drift", 11, 50, 30)
    assert found.value == pytest.approx(0.2)
    assert found.text == f"The body {word} against the background in frames 11 to 49, compared in equal poses."


def test_that_a_trunk_that_changes_its_colour_is_found() -> None:
    (found,) = drifts(quiet_tracks(colour_drift=at(60, dict.fromkeys(range(20, 40), 40.0))))
    assert (found.detector, found.kind, found.start, found.stop, found.value) == ("colour", "scale or identity drift", 20, 40, 40.0)


def test_that_a_colour_of_less_than_half_a_second_is_the_shade_of_a_pose() -> None:
    assert drifts(quiet_tracks(colour_drift=at(60, dict.fromkeys(range(20, 34), 40.0)))) == []
    assert len(drifts(quiet_tracks(colour_drift=at(60, dict.fromkeys(range(20, 36), 40.0))))) == 1


def test_that_colours_of_a_clean_clip_are_not_looked_at() -> None:
    assert drifts(quiet_tracks(size_drift=0.065 * RISE, colour_drift=np.full(60, 24.5))) == []


def stopping(held: float, pictures: bool = False, before: float = 0.6, after: float = 0.6) -> list[tuple[str, str, int, int]]:
    speed = np.full((60, 13), before)
    speed[30:40], speed[40:] = held, after
    return [(c.detector, c.kind, c.start, c.stop) for c in still_bodies(quiet_tracks(pictures=pictures, joint_speed=speed), TIMES)]


def test_that_a_body_that_stops_within_a_frame_and_goes_on_was_held() -> None:
    assert stopping(0.006) == [("still", "freeze", 30, 40)]


def test_that_where_there_are_pictures_they_tell_it() -> None:
    assert stopping(0.006, pictures=True) == []


def test_that_a_body_that_slows_down_or_stays_at_rest_was_not_held() -> None:
    assert stopping(0.3) == []
    assert stopping(0.006, after=0.006) == []


def test_that_a_held_body_is_told_by_how_long_and_how_still_it_was() -> None:
    speed = np.full((60, 13), 0.6)
    speed[30:40] = 0.06
    (found,) = still_bodies(quiet_tracks(pictures=False, joint_speed=speed), TIMES)
    assert found.value == pytest.approx(10 / 30 * 10)
    assert found.text == "The body does not move in frames 30 to 39 (0.33 s), although it moves before and after."
    assert sum(joint.share for joint in found.joints) == pytest.approx(1)
