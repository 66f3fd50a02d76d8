"""The losses of TAG's training (science.md 5)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

TCL_TEMPERATURE, TCL_K1, TCL_K2 = 0.1, 5000.0, 1.0
HARD_TEMPERATURE = 0.07
RANKING_MARGIN, RANKING_TEMPERATURE = 0.2, 0.05


def tcl_loss(z: Tensor, labels: Tensor) -> Tensor:
    """Tuned contrastive loss of unit vectors z [B, d] with class labels [B].

    For each anchor and positive, -log(e^(s/tau) / (sum over positives of e^(s/tau) + k1 * sum over positives of e^(-s) + k2 * sum over
    negatives of e^(s/tau))), averaged over the positives and then the anchors; the e^(-s) term is not divided by tau. An anchor without a
    positive in the batch is left out; without any such pair the loss is 0.
    """
    similarity = z @ z.T
    same = labels[:, None] == labels[None, :]
    positive = same & ~torch.eye(len(z), dtype=torch.bool, device=z.device)
    scaled = similarity / TCL_TEMPERATURE
    attracting = torch.exp(scaled)
    denominator = (
        (attracting * positive).sum(dim=1)
        + TCL_K1 * (torch.exp(-similarity) * positive).sum(dim=1)
        + TCL_K2 * (attracting * ~same).sum(dim=1)
    )
    count = positive.sum(dim=1)
    anchors = count > 0
    if not anchors.any():
        return (z * 0).sum()
    each = ((torch.log(denominator.clamp_min(1e-30))[:, None] - scaled) * positive).sum(dim=1)
    return (each[anchors] / count[anchors]).mean()


def hard_negative_loss(z: Tensor, distorted: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean of log(1 + e^((cos - 1) / 0.07)) between unit vectors z [B, d] and those of the distorted windows: the positive is z itself.

    `weight` [B] lets each window count as much as it was distorted.
    """
    each = functional.softplus(((z * distorted).sum(dim=1) - (z * z).sum(dim=1)) / HARD_TEMPERATURE)
    return (each if weight is None else each * weight).mean()


def mean_step(z: Tensor) -> Tensor:
    """The temporal coherence [B] of windows z [B, T, d]: the mean of ||z_{t+1} - z_t||."""
    # The square root has no slope at 0, where a held window stands.
    return (((z[:, 1:] - z[:, :-1]) ** 2).sum(dim=-1) + 1e-8).sqrt().mean(dim=1)


def step_ranking_loss(less: Tensor, more: Tensor, severity: Tensor) -> Tensor:
    """Mean of log(1 + e^((less - more + 0.2 severity) / 0.05)): the mean step [B] of a window must be larger when more of it is broken;
    `severity` [B] is by how much more.

    Telltale's own: the published losses act on z_CLS alone, so nothing in them makes temporal coherence answer to disorder.
    """
    return functional.softplus((less - more + RANKING_MARGIN * severity) / RANKING_TEMPERATURE).mean()


def proxy_loss(z: Tensor, proxies: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of unit vectors z [B, d] against a learned direction [C, d] for each class, smoothed by 0.1, at TCL's temperature."""
    return functional.cross_entropy(z @ functional.normalize(proxies, dim=-1).T / TCL_TEMPERATURE, labels, label_smoothing=0.1)
