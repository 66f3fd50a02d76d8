"""Which row of a file belongs to a row of the meshes: the key points and embeddings of a clip are written by other scripts."""

from __future__ import annotations

import numpy as np

# The row of the same video frame, or, as the released code reads, the row of the same number, whatever frames the meshes leave out.
ALIGNMENTS = ("frame_idx", "authors")


def aligned(
    what: str, values: np.ndarray, frames: np.ndarray, alignment: str, numbers: np.ndarray | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """values [M, d] put beside the rows of the meshes, which are of the video frames int64 [L]: float32 [L, d], and what is odd about it.

    `frame_idx`: the row that `numbers` int64 [M] (increasing) gives that frame; without numbers, row k is of frame k. Rows without any are
    NaN. `authors`: row by row, and the last one again for rows behind the end. `what` names the values, in the plural.
    """
    length, last = len(frames), int(frames[-1])
    gaps = last + 1 - length
    if alignment == "authors":
        notes = []
        if gaps and len(values) != length:
            notes.append(f"{gaps} frames are missing from the meshes; read row by row, later {what} belong to other frames.")
        if len(values) < length:
            notes.append(f"The {what} end after {len(values)} of {length} rows; the last ones are repeated.")
        return values[np.minimum(np.arange(length), len(values) - 1)], tuple(notes)
    own = np.arange(len(values)) if numbers is None else numbers
    row = np.minimum(np.searchsorted(own, frames), len(own) - 1)
    known = own[row] == frames
    if known.all():
        return values[row], (f"{gaps} of the first {last + 1} frames are missing from the meshes.",) if gaps else ()
    found = np.full((length, values.shape[1]), np.nan, np.float32)
    found[known] = values[row[known]]
    lost = int((~known).sum())
    if numbers is not None:
        return found, (f"The {what} lack {lost} of the {length} frames of the meshes, which are left out.",)
    dropped = f"The {what} end at frame {own[-1]}, the meshes at frame {last}: {lost} frames are left out"
    return found, (f"{dropped}, and since the authors' scripts drop frames that lack something, the rest may be shifted.",)
