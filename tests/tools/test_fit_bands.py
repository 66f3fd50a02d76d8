"""Fitting the bands of real motion: failed poses are left out, tails are smooth, and held-out clips are checked one by one."""

import numpy as np
import pytest

from core.bands import AMOUNTS, QUANTILES, RARE, TRACKS, Bands, banded
from core.tracks.bones import BONES
from core.tracks.hinges import HINGES
from core.tracks.joints import JOINTS
from core.tracks.sides import PAIRS
from tools.band_card import card
from tools.band_quantiles import quantiles, tail_quantile, trend
from tools.fit_bands import Film, Kept, check, fit, kept, kept_columns
from tools.pose_errors import Residuals, joint_errors, joint_offsets, step_errors

OFFSET = np.array([0.01, -0.03, 0.05])
WRIST = JOINTS.index("left_wrist")


def turning_film(frames: int = 40) -> Residuals:
    """A body that turns about its own axis; each joint is measured a constant offset of the body's axes away."""
    turn = np.linspace(0, 6, frames)
    axes = np.zeros((frames, 3, 3))
    axes[:, 0, 0], axes[:, 0, 2], axes[:, 1, 1] = np.cos(turn), np.sin(turn), 1
    axes[:, 2, 0], axes[:, 2, 2] = -np.sin(turn), np.cos(turn)
    space = np.repeat((axes @ OFFSET)[:, None], len(JOINTS), axis=1)
    return Residuals(space[..., :2].copy(), np.zeros_like(space), axes)


def test_that_a_constant_offset_of_a_joint_is_no_error() -> None:
    film = turning_film()
    offsets = joint_offsets([film])
    assert offsets == pytest.approx(np.tile(OFFSET, (len(JOINTS), 1)), abs=1e-6)
    assert joint_errors(film, offsets)[0] == pytest.approx(0, abs=1e-6)
    assert step_errors(film, offsets)[0] == pytest.approx(0, abs=1e-6)


def test_that_a_joint_far_from_the_truth_is_left_out_with_the_frames_beside_it() -> None:
    film = turning_film()
    film.picture[20, WRIST] += (0.1, 0.0)
    right = kept(film, np.tile(OFFSET, (len(JOINTS), 1)))
    # It leaps into frame 20 and out of it, into 21.
    assert np.flatnonzero(~right.picture[:, WRIST]).tolist() == [19, 20, 21, 22]
    assert np.flatnonzero(~right.picture).size == 4
    assert np.flatnonzero(~right.space[:, WRIST]).tolist() == [19, 20, 21, 22]
    assert right.body.all()


def test_that_a_step_that_is_wrong_is_left_out_though_the_joint_is_near_the_truth() -> None:
    film = turning_film()
    film.picture[20:, WRIST] += (0.05, 0.0)
    right = kept(film, np.tile(OFFSET, (len(JOINTS), 1)))
    assert np.flatnonzero(~right.picture[:, WRIST]).tolist() == [19, 20, 21]


def test_that_a_body_with_two_failed_joints_says_nothing_as_a_whole() -> None:
    film = turning_film()
    film.picture[20, [WRIST, WRIST + 1]] += (0.1, 0.0)
    assert np.flatnonzero(~kept(film, np.tile(OFFSET, (len(JOINTS), 1))).body).tolist() == [19, 20, 21, 22]


def test_that_what_a_failed_joint_is_a_part_of_is_left_out() -> None:
    joints = np.ones((1, len(JOINTS)), bool)
    joints[0, WRIST] = False
    right = Kept(joints, joints, np.array([False]))

    def left_out(name: str, columns: tuple[str, ...]) -> list[str]:
        return [column for column, good in zip(columns, kept_columns(banded(name), right)[0], strict=True) if not good]

    assert left_out("joint_jump", JOINTS) == ["left_wrist"]
    assert left_out("bone_picture", tuple(name for name, _, _ in BONES)) == ["left_forearm"]
    assert left_out("hinge_turn", HINGES) == ["left_elbow"]
    assert left_out("swap_pairs", PAIRS) == ["wrist"]
    assert not kept_columns(banded("root_speed"), right).any()
    assert kept_columns(banded("freeze"), right).all()


def test_that_the_tail_of_an_exponential_is_found_and_varies_less_than_the_sample() -> None:
    rng = np.random.default_rng(0)
    samples = [rng.exponential(size=3000) for _ in range(200)]
    smooth = np.array([tail_quantile(values, RARE) for values in samples])
    assert smooth.mean() == pytest.approx(np.log(1000), rel=0.03)
    assert smooth.std() < np.std([np.quantile(values, RARE) for values in samples])


def test_that_a_rare_quantile_needs_many_values() -> None:
    values = np.linspace(0, 1, 1499)
    assert np.isnan(quantiles(values)[QUANTILES.index(RARE)])
    assert np.isfinite(quantiles(values)[: QUANTILES.index(RARE)]).all()
    assert quantiles(np.linspace(0, 1, 1500))[QUANTILES.index(RARE)] == pytest.approx(0.999, abs=0.01)
    assert np.isnan(quantiles(values[:15])).all()


def test_that_a_trend_is_a_power_of_the_amount_of_motion() -> None:
    amounts = np.log(np.geomspace(0.05, 1.5, 4000))
    noise = np.random.default_rng(0).lognormal(0, 0.3, 4000)
    assert trend([(noise * np.exp(0.6 * amounts), amounts)]) == pytest.approx(0.6, abs=0.05)
    assert trend([(noise * np.exp(2.0 * amounts), amounts)]) == 1
    assert trend([(noise, amounts)]) == 0
    assert trend([(np.zeros(4000), amounts)]) == 0


@pytest.fixture(scope="module")
def films() -> list[Film]:
    """Films in which every track is a random share of the amount of motion; in the last the nose moves four times as fast."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(60):
        amount = np.full(60, np.exp(rng.uniform(np.log(AMOUNTS[0]), np.log(AMOUNTS[-1]))))
        values = {track.name: amount[:, None] * rng.lognormal(0, 0.4, (60, max(1, len(track.columns)))) for track in TRACKS}
        made.append(Film(f"film_{number}", f"clip_{number:02d}", 30.0, amount, values, values))
    made[-1].values["joint_speed"][:, :6] *= 6
    return made


def test_that_held_out_clips_are_in_the_band_and_one_that_is_not_is_named(films: list[Film]) -> None:
    coverage, farther = check(films)
    assert 0.97 <= coverage["99 % band"]["root_speed"] <= 0.997
    assert list(coverage["clips below 90%"]) == ["film_59"]
    assert coverage["lowest clip"] == coverage["clips below 90%"]["film_59"] < 0.6
    assert farther["joint_speed"] > 2
    assert 1 <= farther["slip"] < 1.3


def test_that_the_card_tells_the_coverage_and_names_the_clips_below_it(films: list[Film]) -> None:
    coverage = check(films)[0]
    about = {
        "footage": "60 films", "frames of each group of rates": [0, 3600, 0], "joints left out": 0.05, "cells": 9, "widened": 4,
        "without 99.9th percentile": 3, "failed from": [0.06, 0.04, 0.2, 0.12], "held-out clips": coverage,
    }  # fmt: skip
    text = card(about)
    assert f"holds {coverage['steps']:.2%} of the steps" in text
    assert f"of 60 films below 90 %: film_59 ({coverage['lowest clip']:.1%})" in text
    assert f"| slip | {coverage['99 % band']['slip']:.1%} |" in text


def test_that_the_quantiles_rise_with_the_amount_and_unseen_rates_have_none(films: list[Film]) -> None:
    limits, rests_on = fit(films)
    bands = Bands(limits, {})
    rare = bands.quantile("slip", RARE, np.array(AMOUNTS), 30.0)[:, 0]
    assert rare == pytest.approx(np.array(AMOUNTS) * np.exp(0.4 * 3.09), rel=0.25)
    assert np.isnan(bands.quantile("slip", RARE, np.array(AMOUNTS), 60.0)).all()
    # What does not depend on the rate is taken from all films.
    assert np.isfinite(bands.quantile("size_drift", RARE, np.array(AMOUNTS), 60.0)).all()
    assert rests_on["without 99.9th percentile"] > 0
