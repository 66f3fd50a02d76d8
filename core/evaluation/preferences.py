"""Pairwise preferences of people: which of two models' clips is better (VBench-2.0, TAG Table 7)."""

from __future__ import annotations

from pathlib import Path

from core.evaluation.errors import EvaluationError
from core.evaluation.files import need_column, read_table
from core.evaluation.win_ratio import Comparison

_TIES = {"tie", "same", "equal", "draw", "0.5"}
_FIRST, _SECOND = {"a", "first", "model_a", "1"}, {"b", "second", "model_b", "2"}


def read_preferences(path: Path) -> tuple[Comparison, ...]:
    """CSV with the columns model_a, model_b, winner and if known class; winner: a model's name, a, b or tie. Raises EvaluationError."""
    columns, rows = read_table(path)
    first, second = need_column(path, columns, ("model_a", "model1", "first")), need_column(path, columns, ("model_b", "model2", "second"))
    winner = need_column(path, columns, ("winner", "preference", "choice"))
    action = next((name for name in ("class", "action", "category") if name in columns), None)
    result = []
    for number, row in enumerate(rows, 2):
        if not row[first] or not row[second] or row[first] == row[second]:
            raise EvaluationError(f"{path}, line {number}: two different models are needed, not '{row[first]}' and '{row[second]}'.")
        chosen = row[winner]
        word = chosen.casefold()
        if chosen in (row[first], row[second]):
            better: str | None = chosen
        elif word in _FIRST | _SECOND:
            better = row[first] if word in _FIRST else row[second]
        elif word in _TIES:
            better = None
        else:
            raise EvaluationError(f"{path}, line {number}: the winner '{chosen}' is neither of the two models, nor a, b or tie.")
        result.append(Comparison(row[first], row[second], better, row[action] if action else ""))
    if not result:
        raise EvaluationError(f"{path} holds no preferences: give at least one row below the column names.")
    return tuple(result)
