"""The two files of TokenHMR, as their makers publish them: what each must hold, and how it gets into the network.

* The checkpoint (`tokenhmr_model_latest.ckpt`, by PyTorch Lightning): the entry `state_dict` with `backbone.*` and `smpl_head.*`; beside
  them the SMPL model of the training, the discriminator, and optimizers, which are left in the file.
* The tokenizer (`tokenizer.pth`): the entry `net` with `decoder.*` and `quantizer.*`; its encoder is left in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from core.extraction.reference.tokenhmr.linear import PackedLinear
from core.extraction.reference.tokenhmr.network import TokenHmr, empty_network
from core.safe_checkpoint import Checkpoint, CheckpointError, StoredTensor

_NAMED = 3  # how many tensors a sentence names


@dataclass(frozen=True)
class _Part:
    """One of the two files: the entry its tensors are under, the key that marks it, and families of keys that are of no use here."""

    title: str
    entry: str
    mark: str
    unused: tuple[str, ...]
    prefix: str  # of its keys in the network

    def tensors(self, checkpoint: Checkpoint) -> dict[str, StoredTensor]:
        """The tensors of the file that the network may need, by their names in the file."""
        entry = checkpoint.content.get(self.entry)
        found = entry if isinstance(entry, dict) else {}
        kept = {str(key): value for key, value in found.items() if isinstance(value, StoredTensor)}
        return {key: value for key, value in kept.items() if not key.startswith(self.unused)}


_NETWORK = _Part("the TokenHMR network", "state_dict", "backbone.pos_embed", ("smpl.", "discriminator.", "initialized"), "")
_TOKENIZER = _Part(
    "the tokenizer of TokenHMR", "net", "quantizer.codebook", ("encoder.", "body_model.", "decoder.body_model."), "tokenizer."
)


def check_mesh_files(checkpoint: Path, tokenizer: Path) -> None:
    """Whether both files are there, whole and what they should be, without reading their numbers.

    Raises CheckpointError with one sentence that names the file.
    """
    expected = _shapes(empty_network())
    for path, part in ((checkpoint, _NETWORK), (tokenizer, _TOKENIZER)):
        with Checkpoint(path) as opened:
            _checked(opened, part, expected)


def load_weights(checkpoint: Path, tokenizer: Path, device: torch.device, dtype: torch.dtype) -> TokenHmr:
    """The network with the weights of both files, packed for inference: the backbone's large products in `dtype`, all else in float32.

    Tensors are read, moved to the device and packed one by one, so that none is held twice. Raises CheckpointError with one sentence that
    names the file.
    """
    network = empty_network()
    expected = _shapes(network)
    # The small file first: what is wrong with it should not be said after minutes of reading.
    for path, part in ((tokenizer, _TOKENIZER), (checkpoint, _NETWORK)):
        with Checkpoint(path) as opened:
            for key, stored in _checked(opened, part, expected).items():
                _assign(network, part.prefix + key, opened.tensor(stored).to(device), dtype)
    return network


def _shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


def _checked(checkpoint: Checkpoint, part: _Part, expected: Mapping[str, tuple[int, ...]]) -> dict[str, StoredTensor]:
    """The file's tensors when they are exactly those that the network has."""
    name, found = checkpoint.path.name, part.tensors(checkpoint)
    if part.mark not in found:
        other = _TOKENIZER if part is _NETWORK else _NETWORK
        if other.mark in other.tensors(checkpoint):
            raise CheckpointError(f"{name} holds {other.title}, not {part.title}: the two files are in each other's place.")
        raise CheckpointError(f"{name} does not hold {part.title}, or not as its makers publish it: choose another file.")
    own = {key.removeprefix(part.prefix): shape for key, shape in expected.items() if key.startswith("tokenizer.") == (part is _TOKENIZER)}
    problems = [
        _listed("lacks", (key for key in own if key not in found)),
        _listed("also holds", (key for key in found if key not in own)),
        _listed(
            "has in another shape",
            (f"{key} {found[key].shape} instead of {shape}" for key, shape in own.items() if key in found and found[key].shape != shape),
        ),
    ]
    if any(problems):
        raise CheckpointError(f"{name} is of another version of {part.title}: it {'; it '.join(filter(None, problems))}.")
    return found


def _listed(verb: str, keys: Iterable[str]) -> str:
    names = list(keys)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{verb} {', '.join(names[:_NAMED])}{more}" if names else ""


def _assign(network: nn.Module, key: str, tensor: torch.Tensor, dtype: torch.dtype) -> None:
    path, _, name = key.rpartition(".")
    module = network.get_submodule(path)
    if name in dict(module.named_parameters(recurse=False)):
        setattr(module, name, nn.Parameter(tensor.float(), requires_grad=False))
    else:
        setattr(module, name, tensor.float())
    if isinstance(module, PackedLinear) and not any(parameter.is_meta for parameter in module.parameters()):
        module.pack(dtype)
