"""Finished analyses in the cache: everything but the track, which lies there already and is joined again on the way out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.analysis import Analysis
from core.ranges import over_all_frames
from core.store import ANALYSIS, TRACK, Store
from core.track import HumanTrack, slice_track


@dataclass(frozen=True)
class Remembered:
    """An analysis without its track; `track_key` and `start` say which one it had and at which frame that begins."""

    track_key: str
    start: int
    times: np.ndarray  # of all frames of the video
    analysis: Analysis


def remember(store: Store, key: str, analysis: Analysis, track_key: str, start: int) -> None:
    """Keep a finished analysis. Raises OSError when the disk refuses."""
    bare = replace(analysis, track=slice_track(analysis.track, slice(0, 0)))
    entry = Remembered(track_key, start, analysis.track.times, bare)
    store.save(ANALYSIS, key, entry, video=analysis.video.path.rsplit("/", 1)[-1], sha256=analysis.video.sha256)


def recall(store: Store, key: str) -> Analysis | None:
    """The analysis kept under `key`, which thereby becomes the latest of its video; or None."""
    store.touch(ANALYSIS, key)
    return _joined(store, store.load(ANALYSIS, key, Remembered))


def recall_latest(store: Store, sha256: str) -> Analysis | None:
    """The analysis of the video with this SHA-256 that was asked for last, or None when there is none in the cache."""
    return _joined(store, store.latest(ANALYSIS, sha256, Remembered))


def track_of(store: Store, sha256: str, created: str) -> tuple[str, int] | None:
    """Key and first frame of the track that the latest analysis of a video was made of, if that is the one created then."""
    entry = store.latest(ANALYSIS, sha256, Remembered)
    return (entry.track_key, entry.start) if entry and entry.analysis.created == created else None


def _joined(store: Store, entry: Remembered | None) -> Analysis | None:
    track = store.load(TRACK, entry.track_key, HumanTrack) if entry else None
    if entry is None or track is None:
        return None
    return replace(entry.analysis, track=over_all_frames(track, entry.start, entry.times))
