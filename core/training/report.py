"""How good a trained manifold is on motion it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.embedding import encode, window_rows
from core.encoder import Encoder
from core.manifold import Manifold
from core.scores import action_consistency, centroid_distances
from core.training.calibration import encode_set
from core.training.dataset import WindowSet
from core.training.distortions import KINDS, distort, distortion_order

SEVERITIES = tuple(round(0.1 * i, 1) for i in range(1, 11))
_SENSITIVITY_WINDOWS = 192


def held_out_report(
    manifold: Manifold,
    encoder: Encoder,
    testing: WindowSet,
    trained_classes: tuple[str, ...],
    seed: int,
    report: Callable[[str, int, int], None],
) -> dict[str, Any]:
    """NMI, nearest-centroid accuracy and sensitivity on the held-out windows of the offered classes. JSON-compatible.

    Sensitivity: for each distortion and severity the mean of a score over distorted windows divided by its mean over the clean ones,
    and the share of windows whose score rose. The motion features are derived again after the distortion.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import normalized_mutual_info_score

    z_cls, steps = encode_set(testing, manifold, encoder)
    label = np.array([manifold.classes.index(trained_classes[i]) if trained_classes[i] in manifold.classes else -1 for i in testing.label])
    offered = np.flatnonzero(label >= 0)
    present = np.unique(label[offered])
    clusters = KMeans(len(present), n_init=10, random_state=seed).fit_predict(z_cls[offered])
    nearest = centroid_distances(z_cls, manifold).argmin(axis=1)
    clips = [offered[testing.clip[offered] == clip] for clip in np.unique(testing.clip[offered])]
    clip_right = [_nearest(z_cls[mine], manifold) == label[mine[0]] for mine in clips]
    return {
        "nmi": float(normalized_mutual_info_score(label[offered], clusters)),
        "classes": len(manifold.classes),
        "window_accuracy": float((nearest[offered] == label[offered]).mean()),
        "clip_accuracy": float(np.mean(clip_right)),
        "held_out_windows": len(offered),
        "held_out_clips": len(clips),
        "accuracy": {manifold.classes[i]: float((nearest[label == i] == i).mean()) for i in present},
        "temporal_coherence": {
            "mean": float(steps.mean()),
            "p05": float(np.quantile(steps.mean(1), 0.05)),
            "p95": float(np.quantile(steps.mean(1), 0.95)),
        },
        "sensitivity": _sensitivity(manifold, encoder, testing, offered, label, seed, report),
    }


def _nearest(z_cls: np.ndarray, manifold: Manifold) -> int:
    return int(np.argmin([action_consistency(z_cls, centroid) for centroid in manifold.centroids]))


def _sensitivity(
    manifold: Manifold,
    encoder: Encoder,
    testing: WindowSet,
    offered: np.ndarray,
    label: np.ndarray,
    seed: int,
    report: Callable[[str, int, int], None],
) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(offered)[:_SENSITIVITY_WINDOWS])
    raw = testing.raw(chosen)

    def both(order: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        distorted = raw if order is None else {name: distort(values, order) for name, values in raw.items()}
        z_cls, steps, _ = encode(encoder, window_rows(distorted, manifold))
        return steps.mean(axis=1), np.linalg.norm(z_cls - manifold.centroids[label[chosen]], axis=1)

    clean = both(None)
    result: dict[str, Any] = {}
    for number, kind in enumerate(KINDS):
        result[kind] = {}
        for severity in SEVERITIES:
            broken = both(distortion_order(kind, len(chosen), rng, severity))
            result[kind][str(severity)] = {
                name: {"ratio": float(after.mean() / before.mean()), "rose": float((after > before).mean())}
                for name, before, after in zip(("temporal_coherence", "action_consistency"), clean, broken, strict=True)
            }
        report("sensitivity", number + 1, len(KINDS))
    return result
