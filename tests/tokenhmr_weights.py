"""Files in the format of TokenHMR's two, with random numbers: nothing of the authors' is in them.

The rule is that of the shared parity fixtures: each tensor depends on its name and shape only, so its checksum can be compared.
"""

import sys
import types
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

_INITIAL = {
    "smpl_head.init_body_pose": np.tile((1, 0, 0, 1, 0, 0), 24),
    "smpl_head.init_betas": np.zeros(10),
    "smpl_head.init_cam": np.array((0.9, 0, 0)),
}
# Without these factors the joints of a random network hardly move.
_LOUDER = {"smpl_head.decpose.class_pred_layer.weight": 8.0}


def weights(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The float32 tensor of that name."""
    if key in _INITIAL:
        return _INITIAL[key].astype(np.float32)[None]
    x = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)
    if "pos_embed" in key or key.endswith("bias"):
        x *= 0.02
    elif key.endswith("weight") and len(shape) == 1:
        x = 1 + 0.05 * x
    elif key != "tokenizer.quantizer.codebook":
        x = x / np.sqrt(np.prod(shape[1:])) * _LOUDER.get(key, np.sqrt(2) if key.startswith("tokenizer.decoder.") else 1)
    return x.astype(np.float32)


def write_files(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> tuple[Path, Path]:
    """The checkpoint and the tokenizer, with what the released files hold beside the weights: configurations, an SMPL model, an encoder.

    `shapes` are the network's tensors, the tokenizer's with the prefix `tokenizer.`.
    """
    checkpoint, tokenizer = folder / "tokenhmr_model_latest.ckpt", folder / "tokenizer.pth"
    parts: dict[bool, OrderedDict[str, torch.Tensor]] = {True: OrderedDict(), False: OrderedDict()}
    for key, shape in shapes.items():
        parts[key.startswith("tokenizer.")][key.removeprefix("tokenizer.")] = torch.from_numpy(weights(key, shape))
    with foreign_class("yacs.config", "CfgNode", dict) as node:
        net = {**parts[True], "encoder.encoder.0.bias": torch.zeros(512)}
        torch.save({"net": net, "hparams": node(ARCH=node(WIDTH=512))}, tokenizer)
        beside = {
            "smpl.v_template": torch.zeros(6890, 3),
            "initialized": torch.tensor(False),
            "discriminator.D_conv1.bias": torch.zeros(32),
        }
        content = {"epoch": 3, "state_dict": {**parts[False], **beside}, "hyper_parameters": {"cfg": node(MODEL=node(IMAGE_SIZE=256))}}
        torch.save({**content, "optimizer_states": [{"state": {0: torch.zeros(3)}}]}, checkpoint)
    return checkpoint, tokenizer


@contextmanager
def foreign_class(module: str, name: str, base: type) -> Iterator[type]:
    """A class of a library that is not installed, while something is saved."""
    parent = module.partition(".")[0]
    made = types.ModuleType(module)
    setattr(made, name, type(name, (base,), {"__module__": module}))
    before = {key: sys.modules.get(key) for key in (parent, module)}
    sys.modules.update({parent: types.ModuleType(parent), module: made})
    try:
        yield getattr(made, name)
    finally:
        for key, value in before.items():
            if value is None:
                del sys.modules[key]
            else:
                sys.modules[key] = value
