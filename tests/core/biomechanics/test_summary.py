"""Frequency, severity and persistence of faults, and the score they make."""

import numpy as np
import pytest

from core.biomechanics.summary import Faults, ramp, summarise


def test_that_the_known_frames_give_the_known_figures() -> None:
    found = summarise(np.array([0, 1, 1, 0, 1], bool), np.array([0, 0.5, 1, 0, 0.2]))
    assert found.frequency == pytest.approx(0.6, abs=1e-6)
    assert found.severity == pytest.approx(0.5666667, abs=1e-6)
    assert found.persistence == pytest.approx(0.4, abs=1e-6)
    assert found.score == pytest.approx(100 * (1 - (0.6 + 1.7 / 3 + 0.4) / 3), abs=1e-6)


def test_that_a_video_without_a_fault_scores_100() -> None:
    found = summarise(np.zeros(10, bool), np.zeros(10))
    assert (found, found.score) == (Faults(0.0, 0.0, 0.0), 100.0)


def test_that_a_video_of_nothing_but_the_worst_faults_scores_0() -> None:
    assert summarise(np.ones(10, bool), np.ones(10)).score == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("flags", "longest"), [([1, 1, 0, 1], 2), ([0, 1, 1, 1], 3), ([1, 0, 1, 0], 1), ([1, 1, 1, 1], 4), ([0, 0, 0, 0], 0)]
)
def test_that_the_longest_run_counts_wherever_it_lies(flags: list[int], longest: int) -> None:
    assert summarise(np.array(flags, bool), np.array(flags, float)).persistence == longest / 4


def test_that_severity_rises_from_the_first_threshold_to_the_second() -> None:
    flags, severities = ramp(np.array([0.0, 0.05, 0.08, 0.125, 0.2, 0.9, np.nan]), 0.05, 0.2)
    assert flags.tolist() == [False, False, True, True, True, True, False]
    np.testing.assert_allclose(severities, [0, 0, 0.2, 0.5, 1, 1, 0], atol=1e-12)
