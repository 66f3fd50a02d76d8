"""How a training run is done: the published presets and what may be changed of them (science.md 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.training.distortions import KINDS
from core.windows import WINDOW

LOSSES = ("tcl", *KINDS)
SPLITS = ("video", "group")
DEFAULT_SEED = 1337


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result of a run, beside the clips.

    batch_classes   P of P x K batches; None: batches are drawn from all windows
    batch_windows   K, or without P the size of a batch
    finished_rows   distortions act on the finished feature rows, whose motion columns then disagree with the raw ones, as in the released
                    code; else motion is derived again
    losses          the terms that count, of LOSSES
    active_share    share of each class's windows that trains, the nearest to the class's centroid (TAG 5.5); chosen anew by the encoder
                    before each epoch but the first
    window          positions of a window
    """

    preset: str
    epochs: int
    batch_classes: int | None
    batch_windows: int
    weight_decay: float
    dilations: tuple[int, ...]
    finished_rows: bool
    learning_rate: float = 3e-4
    final_learning_rate: float = 1e-6
    hard_weight: float = 10.0
    d_model: int = 256
    seed: int = DEFAULT_SEED
    losses: tuple[str, ...] = LOSSES
    active_share: float = 1.0
    window: int = WINDOW
    held_out_share: float = 0.2


PRESETS: Mapping[str, Recipe] = {
    "release": Recipe("release", 30, 10, 24, 1e-2, (1, 2, 4, 8), finished_rows=True),
    "paper": Recipe("paper", 90, None, 256, 1e-4, (1, 2, 4), finished_rows=False),
}
