"""What of an event is beyond real motion: its joints, the tracks that vote for it, the sentence that says by how much.

Everything is measured alike, in multiples of what 99.9 % of real motion stays below: at the same amount of motion, frame rate and joint
(`core.bands`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.analysis import JointEvidence
from core.bands import RARE, TRACKS, Banded, Bands, banded, frame_rate, motion_amount
from core.detectors.candidate import EDIT, Candidate
from core.detectors.lost import RESTS_ON_POSE
from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks

# detector -> the local track that its sentence speaks of. A body that stands still exceeds nothing.
SPOKEN_OF = {
    "freeze": "freeze", "shuffle": "disorder", "reversal": "reversal", "splice": "splice", "mirror": "mirror", "skip": "leap",
    "joints": "joint_jump", "joints alone": "joint_jump", "jitter": "trembling", "limbs": "joint_jump", "slip": "foot_slip",
    "bones": "bone_picture", "floats": "root_jump", "size": "size_drift", "colour": "colour_drift",
}  # fmt: skip
# What tells where in the body an event is when its own track does not.
_STEPS = "joint_jump"
# Detectors of what is elsewhere for a while: it leaps there, and back in the frame after. Their sentences tell how far away it is.
_AWAY = ("limbs", "floats")
# Events that last for seconds, and the tracks that can vote for them: anything else within them happens for a moment.
_SLOW = ("size", "colour", "slip")
_SLOW_TRACKS = ("growth", "slip", "foot_slip", "rise", "size_drift", "appearance_drift", "colour_drift")
_MOST_TRACKS = 5
# A joint of an event that was located elsewhere is named from so many multiples on, and from such a share of the strongest.
_CLEAR, _BESIDE = 1.5, 0.3
_SMALLEST = 1e-6
_PLAIN_FROM = 10.0  # multiples, from which tenths say nothing


@dataclass(frozen=True, eq=False)
class Excess:
    """Multiples of the 99.9th percentile of real motion over T frames; NaN where the value or the percentile is unknown.

    columns  track -> float64 [T, C]; highest  track -> float64 [T], its highest column over what that of real motion reaches
    """

    columns: Mapping[str, np.ndarray]
    highest: Mapping[str, np.ndarray]


def excess(tracks: LocalTracks, bands: Bands) -> Excess:
    """Every track that has a band over its band."""
    amount, fps = motion_amount(tracks), frame_rate(tracks)
    columns, highest = {}, {}
    for track in TRACKS:
        values, least = track.values(tracks), track.noise or _SMALLEST
        columns[track.name] = values / np.maximum(bands.quantile(track.name, RARE, amount, fps), least)
        highest[track.name] = _most(values.T) / np.maximum(bands.quantile_of_any(track.name, RARE, amount, fps), least)
    return Excess(columns, highest)


def with_evidence(event: Candidate, tracks: LocalTracks, found: Excess) -> Candidate:
    """The event with its joints' multiples, the tracks that vote for it, and a sentence with its own multiple.

    An event without joints gets those whose steps clearly exceed real motion within it; one that the pictures tell names no joint that
    moves like real ones. The tracks are the detector's own and those
    whose highest value within the event exceeds real motion, most exceeded first. An edit stays as it is: it is no motion.
    """
    if event.kind == EDIT:
        return event
    joints = _measured(event.joints or (() if event.detector in _SLOW else _exceeding(event, found)), event, found)
    if event.detector not in RESTS_ON_POSE:
        joints = _shared_out([joint for joint in joints if joint.excess >= 1])
    told = replace(event, joints=joints, tracks=_votes(event, found))
    return replace(told, text=_sentence(event, _spoken(told, tracks, found)))


def _exceeding(event: Candidate, found: Excess) -> tuple[JointEvidence, ...]:
    """Joints whose steps within the event, or out of it, clearly exceed real motion, strongest first."""
    highest = np.nan_to_num(_most(found.columns[_STEPS][event.start : event.stop + 1]))
    named = [int(joint) for joint in np.argsort(-highest) if highest[joint] >= max(_CLEAR, _BESIDE * highest.max())]
    total = highest[named].sum()
    return tuple(JointEvidence(JOINTS[joint], float(highest[joint] / total), float(highest[joint])) for joint in named)


def _measured(joints: Sequence[JointEvidence], event: Candidate, found: Excess) -> tuple[JointEvidence, ...]:
    own = SPOKEN_OF.get(event.detector) or _STEPS
    track = banded(own if banded(own).columns else _STEPS)
    stop = _stop(event) if track.name == own else event.stop + 1
    highest = _most(found.columns[track.name][event.start : stop])
    names = {joint.name for joint in joints}
    return tuple(replace(joint, excess=_highest(highest[_columns(track, joint.name, names)])) for joint in joints)


def _shared_out(joints: Sequence[JointEvidence]) -> tuple[JointEvidence, ...]:
    total = sum(joint.share for joint in joints)
    return tuple(replace(joint, share=joint.share / total) for joint in joints)


def _columns(track: Banded, joint: str, joints: set[str]) -> list[int]:
    """The columns of a track that tell of a joint of an event with these joints."""
    if track.columns == JOINTS:
        return [JOINTS.index(joint)]
    ends = [(JOINTS[upper], JOINTS[lower]) for _, upper, lower in BONES]
    return [column for column, pair in enumerate(ends) if joint in pair and joints.issuperset(pair)]


def _spoken(event: Candidate, tracks: LocalTracks, found: Excess) -> float:
    """The multiple of what the event's sentence speaks of; NaN where it is unknown."""
    own = SPOKEN_OF.get(event.detector)
    if own is None:
        return float("nan")
    if own == _STEPS and event.joints and event.detector not in _AWAY:
        # The sentence tells the step of the joint that leaps farthest at the peak.
        places = [JOINTS.index(joint.name) for joint in event.joints]
        lead = places[int(np.nan_to_num(tracks.joint_jump[event.peak, places]).argmax())]
        return float(found.columns[own][event.peak, lead])
    if banded(own).columns:
        return _highest(np.array([joint.excess for joint in event.joints]))
    return _highest(found.columns[own][event.start : _stop(event)].ravel())


def _stop(event: Candidate) -> int:
    return event.stop + (event.detector in _AWAY)


def _votes(event: Candidate, found: Excess) -> tuple[str, ...]:
    """The detector's own voice, then those of tracks that exceed real motion within the event, most exceeded first; at most five."""
    slow, own = event.detector in _SLOW, SPOKEN_OF.get(event.detector)
    most: dict[str, float] = {}
    for track in TRACKS:
        if not track.votes or (own and track.words == banded(own).words) or (slow and track.name not in _SLOW_TRACKS):
            continue
        value = _highest(found.highest[track.name][event.start : event.stop])
        if value > 1:
            most[track.words] = max(value, most.get(track.words, 1.0))
    return tuple(dict.fromkeys((*event.tracks[:1], *sorted(most, key=lambda words: -most[words]))))[:_MOST_TRACKS]


def _sentence(event: Candidate, times: float) -> str:
    """One sentence: what the detector says, and how many times more that is than what 99.9 % of real motion stays below."""
    if not np.isfinite(times):
        return event.text
    if times < 1:
        alone = f"by itself that is {max(times, 0.0):.1f} times what 99.9 % of real motion at this pace stays below"
        return f"{event.text.removesuffix('.')}; {alone}, and rare only together with its other signs."
    number = f"{times:.0f}" if times >= _PLAIN_FROM else f"{times:.1f}"
    joint = "; the leap is" if event.detector in _AWAY else "; that is" if ":" in event.text else ":"
    return f"{event.text.removesuffix('.')}{joint} {number} times what 99.9 % of real motion at this pace stays below."


def _most(values: np.ndarray) -> np.ndarray:
    """The highest over the first axis without the NaNs; NaN where there is nothing else."""
    known = np.isfinite(values)
    highest = np.max(np.where(known, values, -np.inf), axis=0, initial=-np.inf)
    return np.where(known.any(axis=0), highest, np.nan)


def _highest(values: np.ndarray) -> float:
    return float(_most(np.asarray(values, np.float64)))
