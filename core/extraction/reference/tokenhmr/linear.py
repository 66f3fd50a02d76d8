"""A linear layer that can lay its weights out for the processor's matrix units, once, instead of at each call."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class PackedLinear(nn.Linear):
    """A linear layer, optionally followed by the exact GELU.

    `pack` fixes the precision of weights and inputs, for inference only. On the CPU the weights then go into the blocked layout of oneDNN,
    whose products are about twice as fast as those of MKL on AMD processors, and in which the GELU costs nothing.
    """

    _blocked: torch.Tensor | None = None

    def forward(self, x: torch.Tensor, gelu: bool = False) -> torch.Tensor:
        if self._blocked is not None:
            activation, kind = ("gelu", "none") if gelu else ("none", "")
            return torch.ops.mkldnn._linear_pointwise(x.to(self.bias.dtype), self._blocked, self.bias, activation, [], kind)
        y = F.linear(x.to(self.weight.dtype), self.weight, self.bias)
        return F.gelu(y) if gelu else y

    def pack(self, dtype: torch.dtype) -> None:
        """Afterwards `weight` is empty on the CPU, so that nothing is held twice."""
        for parameter in (self.weight, self.bias):
            parameter.requires_grad_(False)
            parameter.data = parameter.data.to(dtype)
        if self.weight.device.type == "cpu" and _has_blocked_products():
            self._blocked = torch.ops.mkldnn._reorder_linear_weight(self.weight.data)
            self.weight.data = torch.empty(0, dtype=dtype)


def _has_blocked_products() -> bool:
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether products in bfloat16 are done by the hardware. On other processors they work, but slower than those in float32."""
    if device.type == "cpu":
        # Older versions of torch cannot tell.
        checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
        return torch.backends.mkldnn.is_available() and any(check is not None and check() for check in checks)
    return device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
