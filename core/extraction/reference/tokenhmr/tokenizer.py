"""The decoder of the pose tokenizer: 160 soft choices among 2048 learned codes to the rotations of 21 body joints.

Its encoder is used in training only and does not exist here.
"""

from __future__ import annotations

import torch
from torch import nn

CODES, TOKENS, JOINTS = 2048, 160, 21
_CODE, _WIDTH = 256, 512
# The 160 tokens shrink to the 21 joints in four steps.
_LENGTHS = (125, 90, 55, JOINTS)


class Tokenizer(nn.Module):
    """Probabilities [N, 160, 2048] to rotations in six numbers, [N, 21, 6]."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = nn.ModuleDict({"decoder": _decoder()})
        self.quantizer = _Codebook()

    def forward(self, probabilities: torch.Tensor) -> torch.Tensor:
        codes = probabilities @ self.quantizer.codebook
        return self.decoder["decoder"](codes.transpose(1, 2)).transpose(1, 2)


class _Codebook(nn.Module):
    codebook: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("codebook", torch.empty(CODES, _CODE))


class _Residual(nn.Module):
    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(_WIDTH, _WIDTH, 3, padding=dilation, dilation=dilation)
        self.conv2 = nn.Conv1d(_WIDTH, _WIDTH, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv2(torch.relu(self.conv1(torch.relu(x))))


class _Residuals(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(_Residual(dilation=3), _Residual(dilation=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)


def _decoder() -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv1d(_CODE, _WIDTH, 3, padding=1), nn.ReLU()]
    for length in _LENGTHS:
        layers += [nn.Upsample(length), nn.Conv1d(_WIDTH, _WIDTH, 3, padding=1), nn.ReLU()]
    layers.append(nn.Sequential(_Residuals(), nn.Conv1d(_WIDTH, _WIDTH, 3, padding=1)))
    layers.append(nn.Conv1d(_WIDTH, 6, 3, padding=1))
    return nn.Sequential(*layers)
