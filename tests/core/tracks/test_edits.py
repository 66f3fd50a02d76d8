"""Crossfades and changes of light."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from core.tracks.edits import crossfade, cut, flicker
from core.tracks.pixels.distances import LAGS


def distances(points: np.ndarray) -> np.ndarray:
    result = np.full((len(points), LAGS), np.nan)
    for lag in range(1, LAGS + 1):
        result[lag:, lag - 1] = np.sqrt(np.square(points[lag:] - points[:-lag]).mean(axis=1))
    return result


def pictures(shift: float) -> np.ndarray:
    """float [80, 400]: a smooth row of pixels that moves by `shift` pixels a frame."""
    place = np.arange(400)[None] - shift * np.arange(80)[:, None]
    return np.asarray(50 * np.sin(2 * np.pi * place / 40) + 30 * np.sin(2 * np.pi * place / 23))


def measured(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What `crossfade` needs to know of rows of pixels: distances (at equal contrast), light, sharpness."""
    deviation = points.std(axis=1)
    levelled = 50 * (points - points.mean(axis=1, keepdims=True)) / deviation[:, None]
    light = np.stack([points.mean(axis=1), deviation], axis=1)
    return np.repeat(distances(levelled)[:, None], 3, axis=1), light, np.diff(points, 2, axis=1).var(axis=1)


def textured(seed: int, shift: float = 0.0) -> np.ndarray:
    """float [80, 400]: a row of random pixels, coarse and fine, that moves by `shift` pixels a frame."""
    rough = np.random.default_rng(seed).normal(0, 1, 1000)
    smooth = 40 * rough + 60 * gaussian_filter1d(rough, 2) + 250 * gaussian_filter1d(rough, 12)
    place = np.arange(400)[None] + 300 + shift * np.arange(80)[:, None]
    return np.asarray(np.interp(place, np.arange(1000), gaussian_filter1d(smooth, 1.5)))


def faded(first: np.ndarray, second: np.ndarray, begin: int = 33, length: int = 12) -> np.ndarray:
    share = np.clip((np.arange(80) - begin + 1) / (length + 1), 0, 1)[:, None]
    return np.asarray(first * (1 - share) + second * share)


@pytest.mark.parametrize("length", [8, 12, 18, 26])
def test_that_a_picture_that_fades_into_another_is_a_crossfade_from_its_first_frame_to_its_last(length: int) -> None:
    found = crossfade(*measured(faded(textured(0), textured(1), 30, length)))
    assert np.nanmax(found) > 2
    assert int(np.nanargmax(found)) == pytest.approx(30 + (length - 1) / 2, abs=1.5)
    told = np.flatnonzero(found > 0.8 * np.nanmax(found))
    assert told[0] == pytest.approx(30, abs=2) and told[-1] == pytest.approx(30 + length - 1, abs=2)


def test_that_pictures_that_move_or_are_of_other_sharpness_fade_as_well() -> None:
    assert np.nanmax(crossfade(*measured(faded(textured(0, 0.05), textured(1, -0.05))))) > 1.2
    assert np.nanmax(crossfade(*measured(faded(textured(0), gaussian_filter1d(textured(1), 1.0, axis=1))))) > 1.2


def test_that_neither_rest_nor_motion_nor_a_cut_is_a_crossfade() -> None:
    cut_at_40 = np.concatenate([textured(0)[:40], textured(1)[40:]])
    for points in (pictures(0.02), pictures(2.0), textured(0), textured(0, 0.3), textured(0, 3.0), cut_at_40):
        assert np.nanmax(crossfade(*measured(points))) < 1


def test_that_blur_without_another_picture_is_no_crossfade() -> None:
    sharp, blurred = textured(0), gaussian_filter1d(textured(0), 2.0, axis=1)
    there_and_back = np.concatenate([faded(sharp, blurred, 33, 6)[:39], faded(blurred, sharp, 39, 6)[39:]])
    assert np.nanmax(crossfade(*measured(there_and_back))) < 1


def test_that_a_blend_loses_contrast_and_sharpness() -> None:
    distance, light, sharpness = measured(faded(textured(0), textured(1)))
    assert np.nanmax(crossfade(distance, np.full_like(light, 50.0), sharpness)) == 0
    assert np.nanmax(crossfade(distance, light, np.full_like(sharpness, 9.0))) < 1


def test_that_a_crossfade_is_unknown_where_the_pictures_are() -> None:
    distance, light, sharpness = measured(faded(textured(0), textured(1)))
    assert np.isnan(crossfade(np.full_like(distance, np.nan), light, sharpness)).all()
    assert np.isnan(crossfade(distance[:8], light[:8], sharpness[:8])).all()


def test_that_a_cut_needs_another_background() -> None:
    margin = np.full(40, 0.2)
    margin[20] = 1.6
    other = np.concatenate([pictures(0.1)[:20], pictures(0.1)[:20][:, ::-1]])
    found = cut(margin, distances(other))
    assert found[20] > 1
    assert np.nanmax(np.delete(found, 20)) < 0.3
    assert np.nanmax(cut(margin, distances(pictures(0.1)[:40]))) < 0.3


def test_that_flicker_is_the_share_by_which_the_light_changes() -> None:
    found = flicker(np.array([[100.0, 40.0], [110.0, 44.0], [110.0, 44.0], [100.0, 40.0]]))
    assert np.isnan(found[0])
    np.testing.assert_allclose(found[1:], [0.1, 0.0, 0.1])
