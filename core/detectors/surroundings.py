"""What is measured right before, in and right after an excursion."""

from __future__ import annotations

import numpy as np

from core.tracks.excursions import Excursions


class Windows:
    """Medians of three frames before, right inside and after each excursion, of arrays [T, ...] -> [N, ...]."""

    def __init__(self, found: Excursions, total: int) -> None:
        self.rows = np.arange(len(found))
        self.found = found
        first, last = found.start + found.away_frames, found.stop - found.back_frames - 3
        self._places = [np.clip(place, 0, total - 3) for place in (found.start - 3, first, last, found.stop)]
        self._total = total

    def _medians(self, values: np.ndarray) -> list[np.ndarray]:
        if np.iscomplexobj(values):
            smooth = values[:-2] + values[1:-1] + values[2:]
        else:
            smooth = np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
        return [smooth[place] for place in self._places]

    def before(self, values: np.ndarray) -> np.ndarray:
        return self._medians(values)[0]

    def after(self, values: np.ndarray) -> np.ndarray:
        return self._medians(values)[3]

    def inside(self, values: np.ndarray) -> np.ndarray:
        _, first, last, _ = self._medians(values)
        return (first + last) / 2

    def pairs(self, values: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """(outside, inside) of the step away and of the step back."""
        before, first, last, after = self._medians(values)
        return [(before, first), (after, last)]

    def changes(self, values: np.ndarray) -> np.ndarray:
        """[2, N, ...]: from outside to inside."""
        return np.stack([inner - outer for outer, inner in self.pairs(values)])

    def smaller_change(self, vectors: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.norm(self.changes(vectors), axis=-1).min(axis=0))

    def edges(self, wider: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """(first, stop) of the frames whose steps lead into the excursion, and out of it."""
        found = self.found
        return [
            (found.start - wider, found.start + found.away_frames + 1 + wider),
            (found.stop - found.back_frames - wider, found.stop + 1 + wider),
        ]

    def most(self, values: np.ndarray, first: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """The highest of values [T, ...] in each first..stop; NaN where all are unknown."""
        known = np.where(np.isfinite(values), values, -np.inf)
        spans = zip(np.maximum(first, 0), np.minimum(stop, self._total), strict=True)
        highest = np.stack([known[a : max(b, a + 1)].max(axis=0) for a, b in spans])
        return np.where(np.isfinite(highest), highest, np.nan)

    def total(self, values: np.ndarray, first: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """The sum of values [T, ...] over each first..stop; what is unknown counts as nothing."""
        sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(np.nan_to_num(values), axis=0)])
        first, stop = np.clip(first, 0, self._total), np.clip(stop, 0, self._total)
        return np.asarray(sums[np.maximum(stop, first)] - sums[first])
