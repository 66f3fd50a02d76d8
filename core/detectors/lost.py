"""Where the pose itself cannot be trusted: told, so that nobody takes it for a fault of the motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.detectors.candidate import POSE_LOST, Candidate, frames_text, runs
from core.pose_failure import PoseFailure, pose_failure
from core.track import HumanTrack, Presence
from core.tracks.joints import JOINTS, half_window, joint_motion, running_median

if TYPE_CHECKING:  # they need OpenCV and PyAV, this does not
    from core.tracks.flips import FlipTracks
    from core.tracks.pixels.measure import PixelTracks

LOST_SHARE = 0.5  # of the usual confidence, below which the pose counts as lost
# An event is told while its pose is wrong with less than this probability. Of what the body's detectors find in films that nobody has
# tampered with a quarter lies above 0.1, of sides that change places more than half; of planted faults next to nothing does, but a leap
# away and back, which is what a failing pose looks like as well.
_DOUBTED, _DOUBTED_LEAP = 0.1, 0.2
_LEAPS = ("joints", "joints alone")
# Detectors that look at the pose; the others look at the pictures alone.
RESTS_ON_POSE = ("still", "limbs", "floats", "bones", "joints", "joints alone", "jitter", "slip", "size")


@dataclass(frozen=True, eq=False)
class PoseTrust:
    """confidence float32 [T, J]: the extractor's own, of each of `joints.JOINTS`; unsure bool [T]: frames whose pose is not trusted."""

    confidence: np.ndarray
    failure: PoseFailure
    unsure: np.ndarray


def pose_trust(
    track: HumanTrack,
    pixels: PixelTracks | None,
    allow_many: bool = False,
    minimum_share: float = LOST_SHARE,
    flips: FlipTracks | None = None,
) -> PoseTrust:
    """Where the pose is not trusted, after all that is known of the same frames from the pictures and from a second look in the mirror.

    The extractor says so, the confidence of its joints has collapsed below a share of the usual, or the pose is likely to be wrong.
    """
    witness = track.scored(allow_many)
    confidence = joint_motion(track, witness, 0.0).confidence
    failure = pose_failure(track, pixels, flips)
    level = np.where(track.seen(), confidence.mean(axis=1), np.nan)
    usual = running_median(level[:, None], half_window(track.times, 1.5))[:, 0]
    doubted = np.array([value == Presence.UNCERTAIN for value in track.presence], bool) & track.seen()
    return PoseTrust(confidence, failure, doubted | (witness & ((level < minimum_share * usual) | failure.lost)))


def trusted(track: HumanTrack, unsure: np.ndarray) -> HumanTrack:
    """The track with its pose left out where it is not trusted (bool [T]): such a frame is no witness."""
    if not unsure.any():
        return track
    presence = tuple(Presence.UNCERTAIN if doubt else value for value, doubt in zip(track.presence, unsure, strict=True))
    return replace(track, presence=presence)


def poses_lost(trust: PoseTrust) -> list[Candidate]:
    """Runs in which the pose is not trusted, longest first."""
    right = np.fmin(trust.confidence.mean(axis=1), 1 - trust.failure.frame)
    found = []
    for first, stop in runs(trust.unsure, bridge=1):
        if stop - first > len(trust.unsure) / 2:
            continue
        level = float(right[first:stop].mean())
        peak = first + int(right[first:stop].argmin())
        told = frames_text(first, stop)
        text = f"The pose is not trusted in {told} (confidence {level:.2f}): the motion there cannot be judged."
        found.append(Candidate("pose lost", POSE_LOST, first, stop, peak, float(stop - first), level, (), ("pose confidence",), text))
    return sorted(found, key=lambda c: -c.value)


def believed(candidates: Sequence[Candidate], failure: PoseFailure) -> list[Candidate]:
    """The events with the confidence that the pose is right, less those that are likely to be its failure and not the motion's."""
    sure = [(candidate, pose_confidence(candidate, failure)) for candidate in candidates]
    least = [1 - (_DOUBTED_LEAP if c.detector in _LEAPS else _DOUBTED) for c, _ in sure]
    return [replace(c, confidence=min(c.confidence, right)) for (c, right), needed in zip(sure, least, strict=True) if right > needed]


def pose_confidence(candidate: Candidate, failure: PoseFailure) -> float:
    """0..1: that the pose around an event is right, in its joints, or as a whole where it names none; 1 where it rests on no pose and where
    nothing is known.
    """
    if candidate.detector not in RESTS_ON_POSE:
        return 1.0
    around = slice(max(candidate.start - 1, 0), candidate.stop + 1)
    wrong = failure.frame[around]
    if candidate.joints:
        shares = np.array([joint.share for joint in candidate.joints])
        columns = [JOINTS.index(joint.name) for joint in candidate.joints]
        wrong = failure.joint[around][:, columns] @ (shares / max(shares.sum(), 1e-9))
    known = wrong[np.isfinite(wrong)]
    return 1 - float(known.mean()) if known.size else 1.0
