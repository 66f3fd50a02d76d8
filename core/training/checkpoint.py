"""The state of a run after an epoch, on disk: whole or not there, and read without running anything that is in it."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from core.files import write_atomically
from core.manifold import Manifold
from core.training.dataset import WindowSet
from core.training.errors import DatasetError
from core.training.recipe import Recipe

_FORMAT = 2


def fingerprint(recipe: Recipe, manifold: Manifold, training: WindowSet, testing: WindowSet, device: str) -> str:
    """What must be the same for a run to be continued: recipe, sources, clips (by their windows and statistics), kind of device."""
    digest = hashlib.sha256()
    settings = {"recipe": asdict(recipe), "sources": [asdict(source) for source in manifold.sources], "classes": manifold.classes}
    digest.update(json.dumps({**settings, "device": device, "variant": manifold.variant, "fps": manifold.fps}, sort_keys=True).encode())
    for windows in (training, testing):
        for values in (windows.stretch, windows.start, windows.label, windows.clip):
            digest.update(values.tobytes())
    digest.update(manifold.mean.tobytes() + manifold.std.tobytes())
    return digest.hexdigest()


def save_checkpoint(path: Path, state: dict[str, Any], mark: str) -> None:
    """Raises OSError; the checkpoint that was there stays then."""
    content = io.BytesIO()
    torch.save({**state, "format": _FORMAT, "fingerprint": mark}, content)
    write_atomically(path, content.getvalue())


def load_checkpoint(path: Path, mark: str) -> dict[str, Any] | None:
    """The state of the interrupted run, None when there is none. Raises DatasetError for a damaged file and one of another run."""
    if not path.exists():
        return None
    advice = "begin anew with --restart or choose another --out"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of how a foreign file was made
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a foreign file makes the reader raise, it means the same
        raise DatasetError(f"The checkpoint {path} is damaged, cut short or not one of Telltale's: {advice}.") from error
    if not isinstance(state, dict) or state.get("format") != _FORMAT:
        raise DatasetError(f"The checkpoint {path} is not one of this version of Telltale: {advice}.")
    if state["fingerprint"] != mark:
        raise DatasetError(f"The checkpoint {path} belongs to a run with other settings or other clips: give the same again, {advice}.")
    return state
