"""The band of real motion: by motion amount and frame rate, wide enough for films that did not set it."""

import numpy as np
import pytest

from core.embedding import band
from core.training.step_band import RealSteps, coverage, cross_fitted_coverage, with_band
from tests.synthetic_tracks import SMALL_SOURCES, blank_manifold

MANIFOLD = blank_manifold(sources=SMALL_SOURCES)


def made_up_steps(clips: int, seed: int, spread_of_clips: float = 0.0, each: int = 400) -> RealSteps:
    """Steps that grow with the amount and fall with the rate; each clip has a bias of its own."""
    rng = np.random.default_rng(seed)
    clip = np.repeat(np.arange(clips), each)
    rate = np.array([12.0, 30.0])[clip % 2]
    amount = rng.uniform(0.1, 2, len(clip))
    bias = np.exp(rng.normal(0, spread_of_clips, clips))[clip]
    step = (0.5 + amount) * np.where(rate == 12, 2.0, 1.0) * bias * np.exp(rng.normal(0, 0.1, len(clip)))
    return RealSteps(step, amount, rate, clip, clip)


def test_that_the_band_holds_ninety_nine_percent_of_steps_like_those_it_was_measured_on() -> None:
    measured = with_band(MANIFOLD, made_up_steps(20, 0), 0)
    found = coverage(measured, made_up_steps(20, 1))
    assert 0.98 < found["share"] < 0.997
    assert found["worst_film"] > 0.95
    assert (found["steps"], found["clips"], found["films"], found["films_below_90"]) == (8000, 20, 20, 0)


def test_that_the_band_knows_the_frame_rate_and_the_amount_of_motion() -> None:
    measured = with_band(MANIFOLD, made_up_steps(20, 0), 0)
    amount = np.array([0.3, 1.8])
    (slow_low, slow_high), (fast_low, fast_high) = band(measured, amount, 12.0), band(measured, amount, 30.0)
    np.testing.assert_allclose(slow_high / fast_high, 2, rtol=0.25)
    np.testing.assert_allclose(slow_low / fast_low, 2, rtol=0.25)
    assert (slow_low[1] > 1.5 * slow_low[0]) and (slow_high[1] > 1.5 * slow_high[0])
    assert (2 * (0.5 + amount) > slow_low).all() and (2 * (0.5 + amount) < slow_high).all()


def test_that_it_is_wide_enough_for_clips_that_differ_more_than_their_steps() -> None:
    steps = made_up_steps(40, 2, spread_of_clips=0.2)
    found = cross_fitted_coverage(MANIFOLD, steps, 0)
    assert 0.95 < found["share"] < 1
    narrow = coverage(with_band(MANIFOLD, made_up_steps(40, 3), 0), steps)
    assert narrow["share"] < 0.85 and narrow["films_below_90"] > 0.3


def test_that_a_film_unlike_the_others_widens_the_band_until_it_holds_nine_tenths_of_it() -> None:
    usual = made_up_steps(60, 4)
    odd = (usual.clip == 7) & (np.arange(len(usual.step)) % 6 == 0)  # a sixth of the steps of one film of sixty
    steps = RealSteps(np.where(odd, 4 * usual.step, usual.step), usual.amount, usual.rate, usual.clip, usual.film)
    found = coverage(with_band(MANIFOLD, steps, 0), steps)
    assert found["worst_film"] >= 0.9
    assert found["share"] > 0.99


def test_that_a_frame_rate_with_few_steps_is_taken_together_with_the_next() -> None:
    few = made_up_steps(8, 0, each=200)  # 800 steps at either rate
    assert np.unique(with_band(MANIFOLD, few, 0).band_rate).size == 1
    assert np.unique(with_band(MANIFOLD, made_up_steps(8, 0), 0).band_rate).tolist() == [12, 30]


def test_that_a_single_clip_sets_a_band_and_leaves_none_to_check_it() -> None:
    steps = made_up_steps(1, 0)
    assert coverage(with_band(MANIFOLD, steps, 0), steps)["share"] == pytest.approx(0.99, abs=0.006)
    assert cross_fitted_coverage(MANIFOLD, steps, 0) == {}
