"""Labelled clips of real motion and the windows they give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.manifold import Manifold, check_track
from core.track import HumanTrack
from core.windows import STRIDE, WINDOW, Stretch, cut_windows, stretches, window_starts


@dataclass(frozen=True, eq=False)
class LabelledClip:
    """One view of one clip of real motion. Views of one clip share its name."""

    clip: str
    action: str
    subject: str
    track: HumanTrack


@dataclass(frozen=True, eq=False)
class WindowSet:
    """Stretches of many clips and the windows they give: stretch index, start, label (index into classes), clip index."""

    stretches: tuple[Stretch, ...]
    stretch: np.ndarray
    start: np.ndarray
    label: np.ndarray
    clip: np.ndarray
    names: tuple[str, ...]  # of the sources
    length: int = WINDOW  # positions of a window
    clips: tuple[str, ...] = ()  # names, by clip index

    def __len__(self) -> int:
        return len(self.start)

    def raw(self, index: np.ndarray) -> dict[str, np.ndarray]:
        """Raw features of the chosen windows, source -> float32 [B, length, d]."""
        return {
            name: np.stack(
                [cut_windows(self.stretches[self.stretch[i]].features[name], self.start[i : i + 1], self.length)[0] for i in index]
            )
            for name in self.names
        }


def window_set(clips: Iterable[LabelledClip], manifold: Manifold, length: int = WINDOW) -> WindowSet:
    """All whole windows at stride 8; stretches too short for one are left out, since a padded window is no real motion."""
    found: list[Stretch] = []
    rows: list[tuple[int, int, int, int]] = []
    numbers: dict[str, int] = {}
    for clip in clips:
        check_track(manifold, clip.track)
        for part in stretches(clip.track, manifold):
            if len(part) < length:
                continue
            rows += [
                (len(found), int(start), manifold.classes.index(clip.action), numbers.setdefault(clip.clip, len(numbers)))
                for start in window_starts(len(part), STRIDE, length)
            ]
            found.append(part)
    table = np.array(rows, np.int64).reshape(-1, 4)
    return WindowSet(tuple(found), table[:, 0], table[:, 1], table[:, 2], table[:, 3], manifold.source_names, length, tuple(numbers))


def labelled_windows(clips: Sequence[LabelledClip], manifold: Manifold) -> tuple[tuple[str, ...], WindowSet]:
    """The classes of the clips, which need not be those that the manifold offers, and all whole windows, labelled by them."""
    names = tuple(sorted({clip.action for clip in clips}))
    return names, window_set(clips, replace(manifold, classes=names))


def column_statistics(rows: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation float32 [D] over all frames of rows [L, D]: sqrt(max(population variance, 0) + 1e-6) (science.md 1)."""
    total: np.ndarray | float = 0.0
    squares: np.ndarray | float = 0.0
    count = 0
    for part in rows:
        wide = part.astype(np.float64)
        total, squares, count = total + wide.sum(axis=0), squares + (wide * wide).sum(axis=0), count + len(wide)
    mean = np.asarray(total) / count
    std = np.sqrt(np.maximum(np.asarray(squares) / count - mean**2, 0) + 1e-6)
    return mean.astype(np.float32), std.astype(np.float32)
