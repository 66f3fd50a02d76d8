"""The real clips: which they are, what their frames show, and which irregularities of theirs are known."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from benchmarks.glitches.films import film_size, sized
from benchmarks.glitches.kinds import UNUSUAL_TEMPO, Plant
from core.skeletons import BODY_SLICE
from core.track import HumanTrack
from core.video import Video, open_video

LABELS = Path(__file__).resolve().parent / "labels.csv"
REPEATED = "repeated frames"  # the label of a clip whose file holds frames twice: they are left out before anything is planted
_NOT_REAL = ("generated",)
_VIDEOS = (".mp4", ".mkv", ".mov", ".avi", ".webm")
_SAME_SHARE = 0.15  # of the usual difference between frames: what is below is the same frame again


@dataclass(frozen=True, eq=False)
class Clip:
    """A real clip to plant faults in. frames: those of its file that are used; points float [T, 18, 2] in pixels of the film size."""

    path: Path
    frames: np.ndarray
    fps: float
    size: tuple[int, int]
    points: np.ndarray
    scores: np.ndarray
    height: float  # of the body in pixels of the film size
    usable: np.ndarray  # bool [T]: one person, well seen


def real_clips(folder: Path) -> list[Path]:
    """The clips of real single people: as `manifest.csv` says, or all videos of a folder that has none. Raises SystemExit if none."""
    manifest = folder / "manifest.csv"
    if manifest.exists():
        with manifest.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        chosen = [row["file"] for row in rows if row["expected_single_person"].startswith("yes")]
        real = {row["file"] for row in rows if not row["real_or_generated"].startswith(_NOT_REAL)}
        found = [folder / name for name in chosen if name in real]
    else:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _VIDEOS)
    if not found:
        raise SystemExit(f"{folder} holds no clips of single people: name another folder with --clips.")
    return found


def read_labels(path: Path = LABELS) -> dict[str, tuple[Plant, ...]]:
    """File name -> known irregularities, in frames of the file; `stop` is exclusive, -1 stands for the end of the clip."""
    found: dict[str, list[Plant]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            stop = int(row["stop"])
            plant = Plant(row["kind"], int(row["start"]), 1 << 30 if stop < 0 else stop, detail=row["note"])
            found.setdefault(row["clip"], []).append(plant)
    return {name: tuple(labels) for name, labels in found.items()}


def carried(labels: Sequence[Plant], origin: Sequence[int]) -> tuple[Plant, ...]:
    """Labels of a source in frames of a film that shows its frames `origin`; repeated frames are not in the film any more, and a tempo is
    no irregularity of frames.
    """
    found = []
    order = np.asarray(origin)
    for label in labels:
        if label.kind in (REPEATED, UNUSUAL_TEMPO):
            continue
        inside = np.flatnonzero((order >= label.start) & (order < label.stop))
        breaks = np.flatnonzero(np.diff(inside) > 1)
        for part in np.split(inside, breaks + 1):
            if len(part):
                found.append(Plant(label.kind, int(part[0]), int(part[-1]) + 1, detail=label.detail))
    return tuple(found)


def open_clip(path: Path, track: HumanTrack, labels: Sequence[Plant]) -> Clip:
    """The clip with the key points of its track; its repeated frames are left out if it is labelled to have them."""
    with open_video(path) as video:
        frames = np.arange(len(video))
        fps = video.timebase.fps
        size = film_size(video.size)
        scale = size[0] / video.size[0]
        if any(label.kind == REPEATED for label in labels):
            frames = distinct_frames(video)
            fps = round(fps * len(frames) / len(video))
    points = track.keypoints[frames, BODY_SLICE].astype(np.float64) * scale
    scores = np.nan_to_num(track.keypoint_scores[frames, BODY_SLICE].astype(np.float64))
    usable = track.scored()[frames] & ((scores >= 0.5).sum(1) >= 8)
    return Clip(path, frames, float(fps), size, points, scores, body_height(points, scores), usable)


def distinct_frames(video: Video) -> np.ndarray:
    """The frames that show something new."""
    before: np.ndarray | None = None
    difference = []
    for _, picture in video.frames():
        small = cv2.resize(picture, (160, 160), interpolation=cv2.INTER_AREA).astype(np.float32)
        difference.append(np.inf if before is None else float(np.abs(small - before).mean()))
        before = small
    values = np.array(difference)
    usual = float(np.quantile(values[1:], 0.9))
    return np.flatnonzero(values > _SAME_SHARE * usual)


def body_height(points: np.ndarray, scores: np.ndarray) -> float:
    """Pixels: from the lengths of trunk and limbs that are seen, each in nearly its longest view; a standing adult's, lying or cut off."""
    lengths = []
    # Shares of the body height (Winter, after Drillis and Contini), as in core.tracks.joints.
    for (a, b), share in _SEGMENTS.items():
        sure = (scores[:, [a, b]] >= 0.6).all(1)
        if sure.sum() >= 5:
            length = np.linalg.norm(points[sure, a] - points[sure, b], axis=-1)
            lengths.append(float(np.quantile(length, 0.9)) / share)
    return float(np.median(lengths)) if lengths else float("nan")


# Neck to hip, upper arm, forearm, thigh, shank of either side; indices of OPENPOSE_BODY.
_SEGMENTS = {
    (1, 8): 0.288, (1, 11): 0.288, (2, 3): 0.186, (5, 6): 0.186, (3, 4): 0.146, (6, 7): 0.146,
    (8, 9): 0.245, (11, 12): 0.245, (9, 10): 0.246, (12, 13): 0.246,
}  # fmt: skip


def smoothed(points: np.ndarray, sigma: float) -> np.ndarray:
    """Points [T, K, 2] without their jitter; unseen ones stay unseen."""
    seen = np.isfinite(points)
    weight = gaussian_filter1d(seen.astype(np.float64), sigma, axis=0, mode="nearest")
    total = gaussian_filter1d(np.where(seen, points, 0.0), sigma, axis=0, mode="nearest")
    return np.where(seen, total / np.maximum(weight, 1e-9), np.nan)


def pictures(clip: Clip, frames: Sequence[int]) -> Iterator[np.ndarray]:
    """Frames of the clip (places in `clip.frames`), in any order, at the film size."""
    with open_video(clip.path) as video:
        for place in frames:
            yield sized(video.frame(clip.frames[place]), clip.size)
