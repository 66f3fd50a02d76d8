"""Embeddings of the person crop as the TAG authors keep them (TAG Table 4): `<class>/<clip>/clip_embeddings.npz` or `<clip>/...`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.embedding_sources import EMBEDDINGS
from core.tag_alignment import aligned
from core.tag_arrays import TagDataError, checked_rows, frame_index, open_npz

_KEY = "embeddings"


def read_embeddings(path: Path, source: str, frames: np.ndarray, alignment: str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The embeddings beside rows of the meshes, which are of the video frames int64 [L]: float32 [L, d], NaN where there is none; all rows
    of the file float32 [M, d]; and what is odd about them.

    By frame, a row is of the frame that the file's own `frame_idx` says. Without one, a file with as many rows as the meshes has been made
    from the same crops, row for row; any other has a row for each video frame. Raises TagDataError.
    """
    arrays = open_npz(path, (_KEY,))
    if not arrays[_KEY].size:
        raise TagDataError(f"The {source} embeddings of {path.parent.name} are empty: make them again, or leave the clip out.")
    rows = checked_rows(path, _KEY, arrays[_KEY], ((EMBEDDINGS[source],),))
    numbers = frame_index(path, arrays, len(rows)) if "frame_idx" in arrays else None
    if numbers is None and len(rows) == len(frames):
        numbers = frames
    beside, notes = aligned(f"{source} embeddings", rows, frames, alignment, numbers)
    return beside, rows, notes
