"""An event before it has an id, a rarity and a rank, and the small things that all detectors share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.analysis import JointEvidence

JUMP, FREEZE, DISORDER, SWAP, STRETCH = "jump", "freeze", "disorder", "swap", "stretch"
DRIFT, SLIDE, JITTER, EDIT, POSE_LOST = "scale or identity drift", "slide or float", "jitter", "edit", "pose lost"

# detector -> the least of its statistic that is looked at. In brackets, where it was measured: what 99.9 % of the frames of real clips that
# nobody has tampered with stay below; there the least is above it. The others speak in clean clips too: how rare a value is says the table
# of rarities.
LEAST = {
    "cut": 1.0,
    "crossfade": 1.2,
    "mirror": 0.8,  # (0.5; mirrored frames: from 3.3)
    "freeze": 3.5,  # (3.4; frames shown again: from 4.4)
    "shuffle": 1.22,  # (1.2; frames out of order: from 1.38)
    "splice": 1.1,  # (1.07; frames from elsewhere: mostly from 1.4)
    "reversal": 1.3,  # (0.85, beside a splice 1.06; frames turned round: from 1.8)
    "skip": 2.7,  # (2.9; frames left out: from 3.3)
    "still": 0.3,
    "limbs": 0.02,  # odds of the trees (`forests`), as of joints, slip and floats
    "bones": 0.65,  # (0.66 to 0.92 four times in half an hour of clean motion; a forearm that slowly grows by 60 %: 1.0)
    "joints": 0.02,
    "joints alone": 2.8,
    "slip": 0.02,
    "floats": 0.02,
    "jitter": 0.66,  # (0.6; it trembles a little in handheld film; limbs that tremble in sight: mostly from 1)
    "size": 0.075,  # (0.071 at the most, in rendered films as well; growth by 15 %: from 0.08)
    "colour": 25.0,  # (24 in rendered films; a morph of the hue: mostly from 30)
}


@dataclass(frozen=True)
class Candidate:
    """Frames as in Glitch. detector: its row in the table of rarities; value: its statistic there, higher is rarer.

    confidence: 0..1, that the pose, where the event rests on it, is right; 1 for what the pictures tell alone. What the joints' excess, the
    other tracks that vote and the multiple in the text are, `core.evidence` adds.
    """

    detector: str
    kind: str
    start: int
    stop: int
    peak: int
    value: float
    confidence: float
    joints: tuple[JointEvidence, ...]
    tracks: tuple[str, ...]
    text: str


def runs(mask: np.ndarray, bridge: int = 0) -> list[tuple[int, int]]:
    """The stretches of True as (first, stop), those no more than `bridge` apart joined."""
    places = np.flatnonzero(mask)
    if not places.size:
        return []
    breaks = np.flatnonzero(np.diff(places) > bridge + 1)
    return [(int(a), int(b) + 1) for a, b in zip(places[np.r_[0, breaks + 1]], places[np.r_[breaks, len(places) - 1]], strict=True)]


def peaks(values: np.ndarray, least: float, share: float, bridge: int = 0) -> list[tuple[int, int, int]]:
    """(first, stop, peak) of each stretch in which values [T] reach `least`; it lasts while they stay above `share` of their highest.

    NaN is below everything.
    """
    known = np.nan_to_num(np.asarray(values, np.float64), nan=-np.inf)
    found = []
    for first, stop in runs(known >= least, bridge):
        peak = first + int(known[first:stop].argmax())
        for part, end in runs(known[first:stop] >= share * known[peak], bridge):
            if part <= peak - first < end:
                found.append((first + part, first + end, peak))
    return found


def frames_text(start: int, stop: int) -> str:
    """`frame 7`, or `frames 7 to 9`; stop exclusive."""
    return f"frame {start}" if stop - start == 1 else f"frames {start} to {stop - 1}"
