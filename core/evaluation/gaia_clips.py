"""GAIA's clips: model and class from names `<model>_<action>.mp4`, with the actions of its `prompts_all.csv` (columns Action;Scene)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from core.evaluation.clip_names import ClipName, bare_name
from core.evaluation.errors import EvaluationError
from core.evaluation.files import need_column, read_table


def read_prompts(path: Path) -> dict[str, str]:
    """Action -> the scene that was asked for. Raises EvaluationError."""
    columns, rows = read_table(path)
    action, scene = need_column(path, columns, ("action",)), need_column(path, columns, ("scene", "prompt"))
    prompts: dict[str, str] = {}
    for number, row in enumerate(rows, 2):
        if not row[action] or row[action] in prompts:
            fault = f"the action '{row[action]}' stands there twice" if row[action] else "the action is not named"
            raise EvaluationError(f"{path}, line {number}: {fault}; correct or remove the line.")
        prompts[row[action]] = row[scene]
    if not prompts:
        raise EvaluationError(f"{path} holds no actions: give GAIA's prompts_all.csv.")
    return prompts


def gaia_clip_names(names: Iterable[str], prompts: Mapping[str, str]) -> tuple[dict[str, ClipName], list[str]]:
    """Model and action of each clip, every one the first of its kind, and the names that end in no action of the prompts.

    Case does not count, nor whether blanks are written as `_`; of several actions that a name ends in, the longest is meant.
    """
    known = {_plain(action): action for action in prompts}
    found: dict[str, ClipName] = {}
    unknown = []
    for name in names:
        parts = bare_name(name).split("_")
        ends = (("_".join(parts[:i]), _plain("_".join(parts[i:]))) for i in range(1, len(parts)))
        fitting = next(((model, known[end]) for model, end in ends if end in known), None)
        if fitting is None:
            unknown.append(name)
        else:
            found[name] = ClipName(*fitting, instance=1)
    return found, unknown


def _plain(action: str) -> str:
    return re.sub(r"[\s_]+", " ", action).strip().casefold()
