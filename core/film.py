"""The pictures of an analysed clip and what the analysis measured of them, for whoever wants to measure them in another order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.cache_keys import flips_key, pixels_key
from core.edited_pixels import pictures_of
from core.ranges import flips_over_all_frames, pixels_over_all_frames
from core.recall import track_of
from core.store import FLIPS, PIXELS, Store
from core.tracks.flips import FlipTracks
from core.tracks.pixels.measure import PixelTracks
from core.video import open_video


@dataclass(frozen=True, eq=False)
class Film:
    """Pixel and flip tracks over all T frames of a clip; `pictures(frames)` gives the pictures of these frames in this order."""

    pixels: PixelTracks
    flips: FlipTracks
    pictures: Callable[[np.ndarray], Iterable[np.ndarray]]


@contextmanager
def film_of(store: Store, path: Path, video_sha256: str, created: str, frames: int) -> Iterator[Film | None]:
    """The film of the analysis that was `created` then of a video of so many frames; None when the cache does not hold what was measured,
    as of a clip that has no pictures. Raises VideoError."""
    place = track_of(store, video_sha256, created)
    pixels = store.load(PIXELS, pixels_key(place[0]), PixelTracks) if place else None
    flips = store.load(FLIPS, flips_key(place[0]), FlipTracks) if place else None
    if place is None or pixels is None or flips is None or place[1] + len(pixels) > frames:
        yield None
        return
    with open_video(path) as video:
        yield Film(pixels_over_all_frames(pixels, place[1], frames), flips_over_all_frames(flips, place[1], frames), pictures_of(video))
