"""The feature files that the TAG authors' scripts write: body meshes (npz) and key points (npy), in both of their folder layouts.

Meshes: `<class>/<stem>.npz` or `<stem>.npz`; key points: `<class>/<stem>/keypoints.npy` or `<stem>/keypoints.npy` (science.md 9).
Nothing here runs code from a file: pickles are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.skeletons import KEYPOINTS
from core.tag_arrays import KEYPOINTS_FILE, MESH_ROWS, TagDataError, checked_rows, frame_index, open_npy, open_npz
from core.track import Source

# Which row of the key points belongs to a row of the meshes: the one of the same video frame, or, as the released code reads them, the
# one of the same row number, whatever frames are missing from the meshes.
ALIGNMENTS = ("frame_idx", "authors")
KEYPOINT_COLUMNS = 2 * len(KEYPOINTS)
_KEY_OF_SOURCE = {"vit": "vit", "global": "global_orient", "pose": "pose", "beta": "betas"}
_SPACES = {"vit": "tokenhmr-token", "global": "smpl", "pose": "smpl", "beta": "smpl", "kp2d": "openpose-60"}


@dataclass(frozen=True)
class FeatureFolders:
    """Where the features of clips lie. meshes: None when the input itself is a mesh file."""

    keypoints: Path
    meshes: Path | None = None
    alignment: str = "frame_idx"


@dataclass(frozen=True)
class ClipFiles:
    """The files of one clip; `keypoints` is None when there are none, `action` the folder of its class or None in the flat layout."""

    name: str
    action: str | None
    meshes: Path
    keypoints: Path | None


@dataclass(frozen=True, eq=False)
class TagClip:
    """What two files say of one clip.

    frames     int64 [L]                  the video frame of each row, increasing
    raw        source -> float32 [L, d]   `vit`, `global`, `pose`, `beta`, `kp2d`; rows of `kp2d` are NaN where the file has none
    keypoints  float32 [M, 120]           all rows of the key-point file, whatever rows the meshes have
    notes      what is odd about the files, in plain words
    """

    name: str
    frames: np.ndarray
    raw: Mapping[str, np.ndarray]
    keypoints: np.ndarray
    notes: tuple[str, ...]

    def usable(self) -> np.ndarray:
        """bool [L]: rows with all features."""
        return np.isfinite(self.raw["kp2d"][:, 0])


def tag_sources(vit_size: int) -> tuple[Source, ...]:
    """The sources in the order of the encoder's input, each in its space."""
    sizes = {"vit": vit_size, "global": 9, "pose": 207, "beta": 10, "kp2d": KEYPOINT_COLUMNS}
    return tuple(Source(name, _SPACES[name], size) for name, size in sizes.items())


def list_clips(meshes: Path, keypoints: Path) -> tuple[ClipFiles, ...]:
    """All clips of a folder of meshes, by class and name. Raises TagDataError when it is not there, is empty, or mixes both layouts."""
    _check_folder(meshes)
    _check_folder(keypoints)
    flat = sorted(meshes.glob("*.npz"))
    nested = sorted(meshes.glob("*/*.npz"))
    if not flat and not nested:
        raise TagDataError(f"The folder {meshes} holds no meshes: name the one with <class>/<clip>.npz or <clip>.npz.")
    if flat and nested:
        raise TagDataError(f"The folder {meshes} holds .npz files both in itself and in class folders: keep one of the two layouts.")
    files = [path for path in (flat or nested) if not path.name.startswith(".")]
    classes = [None if flat else path.parent.name for path in files]
    return tuple(
        ClipFiles(path.stem, action, path, _keypoints_of(path.stem, action, keypoints)) for path, action in zip(files, classes, strict=True)
    )


def find_clip(clip: Path, folders: FeatureFolders) -> ClipFiles:
    """The feature files of a video, or of a mesh file that is the input itself. Raises TagDataError when they are not there."""
    _check_folder(folders.keypoints)
    if is_mesh_file(clip):
        path, name = clip, clip.stem
    else:
        if folders.meshes is None:
            raise TagDataError(f"The features of {clip.name} are to be read, but no folder of meshes is named: give --meshes.")
        _check_folder(folders.meshes)
        name = clip.name if clip.is_dir() else clip.stem
        found = sorted(path for path in (folders.meshes / f"{name}.npz", *folders.meshes.glob(f"*/{_literal(name)}.npz")) if path.is_file())
        if not found:
            raise TagDataError(f"{folders.meshes} holds no features of {clip.name}: it has neither {name}.npz nor <class>/{name}.npz.")
        if len(found) > 1:
            where = " and ".join(str(path.relative_to(folders.meshes)) for path in found[:2])
            raise TagDataError(f"{folders.meshes} holds features of {clip.name} more than once ({where}): keep one of them.")
        path = found[0]
    # In the flat layout the parent is no class; key points in a class folder are then found by the clip's name.
    keypoints = _keypoints_of(name, path.parent.name, folders.keypoints) or _keypoints_of(name, None, folders.keypoints)
    if keypoints is None:
        where = f"neither {name}/{KEYPOINTS_FILE} nor <class>/{name}/{KEYPOINTS_FILE}"
        raise TagDataError(f"{folders.keypoints} holds no key points of {name}: it has {where}.")
    return ClipFiles(name, None, path, keypoints)


def is_mesh_file(path: Path) -> bool:
    """Whether an input is a file of features and no video."""
    return path.suffix.lower() == ".npz" and not path.is_dir()


def read_frames(path: Path) -> np.ndarray:
    """The video frames int64 [L] that a mesh file has rows for. Raises TagDataError."""
    return frame_index(path, open_npz(path, ("frame_idx", "pose")))


def read_clip(files: ClipFiles, alignment: str = "frame_idx") -> TagClip:
    """Both files of a clip, its rows put together.

    `frame_idx`: key points of the same video frame; rows without any are NaN. `authors`: row by row, and the last key points again for rows
    behind their end, as the released code does. Raises TagDataError, one sentence for each way a file can be wrong; ValueError.
    """
    if alignment not in ALIGNMENTS:
        raise ValueError(f"alignment is one of {', '.join(ALIGNMENTS)}")
    if files.keypoints is None:
        raise TagDataError(f"{files.name} has meshes but no key points: extract them, or leave the clip out.")
    arrays = open_npz(files.meshes, tuple(MESH_ROWS))
    rows = {key: checked_rows(files.meshes, key, values, MESH_ROWS[key]) for key, values in arrays.items() if key in MESH_ROWS}
    length = len(rows["pose"])
    for key, values in rows.items():
        if len(values) != length:
            raise TagDataError(f"{files.meshes.name} has {length} rows of pose but {len(values)} of {key}: extract the clip again.")
    if not length:
        raise TagDataError(f"{files.meshes.name} has no rows: no frame of the clip showed exactly one person.")
    numbered = "frame_idx" in arrays or alignment != "authors"
    frames = frame_index(files.meshes, arrays) if numbered else np.arange(length)
    points = open_npy(files.keypoints)
    if not points.size:
        raise TagDataError(f"The key points of {files.name} are empty: no frame had all of them, so the clip cannot be used.")
    points = checked_rows(files.keypoints, KEYPOINTS_FILE, points, ((KEYPOINT_COLUMNS,),))
    kp2d, notes = _aligned(points, frames, alignment)
    raw = {source: rows[key] for source, key in _KEY_OF_SOURCE.items()}
    return TagClip(files.name, frames, raw | {"kp2d": kp2d}, points, notes)


def _aligned(points: np.ndarray, frames: np.ndarray, alignment: str) -> tuple[np.ndarray, tuple[str, ...]]:
    length, last = len(frames), int(frames[-1])
    gaps = last + 1 - length
    if alignment == "authors":
        notes = []
        if gaps and len(points) != length:
            notes.append(f"{gaps} frames are missing from the meshes; read row by row, later key points belong to other frames.")
        if len(points) < length:
            notes.append(f"The key points end after {len(points)} of {length} rows; the last ones are repeated.")
        return points[np.minimum(np.arange(length), len(points) - 1)], tuple(notes)
    if len(points) > last:
        return points[frames], (f"{gaps} of the first {last + 1} frames are missing from the meshes.",) if gaps else ()
    known = frames < len(points)
    kp2d = np.full((length, KEYPOINT_COLUMNS), np.nan, np.float32)
    kp2d[known] = points[frames[known]]
    dropped = f"The key points end at frame {len(points) - 1}, the meshes at frame {last}: {int((~known).sum())} frames are left out"
    return kp2d, (f"{dropped}, and since the authors' script drops frames without all points, the rest may be shifted.",)


def _keypoints_of(name: str, action: str | None, folder: Path) -> Path | None:
    """In the folder of the class or the flat layout; without a class also in the only class folder that holds the clip."""
    flat = folder / name / KEYPOINTS_FILE
    if action is not None:
        return next((path for path in (folder / action / name / KEYPOINTS_FILE, flat) if path.is_file()), None)
    nested = [] if flat.is_file() else sorted(folder.glob(f"*/{_literal(name)}/{KEYPOINTS_FILE}"))
    return flat if flat.is_file() else nested[0] if len(nested) == 1 else None


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise TagDataError(f"There is no folder {folder}: check the path.")
    if not any(folder.iterdir()):
        raise TagDataError(f"The folder {folder} is empty: name the one that the authors' scripts wrote to.")
