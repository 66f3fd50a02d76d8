"""The body that pictures show: a person's own SMPL model where they have put one, else the bundled one."""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path

from core.body import BodyModel, load_body
from core.user_models.folder import models_folder

# As it is usually called, then as its owners call versions 1.1.0 and 1.0.0.
NAMES = (
    "SMPL_NEUTRAL.npz",
    "SMPL_NEUTRAL.pkl",
    "basicmodel_neutral_lbs_10_207_0_v1.1.0.pkl",
    "basicModel_neutral_lbs_10_207_0_v1.0.0.pkl",
)


def own_body_file() -> Path | None:
    """The person's own SMPL model, or None."""
    return next((file for name in NAMES if (file := models_folder() / name).is_file()), None)


def display_body() -> BodyModel:
    """The person's own body model; the bundled one when there is none, or, with a warning, when theirs cannot be read."""
    file = own_body_file()
    return _display_body(file, file.stat().st_mtime_ns if file else 0)


@lru_cache(maxsize=1)
def _display_body(file: Path | None, changed: int) -> BodyModel:
    if file is None:
        return load_body()
    try:
        return load_body(file)
    except (ValueError, OSError) as error:
        warnings.warn(f"Your body model cannot be used, the bundled one is shown: {error}", stacklevel=2)
        return load_body()
