"""Labelled clips -> the windows that train and those that are held out, and the manifold as far as it is known before training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

import numpy as np

from core.embedding import clip_columns
from core.manifold import Manifold, encoder_config, unmeasured_manifold
from core.track import Source
from core.training.dataset import LabelledClip, WindowSet, column_statistics, window_set
from core.training.errors import DatasetError
from core.training.recipe import Recipe
from core.training.sampler import split_clips, split_videos

_FPS = 30.0
_NAMED = 3  # so many classes are named in a sentence


@dataclass(frozen=True, eq=False)
class Material:
    """`manifold` has sources, classes and statistics; weights and what is measured with them are still empty.

    short   clips without one whole window
    alone   classes with a single clip (by group: a single group), which are left out, since none could be held out
    """

    manifold: Manifold
    training: WindowSet
    testing: WindowSet
    short: tuple[str, ...]
    alone: tuple[str, ...]


def prepare(clips: Iterable[LabelledClip], recipe: Recipe, name: str, split: str, dropped: Sequence[str], licence: str) -> Material:
    """Windows, split and statistics.

    Feature files are read as the released code does (variant `authors`, native rate), videos with motion made exact and resampled to
    30 frames a second. By `group` whole groups are held out. Raises DatasetError when fewer than two classes are left, a source to drop is
    unknown, or a clip names no group.
    """
    stream = iter(clips)
    first = next(stream, None)
    if first is None:
        raise DatasetError("No clip can be used for training: see the lines above for the reasons.")
    seen: dict[str, tuple[str, str]] = {}
    whole = _window_manifold(first, recipe, name, dropped, licence)

    def labelled() -> Iterator[LabelledClip]:
        for clip in chain([first], stream):
            _check_alike(first, clip)
            seen[clip.clip] = (clip.action, clip.subject)
            # Classes are known only at the end: until then each clip has its own label.
            yield replace(clip, action="")

    windows = window_set(labelled(), replace(whole, classes=("",)), recipe.window)
    names = windows.clips
    if split == "group" and (ungrouped := [clip for clip in names if not seen[clip][1]]):
        raise DatasetError(f"The name of {ungrouped[0]} states no group such as g01, so groups cannot be kept apart: use --split video.")
    actions = [seen[clip][0] for clip in names]
    units = [seen[clip][1] if split == "group" else clip for clip in names]
    counts = {action: len({unit for unit, own in zip(units, actions, strict=True) if own == action}) for action in sorted(set(actions))}
    classes = tuple(action for action, count in counts.items() if count > 1)
    if len(classes) < 2:
        what = "groups" if split == "group" else "videos"
        alone = [action for action, count in counts.items() if count == 1]
        rest = f" (a single one in {', '.join(alone[:_NAMED])}{', ...' if len(alone) > _NAMED else ''})" if alone else ""
        found = " and ".join(classes) or "none"
        raise DatasetError(
            f"Training needs two classes with two {what} of {recipe.window} frames or more each, and found {found}{rest}: add {what}."
        )
    if split == "group":
        held_out = split_clips(names, actions, units, recipe.seed, recipe.held_out_share)
    else:
        # The released code sorts by the name of the file of features.
        held_out = split_videos([f"{clip}.npz" for clip in names], actions, recipe.seed, recipe.held_out_share)
    label = np.array([classes.index(action) if action in classes else -1 for action in actions])
    windows = replace(windows, label=label[windows.clip])
    training, testing = (_subset(windows, (held_out[windows.clip] == out) & (windows.label >= 0)) for out in (False, True))
    blank = replace(whole, classes=classes, centroids=np.zeros((len(classes), recipe.d_model), np.float32))
    mean, std = column_statistics(clip_columns(part.features, blank) for part in training.stretches)
    return Material(
        replace(blank, mean=mean, std=std),
        training,
        testing,
        tuple(clip for clip in seen if clip not in names),
        tuple(action for action, count in counts.items() if count == 1),
    )


def _check_alike(first: LabelledClip, clip: LabelledClip) -> None:
    """Raise DatasetError when the features of two clips cannot be put into one space."""
    for left, right in zip_longest(first.track.extractor.sources, clip.track.extractor.sources):
        if left != right:
            both = " and ".join(f"{_told(source)} in {of.clip}" for source, of in ((left, first), (right, clip)))
            raise DatasetError(
                f"The clips were extracted in two ways ({both}): extract all of them alike, or leave one out with --exclude."
            )


def _told(source: Source | None) -> str:
    return f"{source.size} columns of {source.name} ({source.space})" if source else "nothing more"


def _window_manifold(clip: LabelledClip, recipe: Recipe, name: str, dropped: Sequence[str], licence: str) -> Manifold:
    info = clip.track.extractor
    known = [source.name for source in info.sources]
    unknown = [source for source in dropped if source not in known]
    if unknown or len(set(dropped)) == len(known):
        wrong = f"There is no source '{unknown[0]}' to drop" if unknown else "All sources are dropped"
        raise DatasetError(f"{wrong}: the clips have {', '.join(known)}.")
    sources = tuple(source for source in info.sources if source.name not in dropped)
    authors = info.name == "tag-files"
    config = encoder_config(sources, d_model=recipe.d_model, dilations=recipe.dilations)
    variant, fps = ("authors", None) if authors else ("corrected", _FPS)
    return unmeasured_manifold(name, sources, config, fps=fps, variant=variant, licence=licence)


def _subset(windows: WindowSet, kept: np.ndarray) -> WindowSet:
    """The windows at `kept` (bool [N]), and only the stretches they lie in."""
    used, stretch = np.unique(windows.stretch[kept], return_inverse=True)
    return replace(
        windows,
        stretches=tuple(windows.stretches[i] for i in used),
        stretch=stretch,
        start=windows.start[kept],
        label=windows.label[kept],
        clip=windows.clip[kept],
    )
