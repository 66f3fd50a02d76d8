"""How good a trained manifold is on motion it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.encoder import Encoder
from core.evaluation.sensitivity import DISTORTIONS, SEVERITIES, Response, responses
from core.manifold import Manifold
from core.scores import action_consistency, centroid_distances
from core.training.calibration import encode_set
from core.training.clustering import cluster_classes
from core.training.dataset import WindowSet


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
    z_cls, steps = encode_set(testing, manifold, encoder)
    label = np.array([manifold.classes.index(trained_classes[i]) if trained_classes[i] in manifold.classes else -1 for i in testing.label])
    offered = np.flatnonzero(label >= 0)
    present = np.unique(label[offered])
    nmi, _ = cluster_classes(z_cls[offered], label[offered], seed)
    nearest = centroid_distances(z_cls, manifold).argmin(axis=1)
    clips = [offered[testing.clip[offered] == clip] for clip in np.unique(testing.clip[offered])]
    clip_right = [_nearest(z_cls[mine], manifold) == label[mine[0]] for mine in clips]
    found = responses(testing, offered, label, manifold, encoder, seed, progress=lambda done, total: report("sensitivity", done, total))
    return {
        "nmi": nmi,
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
        "sensitivity": _sensitivity(found),
    }


def _nearest(z_cls: np.ndarray, manifold: Manifold) -> int:
    return int(np.argmin([action_consistency(z_cls, centroid) for centroid in manifold.centroids]))


def _sensitivity(found: Sequence[Response]) -> dict[str, Any]:
    """Distortion (by its name in training) -> severity -> score -> ratio and share that rose."""
    result: dict[str, Any] = {kind: {str(severity): {} for severity in SEVERITIES} for kind in DISTORTIONS.values()}
    for one in found:
        if one.severity > 0:
            result[DISTORTIONS[one.distortion]][str(one.severity)][one.score] = {"ratio": one.ratio, "rose": one.rose}
    return result
