"""Which frames are worth looking at a second time, in the mirror: those that an event rests on, and those whose pose is doubtful."""

from __future__ import annotations

import numpy as np

from core.detectors.lost import RESTS_ON_POSE, pose_trust, trusted
from core.glitches import GlitchSettings, candidates
from core.pose_failure import has_model
from core.rarity import bundled_rarity, severity
from core.track import HumanTrack
from core.tracks.flips import frames_to_mirror
from core.tracks.local import local_tracks
from core.tracks.pixels.measure import PixelTracks

_DOUBTFUL = 0.05  # probability that the pose is wrong


def second_look(track: HumanTrack, pixels: PixelTracks) -> np.ndarray:
    """bool [T]: within the bounds of `core.tracks.flips`, the frames of what may be told of the body, the rarest first, then the doubtful.

    None for an extractor whose failures are not known: a second look would change nothing there.
    """
    settings = GlitchSettings()
    if not has_model(track):
        return np.zeros(len(track), bool)
    trust = pose_trust(track, pixels, minimum_share=settings.lost_share)
    wrong = np.nan_to_num(np.fmax(trust.failure.frame, trust.failure.joint.max(axis=1)))
    wanted = np.where(wrong >= _DOUBTFUL, wrong, 0.0)
    rarity = bundled_rarity()
    tracks = local_tracks(trusted(track, trust.unsure), pixels, minimum_confidence=settings.minimum_confidence)
    for candidate in candidates(tracks, track.times):
        minutes = rarity.between(candidate.detector, candidate.value)
        if candidate.detector in RESTS_ON_POSE and minutes >= settings.minutes:
            # Of a long event, where it begins, is clearest and ends.
            for frame in (candidate.start, candidate.peak, candidate.stop - 1):
                near = slice(max(frame - 1, 0), frame + 2)
                wanted[near] = np.fmax(wanted[near], 1.0 + severity(minutes))
    return frames_to_mirror(wanted, track.presence)
