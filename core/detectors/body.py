"""Events that the body tells: joints that leap, and sides that change places with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.analysis import JointEvidence
from core.detectors.candidate import JUMP, LEAST, SWAP, Candidate, frames_text
from core.detectors.forests import odds as fault_odds
from core.detectors.leaps import Leap, leap_features, leaps
from core.skeletons import readable
from core.tracks.joints import JOINTS, half_window
from core.tracks.local import LocalTracks

# Body heights and multiples of the usual: without pictures a joint's leap is looked at from so much on. In space half as much is a vote.
_ALONE, _ALONE_SCORE, _SPACE_SCORE = 0.05, 8.0, 4.0
_WHOLE_BODY = 8  # joints
# A leap of so many joints, into what is by so many body heights nearer to the mirror image of the body before, is one of its two sides.
_BOTH_SIDES, _MIRRORED = 3, 0.01
_ONE_WITNESS = 0.7  # of the confidence, when neither the pictures nor the body in space saw what the key points did
# Both sides have leapt: body heights that their limbs leap together, the share of the one side in the other, of the trunk in both, and how
# much farther than the body before its mirror image may be.
_LIMB_JOINTS = ("elbow", "wrist", "knee", "ankle")
_SIDES_LEAP, _ALIKE, _TRUNK_LEAPS, _FARTHER = 0.35, 0.4, 0.25, 0.008
# Two leaps of the same joints are one event within so many seconds, when the smaller is so large a share of the larger.
_BACK, _SMALLER_LEAP = 0.7, 0.2


def joint_jumps(tracks: LocalTracks, times: np.ndarray) -> list[Candidate]:
    """Steps of joints in the picture that the motion around does not explain.

    Where there are pictures they say, with all that is known of the step, how likely it is that the limb leaps and not the pose.
    """
    if np.isfinite(tracks.unexplained).any():
        found = leaps(tracks, times)
        odds = fault_odds("leaps", leap_features(tracks, found, times))
        told = [_leap(tracks, "joints", leap, float(value)) for leap, value in zip(found, odds, strict=True) if value >= LEAST["joints"]]
    else:
        jump, score = np.nan_to_num(tracks.joint_jump), np.nan_to_num(tracks.joint_jump_score)
        # What stands out most: in time and by its size.
        value = np.sqrt(score * jump / _ALONE)
        alone = [(leap, _highest(value, leap)) for leap in leaps(tracks, times, _ALONE, _ALONE_SCORE)]
        told = [_leap(tracks, "joints alone", leap, value) for leap, value in alone if value >= LEAST["joints alone"]]
    return _there_and_back(told, half_window(times, _BACK))


def _highest(values: np.ndarray, leap: Leap) -> float:
    return float(values[leap.start : leap.stop][:, list(leap.joints)].max())


def _leap(tracks: LocalTracks, detector: str, leap: Leap, value: float) -> Candidate:
    jump, in_space = np.nan_to_num(tracks.joint_jump), np.nan_to_num(tracks.joint_space_jump_score)
    order, lead, peak = list(leap.joints), leap.joints[0], leap.peak
    total = jump[leap.start : leap.stop, order].sum(axis=0)
    joints = tuple(_evidence(joint, share) for joint, share in zip(order, total / total.sum(), strict=True))
    seen = detector == "joints"
    mirrored = float(np.max(np.nan_to_num(tracks.body_swap[leap.start : leap.stop])))
    of_sides = both_sides(tracks, leap.start, leap.stop) or (mirrored >= _MIRRORED and len(order) >= _BOTH_SIDES)
    kind = SWAP if seen and of_sides else JUMP
    who = "The whole body" if len(order) >= _WHOLE_BODY else f"The {readable(JOINTS[lead])}"
    text = f"{who} leaps by {jump[peak, lead]:.2f} body heights between frames {peak - 1} and {peak}, unlike the motion around."
    if kind == SWAP:
        text = f"{text[:-1]}; both sides leap at once: left and right may have changed places."
    sure = float(np.nanmean(tracks.confidence[peak - 1 : peak + 1][:, order].min(axis=0)))
    votes: tuple[str, ...] = ("joint steps in the picture",)
    if (in_space[peak, order] >= _SPACE_SCORE).any():
        votes = (*votes, "joint steps in space")
    elif not seen:
        sure *= _ONE_WITNESS
    return Candidate(detector, kind, leap.start, leap.stop, peak, value, sure, joints, votes, text)


def _there_and_back(leaps: list[Candidate], within: int) -> list[Candidate]:
    """Joints that leap away and soon leap again are in a wrong place in between: one event, told by its larger leap."""
    joined: list[Candidate] = []
    away: Candidate | None = None
    for leap in leaps:
        if away is None or leap.start - away.stop > within or not _alike(away, leap):
            joined.append(leap)
            away = leap
            continue
        larger = away if away.value >= leap.value else leap
        text = f"{larger.text[:-1]}, within a disturbance of {frames_text(away.start, leap.stop)}."
        joined[-1] = replace(larger, start=away.start, stop=leap.stop, text=text, confidence=min(away.confidence, leap.confidence))
        away = None
    return joined


def _alike(a: Candidate, b: Candidate) -> bool:
    names = [{joint.name for joint in found.joints} for found in (a, b)]
    return min(a.value, b.value) >= _SMALLER_LEAP * max(a.value, b.value) and (a.joints[0].name in names[1] or b.joints[0].name in names[0])


def both_sides(tracks: LocalTracks, start: int, stop: int) -> bool:
    """Whether the limbs of both sides leap where these frames begin or end, into what may be the mirror image of before, and the trunk does
    not."""
    jumps = np.nan_to_num(tracks.joint_jump)
    for edge in (start, stop):
        highest = jumps[max(edge - 1, 0) : edge + 2].max(axis=0, initial=0.0)
        left, right = (highest[[JOINTS.index(f"{side}_{name}") for name in _LIMB_JOINTS]].sum() for side in ("left", "right"))
        trunk = highest[[JOINTS.index(f"{side}_{name}") for side in ("left", "right") for name in ("shoulder", "hip")]].sum()
        if np.max(np.nan_to_num(tracks.body_swap[max(edge - 1, 0) : edge + 2]), initial=-1.0) < -_FARTHER:
            continue
        if left + right >= _SIDES_LEAP and min(left, right) >= _ALIKE * max(left, right) and trunk < _TRUNK_LEAPS * (left + right):
            return True
    return False


def sides_for_frames(found: list[Candidate], tracks: LocalTracks) -> list[Candidate]:
    """The events of the pictures; frames that do not belong there are called what they show where only the limbs of both sides leap."""
    return [
        replace(one, kind=SWAP, text=f"{one.text[:-1]}; only the limbs of both sides leap: left and right may have changed places.")
        if one.detector == "splice" and both_sides(tracks, one.start, one.stop)
        else one
        for one in found
    ]


def _evidence(joint: int, share: float) -> JointEvidence:
    return JointEvidence(JOINTS[joint], float(share))
