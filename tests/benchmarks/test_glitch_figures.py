import math

import pytest

from benchmarks.glitches.figures import average_precision, clopper_pearson, from_score, operating_threshold, poisson_rate
from benchmarks.glitches.matching import Event, Fate, Verdict


def verdicts(*rows: tuple[float, str]) -> list[Verdict]:
    return [Verdict(Event("clip", "jump", 0, 1, 0, score), Fate(fate)) for score, fate in rows]


def test_that_the_interval_of_a_share_is_the_exact_one() -> None:
    # Textbook values of the Clopper-Pearson interval.
    assert clopper_pearson(8, 10) == pytest.approx((0.4439045, 0.9747893), abs=1e-6)
    assert clopper_pearson(0, 10) == pytest.approx((0.0, 0.3084971), abs=1e-6)
    assert clopper_pearson(10, 10) == pytest.approx((0.6915029, 1.0), abs=1e-6)
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_that_the_interval_of_a_rate_is_the_exact_one() -> None:
    assert poisson_rate(0, 1.0) == pytest.approx((0.0, 3.6888795), abs=1e-6)
    assert poisson_rate(10, 2.0) == pytest.approx((4.7953893 / 2, 18.3903560 / 2), abs=1e-6)


def test_that_the_operating_threshold_is_the_lowest_that_keeps_the_rate() -> None:
    judged = verdicts((5, "hit"), (4, "false"), (3, "hit"), (2, "duplicate"), (1, "hit"))
    assert operating_threshold(judged, 1.0, 1.0) == 3
    assert operating_threshold(judged, 1.0, 2.0) == 1
    assert operating_threshold(verdicts((5, "false"), (4, "hit")), 1.0, 0.5) == math.inf


def test_that_events_of_equal_score_stand_or_fall_together() -> None:
    judged = verdicts((5, "hit"), (4, "hit"), (4, "false"))
    assert operating_threshold(judged, 1.0, 0.5) == 5
    assert average_precision(judged, 2) == pytest.approx((1.0 + 2 / 3) / 2)
    assert average_precision(judged[::-1], 2) == average_precision(judged, 2)


def test_that_known_and_faultless_events_take_no_part() -> None:
    judged = verdicts((9, "known"), (8, "no fault"), (7, "hit"))
    assert average_precision(judged, 1) == 1.0
    assert operating_threshold(judged, 1.0, 0.0) == 7


def test_that_the_area_counts_what_was_never_found() -> None:
    assert average_precision(verdicts((2, "hit"), (1, "false")), 4) == pytest.approx(0.25)
    assert average_precision([], 4) == 0


def test_that_a_threshold_keeps_its_own_score() -> None:
    judged = verdicts((3, "hit"), (2, "false"))
    assert from_score(judged, 3) == judged[:1]
