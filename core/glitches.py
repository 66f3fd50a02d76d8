"""Local tracks -> events with evidence, rarest first. The encoder has no part in it: it ranks and explains what was located here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.analysis import Glitch
from core.bands import bundled_bands
from core.detectors.body import joint_jumps, sides_for_frames
from core.detectors.candidate import EDIT, Candidate
from core.detectors.drifts import drifts
from core.detectors.jitter import jitters, without_what_trembles
from core.detectors.limbs import limb_faults
from core.detectors.lost import LOST_SHARE, believed, pose_trust, poses_lost, trusted
from core.detectors.pictures import in_order_of_meaning, skips
from core.detectors.sliding import floats, slides
from core.detectors.still import still_bodies
from core.detectors.stretches import stretches
from core.evidence import excess, with_evidence
from core.rarity import bundled_rarity, rarity_text, severity
from core.track import HumanTrack
from core.tracks.flips import FlipTracks
from core.tracks.local import LocalTracks, local_tracks
from core.tracks.pixels.measure import PixelTracks

# Part of the cache key: raise when the same settings find something else.
DETECTOR = 17
# Drifts take seconds: what happens within them for a moment is something else.
_SLOW = ("size", "colour", "slip")
# What the body alone tells, where there are no pictures. Pose failures leap as well and only pictures tell them apart: measured through a
# pose estimator such events are not rare, but a track without pictures may come from a better one. They are told whenever they are found.
_ALONE = ("joints alone", "still")
_EDITED, _LOST = "the editor's work, not a fault of the motion", "a failure of the pose estimate, not of the motion"
_LOST_TOLD = 2
# What is so many times rarer explains the same frames better, however specific the other is.
_RARER = 10
_AT_EDGE = 2  # frames
# A limb that is elsewhere once in so many minutes is believed where one of its joints is seen to leap.
_HALF_SURE = 0.5


@dataclass(frozen=True)
class GlitchSettings:
    """minutes: what happens more often in real motion than once in so many is not told; apart: frames between two events that are one.

    Most detectors are quieter than once in two minutes of clean motion, and some events explain others away: together they tell about one
    event in a minute of it, where two are allowed.
    """

    minutes: float = 2.0
    minimum_confidence: float = 0.5  # of a key point, to be a witness
    lost_share: float = LOST_SHARE
    apart: int = 3
    most: int = 12


def find_glitches(
    track: HumanTrack,
    video_sha256: str,
    allow_many: bool = False,
    settings: GlitchSettings | None = None,
    pixels: PixelTracks | None = None,
    flips: FlipTracks | None = None,
) -> tuple[Glitch, ...]:
    """The events of one track, those rarest in real motion first, those of a lost pose and of the editor last.

    Frames that take no part in scores are no witnesses for the body, nor is any step into or out of them. pixels: what the pictures of
    the same frames tell; None where there are none. flips: what was found in the mirror in some of them. What the encoder says of the
    events is told by `core.source_shares.explain`.
    """
    s = settings or GlitchSettings()
    trust = pose_trust(track, pixels, allow_many, s.lost_share, flips)
    tracks = local_tracks(trusted(track, trust.unsure), pixels, allow_many, s.minimum_confidence, flips)
    rarity, beyond = bundled_rarity(), excess(tracks, bundled_bands())
    sure = believed(candidates(tracks, track.times), trust.failure)
    weighed = [(c, rarity.between(c.detector, c.value)) for c in sure]
    told = [(with_evidence(c, tracks, beyond), minutes) for c, minutes in one_each(weighed, s)]
    found = sorted(told, key=lambda item: (-severity(item[1]) * item[0].confidence, item[0].start))
    named = [_glitch(c, severity(m), rarity_text(m, rarity.minutes)) for c, m in found if c.kind != EDIT][: s.most]
    edits = [_glitch(c, 0.0, _EDITED) for c, _ in found if c.kind == EDIT]
    lost = [_glitch(c, 0.0, _LOST) for c in poses_lost(trust)[:_LOST_TOLD]]
    events: dict[str, Glitch] = {}
    for glitch in (*named, *edits, *lost):
        name = _free_name(glitch_id(video_sha256, glitch.kind, glitch.start, glitch.stop), events)
        events[name] = replace(glitch, id=name)
    return tuple(events.values())


def candidates(tracks: LocalTracks, times: np.ndarray) -> list[Candidate]:
    """Everything that may be an event, the most specific explanation of the same frames first."""
    # A joint that leaps to a wrong place bends and stretches its limb as well; one that trembles leaps, again and again.
    trembling, skipped = jitters(tracks, times), skips(tracks)
    limbs = (*floats(tracks, times), *_not_skipped(limb_faults(tracks, times), skipped))
    body = (*trembling, *limbs, *joint_jumps(tracks, times), *stretches(tracks, times))
    pictures = sides_for_frames(without_what_trembles(in_order_of_meaning(tracks), trembling), tracks)
    return [*pictures, *still_bodies(tracks, times), *body, *skipped, *slides(tracks, times), *drifts(tracks)]


def _not_skipped(limbs: Sequence[Candidate], skipped: Sequence[Candidate]) -> list[Candidate]:
    """Without limbs that are elsewhere from or until where frames are left out: that moves every limb at once."""

    def edges(limb: Candidate) -> int:
        return sum(any(abs(skip.peak - edge) <= _AT_EDGE for skip in skipped) for edge in (limb.start, limb.stop))

    return [limb for limb in limbs if edges(limb) != 1]


def one_each(weighed: Sequence[tuple[Candidate, float]], settings: GlitchSettings) -> list[tuple[Candidate, float]]:
    """One event for what happens at one place: the first that explains it and is rare enough.

    It is as rare as the rarest of what it explains away, and has the joints of the first of them, where it has none: joints that moved too
    little to be an event by themselves still say where it happened.
    """
    told = [(c, minutes) for c, minutes in weighed if c.kind == EDIT or c.detector in _ALONE or minutes >= settings.minutes]
    kept: list[tuple[Candidate, float]] = []
    for candidate, minutes in told:
        place = next((i for i, (other, _) in enumerate(kept) if _same(candidate, other, settings.apart)), None)
        if place is None:
            kept.append((candidate, minutes))
        else:
            first, known = kept[place]
            better = minutes > _RARER * known and first.kind != EDIT
            kept[place] = (candidate if better else first, max(known, minutes))
    everything = [c for c, _ in weighed]
    return [(_whole_fault(_with_joints(event, everything, settings.apart), weighed), minutes) for event, minutes in kept]


def _whole_fault(event: Candidate, weighed: Sequence[tuple[Candidate, float]]) -> Candidate:
    """A joint that leaps where a limb begins or ends to be elsewhere: the event lasts as long as that."""
    if event.detector != "joints":
        return event
    around = [
        limb
        for limb, minutes in weighed
        if limb.detector == "limbs" and minutes >= _HALF_SURE and _one_limb(limb, event) and _share_an_edge(limb, event)
    ]
    if not around:
        return event
    limb = max(around, key=lambda c: c.value)
    return replace(event, kind=limb.kind, start=min(event.start, limb.start), stop=max(event.stop, limb.stop), text=limb.text)


def _one_limb(limb: Candidate, event: Candidate) -> bool:
    return limb.joints[0].name in [joint.name for joint in event.joints] or event.joints[0].name in [joint.name for joint in limb.joints]


def _share_an_edge(limb: Candidate, event: Candidate) -> bool:
    return any(event.start - _AT_EDGE <= edge <= event.stop + _AT_EDGE for edge in (limb.start, limb.stop))


def _with_joints(event: Candidate, candidates: Sequence[Candidate], apart: int) -> Candidate:
    if event.joints or event.kind == EDIT or event.detector in _SLOW:
        return event
    witness = next((c for c in candidates if c.joints and _same(c, event, apart)), None)
    return event if witness is None else replace(event, joints=witness.joints)


def _same(a: Candidate, b: Candidate, apart: int) -> bool:
    if (a.detector in _SLOW) != (b.detector in _SLOW):
        # A cut changes everything; else a drift and what happens within it are two things.
        return EDIT in (a.kind, b.kind) and _touch(a, b, apart)
    return (a.detector not in _SLOW or a.kind == b.kind) and _touch(a, b, apart)


def _touch(a: Candidate, b: Candidate, apart: int) -> bool:
    return a.start < b.stop + apart and b.start < a.stop + apart


def glitch_id(video_sha256: str, kind: str, start: int, stop: int) -> str:
    """Stable under small shifts of the ends, so that what a person confirmed or dismissed survives a new computation."""
    text = f"{video_sha256}:{kind}:{round((start + stop) / 10)}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _free_name(name: str, taken: Mapping[str, Glitch]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _glitch(c: Candidate, strength: float, rarity: str) -> Glitch:
    sure = min(max(c.confidence, 0.0), 1.0)
    return Glitch("", c.start, c.stop, c.peak, c.kind, strength, rarity, sure, {}, c.joints, c.tracks, c.text)
