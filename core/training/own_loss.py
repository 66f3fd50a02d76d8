"""The loss of Telltale's own preset: classes told apart, broken motion told from whole motion, steps that grow with disorder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.embedding import window_rows
from core.encoder import Encoder
from core.manifold import Manifold
from core.motion import DIRECTION_SOURCES
from core.training.augment import augment
from core.training.distortions import distort, drawn_distortions
from core.training.foreign import TRAINED, foreign
from core.training.losses import hard_negative_loss, mean_step, proxy_loss, step_ranking_loss, tcl_loss

# Sources that tell who is seen and from where rather than what is done.
LOOKS = ("global", "beta", *DIRECTION_SOURCES)


@dataclass(frozen=True)
class OwnLoss:
    """Weights of the terms, and how often a source of a window is hidden (its columns set to their mean).

    The look of a clip's clothes tells the clip apart at once, and would be all that is learned from few clips: `look_dropout` hides the
    sources of LOOKS, `source_dropout` the others. `distorted_share` of the windows of a batch meet one distortion each, most of them in a
    milder form as well, and as many as `foreign_share` again are made foreign.
    """

    tcl: float = 0.3
    proxy: float = 2.0
    hard: float = 3.0
    ranking: float = 2.0
    distorted_share: float = 0.25
    foreign_share: float = 0.1
    source_dropout: float = 0.2
    look_dropout: float = 0.7


def own_loss(
    encoder: Encoder,
    proxies: Tensor,
    raw: dict[str, np.ndarray],
    labels: Tensor,
    manifold: Manifold,
    weights: OwnLoss,
    rng: np.random.Generator,
) -> Tensor:
    """The loss of one batch of raw windows, source -> [B, 32, d], with labels [B] below C and learned directions [C + 1, d]: one for each
    class and one for foreign motion.

    Windows are augmented; motion is derived again after each distortion; a window and its distorted self hide the same sources.
    """
    raw = augment(raw, rng)
    count = len(labels)
    broken = np.sort(rng.permutation(count)[: max(1, round(weights.distorted_share * count))])
    drawn = drawn_distortions(len(broken), rng)
    milder = broken[drawn.ranked]
    made, foreigners = _foreign_windows(raw, weights, rng)
    shown = _shown_columns(count, manifold, weights, rng)
    variants = [
        (np.arange(count), raw),
        (broken, {name: distort(values[broken], drawn.order) for name, values in raw.items()}),
        (milder, {name: distort(values[milder], drawn.milder_order) for name, values in raw.items()}),
        (foreigners, made),
    ]
    rows = np.concatenate([shown[of] * window_rows(features, manifold) for of, features in variants if len(of)])
    z_cls, z, _ = encoder(torch.from_numpy(rows))
    sizes = [len(of) for of, _ in variants]
    clean, distorted, _, other = z_cls.split(sizes)
    among = torch.cat([labels, labels.new_full((len(foreigners),), len(proxies) - 1)])
    loss = weights.tcl * tcl_loss(clean, labels) + weights.proxy * proxy_loss(torch.cat([clean, other]), proxies, among)
    severity, mild = torch.from_numpy(drawn.severity), torch.from_numpy(drawn.milder_severity)
    loss = loss + weights.hard * hard_negative_loss(clean[broken], distorted, severity)
    if len(milder):
        whole, worst, middling, _ = mean_step(z).split(sizes)
        whole, worst, severity = whole[milder], worst[drawn.ranked], severity[drawn.ranked]
        less, more = torch.cat([whole, whole, middling]), torch.cat([middling, worst, worst])
        loss = loss + weights.ranking * step_ranking_loss(less, more, torch.cat([mild, severity, severity - mild]))
    return loss


def _foreign_windows(raw: dict[str, np.ndarray], weights: OwnLoss, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Foreign windows, a part of each kind that is trained on, and the windows they were made of."""
    count = len(next(iter(raw.values())))
    of = np.sort(rng.permutation(count)[: max(len(TRAINED), round(weights.foreign_share * count))])
    parts = [
        foreign(kind, {name: values[part] for name, values in raw.items()}, rng)
        for kind, part in zip(TRAINED, np.array_split(of, len(TRAINED)), strict=True)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in raw}, of


def _shown_columns(count: int, manifold: Manifold, weights: OwnLoss, rng: np.random.Generator) -> np.ndarray:
    """float32 [count, 1, D]: 0 in the columns of the sources that are hidden from a window, else 1; one that shows the motion stays."""
    looks = np.array([name in LOOKS for name in manifold.source_names])
    hidden = rng.random((count, len(looks))) < np.where(looks, weights.look_dropout, weights.source_dropout)
    always = np.arange(len(looks)) if looks.all() else np.flatnonzero(~looks)
    hidden[np.arange(count), rng.choice(always, count)] = False
    _, raw, motion = zip(*manifold.config.sources, strict=True)
    columns = np.concatenate([np.repeat(~hidden, sizes, axis=1) for sizes in (raw, motion)], axis=1)
    return columns[:, None].astype(np.float32)
