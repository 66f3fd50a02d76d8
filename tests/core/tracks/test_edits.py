"""Crossfades and changes of light."""

import numpy as np

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


def test_that_a_picture_that_turns_into_another_is_a_crossfade_and_a_moving_one_is_none() -> None:
    moving = pictures(2.0)
    other = pictures(-2.0)[::-1] + 20 * np.sin(np.arange(400) / 5)
    share = np.clip((np.arange(80) - 33) / 12, 0, 1)[:, None]
    still, target = pictures(0.02), np.roll(other, 170, axis=1)[:1]
    faded = crossfade(distances(still * (1 - share) + target * share))
    assert 36 <= int(np.nanargmax(faded)) <= 42
    assert np.nanmax(faded) > 1.2
    assert np.nanmax(crossfade(distances(moving))) < 0.5
    assert np.nanmax(crossfade(distances(still))) < 0.5


def test_that_a_cut_is_no_crossfade() -> None:
    points = np.concatenate([pictures(0.02)[:40], np.roll(pictures(0.02)[:40], 20, axis=1)])
    assert np.nanmax(crossfade(distances(points))) < 0.5


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
