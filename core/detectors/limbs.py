"""Limbs that are longer, or bent as no limb bends, for a moment: excursions of bones, weighed by boosted trees.

What the trees rest on is measured on films whose faults are known (tools/fit_body_faults.py); the features are told in `limb_features`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.analysis import JointEvidence
from core.detectors.body import both_sides
from core.detectors.candidate import JUMP, LEAST, STRETCH, SWAP, Candidate, frames_text
from core.detectors.forests import odds as fault_odds
from core.detectors.limb_features import limb_excursions, limb_features
from core.skeletons import readable
from core.tracks.bones import BONES
from core.tracks.excursions import Excursions
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks

_APART = 3  # frames
_BRIEF = 0.25  # seconds: a limb that is back sooner has leapt
_LONGER = 0.1  # of the log of the length: so much more is told as a longer limb


def limb_faults(tracks: LocalTracks, times: np.ndarray) -> list[Candidate]:
    """Excursions that look like a fault of the limb; of those at one place the likeliest."""
    found = limb_excursions(tracks, times)
    if not len(found):
        return []
    features = limb_features(tracks, found, times)
    odds = fault_odds("limbs", features)
    return [_candidate(tracks, found, features, place, float(odds[place])) for place in likeliest(found, odds, LEAST["limbs"])]


def likeliest(found: Excursions, odds: np.ndarray, least: float) -> list[int]:
    """The places of those with at least so much, best first, without those that touch a better one.

    The better is the clearer as well as the likelier: lines through the edge of an excursion make a weak one beside it.
    """
    kept: list[int] = []
    for place in np.argsort(-odds * found.strength, kind="stable"):
        if odds[place] < least:
            continue
        start, stop = found.start[place], found.stop[place]
        if all(start >= found.stop[other] + _APART or stop <= found.start[other] - _APART for other in kept):
            kept.append(int(place))
    return kept


def _candidate(
    tracks: LocalTracks,
    found: Excursions,
    features: Mapping[str, np.ndarray],
    place: int,
    odds: float,
) -> Candidate:
    start, stop, (name, upper, lower) = int(found.start[place]), int(found.stop[place]), BONES[found.bone[place]]
    # Where it leaps more clearly: there, or back.
    there = features["leap_away"][place] >= features["leap_back"][place]
    peak = start + int(found.away_frames[place]) if there else stop - 1
    when, longer = frames_text(start, stop), float(features["longer"][place])
    amount = float(np.exp(features["amount"][place]))
    text = f"{readable(JOINTS[lower]).capitalize()} is {amount:.2f} body heights out of place in {when}: it leaps there and back"
    kind = STRETCH
    if both_sides(tracks, start, stop):
        kind, text = SWAP, f"{text}, and the other side with it: left and right may have changed places."
    elif features["seconds"][place] < _BRIEF:
        kind, text = JUMP, f"{text}."
    elif longer >= _LONGER:
        text = f"{readable(name).capitalize()} becomes {np.expm1(longer):.0%} longer at once in {when}, and as short as before again."
    else:
        text = f"{text}, as no {readable(JOINTS[upper]).split()[-1]} moves it."
    joints = tuple(JointEvidence(JOINTS[joint], 0.5, float(found.strength[place])) for joint in (lower, upper))
    sure = float(np.nanmean(tracks.confidence[start:stop][:, [upper, lower]].min(axis=1)))
    return Candidate("limbs", kind, start, stop, peak, odds, sure, joints, ("limb excursions",), text)
