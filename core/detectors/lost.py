"""Where the pose itself cannot be trusted: told, so that nobody takes it for a fault of the motion."""

from __future__ import annotations

import numpy as np

from core.detectors.candidate import POSE_LOST, Candidate, frames_text, runs
from core.track import HumanTrack, Presence
from core.tracks.joints import half_window, running_median


def unsure_frames(track: HumanTrack, witness: np.ndarray, confidence: np.ndarray, minimum_share: float) -> np.ndarray:
    """bool [T]: frames with a body in which the pose is not trusted: said so by the extractor, or its confidence has collapsed."""
    level = np.where(track.seen(), confidence.mean(axis=1), np.nan)
    usual = running_median(level[:, None], half_window(track.times, 1.5))[:, 0]
    collapsed = witness & (level < minimum_share * usual)
    return collapsed | (np.array([value == Presence.UNCERTAIN for value in track.presence], bool) & track.seen())


def poses_lost(track: HumanTrack, unsure: np.ndarray, confidence: np.ndarray) -> list[Candidate]:
    """Runs in which the pose is not trusted, longest first."""
    found = []
    for first, stop in runs(unsure, bridge=1):
        if stop - first > len(track) / 2:
            continue
        level = float(confidence[first:stop].mean())
        peak = first + int(confidence[first:stop].mean(axis=1).argmin())
        told = frames_text(first, stop)
        text = f"The pose is not trusted in {told} (confidence {level:.2f}): the motion there cannot be judged."
        found.append(Candidate("pose lost", POSE_LOST, first, stop, peak, float(stop - first), level, (), ("pose confidence",), text))
    return sorted(found, key=lambda c: -c.value)
