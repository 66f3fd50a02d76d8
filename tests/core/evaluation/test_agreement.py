"""Correlations with human ratings, and whether one metric is closer to them than another."""

import numpy as np
import pytest

from core.evaluation.agreement import agreement, spearman
from core.evaluation.comparison import compare, williams_test
from core.evaluation.errors import EvaluationError


def test_that_spearman_shares_the_ranks_of_ties() -> None:
    assert spearman(np.array([1, 2, 2, 3]), np.array([1, 2, 3, 4])) == pytest.approx(0.9486833, abs=1e-7)


def test_that_the_sign_of_distances_is_turned() -> None:
    distances, human = np.array([4.0, 3, 2, 1, 0]), np.array([1.0, 2, 3, 4, 5])
    assert agreement(distances, human, False, 20).spearman.value == pytest.approx(1)
    assert agreement(distances, human, True, 20).pearson.value == pytest.approx(-1)


def test_that_the_coefficients_are_those_of_the_textbook() -> None:
    # Four of six pairs agree, one is reversed, one is tied: tau-b = 3 / sqrt(5 * 6).
    found = agreement(np.array([1.0, 2, 2, 4]), np.array([1.0, 2, 4, 3]), True, 20)
    assert found.kendall.value == pytest.approx(3 / np.sqrt(30))
    assert found.pearson.value == pytest.approx(2.5 / np.sqrt(4.75 * 5))


def test_that_intervals_hold_the_value_and_follow_the_seed() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=60)
    scores = truth + rng.normal(size=60)
    first, again, other = (agreement(scores, truth, True, 200, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.spearman.low != other.spearman.low
    assert first.spearman.low < first.spearman.value < first.spearman.high
    # About 1.96 standard errors of 1 / sqrt(n) (1 - rho^2) on either side.
    assert 0.1 < first.pearson.high - first.pearson.low < 0.5
    assert first.spearman.p < 1e-4


@pytest.mark.parametrize(
    ("scores", "human", "sentence"),
    [
        ([1, 2, 3], [1, 2, 3], "Only 3 clips have both numbers, 4 are needed"),
        ([1, 2, 3, np.nan], [1, 2, 3, 4], "is not a finite number"),
        ([1, 1, 1, 1], [1, 2, 3, 4], "All scores are equal"),
        ([1, 2, 3, 4], [5, 5, 5, 5], "All ratings are equal"),
        ([1, 2, 3, 4], [5, 5, 5], "equal length"),
    ],
)
def test_that_what_cannot_be_correlated_is_refused(scores: list[float], human: list[float], sentence: str) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        agreement(np.array(scores, float), np.array(human, float), True)


def test_that_williams_test_gives_steigers_example() -> None:
    # Steiger (1980): n = 103, r = .4 and .5 with the shared variable, .1 between the others; t(100) = -0.89.
    t, p = williams_test(0.4, 0.5, 0.1, 103)
    assert (t, p) == (pytest.approx(-0.8912799), pytest.approx(0.3749185))


def test_that_a_better_metric_is_told_from_a_worse_one_and_not_from_its_equal() -> None:
    rng = np.random.default_rng(0)
    human = rng.normal(size=120)
    good, bad, as_bad = human + rng.normal(0, 0.3, 120), rng.normal(size=120), rng.normal(size=120)
    better = compare(-good, bad, human, False, True, 100)
    assert better.first > 0.9
    assert better.t > 5
    assert better.p < 1e-6
    assert better.low > 0.5
    same = compare(as_bad, bad, human, True, True, 100)
    assert same.p > 0.05
    assert same.low < 0 < same.high


def test_that_a_metric_beside_itself_has_no_difference_to_test() -> None:
    human = np.arange(10.0)
    scores = np.array([0.0, 2, 1, 3, 5, 4, 6, 7, 9, 8])
    found = compare(scores, np.exp(scores), human, True, True, 20)
    assert found.first == found.second
    assert np.isnan(found.t)
    assert np.isnan(found.p)
    assert (found.low, found.high) == (0, 0)
