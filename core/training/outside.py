"""The border to "outside what this manifold knows", and whether it tells foreign motion from real motion it has not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.embedding import encode, window_rows, window_strangeness
from core.encoder import Encoder
from core.manifold import Manifold
from core.scores import outside_windows, reference_distance
from core.training.dataset import WindowSet
from core.training.foreign import KINDS, foreign

_QUANTILE = 0.99
_FOREIGN = 256  # windows that are made foreign, of each kind
_BATCH = 64


def outside_distance(z_cls: np.ndarray, clip: np.ndarray) -> float:
    """The distance from other real clips' windows that 99 % of real windows keep; a clip's own windows overlap and would be too near."""
    distances = []
    for name in np.unique(clip):
        mine = clip == name
        others = z_cls[~mine] if (~mine).any() else z_cls
        distances.append(reference_distance(z_cls[mine], others))
    return float(np.quantile(np.concatenate(distances), _QUANTILE))


def strangeness(rows: np.ndarray, manifold: Manifold) -> np.ndarray:
    """float32 [B] of windows of normalised rows [B, 32, D], see Embedding."""
    return np.concatenate([window_strangeness(window, manifold) for window in rows])


def outside_shares(
    windows: WindowSet, z_cls: np.ndarray, strange: np.ndarray, manifold: Manifold, encoder: Encoder, seed: int
) -> dict[str, float]:
    """Share of windows called outside: `real`, of either half of the clips by the border and the references of the other half, and of each
    kind of foreign motion, by the border of the manifold."""
    rng = np.random.default_rng(seed)
    clips = rng.permutation(np.unique(windows.clip))
    first = np.isin(windows.clip, clips[: len(clips) // 2])
    real = [
        outside_windows(
            z_cls[~half],
            strange[~half],
            replace(manifold, references=z_cls[half], outside_distance=outside_distance(z_cls[half], windows.clip[half])),
        )
        for half in (first, ~first)
        if half.any() and not half.all()
    ]
    shares = {"real": float(np.concatenate(real).mean())} if real else {}
    chosen = np.sort(rng.permutation(len(windows))[:_FOREIGN])
    for kind in KINDS:
        found: list[np.ndarray] = []
        for start in range(0, len(chosen), _BATCH):
            raw = foreign(kind, windows.raw(chosen[start : start + _BATCH]), rng)
            rows = window_rows(raw, manifold)
            found.append(outside_windows(encode(encoder, rows)[0], strangeness(rows, manifold), manifold))
        shares[kind] = float(np.concatenate(found).mean())
    return shares
