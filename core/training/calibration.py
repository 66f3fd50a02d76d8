"""What a trained encoder makes of real motion: centroids, references with their map, the usual step, the band, the border to outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.embedding import encode, window_rows
from core.embedding_map import fit_map
from core.encoder import Encoder
from core.manifold import Manifold
from core.scores import class_centroid
from core.training.dataset import WindowSet
from core.training.outside import outside_distance, outside_shares, strangeness
from core.training.step_band import coverage, cross_fitted_coverage, real_steps, with_band

MAX_REFERENCES = 2000
_BATCH = 64


@dataclass(frozen=True, eq=False)
class EncodedSet:
    """Windows and what the encoder says of them: z_cls float32 [N, d], steps float32 [N, 31], strangeness float32 [N] (see Embedding)."""

    windows: WindowSet
    z_cls: np.ndarray
    steps: np.ndarray
    strangeness: np.ndarray


def encode_set(windows: WindowSet, manifold: Manifold, encoder: Encoder) -> EncodedSet:
    """All windows of a set."""
    z_cls, steps, strange = [], [], []
    for first in range(0, len(windows), _BATCH):
        index = np.arange(first, min(first + _BATCH, len(windows)))
        rows = window_rows(windows.raw(index), manifold)
        z, step, _ = encode(encoder, rows)
        z_cls.append(z)
        steps.append(step)
        strange.append(strangeness(rows, manifold))
    return EncodedSet(windows, np.concatenate(z_cls), np.concatenate(steps), np.concatenate(strange))


def calibrate(
    manifold: Manifold,
    encoder: Encoder,
    training: EncodedSet,
    testing: EncodedSet,
    min_windows: int,
    seed: int,
    report: Callable[[str, int, int], None],
    worst_rank: float = 1.0,
) -> tuple[Manifold, dict[str, Any]]:
    """The manifold with everything measured, and how band and border do on motion that did not set them (JSON-compatible).

    Centroids come from the training clips (science.md 4), all else from the held-out ones. Only classes with training windows and at least
    `min_windows` held-out windows are offered, for half of which at most the share `worst_rank` of the other classes' centroids lies nearer
    than their own; when there is none, those with training windows.
    """
    trained, held_out = training.windows.label, testing.windows.label
    known = [i for i in range(len(manifold.classes)) if (trained == i).any()]
    centroids = np.stack([class_centroid(training.z_cls[trained == i]) for i in known])
    ranks = {i: own_rank(testing.z_cls[held_out == i], centroids, own) for own, i in enumerate(known)}
    offered = [i for i in known if (held_out == i).sum() >= min_windows and ranks[i] <= worst_rank] or known
    new_label = np.full(len(manifold.classes), -1)
    new_label[offered] = np.arange(len(offered))

    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(testing.z_cls))[:MAX_REFERENCES])
    manifold = replace(
        manifold,
        classes=tuple(manifold.classes[i] for i in offered),
        centroids=centroids[[known.index(i) for i in offered]].astype(np.float32),
        references=testing.z_cls[chosen],
        reference_class=new_label[held_out[chosen]].astype(np.int32),
        reference_map=fit_map(testing.z_cls[chosen], seed),
        outside_distance=outside_distance(testing.z_cls, testing.windows.clip),
        step_median=np.median(testing.steps, axis=0).astype(np.float32),
    )
    steps = real_steps(testing.windows, manifold, encoder, lambda done, total: report("calibrate", done, total))
    manifold = with_band(manifold, steps, seed)
    figures = {
        "band": {"own": coverage(manifold, steps), "cross_fitted": cross_fitted_coverage(manifold, steps, seed)},
        "outside": outside_shares(testing.windows, testing.z_cls, testing.strangeness, manifold, encoder, seed),
    }
    return manifold, figures


def own_rank(z_cls: np.ndarray, centroids: np.ndarray, own: int) -> float:
    """The share of the other classes' centroids that lie nearer than the own one, at the median window; 0 without windows."""
    if not len(z_cls) or len(centroids) < 2:
        return 0.0
    likeness = z_cls @ centroids.T
    return float(np.median((likeness > likeness[:, own : own + 1]).sum(axis=1))) / (len(centroids) - 1)
