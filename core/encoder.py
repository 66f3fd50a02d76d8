"""The network, with the state-dict names and shapes of the released TAG code, so that a checkpoint of theirs can be read."""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.manifold import EncoderConfig, Manifold, ManifoldError
from core.motion import motion_size

_KERNEL = 5
_MAX_POSITIONS = 5000
# The paper's encoder has three blocks, the released one four.
_DILATIONS = {3: (1, 2, 4), 4: (1, 2, 4, 8)}


class Encoded(NamedTuple):
    """z_cls [B, d] and z [B, T, d] of unit length; alpha [B, T, K]: how much each source weighs, summing to 1."""

    z_cls: Tensor
    z: Tensor
    alpha: Tensor


class _Block(nn.Module):
    def __init__(self, d: int, dilation: int, dropout: float) -> None:
        super().__init__()
        padding = dilation * (_KERNEL - 1) // 2
        self.conv1 = nn.Conv1d(d, d, _KERNEL, padding=padding, dilation=dilation, bias=False)
        self.conv2 = nn.Conv1d(d, d, _KERNEL, padding=padding, dilation=dilation, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.GroupNorm(1, d)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.conv2(self.dropout(functional.gelu(self.conv1(x))))
        normed: Tensor = self.norm(functional.gelu(inner + x))
        return normed


class _Path(nn.Module):
    """[B, T, columns] -> [B, T, d] for the raw or the motion part of one source."""

    def __init__(self, columns: int, d: int, dilations: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.stem = nn.Conv1d(columns, d, 1, bias=False)
        self.blocks = nn.ModuleList(_Block(d, dilation, dropout) for dilation in dilations)
        self.proj = nn.Linear(d, d, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.stem(x.transpose(1, 2))
        for block in self.blocks:
            y = block(y)
        projected: Tensor = self.proj(y.transpose(1, 2))
        return projected


class _Fusion(nn.Module):
    """One learned query weighs the K sources of each frame."""

    def __init__(self, d: int, sources: int, dropout: float) -> None:
        super().__init__()
        self.latent = nn.Parameter(torch.randn(1, 1, d))
        self.q_ln = nn.LayerNorm(d)
        self.kv_ln = nn.LayerNorm(d)
        self.Wq, self.Wk, self.Wv, self.Wo = (nn.Linear(d, d, bias=False) for _ in range(4))
        self.logit_temp = nn.Parameter(torch.zeros(sources))
        self.logit_bias = nn.Parameter(torch.zeros(sources))
        self.dropout = nn.Dropout(dropout)

    def forward(self, e: Tensor) -> tuple[Tensor, Tensor]:
        """e [B, T, K, d] -> fused [B, T, d], alpha [B, T, K]."""
        kv = self.kv_ln(e)
        query = self.Wq(self.q_ln(self.latent))[0, 0]
        logits = self.Wk(kv) @ query / math.sqrt(e.shape[-1])
        alpha = torch.softmax(logits / (functional.softplus(self.logit_temp) + 1e-3) + self.logit_bias, dim=-1)
        fused: Tensor = self.Wo((self.dropout(alpha).unsqueeze(-2) @ self.Wv(kv)).squeeze(-2))
        return fused, alpha


class _Positions(nn.Module):
    pe: Tensor

    def __init__(self, d: int) -> None:
        super().__init__()
        position = torch.arange(_MAX_POSITIONS, dtype=torch.float32).unsqueeze(1)
        rate = torch.exp(torch.arange(0, d, 2, dtype=torch.float32) * (-math.log(10000.0) / d))
        pe = torch.zeros(1, _MAX_POSITIONS, d)
        pe[0, :, 0::2] = torch.sin(position * rate)
        pe[0, :, 1::2] = torch.cos(position * rate)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.pe[:, : x.shape[1]]


class Encoder(nn.Module):
    """Normalised features of a window -> where its frames and the whole of it lie in the space of human action (TAG 3.2)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        d, dilations, dropout = config.d_model, config.dilations, config.dropout
        self.state_enc = nn.ModuleDict({name: _Path(raw, d, dilations, dropout) for name, raw, _ in config.sources})
        self.motion_enc = nn.ModuleDict({name: _Path(motion, d, dilations, dropout) for name, _, motion in config.sources})
        self.fusion = _Fusion(d, len(config.sources), dropout)
        self.cls = nn.Parameter(torch.randn(1, 1, d))
        self.pos_enc = _Positions(d)
        layer = nn.TransformerEncoderLayer(d, config.heads, 4 * d, dropout, batch_first=True)
        self.temporal = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Encoded:
        """x [B, T, D]: normalised raw parts of all sources, then their motion parts. Raises ValueError for a wrong D."""
        return self.fuse(self.each_source(x))

    def each_source(self, x: Tensor) -> Tensor:
        """What each source says by itself: [B, T, D] -> [B, T, K, d]. Raises ValueError for a wrong D."""
        if x.shape[-1] != self.config.columns:
            raise ValueError(f"the encoder reads {self.config.columns} columns, not {x.shape[-1]}")
        names, raw_sizes, motion_sizes = zip(*self.config.sources, strict=True)
        parts = torch.split(x, [*raw_sizes, *motion_sizes], dim=-1)
        each = [
            functional.layer_norm(self.state_enc[name](raw) + self.motion_enc[name](motion), (self.config.d_model,))
            for name, raw, motion in zip(names, parts, parts[len(names) :], strict=False)
        ]
        return torch.stack(each, dim=2)

    def fuse(self, each: Tensor) -> Encoded:
        """What the sources say together: [B, T, K, d] of `each_source`."""
        frames, alpha = self.fusion(each)
        tokens = self.temporal(self.pos_enc(torch.cat([self.cls.expand(len(each), -1, -1), frames], dim=1)))
        tokens = functional.normalize(tokens, dim=-1)
        return Encoded(tokens[:, 0], tokens[:, 1:], alpha)


def build_encoder(manifold: Manifold) -> Encoder:
    """The manifold's encoder, ready to run. Raises ManifoldError when its weights do not fit."""
    encoder = Encoder(manifold.config)
    weights = {name: torch.from_numpy(value) for name, value in manifold.weights.items()}
    _load_strictly(encoder, weights, f"The manifold '{manifold.name}'")
    return encoder.eval()


def load_checkpoint(path: Path) -> tuple[Encoder, EncoderConfig]:
    """Read a checkpoint of the released code: the bare state dict, or a dict that holds it with optional settings.

    Sources, sizes, width and blocks are read off the tensors. Raises ManifoldError, by name, for missing, extra or misshaped tensors.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of how a foreign file was made: whether it can be read is all that matters
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ManifoldError(f"The checkpoint {path.name} cannot be read ({error.strerror}): check the path.") from error
    except Exception as error:  # whatever a foreign file makes the reader raise, it means the same
        if _ends_early(path):
            raise ManifoldError(f"The checkpoint {path.name} is empty or ends early: copy or download it again.") from error
        raise ManifoldError(f"{path.name} is not a checkpoint of plain tensors: re-save it as a state dict.") from error
    if not isinstance(content, Mapping):
        raise ManifoldError(f"{path.name} holds no state dict: re-save the checkpoint as a state dict.")
    weights = content.get("state_dict", content.get("model_state_dict", content))
    title = f"The checkpoint {path.name}"
    if not isinstance(weights, Mapping) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise ManifoldError(f"{title} holds no state dict: re-save it as a state dict.")
    if "cls" not in weights:
        raise ManifoldError(f"{title} is not of this network: it has no tensor 'cls'.")
    try:
        config = _config(weights, content if weights is not content else {})
        encoder = Encoder(config)
    except (ValueError, IndexError, TypeError, ArithmeticError, AssertionError, RuntimeError) as error:
        raise ManifoldError(f"{title} is not of this network: {error}.") from error
    _load_strictly(encoder, weights, title)
    return encoder.eval(), config


def _config(weights: Mapping[str, Tensor], settings: Mapping[str, Any]) -> EncoderConfig:
    """What the tensors and the settings beside them say of the network. Raises ValueError and its kin for what is none."""
    stems = [
        (name.split(".")[1], value) for name, value in weights.items() if name.startswith("state_enc.") and name.endswith(".stem.weight")
    ]
    blocks = 1 + max((int(name.split(".")[3]) for name in weights if name.startswith("state_enc.") and ".blocks." in name), default=-1)
    if not stems or blocks not in _DILATIONS:
        raise ValueError(f"it has {len(stems)} sources with {blocks} blocks (3 or 4 are known)")
    return EncoderConfig(
        sources=tuple((name, stem.shape[1], motion_size(name, stem.shape[1])) for name, stem in stems),
        d_model=weights["cls"].shape[-1],
        dilations=_DILATIONS[blocks],
        layers=1 + max((int(name.split(".")[2]) for name in weights if name.startswith("temporal.layers.")), default=-1),
        heads=int(settings.get("time_heads", 8)),
        dropout=float(settings.get("dropout", 0.1)),
    )


def _ends_early(path: Path) -> bool:
    """Whether a file begins as a checkpoint does, a zip archive, but lacks its directory, which stands at the end."""
    with path.open("rb") as file:
        start = file.read(4)
    return start == b"" or (start == b"PK\x03\x04" and not zipfile.is_zipfile(path))


def _load_strictly(encoder: Encoder, weights: Mapping[str, Tensor], title: str) -> None:
    own = encoder.state_dict()
    faults = [f"{name} is missing" for name in own if name not in weights]
    faults += [f"{name} is not part of the network" for name in weights if name not in own]
    faults += [
        f"{name} has the shape {tuple(value.shape)} instead of {tuple(own[name].shape)}"
        for name, value in weights.items()
        if name in own and value.shape != own[name].shape
    ]
    if faults:
        more = f", and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise ManifoldError(f"{title} does not fit the network: {'; '.join(faults[:3])}{more}.")
    broken = next((name for name, value in weights.items() if not bool(torch.isfinite(value).all())), None)
    if broken is not None:
        raise ManifoldError(f"{title} is damaged: {broken} holds NaN or infinity; copy or train it again.")
    encoder.load_state_dict(weights)
