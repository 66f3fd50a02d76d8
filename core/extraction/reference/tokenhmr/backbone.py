"""The image network: a ViT-H/16 on the middle 256 x 192 pixels of the crop.

(Dosovitskiy et al. 2021, in the form of ViTPose-H, Xu et al. 2022.)
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from core.extraction.reference.tokenhmr.linear import PackedLinear

WIDTH = 1280
TOKENS = 192  # 16 rows of 12
_DEPTH, _HEADS, _PATCH = 32, 16, 16
_PADDING = 2  # black pixels before the first patch
_SIDE = 32  # columns of the square crop that are cut off on each side
_EPS = 1e-6


class Backbone(nn.Module):
    """Pictures [N, 3, 256, 256] to tokens [N, 192, 1280], row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = _PatchEmbedding()
        # The first position belongs to a class token that the network no longer has; it is added to all.
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + TOKENS, WIDTH))
        self.blocks = nn.ModuleList(_Block() for _ in range(_DEPTH))
        self.last_norm = nn.LayerNorm(WIDTH, _EPS)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.patch_embed(images[..., _SIDE:-_SIDE]) + self.pos_embed[:, 1:] + self.pos_embed[:, :1]
        for block in self.blocks:
            x = block(x)
        return self.last_norm(x)


class _PatchEmbedding(nn.Module):
    """A convolution whose windows do not overlap, which is one matrix product."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, WIDTH, _PATCH, stride=_PATCH, padding=_PADDING)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        count, channels, height, width = images.shape
        # Padded on all sides, the picture ends in a part of a patch that no window reaches: only the left and top margins matter.
        padded = F.pad(images, (_PADDING, 0, _PADDING, 0))[..., :height, :width]
        patches = padded.reshape(count, channels, height // _PATCH, _PATCH, width // _PATCH, _PATCH).permute(0, 2, 4, 1, 3, 5)
        return F.linear(patches.reshape(count, TOKENS, -1), self.proj.weight.flatten(1), self.proj.bias)


class _Block(nn.Module):
    """Attention and perceptron, each on the normalised sum so far. The sum stays in float32 whatever the precision of the products."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH, _EPS)
        self.attn = _Attention()
        self.norm2 = nn.LayerNorm(WIDTH, _EPS)
        self.mlp = _Perceptron()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = PackedLinear(WIDTH, 3 * WIDTH)
        self.proj = PackedLinear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        count, tokens, _ = x.shape
        q, k, v = self.qkv(x).reshape(count, tokens, 3, _HEADS, WIDTH // _HEADS).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(count, tokens, WIDTH))


class _Perceptron(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = PackedLinear(WIDTH, 4 * WIDTH)
        self.fc2 = PackedLinear(4 * WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(self.fc1(x, gelu=True))
