"""Smoothness of movements whose value is known."""

import numpy as np
import pytest

from core.biomechanics.smoothness import log_dimensionless_jerk, spectral_arc_length


def minimum_jerk(seconds: float, rate: float, path: float = 1.0) -> np.ndarray:
    """The speed of the smoothest way over a path: 30 t^2 (1 - t)^2, t from 0 to 1."""
    t = np.arange(round(seconds * rate) + 1) / (seconds * rate)
    return path / seconds * 30 * t**2 * (1 - t) ** 2


def trembling(hertz: float, depth: float = 0.2) -> np.ndarray:
    speed = minimum_jerk(1.0, 100)
    return speed * (1 + depth * np.sin(2 * np.pi * hertz * np.arange(101) / 100))


def test_that_the_log_dimensionless_jerk_of_a_minimum_jerk_profile_is_the_known_one() -> None:
    # Peak 1.875, integral of the squared jerk 720: -ln(720 / 1.875^2).
    assert log_dimensionless_jerk(minimum_jerk(1.0, 1000), 1000) == pytest.approx(-5.3220339, abs=1e-6)
    assert log_dimensionless_jerk(minimum_jerk(1.0, 50), 50) == pytest.approx(-5.3220339, abs=1e-4)


@pytest.mark.parametrize(("seconds", "path"), [(0.5, 1.0), (2.0, 1.0), (1.0, 40.0)])
def test_that_neither_duration_nor_path_change_the_jerk(seconds: float, path: float) -> None:
    assert log_dimensionless_jerk(minimum_jerk(seconds, 400, path), 400) == pytest.approx(-5.3220339, abs=1e-5)


def test_that_trembling_is_less_smooth_the_stronger_and_the_faster_it_is() -> None:
    for measure in (log_dimensionless_jerk, spectral_arc_length):
        smooth, weak, strong, fast = (
            measure(speed, 100) for speed in (minimum_jerk(1.0, 100), trembling(4, 0.1), trembling(4), trembling(8))
        )
        assert smooth > weak > strong
        assert strong > fast


def test_that_the_arc_length_is_that_of_the_analytic_spectrum() -> None:
    # The Fourier transform of t^2 (1 - t)^2 over [0, 1], its magnitude scaled to 1 at rest, by numerical integration on a fine grid.
    frequency = np.arange(0, 10, 1e-3)
    t = np.linspace(0, 1, 4001)
    wave = np.exp(-2j * np.pi * frequency[:, None] * t)
    magnitude = np.abs(np.trapezoid(30 * t**2 * (1 - t) ** 2 * wave, t, axis=1))
    last = np.flatnonzero(magnitude >= 0.05)[-1]
    expected = -np.hypot(1 / last, np.diff(magnitude[: last + 1])).sum()
    assert spectral_arc_length(minimum_jerk(1.0, 200), 200) == pytest.approx(expected, abs=2e-2)


def test_that_the_size_of_the_movement_does_not_change_the_arc_length() -> None:
    assert spectral_arc_length(7 * trembling(5), 100) == pytest.approx(spectral_arc_length(trembling(5), 100), abs=1e-12)


@pytest.mark.parametrize("speed", [np.ones(4), np.zeros(20), np.array([1.0, np.nan, 1.0, 1.0, 1.0, 1.0])])
def test_that_what_is_no_movement_has_no_smoothness(speed: np.ndarray) -> None:
    assert np.isnan(log_dimensionless_jerk(speed, 25))
    assert np.isnan(spectral_arc_length(speed, 25))
