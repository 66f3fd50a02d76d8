"""Tracks of labelled real motion -> a manifold. Seeded and repeatable; one thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from core.embedding import clip_columns
from core.encoder import Encoder
from core.manifold import Manifold, encoder_config, unmeasured_manifold
from core.track import Source
from core.training.calibration import calibrate, encode_set
from core.training.dataset import LabelledClip, WindowSet, column_statistics, window_set
from core.training.own_loss import OwnLoss, own_loss
from core.training.report import held_out_report
from core.training.sampler import batches, held_out_by, split_clips
from core.windows import STRIDE, WINDOW

_RISING = 0.1  # of the steps


class TrainingError(Exception):
    """The data cannot train a manifold; the message is one sentence for people."""


@dataclass(frozen=True)
class TrainSettings:
    """epochs are passes over as many windows as there are at stride 8; P x K = classes x windows of each in a batch.

    In a batch each clip of a class is as likely as any other. The learning rate rises over the first tenth of the steps and then follows a
    cosine. What hides sources (see OwnLoss) takes the place of dropout inside the network. The published presets are in recipe.py.
    """

    name: str
    sources: tuple[Source, ...]
    fps: float | None = 30.0
    variant: str = "corrected"
    mask: str = "hands"
    d_model: int = 64
    dropout: float = 0.0
    epochs: float = 12.0
    batch_classes: int = 20
    batch_windows: int = 3
    learning_rate: float = 1.5e-3
    final_learning_rate: float = 1e-6
    weight_decay: float = 1e-2
    loss: OwnLoss = field(default_factory=OwnLoss)
    held_out_share: float = 0.2
    # A class is offered for action consistency only when so many windows of it were held out, and when for half of them at most this
    # share of the other classes' centroids lies nearer than their own: distances from a class that is not recognised mean nothing.
    min_held_out_windows: int = 16
    worst_rank: float = 0.25
    seed: int = 1337
    licence: str = ""


def train(dataset: Sequence[LabelledClip], settings: TrainSettings, progress: Callable[[str, int, int], None] | None = None) -> Manifold:
    """Train an encoder on the dataset and measure everything a manifold holds; its `card` is the report on the held-out clips.

    progress(stage, done, total). Raises TrainingError when fewer than two classes have windows to train on or none can be held out,
    ManifoldError when a track lacks a source.
    """
    report = progress or (lambda stage, done, total: None)
    classes = tuple(sorted({clip.action for clip in dataset}))
    config = encoder_config(settings.sources, d_model=settings.d_model, dropout=settings.dropout)
    manifold = unmeasured_manifold(
        settings.name, settings.sources, config,
        fps=settings.fps, variant=settings.variant, mask=settings.mask, classes=classes, licence=settings.licence,
    )  # fmt: skip
    held_out = split_clips(
        [c.clip for c in dataset], [c.action for c in dataset], [c.subject for c in dataset], settings.seed, settings.held_out_share
    )
    parts = {
        kept: window_set([clip for clip, out in zip(dataset, held_out, strict=True) if out != kept], manifold) for kept in (True, False)
    }
    training, testing = parts[True], parts[False]
    if len(np.unique(training.label)) < 2 or not len(testing):
        raise TrainingError("Training needs at least two classes, and a second clip of one of them to hold out: add more clips.")
    mean, std = column_statistics(clip_columns(part.features, manifold) for part in training.stretches)
    manifold = replace(manifold, mean=mean, std=std)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            encoder = Encoder(manifold.config)
            losses = _fit(encoder, training, manifold, settings, report)
    finally:
        torch.set_num_threads(threads)
    encoder.eval()
    manifold = replace(manifold, weights={name: value.detach().numpy().copy() for name, value in encoder.state_dict().items()})
    trained, tested = (encode_set(windows, manifold, encoder) for windows in (training, testing))
    manifold, measured = calibrate(
        manifold, encoder, trained, tested, settings.min_held_out_windows, settings.seed, report, settings.worst_rank
    )
    card = held_out_report(manifold, encoder, trained, tested, classes, settings.seed, report) | measured
    card["windows"] = {
        name: {
            "training": int((training.label == i).sum()),
            "held_out": int((testing.label == i).sum()),
            "split": held_out_by([c for c in dataset if c.action == name]),
        }
        for i, name in enumerate(classes)
    }
    card["loss"] = {"first": losses[0], "last": float(np.mean(losses[-max(1, len(losses) // 10) :])), "steps": len(losses)}
    return replace(manifold, card=card)


def _fit(
    encoder: Encoder, training: WindowSet, manifold: Manifold, settings: TrainSettings, report: Callable[[str, int, int], None]
) -> list[float]:
    """AdamW with a cosine per step; the loss of each step."""
    size = min(settings.batch_classes, len(np.unique(training.label))) * settings.batch_windows
    steps = max(2, round(settings.epochs * len(training) / size))
    proxies = torch.nn.Parameter(torch.randn(len(manifold.classes) + 1, settings.d_model))
    optimiser = torch.optim.AdamW([*encoder.parameters(), proxies], lr=settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps, settings))
    rng = np.random.default_rng(settings.seed)
    lengths = np.array([len(part) for part in training.stretches])
    losses: list[float] = []
    encoder.train()
    for step, index in enumerate(
        batches(training.label, settings.batch_classes, settings.batch_windows, steps, settings.seed, training.clip)
    ):
        # A window may begin anywhere within its stride, so that the encoder does not learn eight fixed phases.
        shifted = training.start.copy()
        last = lengths[training.stretch[index]] - WINDOW
        shifted[index] = np.minimum(training.start[index] + rng.integers(0, STRIDE, len(index)), last)
        raw = replace(training, start=shifted).raw(index)
        labels = torch.from_numpy(training.label[index])
        loss = own_loss(encoder, proxies, raw, labels, manifold, settings.loss, rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        report("train", step + 1, steps)
    return losses


def _rate(step: int, steps: int, settings: TrainSettings) -> float:
    """The learning rate at a step as a share of the highest: up to it in a line, then a cosine down to the final one."""
    rising = steps * _RISING
    if step < rising:
        return (step + 1) / (rising + 1)
    final = settings.final_learning_rate / settings.learning_rate
    return final + (1 - final) * (1 + math.cos(math.pi * (step - rising) / (steps - rising))) / 2
