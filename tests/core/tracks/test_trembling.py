import numpy as np
import pytest

from core.tracks.trembling import trembling

FPS, FRAMES = 30.0, 120
TIMES = np.arange(FRAMES) / FPS
STILL = np.zeros((FRAMES, 2))


def paths(hertz: float = 0.0, reach: float = 0.03, speed: float = 0.0, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Two joints: one only moves on, the other also goes to and fro sideways in the second and third second."""
    inside = (TIMES >= 1) & (TIMES < 3)
    shake = reach * np.sin(2 * np.pi * hertz * TIMES) * inside
    both = np.zeros((FRAMES, 2, 2))
    both[:, :, 0] = speed * TIMES[:, None]
    both[:, 1, 1] = shake
    return both + np.random.default_rng(seed).normal(0, noise, both.shape)


def carried(path: np.ndarray) -> np.ndarray:
    return np.diff(path, axis=0, prepend=path[:1])


@pytest.mark.parametrize("hertz", [6.3, 9.1, 12.2])
def test_that_a_joint_that_trembles_with_its_picture_is_seen(hertz: float) -> None:
    found = trembling(paths(hertz, noise=0.002), carried(paths(hertz)), STILL, TIMES)
    assert np.nanmedian(found.reach[40:80, 1]) == pytest.approx(0.03 / np.sqrt(2), rel=0.25)
    assert np.nanmedian(found.score[40:80, 1]) > 2
    assert np.nanmax(found.score[:, 0]) < 0.3
    assert np.nanmax(found.score[:20, 1]) < 0.3


def test_that_the_noise_of_key_points_is_no_trembling() -> None:
    found = trembling(paths(noise=0.02), carried(paths(noise=0.001, seed=1)), STILL, TIMES)
    assert np.nanmax(found.score) < 0.6


def test_that_a_fast_swing_of_a_limb_is_no_trembling() -> None:
    swing = paths(2.0, reach=0.15)
    assert np.nanmax(trembling(swing, carried(swing), STILL, TIMES).score) < 0.3


@pytest.mark.parametrize("frames", [2, 5, 8])
def test_that_a_leap_and_back_is_no_trembling(frames: int) -> None:
    leap = paths(1.0, reach=0.1)
    leap[60 : 60 + frames, 1, 1] += 0.3
    score = np.nan_to_num(trembling(leap, carried(leap), STILL, TIMES).score)
    assert (score > 0.3).sum(axis=0).max() < 8  # frames: what is that brief is not told (`core.detectors.jitter`)


def test_that_what_the_camera_trembles_is_ordinary() -> None:
    shaken = paths(8.3)
    plain = trembling(shaken, carried(shaken), STILL, TIMES).score
    camera = trembling(shaken, carried(shaken), carried(shaken)[:, 1], TIMES).score
    assert np.nanmax(camera) < 0.3 * np.nanmax(plain)


def test_that_nothing_is_known_at_the_ends_of_unseen_joints_and_in_short_films() -> None:
    shaken = paths(8.3)
    shaken[50:55, 0] = np.nan
    found = trembling(shaken, carried(paths(8.3)), STILL, TIMES)
    assert np.isnan(found.score[50:55, 0]).all() and np.isfinite(found.score[50:55, 1]).all()
    assert np.isnan(found.score[[0, -1]]).all()
    assert np.isnan(trembling(shaken[:6], carried(shaken)[:6], STILL[:6], TIMES[:6]).score).all()


@pytest.mark.parametrize("fps", [15.0, 60.0])
def test_that_other_rates_see_the_same(fps: float) -> None:
    times = np.arange(round(4 * fps)) / fps
    path = np.zeros((len(times), 1, 2))
    path[:, 0, 1] = 0.03 * np.sin(2 * np.pi * 6.3 * times)
    found = trembling(path, carried(path), np.zeros((len(times), 2)), times)
    assert np.nanmedian(found.score) > 2
