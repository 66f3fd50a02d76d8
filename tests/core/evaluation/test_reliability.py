"""Krippendorff's alpha and the convergence of ratings."""

import numpy as np
import pytest

from core.evaluation.convergence import convergence
from core.evaluation.errors import EvaluationError
from core.evaluation.reliability import Level, krippendorff_alpha

_ = np.nan
TEXTBOOK = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
)


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)])
def test_that_alpha_of_the_textbook_matrix_is_known(level: Level, alpha: float) -> None:
    assert krippendorff_alpha(TEXTBOOK, level) == pytest.approx(alpha, abs=1e-6)


@pytest.mark.parametrize("ratings", [np.array([[1, _], [_, 2.0]]), np.full((3, 4), 2.0)])
def test_that_alpha_needs_shared_clips_and_ratings_that_differ(ratings: np.ndarray) -> None:
    with pytest.raises(EvaluationError, match="needs clips that at least two raters saw"):
        krippendorff_alpha(ratings)


def test_that_more_ratings_agree_better_and_all_of_them_fully() -> None:
    rng = np.random.default_rng(0)
    ratings = np.linspace(0, 10, 30) + rng.normal(0, 3, (8, 30))
    curve = convergence(ratings, 50)
    assert [one.ratings for one in curve] == list(range(1, 9))
    assert curve[0].with_all < curve[3].with_all < curve[7].with_all
    assert curve[7].with_all == pytest.approx(1)
    assert curve[0].with_others < curve[3].with_others < 1
    assert all(np.isnan(one.with_others) for one in curve[4:])
    assert curve == convergence(ratings, 50)


def test_that_convergence_stops_when_fewer_than_half_of_the_clips_have_enough_ratings() -> None:
    ratings = np.random.default_rng(0).normal(size=(6, 10))
    ratings[3:, :6] = np.nan
    assert [(one.ratings, one.clips) for one in convergence(ratings, 5)] == [(1, 10), (2, 10), (3, 10)]


def test_that_convergence_needs_four_clips() -> None:
    with pytest.raises(EvaluationError, match="Only 3 clips have ratings, 4 are needed"):
        convergence(np.ones((5, 3)))
