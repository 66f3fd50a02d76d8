"""The feature files that the TAG authors' scripts write: body meshes (npz), key points (npy) and embeddings of the person crop (npz), in
both of their folder layouts.

Meshes: `<class>/<stem>.npz` or `<stem>.npz`; key points: `<class>/<stem>/keypoints.npy` or `<stem>/keypoints.npy` (science.md 9);
embeddings: beside the key points or in folders of the same layout. Nothing here runs code from a file: pickles are refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from core.embedding_sources import EMBEDDINGS, NO_EMBEDDINGS, EmbeddingFolders, embeddings_file
from core.skeletons import KEYPOINTS
from core.tag_alignment import ALIGNMENTS, aligned
from core.tag_arrays import KEYPOINTS_FILE, MESH_ROWS, TagDataError, checked_rows, frame_index, open_npy, open_npz
from core.tag_embeddings import read_embeddings
from core.track import Source

KEYPOINT_COLUMNS = 2 * len(KEYPOINTS)
_KEY_OF_SOURCE = {"vit": "vit", "global": "global_orient", "pose": "pose", "beta": "betas"}
_SPACES = {
    "vit": "tokenhmr-token",
    "global": "smpl",
    "pose": "smpl",
    "beta": "smpl",
    "kp2d": "openpose-60",
    "clip": "tag-clip",
    "dino": "tag-dino",
}


@dataclass(frozen=True)
class FeatureFolders:
    """Where the features of clips lie. meshes: None when the input itself is a mesh file; clip, dino: embeddings, None when not used."""

    keypoints: Path
    meshes: Path | None = None
    alignment: str = "frame_idx"
    clip: Path | None = None
    dino: Path | None = None

    @property
    def embeddings(self) -> EmbeddingFolders:
        """The folders of embeddings that are named, by source."""
        named = {"clip": self.clip, "dino": self.dino}
        return {source: folder for source, folder in named.items() if folder is not None}

    def reading(self, embeddings: Collection[str]) -> FeatureFolders:
        """The same, with no other embeddings than these."""
        return replace(self, clip=self.clip if "clip" in embeddings else None, dino=self.dino if "dino" in embeddings else None)


@dataclass(frozen=True)
class ClipFiles:
    """The files of one clip; `keypoints` is None when there are none, `action` the folder of its class or None in the flat layout.

    embeddings   source -> file, None when there is none; only the sources that are asked for
    """

    name: str
    action: str | None
    meshes: Path
    keypoints: Path | None
    embeddings: Mapping[str, Path | None] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TagClip:
    """What the files say of one clip.

    frames   int64 [L]                  the video frame of each row, increasing
    raw      source -> float32 [L, d]   `vit`, `global`, `pose`, `beta`, `kp2d`, and embeddings that are read; NaN in rows of `kp2d` and of
                                        embeddings where their file has none
    whole    source -> float32 [M, d]   all rows of the files of `kp2d` and of embeddings, whatever rows the meshes have
    notes    what is odd about the files, in plain words
    """

    name: str
    frames: np.ndarray
    raw: Mapping[str, np.ndarray]
    whole: Mapping[str, np.ndarray]
    notes: tuple[str, ...]

    def usable(self) -> np.ndarray:
        """bool [L]: rows with all features."""
        known: np.ndarray = np.all([np.isfinite(self.raw[source][:, 0]) for source in self.whole], axis=0)
        return known

    def sources(self) -> tuple[Source, ...]:
        """What was read, in the order of the encoder's input."""
        return tag_sources(self.raw["vit"].shape[1], tuple(source for source in EMBEDDINGS if source in self.raw))


def tag_sources(vit_size: int, embeddings: Collection[str] = ()) -> tuple[Source, ...]:
    """The sources in the order of the encoder's input, each in its space; with `embeddings`, these of the person crop as well."""
    sizes = {"vit": vit_size, "global": 9, "pose": 207, "beta": 10, "kp2d": KEYPOINT_COLUMNS}
    sizes |= {source: size for source, size in EMBEDDINGS.items() if source in embeddings}
    return tuple(Source(name, _SPACES[name], size) for name, size in sizes.items())


def list_clips(meshes: Path, keypoints: Path, embeddings: EmbeddingFolders = NO_EMBEDDINGS) -> tuple[ClipFiles, ...]:
    """All clips of a folder of meshes, by class and name. Raises TagDataError when it is not there, is empty, or mixes both layouts."""
    for folder in (meshes, keypoints, *embeddings.values()):
        _check_folder(folder)
    flat = sorted(meshes.glob("*.npz"))
    nested = sorted(meshes.glob("*/*.npz"))
    if not flat and not nested:
        raise TagDataError(f"The folder {meshes} holds no meshes: name the one with <class>/<clip>.npz or <clip>.npz.")
    if flat and nested:
        raise TagDataError(f"The folder {meshes} holds .npz files both in itself and in class folders: keep one of the two layouts.")
    files = [path for path in (flat or nested) if not path.name.startswith(".")]
    classes = [None if flat else path.parent.name for path in files]
    return tuple(
        ClipFiles(
            path.stem,
            action,
            path,
            _file_of(path.stem, action, keypoints, KEYPOINTS_FILE),
            {source: _file_of(path.stem, action, folder, embeddings_file(source)) for source, folder in embeddings.items()},
        )
        for path, action in zip(files, classes, strict=True)
    )


def find_clip(clip: Path, folders: FeatureFolders) -> ClipFiles:
    """The feature files of a video, or of a mesh file that is the input itself. Raises TagDataError when they are not there."""
    for folder in (folders.keypoints, *folders.embeddings.values()):
        _check_folder(folder)
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

    def beside(folder: Path, file: str, what: str) -> Path:
        # In the flat layout the parent is no class; a file in a class folder is then found by the clip's name.
        found = _file_of(name, path.parent.name, folder, file) or _file_of(name, None, folder, file)
        if found is None:
            raise TagDataError(f"{folder} holds no {what} of {name}: it has neither {name}/{file} nor <class>/{name}/{file}.")
        return found

    embeddings = {source: beside(folder, embeddings_file(source), f"{source} embeddings") for source, folder in folders.embeddings.items()}
    return ClipFiles(name, None, path, beside(folders.keypoints, KEYPOINTS_FILE, "key points"), embeddings)


def is_mesh_file(path: Path) -> bool:
    """Whether an input is a file of features and no video."""
    return path.suffix.lower() == ".npz" and not path.is_dir()


def read_frames(path: Path) -> np.ndarray:
    """The video frames int64 [L] that a mesh file has rows for. Raises TagDataError."""
    arrays = open_npz(path, ("frame_idx", "pose"))
    return frame_index(path, arrays, len(arrays["pose"]))


def read_clip(files: ClipFiles, alignment: str = "frame_idx") -> TagClip:
    """The files of a clip, their rows put together as `core.tag_alignment` says.

    Raises TagDataError, one sentence for each way a file can be wrong; ValueError.
    """
    if alignment not in ALIGNMENTS:
        raise ValueError(f"alignment is one of {', '.join(ALIGNMENTS)}")
    if files.keypoints is None:
        raise TagDataError(f"{files.name} has meshes but no key points: extract them, or leave the clip out.")
    absent = [source for source, path in files.embeddings.items() if path is None]
    if absent:
        raise TagDataError(f"{files.name} has no {absent[0]} embeddings: make its {embeddings_file(absent[0])}, or leave the clip out.")
    arrays = open_npz(files.meshes, tuple(MESH_ROWS))
    rows = {key: checked_rows(files.meshes, key, values, MESH_ROWS[key]) for key, values in arrays.items() if key in MESH_ROWS}
    length = len(rows["pose"])
    for key, values in rows.items():
        if len(values) != length:
            raise TagDataError(f"{files.meshes.name} has {length} rows of pose but {len(values)} of {key}: extract the clip again.")
    if not length:
        raise TagDataError(f"{files.meshes.name} has no rows: no frame of the clip showed exactly one person.")
    numbered = "frame_idx" in arrays or alignment != "authors"
    frames = frame_index(files.meshes, arrays, length) if numbered else np.arange(length)
    points = open_npy(files.keypoints)
    if not points.size:
        raise TagDataError(f"The key points of {files.name} are empty: no frame had all of them, so the clip cannot be used.")
    points = checked_rows(files.keypoints, KEYPOINTS_FILE, points, ((KEYPOINT_COLUMNS,),))
    kp2d, notes = aligned("key points", points, frames, alignment)
    raw = {source: rows[key] for source, key in _KEY_OF_SOURCE.items()} | {"kp2d": kp2d}
    whole = {"kp2d": points}
    for source, path in files.embeddings.items():
        if path is not None:
            raw[source], whole[source], more = read_embeddings(path, source, frames, alignment)
            notes += tuple(note for note in more if note not in notes)
    return TagClip(files.name, frames, raw, whole, notes)


def _file_of(name: str, action: str | None, folder: Path, file: str) -> Path | None:
    """In the folder of the class or the flat layout; without a class also in the only class folder that holds the clip."""
    flat = folder / name / file
    if action is not None:
        return next((path for path in (folder / action / name / file, flat) if path.is_file()), None)
    nested = [] if flat.is_file() else sorted(folder.glob(f"*/{_literal(name)}/{file}"))
    return flat if flat.is_file() else nested[0] if len(nested) == 1 else None


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise TagDataError(f"There is no folder {folder}: check the path.")
    if not any(folder.iterdir()):
        raise TagDataError(f"The folder {folder} is empty: name the one that the authors' scripts wrote to.")
