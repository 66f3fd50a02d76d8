"""Tracks of labelled real motion -> a manifold. Seeded and repeatable; one thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from core.embedding import clip_columns, window_rows
from core.encoder import Encoder
from core.manifold import Manifold, encoder_config, unmeasured_manifold
from core.track import Source
from core.training.augment import augment
from core.training.calibration import calibrate
from core.training.dataset import LabelledClip, WindowSet, column_statistics, window_set
from core.training.distortions import KINDS, distort, distortion_order
from core.training.losses import hard_negative_loss, tcl_loss
from core.training.report import held_out_report
from core.training.sampler import batches, split_clips
from core.windows import STRIDE, WINDOW

PRESETS = ("telltale", "release")


class TrainingError(Exception):
    """The data cannot train a manifold; the message is one sentence for people."""


@dataclass(frozen=True)
class TrainSettings:
    """epochs are passes over as many windows as there are at stride 8; P x K = classes x windows of each in a batch.

    preset `release`: every window against all three distortions of its finished rows, whose motion columns then disagree with the raw ones,
    as in the released code. `telltale`: motion is derived again after the distortion, and each window meets one of the three, drawn by lot,
    with threefold weight: the same loss on average for half the work. It also augments the windows and hides sources of them.
    """

    name: str
    sources: tuple[Source, ...]
    fps: float | None = 30.0
    variant: str = "corrected"
    mask: str = "hands"
    d_model: int = 64
    epochs: float = 8.0
    batch_classes: int = 10
    batch_windows: int = 6
    learning_rate: float = 3e-4
    final_learning_rate: float = 1e-6
    weight_decay: float = 1e-2
    hard_weight: float = 10.0
    preset: str = "telltale"
    held_out_share: float = 0.2
    # How often a source of a window is hidden (its columns set to their mean), so that the encoder cannot rest on one of them: the look of
    # a clip's clothes tells the clip apart at once, and would be all it learns from few clips.
    source_dropout: float = 0.3
    # A class is offered for action consistency only when so many windows of it were held out.
    min_held_out_windows: int = 8
    seed: int = 1337
    licence: str = ""


def train(dataset: Sequence[LabelledClip], settings: TrainSettings, progress: Callable[[str, int, int], None] | None = None) -> Manifold:
    """Train an encoder on the dataset and measure everything a manifold holds; its `card` is the report on the held-out clips.

    progress(stage, done, total). Raises TrainingError when fewer than two classes have windows to train on or none can be held out,
    ManifoldError when a track lacks a source.
    """
    if settings.preset not in PRESETS:
        raise TrainingError(f"There is no preset '{settings.preset}': choose one of {', '.join(PRESETS)}.")
    report = progress or (lambda stage, done, total: None)
    classes = tuple(sorted({clip.action for clip in dataset}))
    config = encoder_config(settings.sources, d_model=settings.d_model)
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
    manifold = calibrate(manifold, encoder, training, testing, settings.min_held_out_windows, settings.seed, report)
    card = held_out_report(manifold, encoder, testing, classes, settings.seed, report)
    card["windows"] = {
        name: {"training": int((training.label == i).sum()), "held_out": int((testing.label == i).sum())} for i, name in enumerate(classes)
    }
    card["loss"] = {"first": losses[0], "last": float(np.mean(losses[-max(1, len(losses) // 10) :])), "steps": len(losses)}
    return replace(manifold, card=card)


def _fit(
    encoder: Encoder, training: WindowSet, manifold: Manifold, settings: TrainSettings, report: Callable[[str, int, int], None]
) -> list[float]:
    """AdamW with a cosine per step; the loss of each step."""
    size = min(settings.batch_classes, len(np.unique(training.label))) * settings.batch_windows
    steps = max(1, round(settings.epochs * len(training) / size))
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, eta_min=settings.final_learning_rate)
    rng = np.random.default_rng(settings.seed)
    lengths = np.array([len(part) for part in training.stretches])
    losses: list[float] = []
    encoder.train()
    for step, index in enumerate(batches(training.label, settings.batch_classes, settings.batch_windows, steps, settings.seed)):
        # A window may begin anywhere within its stride, so that the encoder does not learn eight fixed phases.
        shifted = training.start.copy()
        last = lengths[training.stretch[index]] - WINDOW
        shifted[index] = np.minimum(training.start[index] + rng.integers(0, STRIDE, len(index)), last)
        raw = replace(training, start=shifted).raw(index)
        if settings.preset == "telltale":
            raw = augment(raw, rng)
        variants = [window_rows(raw, manifold)]
        orders = [distortion_order(kind, len(index), rng) for kind in KINDS]
        if settings.preset == "release":
            variants += [distort(variants[0], order) for order in orders]
        else:
            drawn = np.choose(rng.integers(0, len(KINDS), (len(index), 1)), orders)
            variants.append(window_rows({name: distort(values, drawn) for name, values in raw.items()}, manifold))
            shown = _shown_columns(len(index), manifold, settings.source_dropout, rng)
            variants = [shown * variant for variant in variants]
        z, *distorted = encoder(torch.from_numpy(np.concatenate(variants))).z_cls.split(len(index))
        loss = tcl_loss(z, torch.from_numpy(training.label[index]))
        hard = torch.stack([hard_negative_loss(z, other) for other in distorted]).mean()
        loss = loss + settings.hard_weight * len(KINDS) * hard
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        report("train", step + 1, steps)
    return losses


def _shown_columns(count: int, manifold: Manifold, dropout: float, rng: np.random.Generator) -> np.ndarray:
    """float32 [count, 1, D]: 0 in the columns of the sources that are hidden from a window, else 1; one source always stays."""
    hidden = rng.random((count, len(manifold.sources))) < dropout
    hidden[np.arange(count), rng.integers(0, len(manifold.sources), count)] = False
    _, raw, motion = zip(*manifold.config.sources, strict=True)
    columns = np.concatenate([np.repeat(~hidden, sizes, axis=1) for sizes in (raw, motion)], axis=1)
    return columns[:, None].astype(np.float32)
