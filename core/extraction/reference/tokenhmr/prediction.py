"""The mesh network on the user's weights, ready to use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from core.extraction.reference.tokenhmr.checkpoint import load_weights
from core.extraction.reference.tokenhmr.linear import multiplies_bfloat16
from core.extraction.reference.tokenhmr.network import TokenHmr

Precision = Literal["float32", "bfloat16", "float16"]

# Crops at a time: more are not faster, and take memory.
_BATCH = {"cpu": 8, "cuda": 64}
# The numbers of each output.
_COLUMNS = (1024, 24 * 9, 10, 3)


@dataclass(frozen=True)
class MeshPrediction:
    """What the network says about N crops, all float32.

    The query `token` [N, 1024] (TAG's appearance), SMPL's `global_orient` [N, 3, 3], `body_pose` [N, 23, 3, 3] and `betas` [N, 10], and the
    crop's `camera` [N, 3] (scale, x, y).
    """

    token: np.ndarray
    global_orient: np.ndarray
    body_pose: np.ndarray
    betas: np.ndarray
    camera: np.ndarray


class MeshNetwork:
    """TokenHMR on one device. Not for several threads at once."""

    def __init__(self, network: TokenHmr, device: torch.device) -> None:
        self._network = network
        self._device = device

    @torch.inference_mode()
    def predict(self, images: torch.Tensor) -> MeshPrediction:
        """`images` float32 [N, 3, 256, 256] are crops as `crop_person` makes them, on any device; pinned ones are uploaded without waiting.

        Raises ValueError for another shape.
        """
        if images.ndim != 4 or images.shape[1:] != (3, 256, 256):
            raise ValueError(f"The mesh network needs crops of the shape [N, 3, 256, 256], not {list(images.shape)}.")
        results = [torch.empty(0, sum(_COLUMNS), device=self._device)]
        size = _BATCH.get(self._device.type, 8)
        for start in range(0, len(images), size):
            outputs = self._network(images[start : start + size].to(self._device, torch.float32, non_blocking=True))
            results.append(torch.cat([part.flatten(1) for part in outputs], 1))
        # One array comes back from the device, not five for each batch.
        token, rotations, betas, camera = np.split(torch.cat(results).cpu().numpy(), np.cumsum(_COLUMNS[:-1]), axis=1)
        rotations = rotations.reshape(-1, 24, 3, 3)
        return MeshPrediction(token, rotations[:, 0], rotations[:, 1:], betas, camera)


def load_mesh_network(checkpoint: Path, tokenizer: Path, device: str = "cpu", precision: Precision = "float32") -> MeshNetwork:
    """TokenHMR with the weights of the user's two files.

    In bfloat16 and float16 only the products of the image network are done in that precision. Raises CheckpointError (a ValueError) with
    one sentence that names the file and what is wrong with it, ValueError where the device cannot do the precision.
    """
    place = torch.device(device)
    if precision == "float16" and place.type == "cpu":
        raise ValueError("The processor does not compute in float16: choose float32 or bfloat16.")
    if precision == "bfloat16" and not multiplies_bfloat16(place):
        raise ValueError(f"This computer's {place.type} does not multiply in bfloat16: choose float32.")
    return MeshNetwork(load_weights(checkpoint, tokenizer, place, getattr(torch, precision)), place)
