"""Placement on the t-SNE map."""

from dataclasses import replace

import numpy as np
import pytest

from core.analysis import Curves
from core.embedding import Embedding
from core.embedding_map import fit_map, place
from core.manifold import Manifold
from tests.synthetic_tracks import SMALL_SOURCES, blank_manifold


def unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def manifold() -> Manifold:
    """Three tight clusters of real windows along three axes."""
    rng = np.random.default_rng(0)
    references = unit(np.repeat(np.eye(16)[:3], 40, axis=0) + rng.normal(0, 0.05, (120, 16)))
    return replace(
        blank_manifold(sources=SMALL_SOURCES),
        references=references,
        reference_class=np.minimum(np.repeat(np.arange(3), 40), 1).astype(np.int32),
        reference_map=fit_map(references, 0),
        centroids=np.eye(16, dtype=np.float32)[:2],
        outside_distance=0.4,
    )


def embedding(z_cls: np.ndarray) -> Embedding:
    none = np.zeros(0)
    ranges = np.array([[8 * i, 8 * i + 32] for i in range(len(z_cls))], np.int32).reshape(-1, 2)
    return Embedding(z_cls, ranges, np.zeros(len(z_cls)), Curves(none, none, none, none, {}), none, None, False, None, np.ones(len(z_cls)))


def near(axis: int, seed: int = 1) -> np.ndarray:
    return unit(np.eye(16)[axis : axis + 1] + np.random.default_rng(seed).normal(0, 0.05, (1, 16)))


def test_that_the_map_is_the_same_for_the_same_seed(manifold: Manifold) -> None:
    np.testing.assert_array_equal(fit_map(manifold.references, 0), manifold.reference_map)


def test_that_a_window_lands_among_its_real_neighbours(manifold: Manifold) -> None:
    placed = place(embedding(np.concatenate([near(0), near(1), near(2)])), manifold)
    middles = np.stack([manifold.reference_map[40 * i : 40 * i + 40].mean(axis=0) for i in range(3)])
    nearest = np.linalg.norm(placed.windows[:, None] - middles[None], axis=-1).argmin(axis=1)
    assert nearest.tolist() == [0, 1, 2]
    np.testing.assert_allclose(placed.reference, manifold.reference_map)


def test_that_a_window_lands_on_the_same_place_whatever_comes_with_it(manifold: Manifold) -> None:
    alone = place(embedding(near(0)), manifold).windows[0]
    together = place(embedding(np.concatenate([near(1), near(0), near(2)])), manifold).windows[1]
    np.testing.assert_array_equal(alone, place(embedding(near(0)), manifold).windows[0])
    np.testing.assert_allclose(together, alone, atol=1e-3)


def test_that_a_window_unlike_anything_real_goes_to_the_tray(manifold: Manifold) -> None:
    placed = place(embedding(np.concatenate([near(0), near(7)])), manifold)
    assert placed.outside.tolist() == [False, True]
    assert np.isnan(placed.windows[1]).all()


def test_that_true_distances_to_the_centroids_stand_beside_the_map(manifold: Manifold) -> None:
    placed = place(embedding(np.eye(16, dtype=np.float32)[:1]), manifold)
    np.testing.assert_allclose(placed.centroid_distance, [[0, np.sqrt(2)]], atol=1e-6)


def test_that_a_clip_without_windows_has_a_map_of_real_motion_alone(manifold: Manifold) -> None:
    placed = place(embedding(np.zeros((0, 16), np.float32)), manifold)
    assert placed.windows.shape == (0, 2)
    assert placed.centroids.shape == (2, 2)
