"""Steps that the optical flow cannot tell, on plain numbers."""

import numpy as np

from core.tracks.pace import Pace
from core.tracks.surprise import surprise

FRAMES = 60
TIMES = np.arange(FRAMES) / 30
SEEN = np.ones(FRAMES, bool)


def left(values: dict[int, float], usual: float = 5.0) -> np.ndarray:
    """float [60, 2]: unexplained grey levels of the person, and half as many of the whole picture."""
    person = np.full(FRAMES, usual)
    person[0] = np.nan
    for frame, value in values.items():
        person[frame] = value
    return np.stack([person / 2, person], axis=1)


def paced(held: dict[int, float] | None = None, regular: dict[int, float] | None = None) -> Pace:
    def track(values: dict[int, float] | None, usual: float) -> np.ndarray:
        return np.array([(values or {}).get(frame, usual) for frame in range(FRAMES)])

    rest = np.zeros(FRAMES)
    return Pace(usual=rest, held=track(held, 1.0), regular=track(regular, 0.0), freeze=rest, skip=rest)


def test_that_a_step_that_leaps_stands_out_from_the_usual_and_from_its_neighbours() -> None:
    usual, leap = surprise(left({30: 20.0, 32: 10.0}), paced(), SEEN, TIMES)
    assert usual[30] == 4.0
    assert leap[30] == np.sqrt(4.0 * 2.0)
    assert usual[20] == leap[20] == 1.0
    assert np.isnan([usual[0], leap[0], leap[1], leap[59]]).all()


def test_that_little_that_is_left_is_no_surprise() -> None:
    usual, leap = surprise(left({30: 1.9}, usual=0.1), paced(), SEEN, TIMES)
    assert usual[30] < 1
    assert leap[30] < 1


def test_that_the_whole_picture_speaks_where_nobody_is() -> None:
    values = left({30: 20.0})
    values[:, 1] = np.nan
    usual, leap = surprise(values, paced(), ~SEEN, TIMES)
    assert usual[30] == leap[30] == 4.0


def test_that_who_comes_into_sight_is_no_leap_and_who_vanishes_is_one() -> None:
    comes, goes = np.arange(FRAMES) >= 30, np.arange(FRAMES) < 30
    assert np.isnan(surprise(left({30: 20.0}), paced(), comes, TIMES)[1][30])
    assert surprise(left({31: 20.0}), paced(), comes, TIMES)[1][31] == 4.0
    assert surprise(left({30: 20.0}), paced(), goes, TIMES)[1][30] == 4.0


def test_that_a_step_after_frames_that_are_shown_again_in_a_pattern_is_no_leap() -> None:
    again = {frame: 0.1 for frame in range(1, FRAMES) if frame % 5}
    paced_film = paced(held=dict.fromkeys(again, 50.0), regular=dict.fromkeys(again, 1.0))
    leap = surprise(left(again, usual=20.0), paced_film, SEEN, TIMES)[1]
    assert np.isnan(leap[30])


def test_that_one_frame_has_no_surprise() -> None:
    single = paced()
    usual, leap = surprise(left({})[:1], single, SEEN[:1], TIMES[:1])
    assert usual.shape == leap.shape == (1,)
    assert np.isnan([usual[0], leap[0]]).all()
