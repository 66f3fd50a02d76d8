"""Spearman of TAG scores with human ratings, clips matched by name; and what the matching of the released code would have made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.evaluation.agreement import spearman
from core.evaluation.clip_names import match_names

_FEWEST = 2


@dataclass(frozen=True)
class ReleasedMatching:
    """What the released code correlates, over `clips` pairs. `faults` names the bugs that make these other pairs than the right ones."""

    spearman: float | None
    clips: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class TagAgreement:
    """`spearman`: positive = agreement (scores are distances, so its sign is turned); None with fewer than two clips or all equal.

    without_score, without_rating   clips of one file that the other does not have: they count for nothing
    """

    axis: str
    spearman: float | None
    clips: int
    without_score: tuple[str, ...]
    without_rating: tuple[str, ...]
    released: ReleasedMatching


def tag_agreement(axis: str, distances: Mapping[str, float], ratings: Mapping[str, float]) -> TagAgreement:
    """Agreement of distances (lower is better) with ratings (higher is better), each by clip name.

    Raises EvaluationError when one side names a clip twice.
    """
    matching = match_names(distances, ratings)
    pairs = [(distances[left], ratings[right]) for left, right in matching.pairs]
    return TagAgreement(
        axis=axis,
        spearman=_turned_spearman(pairs),
        clips=len(pairs),
        without_score=matching.right_only,
        without_rating=matching.left_only,
        released=_released(distances, ratings, set(matching.pairs)),
    )


def _turned_spearman(pairs: list[tuple[float, float]]) -> float | None:
    if len(pairs) < _FEWEST:
        return None
    x, y = np.array(pairs, np.float64).T
    value = spearman(-x, y)
    return None if np.isnan(value) else value


def _released(distances: Mapping[str, float], ratings: Mapping[str, float], right: set[tuple[str, str]]) -> ReleasedMatching:
    """The pairs that the released `eval.py` makes, beside the `right` ones. The names of scores have lost their extension before they come
    to it, and lose all behind their last dot again; a name without an exact partner then takes the first with the same last part."""
    by_short = {_released_name(name): name for name in distances}  # of equal names the last stays
    pairs = []
    for rated in ratings:
        short = _released_name(rated)
        found = by_short.get(short) or _same_ending(short, by_short)
        if found is not None:
            pairs.append((found, rated))
    foreign = [f"the rating of {rated} with the score of {name}" for name, rated in pairs if (name, rated) not in right]
    alone = sorted(name for name, rated in right if (name, rated) not in set(pairs))
    faults = []
    if foreign:
        faults.append(f"pairs names by their last part alone: {_listed(foreign)}")
    if alone:
        faults.append(f"cuts names at their last dot twice and tells upper from lower case, and so leaves out {_listed(alone)}")
    return ReleasedMatching(_turned_spearman([(distances[name], ratings[rated]) for name, rated in pairs]), len(pairs), tuple(faults))


def _released_name(name: str) -> str:
    short = name.rpartition(".")[0] or name
    for token, kept in (("_videos_", "_"), ("videos_", ""), ("_video_", "_")):
        short = short.replace(token, kept)
    return short


def _same_ending(short: str, by_short: Mapping[str, str]) -> str | None:
    parts = short.split("_")
    if len(parts) < 2:
        return None
    return next((name for other, name in by_short.items() if len(its := other.split("_")) > 1 and its[-1] == parts[-1]), None)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:2]) + (f", and {len(names) - 2} more" if len(names) > 2 else "")
