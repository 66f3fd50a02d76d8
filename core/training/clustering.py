"""How well classes part by themselves: k-means on embeddings, compared with the classes (TAG Table 3; science.md 6)."""

from __future__ import annotations

import warnings

import numpy as np


def cluster_classes(z: np.ndarray, labels: np.ndarray, seed: int) -> tuple[float, np.ndarray]:
    """NMI of k-means clusters with the labels, and the cluster of each row; z float [N, d], labels int [N], k = number of labels present.

    Embeddings that are all alike fall into one cluster, which tells nothing about the classes: NMI 0.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import normalized_mutual_info_score

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different rows than clusters
        clusters = KMeans(len(np.unique(labels)), n_init=10, random_state=seed).fit_predict(z)
    return float(normalized_mutual_info_score(labels, clusters)), clusters
