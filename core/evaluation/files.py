"""Score files: the formats of TAG (JSON), tables of other metrics (CSV), and the analyses that Telltale writes.

A score that a file does not hold stays missing. What cannot be read is refused with one sentence that says what to do.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.evaluation.errors import EvaluationError

CLIP_COLUMNS = ("video_id", "clip", "video", "video_name", "name", "file", "filename")
# The columns of GAIA's MOS.csv, and the axes as its raw ratings call them.
GAIA_AXES: Mapping[str, str] = {
    "final action subject": "subject quality",
    "final action completeness": "action completeness",
    "final action interaction": "action-scene interaction",
}
COMBINED = "combined"
# Other words for the axes of TAG's human scores and of its raw ratings.
AXES: Mapping[str, str] = {"action_consistency": "ac", "temporal_coherence": "tc", "physical_plausibility": "tc", **GAIA_AXES}
_TITLES = {"ac": "action consistency", "tc": "temporal coherence"}


@dataclass(frozen=True)
class ScoreFile:
    """Scores by axis and clip, in the order of the file; a clip without a score on an axis is not in that axis."""

    name: str
    axes: Mapping[str, Mapping[str, float]]

    @property
    def clips(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(clip for values in self.axes.values() for clip in values))


def read_scores(path: Path) -> ScoreFile:
    """Scores from `{"<clip>": {"ac": ..., "tc": ...}}` or `{"<clip>": number}` (JSON), a table with a column of clips (CSV), or a folder
    of analyses (`analysis.json`). Raises EvaluationError."""
    if path.is_dir():
        return _from_analyses(path)
    axes = _json_scores(path, read_json(path)) if path.suffix.lower() == ".json" else _csv_scores(path)
    if not any(axes.values()):
        raise EvaluationError(f"{path} holds no scores: give a JSON or CSV file with at least one score.")
    return ScoreFile(path.stem, {axis: values for axis, values in axes.items() if values})


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises EvaluationError."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    except ValueError as error:
        raise EvaluationError(f"{path} is no JSON ({error}): export the file again.") from error


def read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Column names in lower case and rows of a CSV file, separated by comma, semicolon or tab. Raises EvaluationError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is no text in UTF-8: export it as CSV again.") from error
    lines = text.splitlines()
    if not lines or not lines[0].strip():
        raise EvaluationError(f"{path} is empty: give a CSV file with a row of column names.")
    delimiter = max(",;\t", key=lines[0].count)
    rows = list(csv.reader(lines, delimiter=delimiter))
    columns = [name.strip().lower() for name in rows[0]]
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise EvaluationError(f"{path} has two columns named '{twice}': rename one of them.")
    table = []
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(columns):
            raise EvaluationError(f"{path}, line {number}: {len(row)} cells instead of {len(columns)}; repair the line.")
        table.append(dict(zip(columns, (cell.strip() for cell in row), strict=True)))
    return columns, table


def need_column(path: Path, columns: Sequence[str], names: Sequence[str]) -> str:
    """The first of `names` that is a column. Raises EvaluationError when none is."""
    for name in names:
        if name in columns:
            return name
    wanted = f"no column '{names[0]}'" if len(names) == 1 else f"none of the columns {', '.join(names)}"
    raise EvaluationError(f"{path} has {wanted} (it has {', '.join(columns)}): rename the column that holds it.")


def finite(path: Path, where: str, value: Any) -> float:
    """`value` as a number. Raises EvaluationError when it is none or not finite."""
    try:
        if isinstance(value, bool):
            raise TypeError
        result = float(value)
    except (TypeError, ValueError):
        result = math.nan
    if not math.isfinite(result):
        raise EvaluationError(f"{path}: {where} is {value!r}, which is no finite number; correct it or leave it out.")
    return result


def axis_name(name: str) -> str:
    """The short name of an axis: `ac`, `tc`, or the name itself in lower case."""
    return AXES.get(name.lower(), name.lower())


def axis_title(axis: str) -> str:
    """The axis in words."""
    return _TITLES.get(axis, axis)


def _json_scores(path: Path, content: Any) -> dict[str, dict[str, float]]:
    if not isinstance(content, dict):
        raise EvaluationError(f'{path} is not of the form {{"<clip>": {{"ac": ..., "tc": ...}}}}: give a score file.')
    axes: dict[str, dict[str, float]] = {}
    for clip, entry in content.items():
        scores = entry if isinstance(entry, dict) else {"score": entry}
        for name, value in scores.items():
            if value is not None:
                axes.setdefault(axis_name(name), {})[clip] = finite(path, f"'{name}' of '{clip}'", value)
    return axes


def _csv_scores(path: Path) -> dict[str, dict[str, float]]:
    columns, rows = read_table(path)
    clip_column = need_column(path, columns, CLIP_COLUMNS)
    axes: dict[str, dict[str, float]] = {}
    for column in columns:
        cells = [row[column] for row in rows]
        # A column without any number is text about the clips; one number makes it a score.
        if column == clip_column or not any(_is_number(cell) for cell in cells):
            continue
        values = axes.setdefault(axis_name(column), {})
        for number, row in enumerate(rows, 2):
            if row[column]:
                if row[clip_column] in values:
                    raise EvaluationError(f"{path} names the clip '{row[clip_column]}' twice: keep one row.")
                values[row[clip_column]] = finite(path, f"'{column}' in line {number}", row[column])
    if all(column in columns for column in GAIA_AXES):
        axes[COMBINED] = _combined([axes[axis] for axis in GAIA_AXES.values() if axis in axes])
    return axes


def _combined(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """GAIA's combined score: the sum of the three mean opinion scores, put back on their scale 0..100."""
    clips = [clip for clip in parts[0] if all(clip in part for part in parts)] if len(parts) == len(GAIA_AXES) else []
    return {clip: sum(part[clip] for part in parts) / len(parts) for clip in clips}


def _from_analyses(folder: Path) -> ScoreFile:
    """Both scores of every `analysis.json` below the folder; action consistency where an action was requested."""
    axes: dict[str, dict[str, float]] = {"ac": {}, "tc": {}}
    found = False
    for path, analysis in analyses(folder):
        found = True
        clip, scores, action = Path(analysis["video"]["path"]).name, analysis["scores"], analysis["action"]
        if clip in axes["tc"]:
            raise EvaluationError(f"{path} is a second analysis of '{clip}': keep one of them in {folder}.")
        if scores["temporal_coherence"] is not None:
            axes["tc"][clip] = finite(path, "'temporal_coherence'", scores["temporal_coherence"])
        if action is not None and scores["action_consistency"].get(action) is not None:
            axes["ac"][clip] = finite(path, "'action_consistency'", scores["action_consistency"][action])
    if not found:
        raise EvaluationError(f"{folder} holds no analysis.json: run 'main.py analyze VIDEOS --out {folder}' first.")
    if not any(axes.values()):
        raise EvaluationError(f"No analysis in {folder} has scores: 'main.py report' says why for each clip.")
    return ScoreFile(folder.name, {axis: values for axis, values in axes.items() if values})


def analyses(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every `analysis.json` below the folder, sorted by path. Raises EvaluationError for one that is none."""
    for path in sorted(folder.rglob("analysis.json")):
        content = read_json(path)
        try:
            known = isinstance(content["schema"], int) and isinstance(content["scores"]["action_consistency"], dict)
            content["video"]["path"], content["action"], content["attention"], content["scores"]["temporal_coherence"]
        except (KeyError, TypeError):
            known = False
        if not known:
            raise EvaluationError(f"{path} is no analysis of Telltale: analyse the video again.")
        yield path, content


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
