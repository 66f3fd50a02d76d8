"""What the arithmetic of TAG's scores costs beside the network, and beside a plain version that goes frame by frame.

Usage: python benchmarks/scoring.py [--frames 1000] [--clips 100]      (a clip takes about a second; --clips 0 leaves out the second table)

First table: key-point alignment, so(3) motion and windows of one clip, in milliseconds. Second table: `tag score` from the files on, with
random weights at d_model 256, against the time spent inside the network. One thread; processor time, which other programs do not disturb.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from core.embedding import clip_rows, cut_rows
from core.encoder import Encoder
from core.manifold import encoder_config
from core.motion import motion_features, so3_exp
from core.tag_data import tag_sources
from core.tag_model import TagModel, build_model
from core.tag_score import score_clips
from core.windows import STRIDE, WINDOW, window_starts

REPEATS = 5
LIMIT_MS, LIMIT_RATIO = 50.0, 1.25
CLIP_FRAMES, CLASSES = 120, ("PushUps", "PullUps")


def features(frames: int, seed: int) -> dict[str, np.ndarray]:
    """Smooth motion in the sources of the encoder, float32 [frames, d]."""
    rng = np.random.default_rng(seed)
    phase = np.arange(frames)[:, None, None] * 0.2
    turns = so3_exp((0.4 * np.sin(phase + rng.uniform(0, 6, (1, 24, 3)))).astype(np.float32)).reshape(frames, 24, 9)
    return {
        "vit": (rng.normal(0, 1, 1024) + 0.1 * np.sin(phase[:, 0] + np.arange(1024))).astype(np.float32),
        "global": turns[:, 0],
        "pose": turns[:, 1:].reshape(frames, -1),
        "beta": np.tile(rng.normal(0, 1, 10), (frames, 1)).astype(np.float32),
        "kp2d": (rng.uniform(0.3, 0.7, 120) + 0.02 * np.sin(phase[:, 0] + np.arange(120))).astype(np.float32),
    }


def plain_alignment(rows: np.ndarray) -> np.ndarray:
    """The `authors` key-point motion [T, 120], one frame after the other."""
    result = np.zeros_like(rows)
    shapes = []
    for row in rows:
        points = row.reshape(-1, 2)
        points = points - points.mean(axis=0)
        shapes.append(points / max(float(np.linalg.norm(points)), 1e-6))
    for t in range(1, len(rows)):
        u, _, vh = np.linalg.svd(shapes[t - 1].T @ shapes[t])
        if np.linalg.det(vh @ u.T) < 0:
            vh[:, -1] = -vh[:, -1]
        result[t] = (shapes[t] - shapes[t - 1] @ (vh @ u.T)).ravel()
    return result


def plain_rotations(rows: np.ndarray) -> np.ndarray:
    """The so(3) motion [T, 3 J] of rotation matrices [T, 9 J], one joint of one frame after the other."""
    joints = rows.shape[1] // 9
    result = np.zeros((len(rows), 3 * joints), np.float32)
    matrices = rows.reshape(len(rows), joints, 3, 3)
    for t in range(1, len(rows)):
        for joint in range(joints):
            r = matrices[t - 1, joint].T @ matrices[t, joint]
            angle = math.acos((min(max(float(np.trace(r)), -1 + 1e-6), 3 - 1e-6) - 1) / 2)
            axis = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
            result[t, 3 * joint : 3 * joint + 3] = angle * axis / max(2 * math.sin(angle), 1e-6)
    return result


def plain_windows(raw: dict[str, np.ndarray], mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Every window by itself, its motion derived anew inside."""
    windows = []
    for start in range(0, len(raw["vit"]) - WINDOW + 1, STRIDE):
        part = {name: values[start : start + WINDOW] for name, values in raw.items()}
        unit = np.stack([row / np.linalg.norm(row) for row in part["vit"]])
        steps = {
            "vit": np.stack([unit[t] - unit[max(t - 1, 0)] for t in range(WINDOW)]),
            "global": plain_rotations(part["global"]),
            "pose": plain_rotations(part["pose"]),
            "beta": np.stack([part["beta"][t] - part["beta"][max(t - 1, 0)] for t in range(WINDOW)]),
            "kp2d": plain_alignment(part["kp2d"]),
        }
        rows = np.concatenate([*part.values(), *steps.values()], axis=1)
        windows.append(np.stack([(row - mean) / (std + 1e-6) for row in rows]))
    return np.stack(windows)


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    best = math.inf
    for _ in range(repeats):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return 1000 * best


def first_table(frames: int) -> bool:
    raw = features(frames, 0)
    with tempfile.TemporaryDirectory() as name:
        manifold = small_model(Path(name), 32).manifold
    starts = window_starts(frames)
    ways: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        ("key-point alignment", lambda: motion_features("kp2d", raw["kp2d"], "authors"), lambda: plain_alignment(raw["kp2d"])),
        (
            "so(3) motion, 24 joints",
            lambda: [motion_features(source, raw[source], "authors") for source in ("global", "pose")],
            lambda: [plain_rotations(raw[source]) for source in ("global", "pose")],
        ),
        (
            f"all of it: {len(starts)} windows",
            lambda: cut_rows(clip_rows(raw, manifold), starts, manifold),
            lambda: plain_windows(raw, manifold.mean, manifold.std),
        ),
    ]
    ours = cut_rows(clip_rows(raw, manifold), starts, manifold)
    difference = float(np.abs(ours - plain_windows(raw, manifold.mean, manifold.std)).max())
    print(f"{frames} frames, processor time on one thread of {platform.processor() or platform.machine()}, best of {REPEATS}")
    print(f"{'':<28}{'vectorised':>12}{'plain':>12}{'times':>8}")
    for label, quick, plain in ways:
        mine, theirs = milliseconds(quick, REPEATS), milliseconds(plain, 1)
        print(f"{label:<28}{mine:>9.1f} ms{theirs:>9.0f} ms{theirs / mine:>8.0f}")
    print(f"largest difference of the windows: {difference:.1e} standard deviations")
    within = mine < LIMIT_MS * frames / 1000
    print(f"limit {LIMIT_MS:.0f} ms for 1000 frames: {'kept' if within else 'MISSED'}\n")
    return within


def write_clip(meshes: Path, keypoints: Path, name: str, seed: int) -> None:
    raw = features(CLIP_FRAMES, seed)
    meshes.mkdir(parents=True, exist_ok=True)
    (keypoints / name).mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        meshes / f"{name}.npz",
        pose=raw["pose"].reshape(-1, 23, 3, 3), betas=raw["beta"], global_orient=raw["global"].reshape(-1, 1, 3, 3), vit=raw["vit"],
        frame_idx=np.arange(CLIP_FRAMES, dtype=np.int32),
    )  # fmt: skip
    np.save(keypoints / name / "keypoints.npy", raw["kp2d"])


def small_model(folder: Path, d_model: int) -> TagModel:
    """A checkpoint of random weights and the least real clips it can be scored against."""
    torch.manual_seed(0)
    torch.save(Encoder(encoder_config(tag_sources(1024), d_model=d_model)).state_dict(), folder / "model.pt")
    for place, action in enumerate(CLASSES):
        for clip in range(2):
            write_clip(folder / "real" / action, folder / "real_kps" / action, f"v_{action}_{clip}", 1000 + 10 * place + clip)
    return build_model(folder / "model.pt", folder / "real", folder / "real_kps")


def second_table(clips: int) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = small_model(folder, 256)
        for number in range(clips):
            write_clip(folder / "meshes", folder / "kps", f"Model_{CLASSES[number % 2]}_{number:03d}", number)
        inside, entered = 0.0, 0.0

        def enter(module: torch.nn.Module, inputs: object) -> None:
            nonlocal entered
            entered = time.process_time()

        def leave(module: torch.nn.Module, inputs: object, outputs: object) -> None:
            nonlocal inside
            inside += time.process_time() - entered

        model.encoder.register_forward_pre_hook(enter)
        model.encoder.register_forward_hook(leave)
        begun = time.process_time()
        scores = score_clips(model, folder / "meshes", folder / "kps")
        total = time.process_time() - begun
    windows = sum(clip.windows for clip in scores.clips.values())
    print(f"tag score: {clips} clips of {CLIP_FRAMES} frames, {windows} windows, d_model 256, from the files to the scores")
    print(f"{'network alone':<28}{inside:>9.1f} s\n{'everything':<28}{total:>9.1f} s\n{'ratio':<28}{total / inside:>9.3f}")
    within = total <= LIMIT_RATIO * inside
    print(f"limit {LIMIT_RATIO}: {'kept' if within else 'MISSED'}")
    return within


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--clips", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = first_table(options.frames)
    if options.clips:
        kept = second_table(options.clips) and kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
