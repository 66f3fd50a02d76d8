"""Training epoch by epoch, so that a run can be continued after any of them. Seeded; bit for bit repeatable on the CPU (one thread)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.embedding import window_rows
from core.encoder import Encoder
from core.manifold import Manifold
from core.scores import class_centroid
from core.training.checkpoint import fingerprint, load_checkpoint, save_checkpoint
from core.training.clustering import cluster_classes
from core.training.dataset import WindowSet
from core.training.distortions import KINDS, distort, distortion_order
from core.training.log import EpochLosses, write_log
from core.training.losses import hard_negative_loss, tcl_loss
from core.training.material import Material
from core.training.recipe import LOSSES, Recipe
from core.training.sampler import batches

_ENCODE_BATCH = 64
_HELD_OUT = 1 << 20  # seeds the draws for the held-out loss, which are the same after each epoch


@dataclass(frozen=True)
class Paths:
    """Where the state and the losses of the run lie."""

    checkpoint: Path
    log: Path


@dataclass(frozen=True)
class Listener:
    """step(epoch from 1, step from 1, steps an epoch, loss) after each batch; epoch(losses) after each epoch; resumed(epochs done)."""

    step: Callable[[int, int, int, float], None]
    epoch: Callable[[EpochLosses], None]
    resumed: Callable[[int], None]


def train_epochs(material: Material, recipe: Recipe, paths: Paths, device: str, listener: Listener) -> tuple[Encoder, list[EpochLosses]]:
    """The trained encoder, on the CPU, and the losses of each epoch.

    Goes on from the checkpoint if there is one; writes it and the log after each epoch. On CUDA the network runs in mixed precision.
    Raises DatasetError when the checkpoint is of another run, OSError when it cannot be written.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(recipe.seed)
            return _run(material, recipe, paths, torch.device(device), listener)
    finally:
        torch.set_num_threads(threads)


def _run(material: Material, recipe: Recipe, paths: Paths, device: torch.device, listener: Listener) -> tuple[Encoder, list[EpochLosses]]:
    manifold, training = material.manifold, material.training
    encoder = Encoder(manifold.config).to(device)
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = _steps(training.label, recipe)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps * recipe.epochs, eta_min=recipe.final_learning_rate)
    mark = fingerprint(recipe, manifold, training, material.testing, device.type)
    history: list[EpochLosses] = []
    state = load_checkpoint(paths.checkpoint, mark)
    if state is not None:
        encoder.load_state_dict(state["encoder"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["rng"])
        if device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"])
        history = [EpochLosses(**entry) for entry in state["history"]]
        listener.resumed(len(history))
    write_log(paths.log, history)  # whoever watches sees at once that a run has begun
    for epoch in range(len(history), recipe.epochs):
        begun = time.monotonic()
        shown = _active(encoder, training, manifold, recipe.active_share if epoch else 1.0, device)
        rng = np.random.default_rng([recipe.seed, epoch])
        encoder.train()
        sums = np.zeros(1 + len(LOSSES))
        for step, chosen in enumerate(_batches(training.label[shown], recipe, steps, epoch), start=1):
            index = shown[chosen]
            total, terms = _losses(encoder, training, index, manifold, recipe, rng, device)
            optimiser.zero_grad()
            total.backward()
            optimiser.step()
            schedule.step()
            sums += [float(total.detach()), *terms]
            listener.step(epoch + 1, step, steps, float(total.detach()))
        loss, *terms = (sums / steps).tolist()
        history.append(
            EpochLosses(
                epoch=epoch + 1,
                epochs=recipe.epochs,
                steps=steps * (epoch + 1),
                windows=len(shown),
                loss=loss,
                **dict(zip(LOSSES, terms, strict=True)),
                held_out=_held_out_loss(encoder, material, recipe, device),
                nmi=cluster_classes(embed_windows(encoder, material.testing, manifold, device), material.testing.label, recipe.seed)[0],
                learning_rate=float(schedule.get_last_lr()[0]),
                seconds=time.monotonic() - begun,
            )
        )
        save_checkpoint(paths.checkpoint, _state(encoder, optimiser, schedule, history, device), mark)
        write_log(paths.log, history)
        listener.epoch(history[-1])
    return encoder.eval().to("cpu"), history


def _state(
    encoder: Encoder,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    history: list[EpochLosses],
    device: torch.device,
) -> dict[str, Any]:
    return {
        "encoder": encoder.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict(),
        "rng": torch.get_rng_state(),
        "cuda_rng": torch.cuda.get_rng_state() if device.type == "cuda" else None,
        "history": [entry.as_dict() for entry in history],
    }


def _size(labels: np.ndarray, recipe: Recipe) -> int:
    if recipe.batch_classes is None:
        return min(recipe.batch_windows, len(labels))
    return min(recipe.batch_classes, len(np.unique(labels))) * recipe.batch_windows


def _steps(labels: np.ndarray, recipe: Recipe) -> int:
    """Batches an epoch: about as many windows as there are."""
    return max(1, round(len(labels) / _size(labels, recipe)))


def _batches(labels: np.ndarray, recipe: Recipe, steps: int, epoch: int) -> Iterator[np.ndarray]:
    """Indices into labels; the draws of each epoch follow from seed and epoch alone."""
    seed = int(np.random.SeedSequence([recipe.seed, epoch, 1]).generate_state(1)[0])
    if recipe.batch_classes is not None:
        yield from batches(labels, recipe.batch_classes, recipe.batch_windows, steps, seed)
        return
    size = _size(labels, recipe)
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(labels)) for _ in range(math.ceil(steps * size / len(labels)))])
    for step in range(steps):
        yield order[step * size : (step + 1) * size]


def _losses(
    encoder: Encoder,
    windows: WindowSet,
    index: np.ndarray,
    manifold: Manifold,
    recipe: Recipe,
    rng: np.random.Generator,
    device: torch.device,
) -> tuple[torch.Tensor, list[float]]:
    """The sum of the terms that count, and each term of LOSSES, unweighted; a term that does not count is 0 and costs nothing."""
    raw = windows.raw(index)
    variants = [window_rows(raw, manifold)]
    kinds = [kind for kind in KINDS if kind in recipe.losses]
    for kind in kinds:
        order = distortion_order(kind, len(index), rng, length=recipe.window)
        if recipe.finished_rows:
            variants.append(distort(variants[0], order))
        else:
            variants.append(window_rows({name: distort(values, order) for name, values in raw.items()}, manifold))
    rows = torch.from_numpy(np.concatenate(variants)).to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        z_cls = encoder(rows).z_cls
    z, *distorted = torch.nn.functional.normalize(z_cls.float(), dim=-1).split(len(index))
    terms = {kind: hard_negative_loss(z, other) for kind, other in zip(kinds, distorted, strict=True)}
    total = recipe.hard_weight * torch.stack(list(terms.values())).sum() if terms else (z * 0).sum()
    if "tcl" in recipe.losses:
        terms["tcl"] = tcl_loss(z, torch.from_numpy(windows.label[index]).to(device))
        total = total + terms["tcl"]
    return total, [float(terms[name].detach()) if name in terms else 0.0 for name in LOSSES]


def _held_out_loss(encoder: Encoder, material: Material, recipe: Recipe, device: torch.device) -> float:
    """The same loss on held-out windows, without dropout: batches drawn as in training."""
    testing = material.testing
    rng = np.random.default_rng([recipe.seed, _HELD_OUT])
    steps = _steps(testing.label, recipe)
    encoder.eval()
    with torch.inference_mode():
        values = [
            float(_losses(encoder, testing, index, material.manifold, recipe, rng, device)[0])
            for index in _batches(testing.label, recipe, steps, _HELD_OUT)
        ]
    return float(np.mean(values))


def _active(encoder: Encoder, windows: WindowSet, manifold: Manifold, share: float, device: torch.device) -> np.ndarray:
    """Indices of each class's share of windows that lie nearest to its centroid (TAG 5.5), in rising order."""
    if share >= 1.0:
        return np.arange(len(windows))
    z_cls = embed_windows(encoder, windows, manifold, device)
    kept = []
    for label in np.unique(windows.label):
        mine = np.flatnonzero(windows.label == label)
        distance = np.linalg.norm(z_cls[mine] - class_centroid(z_cls[mine]), axis=1)
        kept.append(mine[np.argsort(distance, kind="stable")[: max(1, round(share * len(mine)))]])
    return np.sort(np.concatenate(kept))


def embed_windows(encoder: Encoder, windows: WindowSet, manifold: Manifold, device: torch.device) -> np.ndarray:
    """z_CLS float32 [N, d] of all windows."""
    encoder.eval()
    found = []
    with torch.inference_mode():
        for first in range(0, len(windows), _ENCODE_BATCH):
            index = np.arange(first, min(first + _ENCODE_BATCH, len(windows)))
            rows = torch.from_numpy(window_rows(windows.raw(index), manifold)).to(device)
            found.append(encoder(rows).z_cls.float().cpu().numpy())
    return np.concatenate(found)
