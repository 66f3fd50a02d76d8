"""The body that pictures show: a person's own SMPL model where they have put one, else the bundled one."""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path

from platformdirs import user_data_dir

from core.body import BodyModel, load_body

NAMES = ("SMPL_NEUTRAL.npz", "SMPL_NEUTRAL.pkl")


def models_folder() -> Path:
    """Where a person puts models that Telltale may not ship."""
    return Path(user_data_dir("telltale")) / "models"


def own_body_file() -> Path | None:
    """The person's own SMPL model, or None."""
    return next((file for name in NAMES if (file := models_folder() / name).is_file()), None)


def display_body() -> BodyModel:
    """The person's own body model; the bundled one when there is none, or, with a warning, when theirs cannot be read."""
    return _display_body(own_body_file())


@lru_cache(maxsize=1)
def _display_body(file: Path | None) -> BodyModel:
    if file is None:
        return load_body()
    try:
        return load_body(file)
    except (ValueError, OSError) as error:
        warnings.warn(f"Your body model cannot be used, the bundled one is shown: {error}", stacklevel=2)
        return load_body()
