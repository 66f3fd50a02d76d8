"""Clip names: which of them mean the same clip, and which model, class and instance a name states (science.md 6).

Clips are matched by their exact name after removing a known video extension and the tokens `videos_` and `video_`, without regard to case.
A clip that is missing is missing: nothing is imputed and nothing is matched by a suffix.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from core.evaluation.errors import EvaluationError

# Only these are taken off: the rest of `Wan2.2_PushUps_01` is no extension.
EXTENSIONS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".gif", ".mpg", ".mpeg", ".wmv", ".flv")
# How the releases of TAG-Bench spell one and the same model.
MODEL_SPELLINGS: Mapping[str, str] = {"wan2p1": "wan2.1", "wan21": "wan2.1", "wan2p2": "wan2.2"}
_TOKEN = re.compile(r"(?<![^_])videos?_", re.IGNORECASE)
# <model>_<class>_<instance>[_<anything>], the names of TAG-Bench.
_PARTS = re.compile(r"(?P<model>.+?)_(?P<action>[A-Za-z][A-Za-z-]*)_(?P<instance>\d+)(?:_.*)?")

Slot = tuple[str, str, int]
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class ClipName:
    """What a name states, as it is spelt there."""

    model: str
    action: str
    instance: int


@dataclass(frozen=True)
class Matching:
    """Names of two files: pairs (left, right) that mean one clip, and those without a partner."""

    pairs: tuple[tuple[str, str], ...]
    left_only: tuple[str, ...]
    right_only: tuple[str, ...]


def canonical(name: str) -> str:
    """The name by which clips are matched."""
    return bare_name(name).casefold()


def bare_name(name: str) -> str:
    """The name without folders, a known video extension and the tokens `videos_` and `video_`."""
    base = re.split(r"[/\\]", name.strip())[-1]
    for extension in EXTENSIONS:
        if base.casefold().endswith(extension):
            base = base[: -len(extension)]
            break
    return _TOKEN.sub("", base)


def parse_clip_name(name: str) -> ClipName | None:
    """Model, class and instance of `<model>_<class>_<instance>_...`; None for a name of another form."""
    found = _PARTS.fullmatch(bare_name(name))
    return ClipName(found["model"], found["action"], int(found["instance"])) if found else None


def parse_clip_names(names: Iterable[str]) -> tuple[dict[str, ClipName], list[str]]:
    """The names that state model, class and instance, and those that do not.

    Spellings of a class or a model that differ in case only, or are known to mean the same model, become the most frequent one.
    """
    parsed = {name: parse_clip_name(name) for name in names}
    known = {name: parts for name, parts in parsed.items() if parts is not None}
    models = _common_spelling([parts.model for parts in known.values()], model_key)
    actions = _common_spelling([parts.action for parts in known.values()], str.casefold)
    common = {
        name: ClipName(models[model_key(parts.model)], actions[parts.action.casefold()], parts.instance) for name, parts in known.items()
    }
    return common, [name for name, parts in parsed.items() if parts is None]


def slot(parts: ClipName) -> Slot:
    """Model, class and instance in a form that two releases share whatever their spelling."""
    return model_key(parts.model), parts.action.casefold(), parts.instance


def match_names(left: Iterable[str], right: Iterable[str]) -> Matching:
    """Pairs of names that mean one clip, in the order of `left`. Raises EvaluationError when a side names a clip twice."""
    return _match(_index(left, canonical), _index(right, canonical))


def match_slots(left: Iterable[str], right: Iterable[str]) -> Matching:
    """Pairs of names with the same model, class and instance, for releases that number their clips alike but name the files differently.

    Raises EvaluationError when a name states none of these or two names of one side state the same.
    """

    def key(name: str) -> Slot:
        parts = parse_clip_name(name)
        if parts is None:
            raise EvaluationError(f"'{name}' does not state model, class and number: name clips <model>_<class>_<number>_...")
        return slot(parts)

    return _match(_index(left, key), _index(right, key))


def suffix_pairs(left: Iterable[str], right: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs (left, right) that the released code's matching makes of names without an exact partner: the first left name that shares
    its last part, or its last two. Only to say what that would have done to a number; never used for one."""
    candidates = [(name, canonical(name).split("_")) for name in left]
    pairs = []
    for name in right:
        parts = canonical(name).split("_")
        if len(parts) < 2:
            continue
        found = next((other for other, its in candidates if len(its) > 1 and its[-1] == parts[-1]), None)
        if found is not None:
            pairs.append((found, name))
    return pairs


def model_key(model: str) -> str:
    return MODEL_SPELLINGS.get(model.casefold(), model.casefold())


def _index(names: Iterable[str], key: Callable[[str], K]) -> dict[K, str]:
    result: dict[K, str] = {}
    for name in names:
        other = result.setdefault(key(name), name)
        if other != name:
            raise EvaluationError(f"'{other}' and '{name}' in one file mean the same clip: keep one of them.")
    return result


def _match(left: Mapping[K, str], right: Mapping[K, str]) -> Matching:
    return Matching(
        tuple((name, right[key]) for key, name in left.items() if key in right),
        tuple(name for key, name in left.items() if key not in right),
        tuple(name for key, name in right.items() if key not in left),
    )


def _common_spelling(spellings: Sequence[str], key: Callable[[str], str]) -> dict[str, str]:
    """The most frequent spelling for each key, the first of the alphabet among equals."""
    counts = Counter(spellings)
    result: dict[str, str] = {}
    for spelling in sorted(counts, key=lambda one: (-counts[one], one)):
        result.setdefault(key(spelling), spelling)
    return result
