"""What is measured right before, in and right after an excursion."""

import numpy as np
import pytest

from core.detectors.surroundings import Windows
from core.tracks.excursions import Excursions
from core.tracks.joints import frame_seconds


def windows(start: int = 10, stop: int = 18, away_frames: int = 1, back_frames: int = 2, total: int = 30) -> Windows:
    one, none = np.ones(1), np.zeros((1, 2))
    found = Excursions(
        bone=np.array([0]), start=np.array([start]), stop=np.array([stop]), away_frames=np.array([away_frames]),
        back_frames=np.array([back_frames]), away=none, back=none, away_clear=one, back_clear=one, strength=one,
    )  # fmt: skip
    return Windows(found, total)


CLOCK = np.arange(30.0)


def test_that_three_frames_before_at_both_ends_inside_and_after_are_looked_at() -> None:
    at = windows()
    assert at.before(CLOCK).tolist() == [8.0]
    assert at.after(CLOCK).tolist() == [19.0]
    assert at.inside(CLOCK).tolist() == [(12.0 + 14.0) / 2]
    assert [[float(part[0]) for part in pair] for pair in at.pairs(CLOCK)] == [[8.0, 12.0], [19.0, 14.0]]
    assert at.changes(CLOCK).tolist() == [[4.0], [-5.0]]


def test_that_one_wrong_frame_of_three_does_not_count() -> None:
    values = np.zeros(30)
    values[8] = 100.0
    assert windows().before(values).tolist() == [0.0]


def test_that_the_smaller_of_the_changes_of_a_vector_is_taken() -> None:
    places = np.zeros((30, 4, 2))
    places[10:18, 1] = 3.0, 4.0
    places[18:, 1] = 3.0, 3.0
    assert windows(away_frames=0, back_frames=0).smaller_change(places).tolist() == [[0.0, 1.0, 0.0, 0.0]]


def test_that_complex_numbers_are_added_up_since_angles_have_no_middle() -> None:
    turns = np.exp(1j * np.radians([170.0, 180.0, -170.0]))
    values = np.ones(30, complex)
    values[7:10] = turns
    assert abs(np.degrees(np.angle(windows().before(values)[0]))) == pytest.approx(180)


def test_that_the_edges_are_the_steps_into_and_out_of_the_excursion() -> None:
    assert [(int(first[0]), int(stop[0])) for first, stop in windows().edges(0)] == [(10, 12), (16, 19)]
    assert [(int(first[0]), int(stop[0])) for first, stop in windows().edges(1)] == [(9, 13), (15, 20)]


def test_that_the_highest_known_value_counts_and_nothing_known_is_unknown() -> None:
    values = CLOCK.copy()
    values[12:] = np.nan
    at = windows()
    assert at.most(values, np.array([10]), np.array([20])).tolist() == [11.0]
    assert np.isnan(at.most(values, np.array([12]), np.array([20]))).all()
    assert at.most(CLOCK, np.array([-4]), np.array([99])).tolist() == [29.0]


def test_that_a_sum_takes_what_is_unknown_for_nothing_and_ends_with_the_clip() -> None:
    values = CLOCK.copy()
    values[11] = np.nan
    at = windows()
    assert at.total(values, np.array([10]), np.array([13])).tolist() == [22.0]
    assert at.total(values, np.array([28]), np.array([40])).tolist() == [57.0]
    assert at.total(values, np.array([20]), np.array([20])).tolist() == [0.0]


def test_that_an_excursion_at_the_ends_of_the_clip_looks_at_the_frames_that_there_are() -> None:
    assert windows(start=1, stop=9).before(CLOCK).tolist() == [1.0]
    assert windows(start=20, stop=30).after(CLOCK).tolist() == [28.0]


def test_that_a_frame_lasts_as_long_as_most_do() -> None:
    assert frame_seconds(np.array([0.0, 0.1, 0.2, 0.9, 1.0])) == pytest.approx(0.1)
