"""The whole network: crops to SMPL parameters."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from core.extraction.reference.tokenhmr.backbone import Backbone
from core.extraction.reference.tokenhmr.head import SmplHead
from core.extraction.reference.tokenhmr.linear import PackedLinear
from core.extraction.reference.tokenhmr.tokenizer import Tokenizer


class Outputs(NamedTuple):
    """`token` [N, 1024], `rotations` [N, 24, 3, 3] (the first is the global orientation), `betas` [N, 10], `camera` [N, 3]."""

    token: torch.Tensor
    rotations: torch.Tensor
    betas: torch.Tensor
    camera: torch.Tensor


class TokenHmr(nn.Module):
    """Normalised crops [N, 3, 256, 256] to `Outputs`.

    The state dictionary has the checkpoint's names under `backbone.` and `smpl_head.`, the tokenizer's own under `tokenizer.`. Everything
    but the blocks of the backbone is computed in float32, whatever precision `pack` was given.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.smpl_head = SmplHead()
        self.tokenizer = Tokenizer()

    def forward(self, images: torch.Tensor) -> Outputs:
        head = self.smpl_head
        token = head.transformer(self.backbone(images))
        body = self.tokenizer(head.decpose(token)).flatten(1)
        pose = torch.cat([head.decpose_grot(token), body, head.decpose_hands(token)], 1) + head.init_body_pose
        betas, camera = head.decshape(token) + head.init_betas, head.deccam(token) + head.init_cam
        return Outputs(token, rotations(pose.view(-1, 24, 6)), betas, camera)

    def pack(self, dtype: torch.dtype) -> None:
        """Make the network ready for inference: the products of the backbone's blocks in `dtype`, see `PackedLinear`."""
        self.requires_grad_(False)
        for layer in self.modules():
            if isinstance(layer, PackedLinear):
                layer.pack(dtype)


def rotations(six: torch.Tensor) -> torch.Tensor:
    """Six numbers [..., 6] to rotation matrices [..., 3, 3]: two vectors made orthonormal, with their cross product, are its rows.

    (Zhou et al. 2019, but rows where HMR 2.0 has columns.)
    """
    first, second = six[..., :3], six[..., 3:]
    x = F.normalize(first, dim=-1)
    y = F.normalize(second - (x * second).sum(-1, keepdim=True) * x, dim=-1)
    return torch.stack([x, y, torch.cross(x, y, dim=-1)], -2)


def empty_network() -> TokenHmr:
    """The network without numbers, on the meta device: names and shapes only, no memory."""
    with torch.device("meta"):
        return TokenHmr().eval()
