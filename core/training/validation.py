"""A finished manifold on films that neither trained nor measured it: other people, another library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.encoder import build_encoder
from core.manifold import Manifold
from core.scores import action_consistency, outside_windows
from core.training.calibration import encode_set
from core.training.dataset import LabelledClip, labelled_windows
from core.training.errors import DatasetError
from core.training.step_band import coverage, real_steps


def validate(manifold: Manifold, clips: Sequence[LabelledClip]) -> dict[str, Any]:
    """Coverage of the band, share of windows outside, and of the clips of offered classes those whose nearest centroid is right.

    JSON-compatible; `clip_accuracy` is null when no clip is of an offered class. Raises DatasetError without a whole window.
    """
    names, windows = labelled_windows(clips, manifold)
    if not len(windows):
        raise DatasetError("No film to validate with has 32 frames: give longer ones.")
    encoder = build_encoder(manifold)
    encoded = encode_set(windows, manifold, encoder)
    right = []
    for clip in np.unique(windows.clip):
        mine = windows.clip == clip
        action = names[windows.label[mine][0]]
        if action in manifold.classes:
            distances = [action_consistency(encoded.z_cls[mine], centroid) for centroid in manifold.centroids]
            right.append(manifold.classes[int(np.argmin(distances))] == action)
    return {
        "band": coverage(manifold, real_steps(windows, manifold, encoder)),
        "outside": float(outside_windows(encoded.z_cls, encoded.strangeness, manifold).mean()),
        "clip_accuracy": float(np.mean(right)) if right else None,
        "clips_of_offered_classes": len(right),
    }
