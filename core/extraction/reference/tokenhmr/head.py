"""The head: one query token gathers from the picture's tokens what pose, shape and camera are read from."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from core.extraction.reference.tokenhmr import backbone
from core.extraction.reference.tokenhmr.tokenizer import CODES, TOKENS

WIDTH = 1024
_DEPTH, _HEADS, _HEAD = 6, 8, 64
_INNER = _HEADS * _HEAD
_MIXER = 64  # numbers for each of the 160 tokens


class SmplHead(nn.Module):
    """Holds the layers of the checkpoint's `smpl_head`; the network calls them in order."""

    init_body_pose: torch.Tensor
    init_betas: torch.Tensor
    init_cam: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.transformer = _Decoder()
        self.decpose_grot = nn.Linear(WIDTH, 6)
        self.decshape = nn.Linear(WIDTH, 10)
        self.deccam = nn.Linear(WIDTH, 3)
        self.decpose_hands = nn.Linear(WIDTH, 12)
        self.decpose = TokenClassifier()
        # The mean parameters that the head's outputs are added to.
        self.register_buffer("init_body_pose", torch.empty(1, 144))
        self.register_buffer("init_betas", torch.empty(1, 10))
        self.register_buffer("init_cam", torch.empty(1, 3))


class _Decoder(nn.Module):
    """Picture tokens [N, 192, 1280] to the query token [N, 1024]."""

    def __init__(self) -> None:
        super().__init__()
        self.to_token_embedding = nn.Linear(1, WIDTH)
        self.pos_embedding = nn.Parameter(torch.empty(1, 1, WIDTH))
        self.transformer = _Layers()

    def forward(self, context: torch.Tensor) -> torch.Tensor:
        x = self.to_token_embedding(context.new_zeros(len(context), 1)) + self.pos_embedding[:, 0]
        return self.transformer(x, context)


class _Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList((_Normed(_SelfAttention()), _Normed(_CrossAttention()), _Normed(_FeedForward()))) for _ in range(_DEPTH)
        )

    def forward(self, x: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            attend_self, attend_picture, feed = layer.children()
            x = x + attend_self(x)
            x = x + attend_picture(x, context)
            x = x + feed(x)
        return x


class _Normed(nn.Module):
    def __init__(self, function: nn.Module) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.fn = function

    def forward(self, x: torch.Tensor, *context: torch.Tensor) -> torch.Tensor:
        return self.fn(self.norm(x), *context)


class _SelfAttention(nn.Module):
    """With a single token the attention is 1, whatever query and key are: only the last third of `to_qkv`, the value, is needed."""

    def __init__(self) -> None:
        super().__init__()
        self.to_qkv = nn.Linear(WIDTH, 3 * _INNER, bias=False)
        self.to_out = nn.Sequential(nn.Linear(_INNER, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.to_out(F.linear(x, self.to_qkv.weight[2 * _INNER :]))


class _CrossAttention(nn.Module):
    """With a single query q, q (K c) is computed as (q K) c and the sum of a (V c) as V (sum of a c).

    So keys and values of the 192 picture tokens, a fiftieth of all work, are never made.
    """

    def __init__(self) -> None:
        super().__init__()
        self.to_kv = nn.Linear(backbone.WIDTH, 2 * _INNER, bias=False)
        self.to_q = nn.Linear(WIDTH, _INNER, bias=False)
        self.to_out = nn.Sequential(nn.Linear(_INNER, WIDTH))

    def forward(self, x: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        keys, values = self.to_kv.weight.view(2, _HEADS, _HEAD, backbone.WIDTH)
        query = self.to_q(x).view(-1, _HEADS, _HEAD) * _HEAD**-0.5
        attention = (torch.einsum("nhd,hdc->nhc", query, keys) @ context.transpose(1, 2)).softmax(-1)
        return self.to_out(torch.einsum("nhc,hdc->nhd", attention @ context, values).flatten(1))


class _FeedForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = _perceptron(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


class TokenClassifier(nn.Module):
    """The query token [N, 1024] to the probabilities of the codes of 160 pose tokens, [N, 160, 2048].

    An MLP-Mixer (Tolstikhin et al. 2021).
    """

    def __init__(self) -> None:
        super().__init__()
        self.mixer_trans = _Projection(WIDTH, TOKENS * _MIXER)
        self.mixer_head = nn.ModuleList(_Mixer() for _ in range(4))
        self.mixer_norm_layer = _Projection(_MIXER, _MIXER)
        self.class_pred_layer = nn.Linear(_MIXER, CODES)

    def forward(self, token: torch.Tensor) -> torch.Tensor:
        x = self.mixer_trans(token).view(-1, TOKENS, _MIXER)
        for layer in self.mixer_head:
            x = layer(x)
        return self.class_pred_layer(self.mixer_norm_layer(x)).softmax(-1)


class _Projection(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.ff = nn.Sequential(nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.ff(x)


class _Mixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layernorm1 = nn.LayerNorm(_MIXER)
        self.MLP_token = _Mlp(TOKENS, 64)
        self.layernorm2 = nn.LayerNorm(_MIXER)
        self.MLP_channel = _Mlp(_MIXER, 256)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.MLP_token(self.layernorm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.MLP_channel(self.layernorm2(x))


class _Mlp(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.ff = _perceptron(width, inner)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.ff(x)


def _perceptron(width: int, inner: int) -> nn.Sequential:
    # The checkpoint counts a dropout layer that does nothing in inference.
    return nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Identity(), nn.Linear(inner, width))
