"""Ends of bones that are elsewhere for a moment."""

import numpy as np
import pytest

from core.tracks.excursions import excursions, steps

TIMES = np.arange(90) / 30
NOISE = 0.004


def moving(away: dict[int, float], times: np.ndarray = TIMES, swing: float = 0.1) -> np.ndarray:
    """Places [T, 1, 2] of a slow swing; in some frames so much to the side."""
    places = np.stack([swing * np.sin(2 * np.pi * times / 2), swing * np.cos(2 * np.pi * times / 2)], axis=-1)[:, None]
    for frame, by in away.items():
        places[frame, 0, 0] += by
    return places


def test_that_an_excursion_has_its_frames_and_its_steps() -> None:
    found = excursions(steps(moving(dict.fromkeys(range(30, 42), 0.3)), TIMES, NOISE), TIMES)
    assert (found.bone[0], found.start[0], found.stop[0], found.away_frames[0], found.back_frames[0]) == (0, 30, 42, 0, 0)
    np.testing.assert_allclose(found.away[0], [0.3, 0.0], atol=0.02)
    np.testing.assert_allclose(found.back[0], [-0.3, 0.0], atol=0.02)
    assert found.strength[0] > 20


def test_that_a_step_may_take_some_frames() -> None:
    away = {30: 0.1, 31: 0.2, **dict.fromkeys(range(32, 42), 0.3), 42: 0.15}
    found = excursions(steps(moving(away), TIMES, NOISE), TIMES)
    assert (found.start[0], found.stop[0], found.away_frames[0], found.back_frames[0]) == (30, 43, 2, 1)


@pytest.mark.parametrize("away", [{}, dict.fromkeys(range(30, 90), 0.3), dict.fromkeys(range(30, 60), 0.3)])
def test_that_a_swing_a_step_for_good_and_one_that_lasts_too_long_are_none(away: dict[int, float]) -> None:
    assert excursions(steps(moving(away), TIMES, NOISE), TIMES).strength.max(initial=0) < 2


def test_that_a_longer_excursion_is_found_when_asked_for() -> None:
    found = excursions(steps(moving(dict.fromkeys(range(30, 60), 0.3)), TIMES, NOISE), TIMES, longest=1.2)
    assert (found.start[0], found.stop[0]) == (30, 60)


def test_that_a_swing_that_turns_round_at_speed_is_weaker_than_a_limb_put_elsewhere() -> None:
    kick = {frame: 0.3 * np.sin(np.pi * (frame - 29) / 13) for frame in range(30, 42)}
    elsewhere = dict.fromkeys(range(30, 42), 0.3)
    strengths = [excursions(steps(moving(away), TIMES, NOISE), TIMES).strength.max(initial=0) for away in (kick, elsewhere)]
    assert strengths[0] < 0.2 * strengths[1]


def test_that_an_excursion_is_found_at_twelve_frames_a_second() -> None:
    times = np.arange(90) / 12
    found = excursions(steps(moving(dict.fromkeys(range(30, 36), 0.3), times), times, NOISE), times)
    assert (found.start[0], found.stop[0]) == (30, 36)
    np.testing.assert_allclose(found.away[0], [0.3, 0.0], atol=0.02)


def test_that_too_few_frames_a_second_tell_nothing() -> None:
    times = np.arange(90) / 10
    assert len(excursions(steps(moving(dict.fromkeys(range(30, 35), 0.3), times), times, NOISE), times)) == 0


def test_that_frames_in_which_the_end_is_unknown_tell_nothing() -> None:
    places = moving(dict.fromkeys(range(30, 42), 0.3))
    places[27:32] = np.nan
    assert excursions(steps(places, TIMES, NOISE), TIMES).strength.max(initial=0) < 2
