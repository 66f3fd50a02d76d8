"""How well the classes part by themselves: NMI of k-means on window embeddings (TAG Table 3; science.md 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.encoder import build_encoder
from core.evaluation.errors import EvaluationError
from core.manifold import Manifold
from core.training.calibration import encode_set
from core.training.clustering import cluster_classes
from core.training.dataset import LabelledClip, labelled_windows


@dataclass(frozen=True, eq=False)
class Clustering:
    """counts int [C, K]: windows of each class in each cluster, K = C; the clusters are ordered by the class they hold most of."""

    nmi: float
    classes: tuple[str, ...]
    clips: int
    windows: int
    counts: np.ndarray


def cluster_windows(clips: Sequence[LabelledClip], manifold: Manifold, seed: int = 0) -> Clustering:
    """Embed every whole window of the clips and compare k-means, k = number of classes, with the classes.

    Raises EvaluationError with fewer than two classes that have windows, ManifoldError when a track does not fit the manifold.
    """
    names, windows = labelled_windows(clips, manifold)
    present = np.unique(windows.label)
    if len(present) < 2:
        raise EvaluationError("NMI needs two classes with at least one clip of 32 scored frames each: give more clips.")
    z_cls = encode_set(windows, manifold, build_encoder(manifold)).z_cls
    nmi, cluster = cluster_classes(z_cls, windows.label, seed)
    counts = np.zeros((len(present), len(present)), np.int64)
    np.add.at(counts, (np.searchsorted(present, windows.label), cluster), 1)
    order = np.lexsort((-counts.max(axis=0), counts.argmax(axis=0)))
    return Clustering(
        nmi=nmi,
        classes=tuple(names[i] for i in present),
        clips=len(np.unique(windows.clip)),
        windows=len(windows),
        counts=counts[:, order],
    )
