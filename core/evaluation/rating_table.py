"""Raw ratings of people: one row a rating, as TAG and GAIA collect them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.evaluation.errors import EvaluationError
from core.evaluation.files import CLIP_COLUMNS, axis_name, finite, need_column, read_table

RATER_COLUMNS = ("participant_id", "rater_id", "participant", "rater", "subject_id", "user", "user_id", "worker_id")


@dataclass(frozen=True, eq=False)
class RatingTable:
    """N ratings on A axes; several by one rater of one clip are repeats.

    rater, clip  int [N], index into raters, clips      values  float64 [N, A], NaN where an axis was not rated
    """

    raters: tuple[str, ...]
    clips: tuple[str, ...]
    axes: tuple[str, ...]
    rater: np.ndarray
    clip: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.rater)

    def keep(self, raters: np.ndarray) -> RatingTable:
        """The ratings of the raters that are True in bool [R]; names keep their numbers."""
        rows = raters[self.rater]
        return replace(self, rater=self.rater[rows], clip=self.clip[rows], values=self.values[rows])

    def matrix(self, axis: int) -> np.ndarray:
        """float64 [R, V]: each rater's mean rating of each clip on one axis (repeats are averaged), NaN where there is none."""
        total, count = self.totals(axis)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def totals(self, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """Sum and number [R, V] of each rater's ratings of each clip on one axis."""
        total, count = np.zeros((2, len(self.raters), len(self.clips)))
        known = np.isfinite(self.values[:, axis])
        np.add.at(total, (self.rater[known], self.clip[known]), self.values[known, axis])
        np.add.at(count, (self.rater[known], self.clip[known]), 1)
        return total, count

    def active(self) -> np.ndarray:
        """bool [R]: raters with at least one rating."""
        return np.bincount(self.rater, minlength=len(self.raters)) > 0


def read_ratings(path: Path, scale: tuple[float, float] | None = None) -> RatingTable:
    """A CSV file with a column of raters, one of clips and a column of numbers for each axis (text columns are left out).

    scale: the least and the greatest rating allowed. Raises EvaluationError.
    """
    columns, rows = read_table(path)
    rater_column, clip_column = need_column(path, columns, RATER_COLUMNS), need_column(path, columns, CLIP_COLUMNS)
    if not rows:
        raise EvaluationError(f"{path} holds no ratings: give a file with at least one row below the column names.")
    axes = [name for name in columns if name not in (rater_column, clip_column) and _holds_numbers([row[name] for row in rows])]
    if not axes:
        raise EvaluationError(f"{path} has no column of ratings (it has {', '.join(columns)}): give one such as action_consistency.")
    raters: dict[str, int] = {}
    clips: dict[str, int] = {}
    rater, clip = np.zeros((2, len(rows)), np.int64)
    values = np.full((len(rows), len(axes)), np.nan)
    for number, row in enumerate(rows):
        if not row[rater_column] or not row[clip_column]:
            raise EvaluationError(f"{path}, line {number + 2}: the rater or the clip is not named; complete or remove the line.")
        rater[number] = raters.setdefault(row[rater_column], len(raters))
        clip[number] = clips.setdefault(row[clip_column], len(clips))
        for place, axis in enumerate(axes):
            if row[axis]:
                values[number, place] = _rating(path, f"'{axis}' in line {number + 2}", row[axis], scale)
    names = tuple(axis_name(axis) for axis in axes)
    if len(set(names)) < len(names):
        raise EvaluationError(f"{path} has two columns for one axis ({', '.join(axes)}): remove one of them.")
    return RatingTable(tuple(raters), tuple(clips), names, rater, clip, values)


def _rating(path: Path, where: str, text: str, scale: tuple[float, float] | None) -> float:
    value = finite(path, where, text)
    if scale is not None and not scale[0] <= value <= scale[1]:
        raise EvaluationError(f"{path}: {where} is {value:g}, outside the scale {scale[0]:g} to {scale[1]:g}; correct it or give --scale.")
    return value


def _holds_numbers(cells: Sequence[str]) -> bool:
    for cell in cells:
        try:
            float(cell)
        except ValueError:
            continue
        return True
    return False
