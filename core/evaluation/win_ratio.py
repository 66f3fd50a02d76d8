"""Win ratios: how often one model's clip beats another's of the same class and instance (science.md 6; TAG Tables 7 to 9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from core.evaluation.clip_names import ClipName
from core.evaluation.errors import EvaluationError


@dataclass(frozen=True)
class WinRatio:
    """Comparisons of one model's clips with those of other models; a tie counts as half a win in the ratio."""

    model: str
    wins: int
    ties: int
    comparisons: int

    @property
    def ratio(self) -> float:
        return (self.wins + 0.5 * self.ties) / self.comparisons


@dataclass(frozen=True)
class WinRatios:
    """Sorted by model; `by_class` maps a class to the ratios within it."""

    overall: tuple[WinRatio, ...]
    by_class: Mapping[str, tuple[WinRatio, ...]]


@dataclass(frozen=True)
class Comparison:
    """One model against another, in a class if it is known. winner: one of the two, or None for a tie."""

    first: str
    second: str
    winner: str | None
    action: str = ""


def win_ratios(scores: Mapping[str, float], names: Mapping[str, ClipName], higher_is_better: bool) -> WinRatios:
    """For each (class, instance) every pair of models present; the better score wins. `names` says what each clip's name states.

    Raises EvaluationError when a model has two clips of one class and instance, or no two models share one.
    """
    groups: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for clip in scores:
        parts = names[clip]
        other = groups[parts.action, parts.instance].setdefault(parts.model, clip)
        if other != clip:
            raise EvaluationError(f"'{other}' and '{clip}' are both number {parts.instance} of {parts.action} by {parts.model}: keep one.")
    comparisons = []
    for (action, _), clips in groups.items():
        for first, second in combinations(sorted(clips), 2):
            a, b = scores[clips[first]], scores[clips[second]]
            winner = None if a == b else first if (a > b) == higher_is_better else second
            comparisons.append(Comparison(first, second, winner, action))
    if not comparisons:
        raise EvaluationError("No two models have a clip of the same class and number, so there is nothing to compare.")
    return count_wins(comparisons)


def count_wins(comparisons: Iterable[Comparison]) -> WinRatios:
    """Win ratios of comparisons, from scores or from preferences that people stated (VBench-2.0, TAG Table 7)."""
    overall: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    by_class: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for comparison in comparisons:
        for model in (comparison.first, comparison.second):
            for counts in (overall[model], by_class[comparison.action][model]):
                counts[0] += comparison.winner == model
                counts[1] += comparison.winner is None
                counts[2] += 1
    classes = {action: _table(counts) for action, counts in sorted(by_class.items()) if action}
    return WinRatios(_table(overall), classes)


def _table(counts: Mapping[str, list[int]]) -> tuple[WinRatio, ...]:
    return tuple(WinRatio(model, *counts[model]) for model in sorted(counts, key=str.casefold))
