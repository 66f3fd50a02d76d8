"""The losses of TAG's training (science.md 5)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

TCL_TEMPERATURE, TCL_K1, TCL_K2 = 0.1, 5000.0, 1.0
HARD_TEMPERATURE = 0.07


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


def hard_negative_loss(z: Tensor, distorted: Tensor) -> Tensor:
    """Mean of log(1 + e^((cos - 1) / 0.07)) between unit vectors z [B, d] and those of the distorted windows: the positive is z itself."""
    return functional.softplus(((z * distorted).sum(dim=1) - (z * z).sum(dim=1)) / HARD_TEMPERATURE).mean()
