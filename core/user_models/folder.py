"""The folder of a person's own models: one answer for window, command line and worker processes."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_path, user_data_dir

from core.files import write_atomically

VARIABLE = "TELLTALE_MODELS"


def models_folder() -> Path:
    """Where a person puts models that Telltale may not ship: $TELLTALE_MODELS, else the folder chosen in the window, else the usual one."""
    override = os.environ.get(VARIABLE)
    return Path(override) if override else _chosen() or usual_folder()


def usual_folder() -> Path:
    return Path(user_data_dir("telltale")) / "models"


def choose_models_folder(folder: Path | None) -> None:
    """Keep another folder for this person, for the command line too; None goes back to the usual one. Raises OSError.

    $TELLTALE_MODELS, where it is set, still comes first.
    """
    file = _choice_file()
    if folder is None:
        file.unlink(missing_ok=True)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, str(folder.absolute()).encode())


def is_fixed() -> bool:
    """Whether the environment decides, so that a choice has no effect."""
    return bool(os.environ.get(VARIABLE))


def _choice_file() -> Path:
    return user_config_path("telltale") / "models-folder.txt"


def _chosen() -> Path | None:
    try:
        text = _choice_file().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return Path(text) if text else None
