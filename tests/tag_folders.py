"""Small folders in the formats of the TAG authors' scripts, and a checkpoint that fits them."""

from pathlib import Path

import numpy as np
import torch

from core.embedding_sources import EMBEDDINGS, embeddings_file
from core.encoder import Encoder
from core.manifold import encoder_config
from core.motion import so3_exp
from core.tag_data import tag_sources

VIT = 6


def mesh_arrays(frames: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Smooth made-up motion in the arrays of a mesh file, all frames present."""
    rng = np.random.default_rng(seed)
    phase = np.arange(frames)[:, None, None] * 0.2 + rng.uniform(0, 6)
    turns = so3_exp((np.sin(phase + rng.uniform(0, 6, (1, 24, 3))) * 0.3).astype(np.float32))
    return {
        "pose": turns[:, 1:],
        "global_orient": turns[:, :1],
        "betas": np.tile(rng.normal(0, 1, 10), (frames, 1)).astype(np.float32),
        "vit": (rng.normal(0, 1, VIT) + np.sin(phase[:, 0] + np.arange(VIT)) * 0.2).astype(np.float32),
        "frame_idx": np.arange(frames, dtype=np.int32),
        "meta": np.array('{"action": "made up"}'),
    }


def keypoint_rows(frames: int, seed: int = 0) -> np.ndarray:
    """float32 [frames, 120]; the first column counts the frames in thousandths, so that a row says which frame it is of."""
    rng = np.random.default_rng(100 + seed)
    still = rng.uniform(0.3, 0.7, (1, 120))
    rows = still + 0.02 * np.sin(np.arange(frames)[:, None] * 0.3 + rng.uniform(0, 6, (1, 120)))
    rows[:, 0] = np.arange(frames) / 1000
    return rows.astype(np.float32)


def write_features(
    meshes: Path, keypoints: Path, name: str, frames: int = 40, action: str | None = None, seed: int = 0, left_out: tuple[int, ...] = ()
) -> None:
    """A clip in the layout of its class folder, or flat without a class. `left_out`: frames without a row of meshes."""
    kept = np.setdiff1d(np.arange(frames), left_out)
    arrays = {key: values if key == "meta" else values[kept] for key, values in mesh_arrays(frames, seed).items()}
    mesh_folder, point_folder = (meshes / action, keypoints / action / name) if action else (meshes, keypoints / name)
    mesh_folder.mkdir(parents=True, exist_ok=True)
    point_folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(mesh_folder / f"{name}.npz", **arrays)
    np.save(point_folder / "keypoints.npy", keypoint_rows(frames, seed))


def embedding_rows(source: str, rows: int, seed: int = 0) -> np.ndarray:
    """float32 [rows, 512 or 768]; the first column counts the rows in thousandths."""
    rng = np.random.default_rng(len(source) + 200 + seed)
    columns = EMBEDDINGS[source]
    values = rng.normal(0, 1, (1, columns)) + 0.1 * np.sin(np.arange(rows)[:, None] * 0.3 + rng.uniform(0, 6, (1, columns)))
    values[:, 0] = np.arange(rows) / 1000
    return values.astype(np.float32)


def write_embeddings(
    folder: Path, source: str, name: str, rows: int = 40, action: str | None = None, seed: int = 0, frames: np.ndarray | None = None
) -> Path:
    """The embeddings of a clip, beside its key points' layout; with `frames`, the file says which frame each row is of."""
    own = folder / action / name if action else folder / name
    own.mkdir(parents=True, exist_ok=True)
    numbered = {} if frames is None else {"frame_idx": frames}
    np.savez(own / embeddings_file(source), embeddings=embedding_rows(source, rows, seed), **numbered)
    return own / embeddings_file(source)


def write_real_embeddings(folder: Path, classes: dict[str, int], source: str, rows: int = 40) -> Path:
    """Embeddings for the clips of `write_real`."""
    for place, (action, count) in enumerate(classes.items()):
        for clip in range(count):
            write_embeddings(folder, source, f"v_{action}_g{clip + 1:02d}_c01", rows, action, seed=10 * place + clip)
    return folder


def write_real(folder: Path, classes: dict[str, int], frames: int = 40) -> tuple[Path, Path]:
    """`classes`: class -> clips. The folders of meshes and of key points."""
    meshes, keypoints = folder / "real_meshes", folder / "real_kps"
    for place, (action, count) in enumerate(classes.items()):
        for clip in range(count):
            write_features(meshes, keypoints, f"v_{action}_g{clip + 1:02d}_c01", frames, action, seed=10 * place + clip)
    return meshes, keypoints


def write_checkpoint(path: Path, vit: int = VIT, embeddings: tuple[str, ...] = ()) -> Path:
    torch.manual_seed(0)
    torch.save(Encoder(encoder_config(tag_sources(vit, embeddings), d_model=16, layers=1)).state_dict(), path)
    return path
