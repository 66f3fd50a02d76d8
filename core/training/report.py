"""How good a trained manifold is on motion it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.encoder import Encoder
from core.evaluation.sensitivity import DISTORTIONS, SEVERITIES, Response, responses
from core.manifold import Manifold
from core.scores import class_centroid
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

    `of_all_classes`: the same over every class that was trained, before those that are not recognised were left out.
    Sensitivity: for each distortion and severity the mean of a score over distorted windows divided by its mean over the clean ones,
    the share of windows whose score rose, and Spearman's correlation of severity and mean; `reverse_asymmetric` is reversal of the
    windows of ASYMMETRIC actions. The motion features are derived again after the distortion.
    """
    windows = testing.windows
    new = np.array([manifold.classes.index(name) if name in manifold.classes else -1 for name in trained_classes])
    label = new[windows.label]
    offered = np.flatnonzero(label >= 0)

    def progress(done: int, total: int) -> None:
        report("sensitivity", done, total)

    sensitivity = _sensitivity(responses(windows, offered, label, manifold, encoder, seed, progress=progress))
    one_way = np.flatnonzero(np.isin(windows.label, [i for i, name in enumerate(trained_classes) if name in ASYMMETRIC]))
    if len(one_way):
        asymmetric = responses(windows, one_way, label, manifold, encoder, seed, progress=progress, distortions=("reverse",))
        sensitivity["reverse_asymmetric"] = _sensitivity(asymmetric)["reverse"]
    known = np.unique(training.windows.label).tolist()
    return {
        **recognition(training, testing, [i for i in known if new[i] >= 0], trained_classes, seed),
        "of_all_classes": recognition(training, testing, known, trained_classes, seed),
        "temporal_coherence": {
            "mean": float(testing.steps.mean()),
            "p05": float(np.quantile(testing.steps.mean(1), 0.05)),
            "p95": float(np.quantile(testing.steps.mean(1), 0.95)),
        },
        "sensitivity": sensitivity,
    }


def recognition(training: EncodedSet, testing: EncodedSet, among: Sequence[int], names: Sequence[str], seed: int) -> dict[str, Any]:
    """How well the held-out windows of these classes (indices into `names`) are told apart by the training windows. JSON-compatible."""
    numbers = np.asarray(among)
    trained = training.windows.label
    centroids = np.stack([class_centroid(training.z_cls[trained == i]) for i in numbers])
    mine = np.isin(testing.windows.label, numbers)
    z_cls, label, clip = testing.z_cls[mine], testing.windows.label[mine], testing.windows.clip[mine]
    nearest = numbers[(z_cls @ centroids.T).argmax(axis=1)]
    clips = np.unique(clip)
    clip_right = [numbers[(centroids @ class_centroid(z_cls[clip == one])).argmax()] == label[clip == one][0] for one in clips]
    gallery = np.isin(trained, numbers)
    first, precision = retrieval(z_cls, label, training.z_cls[gallery], trained[gallery])
    return {
        "nmi": cluster_classes(z_cls, label, seed)[0],
        "classes": len(numbers),
        "window_accuracy": float((nearest == label).mean()),
        "clip_accuracy": float(np.mean(clip_right)),
        "recall_at_1": first,
        "mean_average_precision": precision,
        "held_out_windows": len(label),
        "held_out_clips": len(clips),
        "accuracy": {names[i]: float((nearest[label == i] == i).mean()) for i in np.unique(label)},
    }


def _sensitivity(found: Sequence[Response]) -> dict[str, Any]:
    """Distortion (by its name in training) -> severity -> score -> ratio and share that rose."""
    result: dict[str, Any] = {}
    for one in found:
        if one.severity > 0:
            of_kind = result.setdefault(DISTORTIONS[one.distortion], {str(severity): {} for severity in SEVERITIES})
            of_kind[str(one.severity)][one.score] = {"ratio": one.ratio, "rose": one.rose}
    return result
