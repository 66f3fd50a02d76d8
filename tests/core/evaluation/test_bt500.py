"""Rejection of raters after ITU-R BT.500, and as the released script does it."""

from pathlib import Path

import numpy as np
import pytest

from core.evaluation.bt500 import screen


def panel(last: np.ndarray) -> np.ndarray:
    """Raters 0-8 give 5 + roll(linspace(-2, 2, 9), clip % 9) on 40 clips; rater 9 gives `last`."""
    nine = np.stack([5 + np.roll(np.linspace(-2, 2, 9), clip % 9) for clip in range(40)], axis=1)
    return np.concatenate([nine, last[None]])


def test_that_a_rater_who_swings_is_rejected_alone() -> None:
    swinging = np.where(np.arange(40) % 2 == 0, 10.0, 0.0)
    assert np.flatnonzero(screen(panel(swinging)).rejected).tolist() == [9]


def test_that_a_rater_who_is_always_mild_is_kept() -> None:
    found = screen(panel(np.full(40, 10.0)))
    assert not found.rejected.any()
    assert (found.above[9], found.below[9]) == (40, 0)


def test_that_standard_and_authors_differ_as_known(shared: Path) -> None:
    ratings = np.load(shared / "oracle" / "bt500_case.npy", allow_pickle=False)
    assert ratings.shape == (20, 40)
    assert not screen(ratings).rejected.any()
    assert np.flatnonzero(screen(ratings, "authors").rejected).tolist() == [19]


def test_that_fewer_than_ten_clips_reject() -> None:
    ratings = panel(np.full(40, 5.0))
    ratings[0, 9:] = np.nan
    ratings[1, 10:] = np.nan
    assert np.flatnonzero(screen(ratings).rejected).tolist() == [0]


def test_that_raters_who_agree_are_outside_of_nothing() -> None:
    found = screen(np.full((4, 12), 3.0))
    assert not found.rejected.any()
    assert found.above.sum() == found.below.sum() == 0


def test_that_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ValueError, match="variant"):
        screen(np.zeros((3, 12)), "both")
