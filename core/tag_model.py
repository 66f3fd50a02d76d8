"""A TAG checkpoint and the real feature files it was trained on -> everything its scores need (science.md 1 to 4).

The released checkpoint holds neither statistics nor centroids: both are rebuilt from the training part of the real files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np

from core.embedding import clip_columns, clip_rows, cut_rows, encode
from core.embedding_sources import EMBEDDINGS, NO_EMBEDDINGS, EmbeddingFolders
from core.encoder import Encoder, load_checkpoint
from core.manifold import Manifold, ManifoldError, unmeasured_manifold
from core.motion import motion_features
from core.scores import class_centroid
from core.tag_data import ClipFiles, TagClip, TagDataError, list_clips, read_clip, tag_sources
from core.track import Source
from core.training.dataset import column_statistics
from core.training.sampler import split_videos
from core.windows import window_starts

K = TypeVar("K")
SPLIT_SEED = 1337
_BATCH = 64
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class TagModel:
    """`manifold` holds weights, statistics, classes and centroids; what else a manifold file needs is not measured.

    training, held_out   the real clips, as the released code splits them
    left_out             real clips that cannot be read, with the reason
    notes                what is odd about the real files, in plain words
    scores               the variant of action consistency, `code` or `paper`, which the centroids are made for
    """

    manifold: Manifold
    encoder: Encoder
    training: tuple[ClipFiles, ...]
    held_out: tuple[ClipFiles, ...]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]
    scores: str


def released_split(clips: Sequence[ClipFiles]) -> np.ndarray:
    """bool [N]: True for the training clips, as the released code splits them with its seed."""
    return ~split_videos([clip.meshes.name for clip in clips], [clip.action or "" for clip in clips], SPLIT_SEED)


def build_model(
    checkpoint: Path,
    meshes: Path,
    keypoints: Path,
    alignment: str = "frame_idx",
    progress: Progress | None = None,
    scores: str = "code",
    embeddings: EmbeddingFolders = NO_EMBEDDINGS,
) -> TagModel:
    """Split the real clips, rebuild statistics and centroids from the training part.

    progress(stage, clips done, clips in all). Raises ManifoldError for a checkpoint, TagDataError for folders that do not fit.
    """
    report = progress or (lambda stage, done, total: None)
    encoder, config = load_checkpoint(checkpoint)
    sources = _sources(config.sources, checkpoint)
    clips = list_clips(meshes, keypoints, embeddings_read(sources, embeddings, "--real-"))
    classes = tuple(sorted({clip.action for clip in clips if clip.action is not None}))
    if not classes:
        raise TagDataError(f"The folder {meshes} has no class folders: real meshes lie in <class>/<clip>.npz.")
    split = released_split(clips)
    training = [clip for clip, trains in zip(clips, split, strict=True) if trains]
    left_out: dict[str, str] = {}
    notes: dict[str, str] = {}

    def readable(stage: str) -> Iterator[tuple[ClipFiles, TagClip]]:
        for done, files in enumerate(training, start=1):
            clip = read_or_note(files, blank, alignment, left_out)
            if clip is not None:
                notes.update({files.name: f"{files.name}: {' '.join(clip.notes)}"} if clip.notes else {})
                yield files, clip
            report(stage, done, len(training))

    weights = {name: value.detach().numpy().copy() for name, value in encoder.state_dict().items()}
    blank = unmeasured_manifold(checkpoint.stem, sources, config, fps=None, variant="authors", classes=classes, weights=weights)
    statistics = (clip_columns(used_rows(clip), blank) for _, clip in readable("statistics"))
    first = next(statistics, None)
    if first is None:
        raise TagDataError(f"No real clip in {meshes} can be used; the first: {next(iter(left_out.values()))}")
    mean, std = column_statistics(chain([first], statistics))
    if alignment == "authors":
        # The released code takes these statistics over all rows of the files, also over those that no mesh row uses.
        for source in (name for name in blank.source_names if name in ("kp2d", *EMBEDDINGS)):
            columns = _columns_of(source, blank)
            mean[columns], std[columns] = column_statistics(_whole_rows(clip, source) for _, clip in readable(f"statistics of {source}"))
    manifold = replace(blank, mean=mean, std=std)
    embedded = encode_clips(((files.action or "", clip) for files, clip in readable("centroids")), manifold, encoder)
    of_class: dict[str, list[np.ndarray]] = {name: [] for name in classes}
    for action, z_cls, _ in embedded:
        of_class[action].append(z_cls)
    empty = [name for name, parts in of_class.items() if not parts]
    known = tuple(name for name in classes if name not in empty)
    centroids = np.stack([class_centroid(np.concatenate(of_class[name]), scores) for name in known]).astype(np.float32)
    alone = [name for name in classes if sum(clip.action == name for clip in clips) == 1]
    return TagModel(
        manifold=replace(manifold, classes=known, centroids=centroids),
        encoder=encoder,
        training=tuple(training),
        held_out=tuple(clip for clip, trains in zip(clips, split, strict=True) if not trains),
        left_out=left_out,
        notes=(
            *(
                f"The checkpoint does not read the source '{name}': the embeddings in {folder} take no part."
                for name, folder in embeddings.items()
                if name not in manifold.source_names
            ),
            *(
                f"The class {name} has only one real video: it trains, none is held out, and the centroid is that video's."
                for name in alone
            ),
            *(f"The class {name} has no real training video that can be used: its clips get no action consistency." for name in empty),
            *notes.values(),
        ),
        scores=scores,
    )


def encode_clips(clips: Iterable[tuple[K, TagClip]], manifold: Manifold, encoder: Encoder) -> Iterator[tuple[K, np.ndarray, np.ndarray]]:
    """(key, clip) -> key, z_CLS [B, d] and mean step [B] of its windows at stride 8, in order. Batches go across clips, and a clip may come
    in several parts."""
    waiting: list[tuple[K, np.ndarray]] = []

    def flush() -> Iterator[tuple[K, np.ndarray, np.ndarray]]:
        z_cls, steps, _ = encode(encoder, np.concatenate([rows for _, rows in waiting]))
        first = 0
        for key, rows in waiting:
            part = slice(first, first + len(rows))
            yield key, z_cls[part], steps[part].mean(axis=1)
            first += len(rows)
        waiting.clear()

    for key, clip in clips:
        rows = clip_rows(used_rows(clip), manifold)
        starts = window_starts(len(rows))
        while len(starts):
            room = _BATCH - sum(len(part) for _, part in waiting)
            waiting.append((key, cut_rows(rows, starts[:room], manifold)))
            starts = starts[room:]
            if room <= len(waiting[-1][1]):
                yield from flush()
    if waiting:
        yield from flush()


def used_rows(clip: TagClip) -> dict[str, np.ndarray]:
    """The rows with all features, put next to each other as the released code does."""
    usable = clip.usable()
    return {name: values[usable] for name, values in clip.raw.items()}


def embeddings_read(sources: Sequence[Source], folders: EmbeddingFolders, option: str) -> EmbeddingFolders:
    """The folders of those embeddings that are among the sources; the others are not read.

    Raises TagDataError when one is among the sources and its folder is not named; `option` begins the option that names it.
    """
    needed = [source.name for source in sources if source.name in EMBEDDINGS]
    unnamed = [name for name in needed if name not in folders]
    if unnamed:
        raise TagDataError(f"The checkpoint reads the source '{unnamed[0]}': name the folder of its embeddings with {option}{unnamed[0]}.")
    return {name: folders[name] for name in needed}


def _columns_of(source: str, manifold: Manifold) -> np.ndarray:
    """bool [D]: the raw and motion columns of a source."""
    names, raw, motion = zip(*manifold.config.sources, strict=True)
    return np.repeat([name == source for name in (*names, *names)], [*raw, *motion])


def _whole_rows(clip: TagClip, source: str) -> np.ndarray:
    rows = clip.whole[source]
    return np.concatenate([rows, motion_features(source, rows, "authors")], axis=-1)


def read_or_note(files: ClipFiles, manifold: Manifold, alignment: str, left_out: dict[str, str]) -> TagClip | None:
    """The clip, or None with the reason in `left_out`."""
    try:
        clip = read_clip(files, alignment)
        if not clip.usable().any():
            raise TagDataError(f"{files.name} has no frame with all features: extract them again.")
        for name, size, _ in manifold.config.sources:
            found = clip.raw[name].shape[1]
            if found != size:
                raise TagDataError(
                    f"{files.meshes.name} has {found} columns of {name}, the checkpoint reads {size}: they do not belong together."
                )
    except TagDataError as error:
        left_out[files.name] = str(error)
        return None
    return clip


def _sources(found: Sequence[tuple[str, int, int]], checkpoint: Path) -> tuple[Source, ...]:
    """The sources of the checkpoint with their spaces; raises ManifoldError for one that feature files never hold."""
    sizes = {name: raw for name, raw, _ in found}
    known = {source.name: source for source in tag_sources(sizes.get("vit", 0), EMBEDDINGS)}
    for name, size in sizes.items():
        if name not in known or known[name].size != size:
            held = f"{known[name].size} columns" if name in known else "none"
            raise ManifoldError(
                f"The checkpoint {checkpoint.name} reads the source '{name}' with {size} columns, of which feature files hold "
                f"{held}: use a checkpoint trained on {', '.join(known)}."
            )
    return tuple(known[name] for name in sizes)
