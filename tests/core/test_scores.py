"""Both scores: the known answers of science.md 10 and what is said when there are none."""

from dataclasses import replace

import numpy as np
import pytest

from core.analysis import Curves
from core.embedding import Embedding
from core.manifold import ManifoldError
from core.scores import action_consistency, class_centroid, outside, score, temporal_coherence
from tests.synthetic_tracks import SMALL_SOURCES, blank_manifold

E1, E2 = np.eye(2)


def test_that_temporal_coherence_has_its_known_answers() -> None:
    assert temporal_coherence(np.array([[E1, E2, -E1]])) == pytest.approx(1.414213562, abs=1e-9)
    assert temporal_coherence(np.array([[E1, E1, E1]])) == 0
    angles = np.radians(10) * np.arange(32)
    assert temporal_coherence(np.stack([np.cos(angles), np.sin(angles)], axis=-1)[None]) == pytest.approx(0.174311485, abs=1e-9)


def test_that_action_consistency_has_its_known_answers() -> None:
    assert action_consistency(np.array([E1, E2]), E1) == pytest.approx(0.765366865, abs=2e-8)
    assert action_consistency(np.array([E1, E2]), E1, "paper") == pytest.approx(0.707106781, abs=1e-9)


def test_that_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ValueError, match="variant is one of"):
        action_consistency(np.array([E1]), E1, "mean")


def test_that_a_centroid_is_the_mean_direction() -> None:
    np.testing.assert_allclose(class_centroid(np.array([E1, E1, E2])), np.array([2, 1]) / np.sqrt(5))
    np.testing.assert_allclose(class_centroid(np.array([E1, E2]), "paper"), [0.5, 0.5])


def embedding(z_cls: np.ndarray, reason: str | None = None, strangeness: float = 1.0) -> Embedding:
    none = np.zeros(0)
    count = len(z_cls)
    ranges = np.array([[8 * i, 8 * i + 32] for i in range(count)], np.int32).reshape(-1, 2)
    curves = Curves(none, none, none, none, {})
    return Embedding(z_cls, ranges, np.linspace(0.1, 0.3, count), curves, none, 0.7, False, reason, np.full(count, strangeness))


def test_that_a_clip_is_scored_against_every_class() -> None:
    manifold = blank_manifold(sources=SMALL_SOURCES)
    scores = score(embedding(np.stack([manifold.centroids[1]] * 3)), manifold, "Walk")
    assert scores.temporal_coherence == pytest.approx(0.2)
    assert scores.nearest_class == "Walk"
    assert scores.action_consistency["Walk"] == pytest.approx(0, abs=1e-6)
    assert scores.action_consistency["Squat"] == pytest.approx(
        float(np.linalg.norm(manifold.centroids[0] - manifold.centroids[1])), abs=1e-6
    )
    assert [(w.start, w.stop, w.nearest_class) for w in scores.windows] == [(0, 32, "Walk"), (8, 40, "Walk"), (16, 48, "Walk")]
    assert scores.motion_amount == 0.7
    assert not scores.outside


def test_that_a_clip_without_scores_says_why() -> None:
    manifold = blank_manifold(sources=SMALL_SOURCES)
    scores = score(embedding(np.zeros((0, 16)), "Too dark."), manifold)
    assert (scores.temporal_coherence, scores.nearest_class, scores.reason) == (None, None, "Too dark.")
    assert not scores.action_consistency


def test_that_an_unknown_class_is_refused_with_the_known_ones() -> None:
    manifold = blank_manifold(sources=SMALL_SOURCES)
    with pytest.raises(ManifoldError, match="has no class 'Fly': choose one of Squat, Walk"):
        score(embedding(manifold.references), manifold, "Fly")


def test_that_windows_far_from_every_real_one_are_outside() -> None:
    references = np.zeros((40, 16), np.float32)
    references[:, 0] = 1
    manifold = replace(blank_manifold(sources=SMALL_SOURCES), references=references, outside_distance=0.3)
    z = np.zeros((2, 16), np.float32)
    z[0, 0] = z[1, 1] = 1
    assert outside(embedding(z), manifold).tolist() == [False, True]
    both, far = score(embedding(z), manifold), score(embedding(z[1:]), manifold)
    assert not both.outside and both.nearest_class is not None
    assert [(window.outside, window.nearest_class is None) for window in both.windows] == [(False, False), (True, True)]
    assert far.outside and far.nearest_class is None
    assert set(far.action_consistency) == {"Squat", "Walk"}  # the distances are no verdict


def test_that_windows_of_features_unlike_real_ones_are_outside_wherever_the_encoder_puts_them() -> None:
    manifold = blank_manifold(sources=SMALL_SOURCES)
    z = manifold.references[:3]
    assert not score(embedding(z, strangeness=3.0), manifold).outside
    strange = score(embedding(z, strangeness=6.0), manifold)
    assert strange.outside and strange.nearest_class is None
    assert all(window.outside for window in strange.windows)
