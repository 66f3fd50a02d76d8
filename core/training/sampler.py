"""Which clips train, which are held out, and which windows make a batch. Everything follows from the seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np

from core.training.dataset import LabelledClip


def split_clips(clips: Sequence[str], labels: Sequence[str], subjects: Sequence[str], seed: int, held_out_share: float = 0.2) -> np.ndarray:
    """bool [N]: True for the entries that are held out.

    Per class: where at least two subjects show it, whole subjects are held out; else whole clips (all views of a clip stay together).
    At least one and at most all but one subject or clip is held out; a class of one clip trains only.
    """
    rng = np.random.default_rng(seed)
    names, classes, persons = (np.asarray(values, dtype=str) for values in (clips, labels, subjects))
    held_out = np.zeros(len(names), bool)
    for label in np.unique(classes):
        mine = classes == label
        groups = persons if len(np.unique(persons[mine])) > 1 else names
        candidates = rng.permutation(np.unique(groups[mine]))
        if len(candidates) < 2:
            continue
        wanted = held_out_share * mine.sum()
        chosen: list[str] = []
        for candidate in candidates[:-1]:
            if chosen and (mine & np.isin(groups, chosen)).sum() >= wanted:
                break
            chosen.append(candidate)
        held_out |= mine & np.isin(groups, chosen)
    return held_out


def held_out_by(clips: Sequence[LabelledClip]) -> str:
    """What `split_clips` holds out of the clips of one class: `subjects`, `clips`, or `nothing`, since there is a single clip."""
    if len({clip.subject for clip in clips}) > 1:
        return "subjects"
    return "clips" if len({clip.clip for clip in clips}) > 1 else "nothing"


def split_videos(names: Sequence[str], labels: Sequence[str], seed: int, held_out_share: float = 0.2) -> np.ndarray:
    """bool [N]: True for the videos that are held out, by the released code's draws: one generator of Python's shuffles the names of each
    class, class after class, in alphabetical order. At least one trains, and at least one is held out if there are two."""
    generator = random.Random(seed)
    held_out = np.zeros(len(names), bool)
    for label in sorted(set(labels)):
        mine = sorted((i for i, own in enumerate(labels) if own == label), key=lambda i: names[i])
        generator.shuffle(mine)
        training = max(1, min(len(mine) - 1, round(len(mine) * (1 - held_out_share))))
        held_out[mine[training:]] = True
    return held_out


def batches(labels: np.ndarray, classes: int, windows: int, count: int, seed: int, clips: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """`count` batches of indices into labels [N]: P = `classes` classes (all, if there are fewer), K = `windows` windows of each.

    A class with fewer than K windows gives some of them more than once. With `clips` [N] each clip of a class is as likely as any other,
    however long it is and however often it was filmed.
    """
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    shares = [None if clips is None else _equal_shares(clips[mine]) for mine in members]
    for _ in range(count):
        chosen = rng.permutation(len(members))[:classes]
        yield np.concatenate([rng.choice(members[i], windows, replace=len(members[i]) < windows, p=shares[i]) for i in chosen])


def _equal_shares(groups: np.ndarray) -> np.ndarray:
    """How likely each entry is when every group is as likely as the others."""
    _, group, count = np.unique(groups, return_inverse=True, return_counts=True)
    shares: np.ndarray = 1 / (len(count) * count[group])
    return shares
