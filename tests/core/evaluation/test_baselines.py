"""Cheap measures of pictures, with exact values."""

import numpy as np
import pytest

from core.evaluation.baselines import (
    baselines,
    colourfulness,
    coverage,
    sharpness,
    spatial_information,
    structural_similarity,
    temporal_information,
)
from core.evaluation.errors import EvaluationError


def flat(value: int, size: tuple[int, int] = (8, 10)) -> np.ndarray:
    return np.full((*size, 3), value, np.uint8)


def test_that_mse_dyn_takes_every_fourth_frame_and_sums_the_channels() -> None:
    # 0 -> 1 gives 3, 1 -> 3 gives 12: the mean is 7.5; what lies between does not count.
    values = [0, 90, 91, 92, 1, 93, 94, 95, 3]
    assert baselines([flat(value) for value in values]).mse_dyn == pytest.approx(7.5)


def test_that_spatial_information_of_a_step_is_510() -> None:
    y = np.zeros((6, 6))
    y[:, 3:] = 255
    assert spatial_information(y) == pytest.approx(510)


def test_that_temporal_information_of_a_half_frame_step_is_5() -> None:
    y = np.zeros((6, 6))
    later = y.copy()
    later[:, 3:] = 10
    assert temporal_information(y, later) == pytest.approx(5)


def test_that_spatial_and_temporal_information_are_maxima_over_the_clip() -> None:
    step = flat(0)
    step[:, 5:] = 100
    found = baselines([flat(0), step, step])
    assert found.si == pytest.approx(spatial_information(step @ np.array([0.299, 0.587, 0.114])))
    assert found.ti == pytest.approx(50)


def test_that_the_ssim_of_a_picture_with_itself_is_1_and_with_its_negative_below_0() -> None:
    picture = np.random.default_rng(0).random((20, 24))
    assert structural_similarity(picture, picture) == pytest.approx(1)
    assert structural_similarity(1 - picture, picture) < -0.8
    assert structural_similarity(picture, np.full((20, 24), 0.5)) == 1.0  # a flat second picture has no range


def test_that_the_ssim_is_the_windowed_formula() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.random((7, 7)), rng.random((7, 7))
    span = y.max() - y.min()
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    covariance = np.cov(x.ravel(), y.ravel())
    expected = (2 * x.mean() * y.mean() + c1) * (2 * covariance[0, 1] + c2)
    expected /= (x.mean() ** 2 + y.mean() ** 2 + c1) * (covariance[0, 0] + covariance[1, 1] + c2)
    assert structural_similarity(x, y) == pytest.approx(expected)


def test_that_ssim_sim_takes_neighbours_and_ssim_dyn_every_fourth_frame() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 255, (9, 9, 3), dtype=np.uint8) for _ in range(2))
    found = baselines([a, b, a, b, a])
    assert found.ssim_dyn == pytest.approx(1)
    assert found.ssim_sim < 0.5


def test_that_brightness_contrast_and_colour_are_those_of_the_definition() -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    assert colourfulness(red) == pytest.approx(0.3 * np.hypot(200, 100))
    assert colourfulness(flat(90)) == 0
    half = flat(0)
    half[:, 5:] = 100
    found = baselines([half])
    assert (found.brightness, found.contrast) == (pytest.approx(50), pytest.approx(50))
    assert np.isnan([found.mse_dyn, found.ssim_dyn, found.ssim_sim, found.ti]).all()


def test_that_sharpness_is_the_variance_of_the_laplacian() -> None:
    y = np.zeros((5, 5))
    y[2, 2] = 9
    laplacian = np.zeros((3, 3))
    laplacian[1] = laplacian[:, 1] = 9
    laplacian[1, 1] = -36
    assert sharpness(y) == pytest.approx(laplacian.var())


def test_that_an_even_spread_has_uniformity_1_and_a_single_value_0() -> None:
    even = coverage("si", np.arange(100.0))
    assert (even.low, even.high, even.uniformity) == (0, 99, pytest.approx(1))
    assert coverage("si", [3.0, 3.0, np.nan]).uniformity == 0


def test_that_bad_clips_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no frames"):
        baselines([])
    with pytest.raises(EvaluationError, match="Frame 1 has another size"):
        baselines([flat(0), flat(0, (9, 9))])
    with pytest.raises(EvaluationError, match="SSIM needs 7 x 7 pixels"):
        baselines([flat(0, (4, 4))] * 2)
    with pytest.raises(EvaluationError, match="No clip has a value of 'ti'"):
        coverage("ti", [np.nan])
