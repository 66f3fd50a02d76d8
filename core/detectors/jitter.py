"""Joints that tremble, and the picture with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.analysis import JointEvidence
from core.detectors.candidate import JITTER, LEAST, Candidate, frames_text, peaks
from core.skeletons import readable
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks
from core.tracks.pace import PATTERN

_SHARE = 0.3  # of the highest value: while it is above, the trembling lasts
_PART = 0.5  # of the highest value: joints above take part in it
_SHORTEST, _FEWEST = 0.35, 8  # seconds; frames: a leap to a wrong place and back again fills fewer
_WHOLE_BODY = 7  # joints
_REPEATS = 2  # frames shown again in a regular pattern: the film was converted to another rate, and all that moves in it judders
# Pictures of what trembles fit their neighbours better in another order, too. Frames that really are out of order: mostly above.
_CLEARLY_SHUFFLED, _AS_CLEAR = 2.1, 0.9


def jitters(tracks: LocalTracks, times: np.ndarray) -> list[Candidate]:
    """Stretches in which joints go to and fro many times a second; not without pictures, which alone tell it from the extractor's noise."""
    scores, reach = np.nan_to_num(tracks.trembling_score), np.nan_to_num(tracks.trembling)
    found = []
    for first, stop, peak in peaks(scores.max(axis=1), _SHARE * LEAST["jitter"], _SHARE, bridge=2):
        seconds = float(times[stop - 1] - times[first] + np.median(tracks.duration[1:]))
        if seconds < _SHORTEST or stop - first < _FEWEST or scores[peak].max() < LEAST["jitter"]:
            continue
        if (np.nan_to_num(tracks.regular[first:stop]) > PATTERN).sum() >= _REPEATS:
            continue
        highest = scores[first:stop].max(axis=0)
        order = [int(joint) for joint in np.argsort(-highest) if highest[joint] >= _PART * highest.max()]
        far = reach[first:stop][:, order].max(axis=0)
        joints = tuple(JointEvidence(JOINTS[j], float(r / far.sum())) for j, r in zip(order, far, strict=True))
        joints = tuple(sorted(joints, key=lambda joint: -joint.share))
        who = "The whole body" if len(order) >= _WHOLE_BODY else readable(joints[0].name).capitalize()
        text = f"{who} trembles in {frames_text(first, stop)} ({seconds:.2f} s), by {far.max():.3f} body heights and the picture with it."
        sure = float(np.nanmean(tracks.confidence[first:stop][:, order]))
        votes = ("trembling of joints and picture",)
        found.append(Candidate("jitter", JITTER, first, stop, peak, float(highest.max()), sure, joints, votes, text))
    return found


def without_what_trembles(pictures: Sequence[Candidate], trembling: Sequence[Candidate]) -> list[Candidate]:
    """The events of the pictures without a slight disorder of frames in which a body trembles as clearly."""
    return [
        c
        for c in pictures
        if c.detector != "shuffle"
        or c.value >= _CLEARLY_SHUFFLED
        or not any(j.start < c.stop and c.start < j.stop and j.value >= _AS_CLEAR * c.value for j in trembling)
    ]
