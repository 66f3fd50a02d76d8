"""The t-SNE map: fitted once to real motion, then fixed; a new clip is placed into it without moving it."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.analysis import EmbeddingMap
from core.embedding import Embedding
from core.manifold import Manifold
from core.scores import centroid_distances, outside

_PERPLEXITY = 30
_NEIGHBOURS = 15


def fit_map(references: np.ndarray, seed: int) -> np.ndarray:
    """Places float32 [N, 2] for reference embeddings [N, d], the same for the same seed."""
    from openTSNE import TSNEEmbedding
    from openTSNE.initialization import pca

    if len(references) < 4:
        # Too few for neighbourhoods: any fixed places do.
        return np.stack([np.arange(len(references)), np.zeros(len(references))], axis=1).astype(np.float32)
    start = pca(references, random_state=seed)
    embedding = TSNEEmbedding(start, _affinities(references), negative_gradient_method=_METHOD, n_jobs=1, random_state=seed)
    embedding.optimize(250, exaggeration=12, momentum=0.5, inplace=True)
    embedding.optimize(500, momentum=0.8, inplace=True)
    return np.asarray(embedding, np.float32)


_METHOD = "bh"


def _affinities(references: np.ndarray) -> Any:
    from openTSNE.affinity import PerplexityBasedNN

    perplexity = min(_PERPLEXITY, (len(references) - 1) / 3)
    return PerplexityBasedNN(np.ascontiguousarray(references), perplexity=perplexity, method="exact", n_jobs=1, random_state=0)


def place(embedding: Embedding, manifold: Manifold) -> EmbeddingMap:
    """Where the clip's windows lie on the manifold's map; each window by itself, so the same window always lands on the same place.

    A window outside of what the manifold knows (`core.scores.outside`) goes to the outside tray: blindly placed, it would land inside a
    cluster it has nothing to do with. The true distances to the class centroids stand beside the map.
    """
    tray = outside(embedding, manifold)
    windows = np.full((len(tray), 2), np.nan, np.float32)
    if (~tray).any():
        windows[~tray] = _placed(embedding.z_cls[~tray], manifold)
    return EmbeddingMap(
        reference=manifold.reference_map,
        reference_class=manifold.reference_class,
        classes=manifold.classes,
        centroids=_placed(manifold.centroids, manifold),
        windows=windows,
        outside=tray,
        window_range=embedding.window_range,
        centroid_distance=centroid_distances(embedding.z_cls, manifold),
    )


def _placed(points: np.ndarray, manifold: Manifold) -> np.ndarray:
    """Positions float32 [N, 2] of embeddings [N, d] among the fixed references."""
    from openTSNE import TSNEEmbedding

    if len(manifold.references) < 4:
        nearest = np.argmax(points @ manifold.references.T, axis=1)
        return manifold.reference_map[nearest]
    fixed = TSNEEmbedding(
        manifold.reference_map.astype(np.float64),
        _affinities(manifold.references),
        negative_gradient_method=_METHOD,
        n_jobs=1,
        random_state=0,
    )
    neighbours = min(_NEIGHBOURS, len(manifold.references) - 1)
    placed = fixed.prepare_partial(np.ascontiguousarray(points), initialization="median", k=neighbours, perplexity=max(neighbours / 3, 1))
    placed.optimize(100, learning_rate=0.1, momentum=0.8, max_grad_norm=0.25, inplace=True)
    return np.asarray(placed, np.float32)
