"""How fast the mesh network is beside a plain loop of the same layers, and what less precision costs.

Usage: python benchmarks/tokenhmr.py [--crops 16] [--threads 1] [--device cpu|cuda]      (needs 8 GB of memory; about three minutes)

The plain loop takes one crop after the other in float32, with attention written out, unpacked weights and the book-keeping of gradients on.
The weights are random, by the rule of tests/tokenhmr_weights.py; crops are noise. All ways run in turn, three rounds; the best counts. On
the processor with one thread the time is processor time, which other programs do not disturb; otherwise it is the time on the clock. The
last columns compare with the plain loop: largest difference of the token's 1024 numbers, and the turn between the rotations of the joints.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from core.extraction.reference.tokenhmr.linear import multiplies_bfloat16
from core.extraction.reference.tokenhmr.network import TokenHmr, empty_network
from core.extraction.reference.tokenhmr.prediction import MeshNetwork, MeshPrediction
from tests.tokenhmr_weights import weights

ROUNDS = 3
PRECISIONS = ("float32", "bfloat16", "float16")
# What is asked for on the processor, by precision.
LIMITS = {"float32": 1.1, "bfloat16": 2.0}


def random_network(device: torch.device) -> TokenHmr:
    network = empty_network()
    state = {key: torch.from_numpy(weights(key, tuple(value.shape))).to(device) for key, value in network.state_dict().items()}
    network.load_state_dict(state, assign=True)
    return network


def packed_copy(network: TokenHmr, precision: str) -> TokenHmr:
    """A second network that shares with the first what stays in float32."""
    copy = empty_network()
    copy.load_state_dict(network.state_dict(), assign=True)
    copy.pack(getattr(torch, precision))
    return copy


def plain_loop(network: TokenHmr, images: torch.Tensor, device: torch.device) -> MeshPrediction:
    results = []
    with sdpa_kernel(SDPBackend.MATH):
        for image in images:
            outputs = network(image[None].to(device))
            results.append([part.detach().cpu().numpy() for part in outputs])
    token, rotations, betas, camera = (np.concatenate(parts) for parts in zip(*results, strict=True))
    return MeshPrediction(token, rotations[:, 0], rotations[:, 1:], betas, camera)


def degrees_between(one: MeshPrediction, other: MeshPrediction) -> np.ndarray:
    """The turn between the rotations, [N, 24]."""
    first, second = (np.concatenate([p.global_orient[:, None], p.body_pose], 1).astype(np.float64) for p in (one, other))
    return np.degrees(2 * np.arcsin(np.linalg.norm(first - second, axis=(2, 3)) / math.sqrt(8)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    clock = time.process_time if options.threads == 1 and options.device == "cpu" else time.perf_counter
    images = torch.from_numpy(np.random.default_rng(0).standard_normal((options.crops, 3, 256, 256)).astype(np.float32))

    plain = random_network(device)
    networks = {precision: MeshNetwork(packed_copy(plain, precision), device) for precision in PRECISIONS if possible(precision, device)}
    ways: dict[str, Callable[[], MeshPrediction]] = {"plain loop, float32": lambda: plain_loop(plain, images, device)}
    ways |= {precision: lambda network=network: network.predict(images) for precision, network in networks.items()}
    best: dict[str, float] = {}
    said: dict[str, MeshPrediction] = {}
    for name in [*ways] * ROUNDS:
        begun = clock()
        said[name] = ways[name]()
        best[name] = min(best.get(name, math.inf), (clock() - begun) / options.crops)
    return 0 if table(best, said, options.device) else 1


def possible(precision: str, device: torch.device) -> bool:
    if precision == "bfloat16":
        return multiplies_bfloat16(device)
    return precision == "float32" or device.type != "cpu"


def table(best: dict[str, float], said: dict[str, MeshPrediction], device: str) -> bool:
    """Prints it; whether the limits were kept."""
    plain, *others = best
    print(f"{'':<22}{'a crop':>12}{'times':>8}{'token':>12}{'rotation, largest':>20}{'mean':>12}")
    print(f"{plain:<22}{1000 * best[plain]:>9.0f} ms")
    kept = True
    for name in others:
        times, turns = best[plain] / best[name], degrees_between(said[name], said[plain])
        token = np.abs(said[name].token - said[plain].token).max()
        print(f"{name:<22}{1000 * best[name]:>9.0f} ms{times:>8.2f}{token:>12.1e}{turns.max():>16.4f} deg{turns.mean():>8.4f} deg")
        kept = kept and (device != "cpu" or times >= LIMITS[name])
    if device == "cpu":
        limits = ", ".join(f"{name} {LIMITS[name]} times" for name in others)
        print(f"asked for: {limits}: {'kept' if kept else 'MISSED'}")
    return kept


if __name__ == "__main__":
    sys.exit(main())
