"""After the last epoch: how good the encoder is on held-out clips, and the manifold with everything measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch

from core.encoder import Encoder
from core.manifold import Manifold
from core.scores import class_centroid
from core.training.calibration import calibrate, encode_set
from core.training.clustering import cluster_classes
from core.training.epochs import embed_windows
from core.training.log import EpochLosses
from core.training.material import Material
from core.training.recipe import Recipe
from core.training.report import held_out_report


def figures(encoder: Encoder, material: Material, recipe: Recipe, history: Sequence[EpochLosses]) -> dict[str, Any]:
    """Held-out loss, NMI of k-means on held-out windows, and per class the mean distance of its held-out windows to its own centroid and
    to the nearest other one. JSON-compatible. Centroids come from the training windows (science.md 4)."""
    training, testing, manifold = material.training, material.testing, material.manifold
    trained, held_out = (embed_windows(encoder, part, manifold, torch.device("cpu")) for part in (training, testing))
    classes = manifold.classes
    centroids = np.stack([class_centroid(trained[training.label == i]) for i in range(len(classes))])
    distance = np.linalg.norm(held_out[:, None] - centroids, axis=-1)
    distances = {}
    for i, name in enumerate(classes):
        mine = distance[testing.label == i]
        distances[name] = {
            "windows": len(mine),
            "own": float(mine[:, i].mean()),
            "nearest_other": float(np.delete(mine, i, axis=1).min(axis=1).mean()),
        }
    return {
        "held_out_loss": history[-1].held_out,
        "nmi": cluster_classes(held_out, testing.label, recipe.seed)[0],
        "window_accuracy": float((distance.argmin(axis=1) == testing.label).mean()),
        "distances": distances,
    }


def finished_manifold(
    encoder: Encoder, material: Material, recipe: Recipe, found: dict[str, Any], progress: Callable[[str, int, int], None]
) -> Manifold:
    """The manifold with weights, centroids, references, map and bands; its card holds recipe and figures. Windows of 32 only."""
    weights = {name: value.detach().numpy().copy() for name, value in encoder.state_dict().items()}
    manifold = replace(material.manifold, weights=weights)
    trained, held_out = (encode_set(windows, manifold, encoder) for windows in (material.training, material.testing))
    manifold, measured = calibrate(manifold, encoder, trained, held_out, 0, recipe.seed, progress)
    card = held_out_report(manifold, encoder, trained, held_out, material.manifold.classes, recipe.seed, progress)
    return replace(manifold, card={**card, **measured, **found, "recipe": asdict(recipe)})
