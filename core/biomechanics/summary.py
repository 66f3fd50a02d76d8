"""From a flag and a severity in each frame to one score of a video, as HumanScore defines it (arXiv 2604.20157)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Faults:
    """frequency: share of frames that are flagged; severity: mean severity of those; persistence: longest run of them, as a share of all
    frames. All in [0, 1]."""

    frequency: float
    severity: float
    persistence: float

    @property
    def score(self) -> float:
        """From 0 to 100; 100 when no frame is flagged."""
        severity = self.severity if self.frequency > 0 else 0.0
        return 100.0 * (1.0 - (self.frequency + severity + self.persistence) / 3.0)


def ramp(signal: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Flags bool [T] of the frames whose signal [T] is above `low`, and severities [T] that rise from 0 there to 1 at `high`.

    A frame whose signal is unknown (NaN) is not flagged.
    """
    known = np.nan_to_num(signal, nan=low)
    severity: np.ndarray = np.clip((known - low) / (high - low), 0.0, 1.0)
    return severity > 0, severity


def summarise(flags: np.ndarray, severities: np.ndarray) -> Faults:
    """flags bool [T], severities [T] in [0, 1], T >= 1. Frames that are not flagged have the severity 0."""
    flagged = np.asarray(flags, bool)
    # Where a run of flagged frames begins and where it has ended.
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flagged, [False]])))
    longest = (edges[1::2] - edges[::2]).max(initial=0)
    return Faults(
        frequency=float(flagged.mean()),
        severity=float(np.sum(severities) / max(1, int(flagged.sum()))),
        persistence=float(longest / len(flagged)),
    )
