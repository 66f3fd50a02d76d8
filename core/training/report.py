"""How good a trained manifold is on motion it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.encoder import Encoder
from core.evaluation.sensitivity import DISTORTIONS, SEVERITIES, Response, responses
from core.manifold import Manifold
from core.scores import action_consistency, centroid_distances
from core.training.calibration import EncodedSet
from core.training.clustering import cluster_classes
from core.training.distortions import ASYMMETRIC
from core.training.retrieval import retrieval


def held_out_report(
    manifold: Manifold,
    encoder: Encoder,
    training: EncodedSet,
    testing: EncodedSet,
    trained_classes: tuple[str, ...],
    seed: int,
    report: Callable[[str, int, int], None],
) -> dict[str, Any]:
    """NMI, nearest-centroid accuracy, retrieval and sensitivity on the held-out windows of the offered classes. JSON-compatible.

    Sensitivity: for each distortion and severity the mean of a score over distorted windows divided by its mean over the clean ones,
    the share of windows whose score rose, and Spearman's correlation of severity and mean; `reverse_asymmetric` is reversal of the
    windows of ASYMMETRIC actions. The motion features are derived again after the distortion.
    """
    z_cls, windows = testing.z_cls, testing.windows
    new = np.array([manifold.classes.index(name) if name in manifold.classes else -1 for name in trained_classes])
    label = new[windows.label]
    offered = np.flatnonzero(label >= 0)
    present = np.unique(label[offered])
    nmi, _ = cluster_classes(z_cls[offered], label[offered], seed)
    nearest = centroid_distances(z_cls, manifold).argmin(axis=1)
    clips = [offered[windows.clip[offered] == clip] for clip in np.unique(windows.clip[offered])]
    clip_right = [_nearest(z_cls[mine], manifold) == label[mine[0]] for mine in clips]
    first, precision = retrieval(z_cls[offered], label[offered], training.z_cls, new[training.windows.label])

    def progress(done: int, total: int) -> None:
        report("sensitivity", done, total)

    sensitivity = _sensitivity(responses(windows, offered, label, manifold, encoder, seed, progress=progress))
    one_way = np.flatnonzero(np.isin(windows.label, [i for i, name in enumerate(trained_classes) if name in ASYMMETRIC]))
    if len(one_way):
        asymmetric = responses(windows, one_way, label, manifold, encoder, seed, progress=progress, distortions=("reverse",))
        sensitivity["reverse_asymmetric"] = _sensitivity(asymmetric)["reverse"]
    return {
        "nmi": nmi,
        "classes": len(manifold.classes),
        "window_accuracy": float((nearest[offered] == label[offered]).mean()),
        "clip_accuracy": float(np.mean(clip_right)),
        "recall_at_1": first,
        "mean_average_precision": precision,
        "held_out_windows": len(offered),
        "held_out_clips": len(clips),
        "accuracy": {manifold.classes[i]: float((nearest[label == i] == i).mean()) for i in present},
        "temporal_coherence": {
            "mean": float(testing.steps.mean()),
            "p05": float(np.quantile(testing.steps.mean(1), 0.05)),
            "p95": float(np.quantile(testing.steps.mean(1), 0.95)),
        },
        "sensitivity": sensitivity,
    }


def _nearest(z_cls: np.ndarray, manifold: Manifold) -> int:
    return int(np.argmin([action_consistency(z_cls, centroid) for centroid in manifold.centroids]))


def _sensitivity(found: Sequence[Response]) -> dict[str, Any]:
    """Distortion (by its name in training) -> severity -> score -> ratio and share that rose."""
    result: dict[str, Any] = {}
    for one in found:
        if one.severity > 0:
            of_kind = result.setdefault(DISTORTIONS[one.distortion], {str(severity): {} for severity in SEVERITIES})
            of_kind[str(one.severity)][one.score] = {"ratio": one.ratio, "rose": one.rose}
    return result
