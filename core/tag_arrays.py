"""Arrays out of the TAG authors' files, checked: every way such a file can be wrong has a sentence of its own. No pickle is ever loaded."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding_sources import FILE_END

KEYPOINTS_FILE = "keypoints.npy"
_VARIES = -1
# Key of a mesh file -> the shapes one row may have. `vit` is as wide as the network that made it.
MESH_ROWS: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "pose": ((23, 3, 3),),
    "betas": ((10,),),
    "global_orient": ((1, 3, 3), (3, 3)),
    "vit": ((_VARIES,),),
}


class TagDataError(Exception):
    """A file or folder is not what the authors' scripts write; the message is one sentence for people."""


def open_npz(path: Path, keys: Sequence[str]) -> dict[str, np.ndarray]:
    """The arrays named by `keys` and `frame_idx`, if there. Raises TagDataError when a key is missing or the file is of another kind."""
    _check_kind(path, b"PK", "an npz")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            missing = [key for key in keys if key not in content.files]
            if missing:
                raise TagDataError(f"{_told(path)} has no '{missing[0]}': extract the clip again with the authors' scripts.")
            return {key: content[key] for key in {*keys, "frame_idx"} if key in content.files}
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise TagDataError(f"{_told(path)} is damaged or ends early: copy or extract it again.") from error
    except ValueError as error:
        raise TagDataError(f"{_told(path)} holds Python objects (a pickle), which are never loaded: save plain arrays.") from error


def open_npy(path: Path) -> np.ndarray:
    """The array in an npy. Raises TagDataError when it is of another kind, damaged, or a pickle."""
    _check_kind(path, b"\x93NUMPY", "an npy")
    try:
        with path.open("rb") as file:
            content: Any = np.load(file, allow_pickle=False)
    except ValueError as error:
        if "Object arrays" in str(error):
            raise TagDataError(f"{_told(path)} holds Python objects (a pickle), which are never loaded: save plain arrays.") from error
        raise TagDataError(f"{_told(path)} is damaged or ends early: copy or extract it again.") from error
    except (OSError, EOFError) as error:
        raise TagDataError(f"{_told(path)} is damaged or ends early: copy or extract it again.") from error
    return np.asarray(content)


def _check_kind(path: Path, magic: bytes, kind: str) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(magic))
    except OSError as error:
        raise TagDataError(f"{_told(path)} cannot be read ({error.strerror}): check the path and its permissions.") from error
    if not start:
        raise TagDataError(f"{_told(path)} is empty (0 bytes): copy or extract it again.")
    if start[:1] == b"\x80":
        raise TagDataError(f"{_told(path)} is a pickle and not {kind}: it could run code and is never loaded; save plain arrays.")
    if start != magic:
        raise TagDataError(f"{_told(path)} is not {kind}: name files that the authors' scripts wrote.")


def checked_rows(path: Path, key: str, values: np.ndarray, shapes: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """Values as float32 [L, columns]; raises TagDataError for another shape, another kind of number, NaN or infinity."""
    fits = any(
        values.ndim == len(shape) + 1 and all(want in (_VARIES, have) for want, have in zip(shape, values.shape[1:], strict=True))
        for shape in shapes
    )
    label = f"{key} of {_told(path)}" if key != path.name else _told(path)
    if not fits:
        wanted = " or ".join("[frames, " + ", ".join("any" if n == _VARIES else str(n) for n in shape) + "]" for shape in shapes)
        raise TagDataError(f"{label} has the shape {list(values.shape)} instead of {wanted}: extract the clip again.")
    if not np.issubdtype(values.dtype, np.floating) and not np.issubdtype(values.dtype, np.integer):
        raise TagDataError(f"{label} holds no numbers: extract the clip again.")
    rows = values.reshape(len(values), -1).astype(np.float32)
    broken = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(broken):
        raise TagDataError(f"{label} holds NaN or infinity, first in row {broken[0]} ({len(broken)} rows in all): extract the clip again.")
    return rows


def frame_index(path: Path, arrays: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
    """The video frame int64 [L] of each of `rows` rows, strictly increasing. Raises TagDataError."""
    if "frame_idx" not in arrays:
        raise TagDataError(
            f"{_told(path)} has no 'frame_idx', which says the frame of each row: read it with the alignment 'authors', row by row."
        )
    frames = arrays["frame_idx"]
    if frames.shape != (rows,) or not np.issubdtype(frames.dtype, np.integer):
        raise TagDataError(f"frame_idx of {_told(path)} does not give one frame number for each row: extract the clip again.")
    if len(frames) and (frames[0] < 0 or (np.diff(frames.astype(np.int64)) <= 0).any()):
        raise TagDataError(f"frame_idx of {_told(path)} does not rise from 0 on: extract the clip again.")
    return frames.astype(np.int64)


def _told(path: Path) -> str:
    """Files of key points and of embeddings are always called the same: their folder says which clip."""
    return f"{path.parent.name}/{path.name}" if path.name == KEYPOINTS_FILE or path.name.endswith(FILE_END) else path.name
