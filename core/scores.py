"""The two scores of TAG, lower is better, both in [0, 2] (science.md 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.analysis import Scores, WindowScore
from core.manifold import Manifold, ManifoldError

if TYPE_CHECKING:  # the scores themselves need no torch
    from core.embedding import Embedding

VARIANTS = ("code", "paper")
OUTSIDE_NEIGHBOURS = 10
# Of 1,429 windows of rendered real motion and of real films none was stranger than 3.0; made-up bodies begin at 5.9.
STRANGE = 4.5


def action_consistency(z_cls: np.ndarray, centroid: np.ndarray, variant: str = "code") -> float:
    """Distance of a clip's mean z_CLS [W, d] from the centroid [d] of a class.

    `code`: mean and centroid are brought to unit length first, as the released code does; `paper`: neither is.
    Raises ValueError for another variant or without windows.
    """
    if variant not in VARIANTS or not len(z_cls):
        raise ValueError(f"variant is one of {VARIANTS} and there is at least one window")
    mean = np.asarray(z_cls, np.float64).mean(axis=0)
    if variant == "code":
        mean, centroid = _unit(mean), _unit(np.asarray(centroid, np.float64))
    return float(np.linalg.norm(mean - centroid))


def temporal_coherence(z: np.ndarray) -> float:
    """Mean over windows of the mean step ||z_{t+1} - z_t||, for z_t [W, T, d] without the CLS position."""
    steps = np.linalg.norm(np.diff(np.asarray(z, np.float64), axis=-2), axis=-1)
    return float(steps.mean(axis=-1).mean())


def class_centroid(z_cls: np.ndarray, variant: str = "code") -> np.ndarray:
    """The mean z_CLS [d] over all windows [N, d] of a class's training clips (long clips weigh more); of unit length unless `paper`."""
    mean = np.asarray(z_cls, np.float64).mean(axis=0)
    return _unit(mean) if variant == "code" else mean


def centroid_distances(z_cls: np.ndarray, manifold: Manifold) -> np.ndarray:
    """float32 [W, C]: how far each window lies from each class centroid."""
    distances: np.ndarray = np.linalg.norm(z_cls[:, None] - manifold.centroids[None], axis=-1).astype(np.float32)
    return distances


def reference_distance(z_cls: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Mean distance [W] of each window from its nearest reference windows."""
    squared = np.maximum(2 - 2 * z_cls.astype(np.float64) @ references.T.astype(np.float64), 0)
    nearest = np.sort(squared, axis=1)[:, :OUTSIDE_NEIGHBOURS]
    distance: np.ndarray = np.sqrt(nearest).mean(axis=1)
    return distance


def outside(embedding: Embedding, manifold: Manifold) -> np.ndarray:
    """bool [W]: windows that the manifold does not know, see `outside_windows`."""
    return outside_windows(embedding.z_cls, embedding.strangeness, manifold)


def outside_windows(z_cls: np.ndarray, strangeness: np.ndarray, manifold: Manifold) -> np.ndarray:
    """bool [W] of windows [W, d] with their strangeness [W] (see Embedding): farther from real motion than 99 % of real windows are from
    each other, or made of features so unlike real ones that the encoder, which folds everything into one sphere, may well put them among
    real motion."""
    if not len(z_cls) or not len(manifold.references):
        return np.zeros(len(z_cls), bool)
    far = reference_distance(z_cls, manifold.references) > manifold.outside_distance
    return np.asarray(far | (strangeness > STRANGE))


def score(embedding: Embedding, manifold: Manifold, action: str | None = None) -> Scores:
    """Both scores of a clip, or none with the reason. The clip counts as outside when more than half of its windows do; what lies outside
    has no nearest class.

    Raises ManifoldError when `action` is not a class of the manifold.
    """
    if action is not None and action not in manifold.classes:
        raise ManifoldError(f"The manifold '{manifold.name}' has no class '{action}': choose one of {', '.join(manifold.classes)}.")
    if embedding.reason is not None:
        return Scores(None, {}, None, embedding.motion_amount, False, False, (), embedding.reason)
    consistency = {
        name: action_consistency(embedding.z_cls, centroid) for name, centroid in zip(manifold.classes, manifold.centroids, strict=True)
    }
    nearest, far = centroid_distances(embedding.z_cls, manifold).argmin(axis=1), outside(embedding, manifold)
    windows = tuple(
        WindowScore(int(start), int(stop), float(coherence), None if out else manifold.classes[index], bool(out))
        for (start, stop), coherence, index, out in zip(embedding.window_range, embedding.coherence, nearest, far, strict=True)
    )
    unknown = bool(far.mean() > 0.5)
    return Scores(
        temporal_coherence=float(np.mean(embedding.coherence, dtype=np.float64)),
        action_consistency=consistency,
        nearest_class=None if unknown else min(consistency, key=consistency.__getitem__),
        motion_amount=embedding.motion_amount,
        padded=embedding.padded,
        outside=unknown,
        windows=windows,
    )


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
