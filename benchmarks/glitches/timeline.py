"""Where plants lie in a clip, and the order of its frames once they are planted. Pure: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import uniform_filter1d

from benchmarks.glitches.kinds import Plant

SPACING = 2.0  # seconds between two plants
MARGIN = 0.6  # seconds free at either end of a clip
HEAD, TAIL = 1.5, 1.2  # seconds of a film before its first and after its last plant: more would only cost time
LEAST_SPEED = 0.25  # body heights a second of the key points: below, their own jitter is most of it, and a fault cannot be seen
_LATEST = 0.5  # seconds by which a plant may lie later than it could
# Lengths in frames, both ends included, as the issue states them; of a skip: how many frames are left out.
LENGTHS = {"freeze": (4, 12), "skip": (4, 10), "shuffle": (6, 16), "reversal": (12, 24), "splice": (1, 3), "mirror": (2, 8)}
LIMB_SECONDS = (0.35, 0.7)
GROWTH_SECONDS, HUE_SECONDS = 1.5, 1.2
DRIFTS = ("growth", "hue")  # they last until the end of the clip, so nothing follows them


@dataclass(frozen=True)
class Edit:
    """One fault to be planted: source frames start..start + length (exclusive)."""

    kind: str
    start: int
    length: int

    @property
    def stop(self) -> int:
        return self.start + self.length


@dataclass(frozen=True, eq=False)
class Timeline:
    """What each frame of the finished clip shows. order int [T]: the source frame; mirrored bool [T]; plants in frames of the result."""

    order: np.ndarray
    mirrored: np.ndarray
    plants: tuple[Plant, ...]


def joint_speed(keypoints: np.ndarray, scores: np.ndarray, height: float, fps: float) -> np.ndarray:
    """float64 [T]: speed of the three fastest of the seen points [T, K, 2] in body heights a second, over a fifth of a second.

    0 where nothing is seen. Positions are averaged over three frames first, so that little of it is jitter.
    """
    steady = uniform_filter1d(np.nan_to_num(keypoints), 3, axis=0, mode="nearest")
    seen = np.isfinite(keypoints[..., 0]) & (np.nan_to_num(scores) >= 0.5)
    both = seen & np.roll(seen, 1, axis=0)
    speed = np.zeros(scores.shape)
    speed[1:] = np.where(both[1:], np.linalg.norm(np.diff(steady, axis=0), axis=-1) / height * fps, 0)
    return np.asarray(uniform_filter1d(np.sort(speed, axis=1)[:, -3:].mean(1), max(1, round(fps / 5)), mode="nearest"))


def length_of(kind: str, fps: float, generator: np.random.Generator) -> int:
    """How many source frames a plant of this kind takes."""
    if kind in LENGTHS:
        low, high = LENGTHS[kind]
        return int(generator.integers(low, high + 1))
    if kind == "limb":
        return max(6, round(generator.uniform(*LIMB_SECONDS) * fps))
    return round((GROWTH_SECONDS if kind == "growth" else HUE_SECONDS) * fps)


def lay(
    kinds: Sequence[str],
    speed: np.ndarray,
    usable: np.ndarray,
    fps: float,
    generator: np.random.Generator,
    lengths: Callable[[str, float, np.random.Generator], int] = length_of,
    margin_seconds: float = MARGIN,
) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """Places for plants of these kinds, one after the other, and the kinds that found none.

    speed float [T] of the key points; usable bool [T]: frames that show the person well. A plant lies where the mean speed over it is
    above the median of the usable frames and above `LEAST_SPEED`, `SPACING` from the one before, the margin from the ends. lengths: source
    frames that a plant of a kind takes, by frame rate.
    """
    margin, spacing = round(margin_seconds * fps), round(SPACING * fps)
    least = max(float(np.median(speed[usable])), LEAST_SPEED) if usable.any() else np.inf
    edits: list[Edit] = []
    unplaced = []
    earliest = margin
    for kind in kinds:
        length = lengths(kind, fps, generator)
        starts = [s for s in range(earliest, len(speed) - margin - length) if _moving(speed, usable, s, s + length, least)]
        if not starts:
            unplaced.append(kind)
            continue
        near = [s for s in starts if s <= starts[0] + _LATEST * fps]
        edits.append(Edit(kind, int(generator.choice(near)), length))
        earliest = edits[-1].stop + spacing
    return tuple(edits), tuple(unplaced)


def _moving(speed: np.ndarray, usable: np.ndarray, start: int, stop: int, least: float) -> bool:
    around = slice(max(start - 2, 0), stop + 2)
    return bool(usable[around].all() and speed[start:stop].mean() > least)


def edit_times(frames: int, edits: Sequence[Edit], poses: np.ndarray, fps: float, generator: np.random.Generator) -> Timeline:
    """The order of a clip of `frames` frames once the edits (in order of time, apart) are made.

    poses float [T, K, 2]: key points in body heights, NaN unseen; a splice takes its frames from where the pose is another.
    """
    order: list[int] = []
    mirrored: list[int] = []
    plants: list[Plant] = []
    reached = 0

    def show(sources: Sequence[int], plant: Plant) -> None:
        plants.append(replace(plant, start=len(order), stop=len(order) + len(sources)))
        order.extend(sources)

    for edit in edits:
        order.extend(range(reached, edit.start))
        inside = range(edit.start, edit.stop)
        reached = edit.stop
        plant = Plant(edit.kind, 0, 0)
        if edit.kind == "freeze":
            held = bool(generator.integers(2))
            show([edit.start - 1] * edit.length, replace(plant, detail="time goes on" if held else "time stands still"))
            reached = edit.stop if held else edit.start
        elif edit.kind == "skip":
            show([edit.stop], replace(plant, detail=f"{edit.length} frames left out"))
            reached = edit.stop + 1
        elif edit.kind == "shuffle":
            show(shuffled(inside, generator), plant)
        elif edit.kind == "reversal":
            show(inside[::-1], plant)
        elif edit.kind == "splice":
            start = elsewhere(poses, edit, fps, generator)
            show(range(start, start + edit.length), replace(plant, detail=f"source frames {start} to {start + edit.length - 1}"))
        else:
            if edit.kind == "mirror":
                mirrored.extend(range(len(order), len(order) + edit.length))
            show(inside, plant)
    order.extend(range(reached, frames))
    flags = np.zeros(len(order), bool)
    flags[mirrored] = True
    return Timeline(np.array(order), flags, tuple(plants))


def shuffled(frames: range, generator: np.random.Generator) -> list[int]:
    """The frames in another order: on average moved by at least a quarter of their number."""
    while True:
        order = generator.permutation(len(frames))
        if np.abs(order - np.arange(len(frames))).mean() >= len(frames) / 4:
            return [frames[place] for place in order]


def elsewhere(poses: np.ndarray, edit: Edit, fps: float, generator: np.random.Generator) -> int:
    """Where a splice takes its frames: at least half a second away, among the tenth of the places at which the pose differs most."""
    with np.errstate(invalid="ignore"):
        distance = np.linalg.norm(poses - poses[edit.start], axis=-1)
    seen = np.isfinite(distance)
    mean = np.where(seen, np.nan_to_num(distance), 0).sum(1) / np.maximum(seen.sum(1), 1)
    starts = np.array([s for s in range(len(poses) - edit.length + 1) if abs(s - edit.start) >= fps / 2 and seen[s].any()])
    different = starts[mean[starts] >= np.quantile(mean[starts], 0.9)]
    return int(generator.choice(different))


def ramp(frames: int, start: int, stop: int) -> np.ndarray:
    """float64 [frames]: 0 until start, rising smoothly to 1 at stop, 1 from there on."""
    place = np.clip((np.arange(frames) - start + 1) / (stop - start), 0, 1)
    return np.asarray(place * place * (3 - 2 * place))


def swell(frames: int, start: int, stop: int) -> np.ndarray:
    """float64 [frames]: 0 outside start..stop, quickly up to 1 inside, and down again."""
    place = (np.arange(frames) - start + 1) / (stop - start + 1)
    inside = (place > 0) & (place < 1)
    return np.where(inside, np.minimum(1.0, 2.2 * np.sin(np.pi * np.clip(place, 0, 1))), 0.0)
