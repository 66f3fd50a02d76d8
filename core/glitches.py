"""Local tracks -> events with evidence, strongest first. A first list: jump, freeze, stretch, and the pose lost."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.analysis import Glitch
from core.detectors import FREEZE, JUMP, POSE_LOST, Candidate, freezes, jumps, poses_lost, stretches, unsure_frames
from core.track import HumanTrack
from core.tracks.bones import bone_lengths
from core.tracks.joints import joint_motion
from core.tracks.spikes import spikes

# Part of the cache key: raise when the same settings find something else.
DETECTOR = 1


@dataclass(frozen=True)
class GlitchSettings:
    """Where an event begins. Lengths in body heights; the figures come from real clips on which the list should stay short."""

    minimum_confidence: float = 0.5  # of a key point, to be a witness
    lost_share: float = 0.5  # of the usual confidence, below which the pose counts as lost
    jump_score: float = 8.0  # unexplained step over what is usual around it
    jump_excess: float = 0.05  # unexplained step
    freeze_share: float = 0.25  # of the motion around
    freeze_motion: float = 0.005  # a frame, around a freeze
    stretch_picture: float = 1.3
    stretch_space: float = 1.35
    weakest: float = 0.08  # severity times confidence
    most: int = 12


def find_glitches(
    track: HumanTrack,
    video_sha256: str,
    attention: Mapping[str, np.ndarray] | None = None,
    allow_many: bool = False,
    settings: GlitchSettings | None = None,
) -> tuple[Glitch, ...]:
    """The events of one track, strongest first, those of a lost pose last.

    Frames that take no part in scores are no witnesses, nor is any step into or out of them. attention: source -> [T], names the sources
    the encoder looked at near each event.
    """
    s = settings or GlitchSettings()
    scored = track.scored(allow_many)
    raw = joint_motion(track, scored, 0.0)
    unsure = unsure_frames(track, scored, raw.confidence, s.lost_share)
    motion = joint_motion(track, scored & ~unsure, s.minimum_confidence)
    image = spikes(motion.image, motion.duration, track.times)
    space = spikes(motion.space, motion.duration, track.times)
    candidates = _absorb_jumps_of_freezes(
        jumps(motion, image, space, track.times, s.jump_score, s.jump_excess)
        + freezes(motion, track.times, s.freeze_share, s.freeze_motion)
        + stretches(bone_lengths(motion, track.times), motion, s.stretch_picture, s.stretch_space)
    )
    strong = sorted((c for c in candidates if c.severity * c.confidence >= s.weakest), key=_strength)
    lost = sorted(poses_lost(track, unsure, raw.confidence), key=_strength)[:2]
    events: dict[str, Glitch] = {}
    for candidate in [*strong[: s.most - len(lost)], *lost]:
        glitch = _named(candidate, video_sha256, attention or {}, set(events))
        events[glitch.id] = glitch
    return tuple(events.values())


def glitch_id(video_sha256: str, kind: str, start: int, stop: int) -> str:
    """Stable under small shifts of the ends, so that what a person confirmed or dismissed survives a new computation."""
    text = f"{video_sha256}:{kind}:{round((start + stop) / 10)}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _strength(candidate: Candidate) -> tuple[float, int]:
    return (-candidate.severity * candidate.confidence if candidate.kind != POSE_LOST else -candidate.severity, candidate.start)


def _absorb_jumps_of_freezes(candidates: list[Candidate]) -> list[Candidate]:
    """The body catching up at the end of a freeze is a part of it, not a second event."""
    ends = [c.stop for c in candidates if c.kind == FREEZE]
    return [c for c in candidates if c.kind != JUMP or not any(0 <= c.peak - end <= 1 for end in ends)]


def _named(candidate: Candidate, sha256: str, attention: Mapping[str, np.ndarray], taken: set[str]) -> Glitch:
    c = candidate
    name = base = glitch_id(sha256, c.kind, c.start, c.stop)
    number = 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return Glitch(
        id=name,
        start=c.start,
        stop=c.stop,
        peak=c.peak,
        kind=c.kind,
        severity=min(max(c.severity, 0.0), 1.0),
        rarity=c.rarity,
        confidence=min(max(c.confidence, 0.0), 1.0),
        sources=_shares(attention, c.start, c.stop),
        joints=c.joints,
        tracks=c.tracks,
        text=c.text,
    )


def _shares(attention: Mapping[str, np.ndarray], start: int, stop: int) -> dict[str, float]:
    """Where the encoder looked around the event: mean attention per source, together 1; empty where it is unknown."""
    means = {}
    for name, values in attention.items():
        near = np.asarray(values[max(0, start - 2) : stop + 2], np.float64)
        near = near[np.isfinite(near)]
        if near.size:
            means[name] = float(near.mean())
    total = sum(means.values())
    return {name: value / total for name, value in means.items()} if total > 0 else {}
