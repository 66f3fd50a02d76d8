"""What a trained encoder makes of real motion: centroids, references with their map, the usual step, the band, the border to outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from core.embedding import encode, stretch_curves, window_rows
from core.embedding_map import fit_map
from core.encoder import Encoder
from core.manifold import Manifold
from core.scores import class_centroid, reference_distance
from core.training.dataset import WindowSet

MAX_REFERENCES = 2000
_BATCH = 64
_BAND = (0.005, 0.995)
_BAND_BINS, _BAND_VALUES = 8, 400  # at most so many bins of motion amount, each with at least so many steps
_OUTSIDE_QUANTILE = 0.99


def encode_set(windows: WindowSet, manifold: Manifold, encoder: Encoder) -> tuple[np.ndarray, np.ndarray]:
    """All windows of a set: z_cls [N, d] and steps [N, 31]."""
    z_cls, steps = [], []
    for first in range(0, len(windows), _BATCH):
        index = np.arange(first, min(first + _BATCH, len(windows)))
        z, step, _ = encode(encoder, window_rows(windows.raw(index), manifold))
        z_cls.append(z)
        steps.append(step)
    return np.concatenate(z_cls), np.concatenate(steps)


def calibrate(
    manifold: Manifold,
    encoder: Encoder,
    training: WindowSet,
    testing: WindowSet,
    min_windows: int,
    seed: int,
    report: Callable[[str, int, int], None],
) -> Manifold:
    """The manifold with everything measured. Centroids come from the training clips (science.md 4), all else from the held-out ones.

    Only classes with training windows and at least `min_windows` held-out windows are offered; when none has, those with training windows.
    """
    trained, _ = encode_set(training, manifold, encoder)
    report("calibrate", 1, 4)
    z_cls, steps = encode_set(testing, manifold, encoder)
    report("calibrate", 2, 4)
    known = [i for i in range(len(manifold.classes)) if (training.label == i).any()]
    offered = [i for i in known if (testing.label == i).sum() >= min_windows] or known
    new_label = np.full(len(manifold.classes), -1)
    new_label[offered] = np.arange(len(offered))

    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(z_cls))[:MAX_REFERENCES])
    manifold = replace(
        manifold,
        classes=tuple(manifold.classes[i] for i in offered),
        centroids=np.stack([class_centroid(trained[training.label == i]) for i in offered]).astype(np.float32),
        references=z_cls[chosen],
        reference_class=new_label[testing.label[chosen]].astype(np.int32),
        reference_map=fit_map(z_cls[chosen], seed),
        outside_distance=_outside_distance(z_cls, testing.clip),
        step_median=np.median(steps, axis=0).astype(np.float32),
    )
    report("calibrate", 3, 4)
    curves = [stretch_curves(part, manifold, encoder) for part in testing.stretches]
    amount, low, high = _band(np.concatenate([c.step for c in curves]), np.concatenate([c.amount for c in curves]))
    report("calibrate", 4, 4)
    return replace(manifold, band_amount=amount, band_low=low, band_high=high)


def _outside_distance(z_cls: np.ndarray, clip: np.ndarray) -> float:
    """The distance from other real clips' windows that 99 % of real windows keep; a clip's own windows overlap and would be too near."""
    distances = []
    for name in np.unique(clip):
        mine = clip == name
        others = z_cls[~mine] if (~mine).any() else z_cls
        distances.append(reference_distance(z_cls[mine], others))
    return float(np.quantile(np.concatenate(distances), _OUTSIDE_QUANTILE))


def _band(step: np.ndarray, amount: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bins of equal count over the motion amount: their median amount, and the 0.5 % and 99.5 % quantiles of the steps in them."""
    known = np.isfinite(step) & np.isfinite(amount)
    step, amount = step[known], amount[known]
    bins = int(np.clip(len(step) // _BAND_VALUES, 1, _BAND_BINS))
    parts = np.array_split(np.argsort(amount, kind="stable"), bins)
    middle = np.array([np.median(amount[part]) for part in parts], np.float32)
    low, high = (np.array([np.quantile(step[part], q) for part in parts], np.float32) for q in _BAND)
    return middle, low, high
