"""Frames and seconds: two types, one converter.

A frame is named by its 0-based position in display order (`FrameIndex`). A time (`Seconds`) counts from the first shown frame and comes
from the presentation time stamps of the file, never from an average rate: variable frame rate is real.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

import numpy as np

FrameIndex = NewType("FrameIndex", int)
Seconds = NewType("Seconds", float)


@dataclass(frozen=True, eq=False)
class Timebase:
    """When each frame of one video is shown.

    times: float64 [T], strictly increasing, seconds since the first shown frame (times[0] == 0).
    last_duration: how long the last frame stays, in seconds.
    """

    times: np.ndarray
    last_duration: float

    def __len__(self) -> int:
        return len(self.times)

    @property
    def duration(self) -> Seconds:
        """From the first frame to the end of the last one."""
        return Seconds(float(self.times[-1]) + self.last_duration)

    @property
    def fps(self) -> float:
        """Frames per second of the typical frame distance.

        The mean of the distances near the median: a long pause does not bend it, and neither does a file that rounds its times to
        milliseconds.
        """
        if len(self.times) < 2:
            return 1.0 / self.last_duration
        distances = np.diff(self.times)
        median = np.median(distances)
        return 1.0 / float(distances[np.abs(distances - median) <= 0.25 * median].mean())

    def seconds(self, frame: FrameIndex) -> Seconds:
        """When `frame` appears. Raises IndexError outside the video."""
        if not 0 <= frame < len(self.times):
            raise IndexError(f"frame {frame} is outside 0..{len(self.times) - 1}")
        return Seconds(float(self.times[frame]))

    def frame(self, seconds: Seconds) -> FrameIndex:
        """The frame on screen at `seconds`; times outside the video give its first or last frame."""
        position = int(np.searchsorted(self.times, seconds + 1e-9, side="right")) - 1
        return FrameIndex(min(max(position, 0), len(self.times) - 1))


def clock(seconds: Seconds | float) -> str:
    """A time as people read it: `0:03.120`."""
    minutes, rest = divmod(round(float(seconds) * 1000), 60_000)
    return f"{minutes}:{rest // 1000:02d}.{rest % 1000:03d}"


def duration_text(seconds: float) -> str:
    """How long something takes, as people say it: `40 s`, `12 min`, `3 h 20 min`; never less than `1 s`."""
    if seconds < 59.5:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
