"""Do the scores rise when real motion is broken? Shuffle, reverse and copy at severities 0.1 to 1.0 (science.md 6; TAG Fig. 4).

The motion features are derived again after each distortion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.embedding import encode, window_rows
from core.encoder import Encoder, build_encoder
from core.evaluation.errors import EvaluationError
from core.manifold import Manifold
from core.training.dataset import LabelledClip, WindowSet, labelled_windows
from core.training.distortions import distort, distortion_order

# What people call a distortion -> its name in training.
DISTORTIONS = {"shuffle": "shuffle", "reverse": "reverse", "copy": "static"}
SEVERITIES = tuple(round(0.1 * i, 1) for i in range(1, 11))
SCORES = ("temporal_coherence", "action_consistency")
MOST_WINDOWS = 192
_BATCH = 64


@dataclass(frozen=True)
class Response:
    """One score under one distortion, over `windows` windows: its mean, divided by the mean of the clean windows, and how many rose."""

    distortion: str
    severity: float
    score: str
    windows: int
    mean: float
    ratio: float
    rose: float


def sensitivity(
    clips: Sequence[LabelledClip],
    manifold: Manifold,
    most_windows: int = MOST_WINDOWS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Response, ...]:
    """The response of both scores on windows of the clips, severity 0 (the clean windows) first.

    Raises EvaluationError without a whole window, ManifoldError when a track does not fit the manifold.
    """
    names, windows = labelled_windows(clips, manifold)
    if not len(windows):
        raise EvaluationError("Sensitivity needs clips of at least 32 scored frames: give longer clips.")
    label = np.array([manifold.classes.index(names[i]) if names[i] in manifold.classes else -1 for i in windows.label])
    return responses(windows, np.arange(len(windows)), label, manifold, build_encoder(manifold), seed, most_windows, progress)


def responses(
    windows: WindowSet,
    among: np.ndarray,
    label: np.ndarray,
    manifold: Manifold,
    encoder: Encoder,
    seed: int,
    most_windows: int = MOST_WINDOWS,
    progress: Callable[[int, int], None] | None = None,
    distortions: Sequence[str] = tuple(DISTORTIONS),
) -> tuple[Response, ...]:
    """The response of both scores to the named distortions, each window for itself; at most `most_windows` of `among` are drawn, seeded.

    label int [N]: the class of each window in the manifold, or -1. Action consistency is measured on windows whose class the manifold
    offers, and left out when there is none. progress(done, total).
    """
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(among)[:most_windows])
    clean = _scores(windows, chosen, label[chosen], manifold, encoder, None)
    result = [_response("none", 0.0, score, clean[score], clean[score]) for score in clean]
    total = len(distortions) * len(SEVERITIES)
    for number, name in enumerate(distortions):
        for step, severity in enumerate(SEVERITIES):
            broken = _scores(
                windows, chosen, label[chosen], manifold, encoder, distortion_order(DISTORTIONS[name], len(chosen), rng, severity)
            )
            result += [_response(name, severity, score, clean[score], broken[score]) for score in clean]
            if progress is not None:
                progress(number * len(SEVERITIES) + step + 1, total)
    return tuple(result)


def _scores(
    windows: WindowSet, chosen: np.ndarray, label: np.ndarray, manifold: Manifold, encoder: Encoder, order: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Each score [n] of the chosen windows, distorted by `order` [B, 32] if given."""
    coherence, distance = [], []
    for first in range(0, len(chosen), _BATCH):
        part = slice(first, first + _BATCH)
        raw = windows.raw(chosen[part])
        if order is not None:
            raw = {name: distort(values, order[part]) for name, values in raw.items()}
        z_cls, steps, _ = encode(encoder, window_rows(raw, manifold))
        coherence.append(steps.mean(axis=1))
        offered = label[part] >= 0
        distance.append(np.linalg.norm(z_cls[offered] - manifold.centroids[label[part][offered]], axis=1))
    scores = {SCORES[0]: np.concatenate(coherence), SCORES[1]: np.concatenate(distance)}
    return {name: values.astype(np.float64) for name, values in scores.items() if len(values)}


def _response(distortion: str, severity: float, score: str, clean: np.ndarray, broken: np.ndarray) -> Response:
    mean = float(broken.mean())
    return Response(distortion, severity, score, len(clean), mean, mean / max(float(clean.mean()), 1e-12), float((broken > clean).mean()))
