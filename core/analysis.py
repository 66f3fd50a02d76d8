"""Analysis: everything known about one video. Data only; what the window shows and the report says is in here.

`to_json` gives the stable export of the command line (`analysis.json`): UTF-8, no NaN (null), ranges with an exclusive stop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.track import HumanTrack

SCHEMA = 1


@dataclass(frozen=True)
class VideoInfo:
    path: str
    sha256: str
    frames: int
    fps: float
    duration: float  # seconds
    width: int
    height: int
    notes: tuple[str, ...] = ()  # e.g. "The file is damaged at its end: 118 of 120 frames can be read."


@dataclass(frozen=True)
class ManifoldInfo:
    name: str
    sha256: str
    fps: float | None  # null: native rate
    variant: str
    sources: tuple[str, ...]
    classes: tuple[str, ...]
    clip_accuracy: float | None = None  # share of the clips held out from training whose nearest class is the right one

    @property
    def caution(self) -> str | None:
        """How far the nearest class can be believed, where that was measured."""
        if self.clip_accuracy is None:
            return None
        return f"The nearest class is a hint: it was right for {self.clip_accuracy:.0%} of the clips held out from training."


@dataclass(frozen=True)
class WindowScore:
    """One scored window of 32 frames, in video frames (stop exclusive)."""

    start: int
    stop: int
    temporal_coherence: float
    nearest_class: str | None  # None where the window lies outside
    outside: bool = False  # farther from the manifold than real motion gets


@dataclass(frozen=True)
class Scores:
    """Both scores are distances in [0, 2]: lower is better. They are null (with `reason`) when the clip cannot be scored."""

    temporal_coherence: float | None
    action_consistency: Mapping[str, float]  # class -> distance
    nearest_class: str | None  # None where the clip lies outside
    motion_amount: float | None  # mean speed of the body's joints, body heights a second
    padded: bool  # shorter than a window: repeated last frame lowers temporal_coherence
    outside: bool  # farther from the manifold than real motion gets
    windows: tuple[WindowScore, ...]
    reason: str | None = None  # why there are no scores, in plain words


@dataclass(frozen=True, eq=False)
class Curves:
    """Per video frame; NaN where unknown. Frame t of a step stands between t-1 and t."""

    step: np.ndarray  # float32 [T], 1 = the real median
    disagreement: np.ndarray  # float32 [T]
    band_low: np.ndarray  # float32 [T]
    band_high: np.ndarray  # float32 [T]
    attention: Mapping[str, np.ndarray]  # source -> float32 [T], sums to 1 over sources


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """The t-SNE map: the fixed reference points of the manifold and this clip's windows placed among them."""

    reference: np.ndarray  # float32 [N, 2]
    reference_class: np.ndarray  # int32 [N], index into classes
    classes: tuple[str, ...]
    centroids: np.ndarray  # float32 [C, 2]
    windows: np.ndarray  # float32 [W, 2], NaN for windows in the outside tray
    outside: np.ndarray  # bool [W]
    window_range: np.ndarray  # int32 [W, 2], video frames, stop exclusive
    centroid_distance: np.ndarray  # float32 [W, C], true distances in the embedding space


@dataclass(frozen=True)
class JointEvidence:
    name: str  # a name of skeletons.SMPL or BLAZEPOSE
    share: float
    # Multiples of the 99.9th percentile of real motion at this joint, amount of motion and frame rate (`core.evidence`); NaN while unknown.
    excess: float = math.nan


@dataclass(frozen=True)
class EncoderReaction:
    """How much farther the encoder steps across an event than across the same frames healed, in usual steps of real motion.

    usual and highest: the median and the largest of the same at equally long stretches of the clip without an event.
    """

    rise: float
    usual: float
    highest: float

    @property
    def seen(self) -> bool:
        return self.rise > max(self.highest, 0.0)


@dataclass(frozen=True)
class Glitch:
    """One suspicious event; frames are 0-based, `stop` exclusive."""

    id: str
    start: int
    stop: int
    peak: int
    kind: str
    severity: float  # 0..1
    rarity: str  # plain words beside the severity
    confidence: float  # 0..1, that the pose itself is right
    sources: Mapping[str, float]  # shares in the encoder's reaction; empty where it does not see the event
    joints: tuple[JointEvidence, ...]
    tracks: tuple[str, ...]
    text: str
    encoder: EncoderReaction | None = None  # None: it was not asked


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything known about one video."""

    created: str  # ISO 8601, UTC
    telltale_version: str
    video: VideoInfo
    track: HumanTrack
    manifold: ManifoldInfo
    action: str | None
    scores: Scores
    curves: Curves
    map: EmbeddingMap | None
    glitches: tuple[Glitch, ...]  # strongest first
    timings: Mapping[str, float]  # stage -> seconds
    remarks: tuple[str, ...] = ()  # what is unusual about the whole clip and no fault of the motion, in sentences: its tempo

    def __len__(self) -> int:
        return len(self.track)


def to_json(analysis: Analysis) -> dict[str, Any]:
    """The stable export, exactly the fields of the command line's contract."""
    a, track = analysis, analysis.track
    return {
        "schema": SCHEMA,
        "telltale_version": a.telltale_version,
        "created": a.created,
        "video": {
            "path": a.video.path,
            "sha256": a.video.sha256,
            "frames": a.video.frames,
            "fps": a.video.fps,
            "duration": a.video.duration,
            "width": a.video.width,
            "height": a.video.height,
            "notes": list(a.video.notes),
        },
        "times": numbers(track.times),
        "subject": {"id": track.subject.id, "box": list(track.subject.box) if track.subject.box else None},
        "extractor": {
            "name": track.extractor.name,
            "version": track.extractor.version,
            "device": track.extractor.device,
            "sources": [{"name": s.name, "space": s.space, "size": s.size} for s in track.extractor.sources],
        },
        "manifold": {
            "name": a.manifold.name,
            "sha256": a.manifold.sha256,
            "fps": a.manifold.fps,
            "variant": a.manifold.variant,
            "sources": list(a.manifold.sources),
            "classes": list(a.manifold.classes),
            "clip_accuracy": number(a.manifold.clip_accuracy),
        },
        "presence": [str(value) for value in track.presence],
        "presence_reason": list(track.reasons),
        "action": a.action,
        "scores": scores_json(a.scores),
        "step_curve": numbers(a.curves.step),
        "step_disagreement": numbers(a.curves.disagreement),
        "band": {"low": numbers(a.curves.band_low), "high": numbers(a.curves.band_high)},
        "attention": {name: numbers(values) for name, values in a.curves.attention.items()},
        "glitches": [glitch_json(g) for g in a.glitches],
        "remarks": list(a.remarks),
        "timings": {name: number(value) for name, value in a.timings.items()},
    }


def scores_json(scores: Scores) -> dict[str, Any]:
    """The scores as the export has them."""
    return {
        "temporal_coherence": number(scores.temporal_coherence),
        "action_consistency": {name: number(value) for name, value in scores.action_consistency.items()},
        "nearest_class": scores.nearest_class,
        "motion_amount": number(scores.motion_amount),
        "padded": scores.padded,
        "outside": scores.outside,
        "reason": scores.reason,
        "windows": [
            {
                "start": w.start,
                "stop": w.stop,
                "temporal_coherence": number(w.temporal_coherence),
                "nearest_class": w.nearest_class,
                "outside": w.outside,
            }
            for w in scores.windows
        ],
    }


def glitch_json(glitch: Glitch) -> dict[str, Any]:
    """One event as the export has it."""
    return {
        "id": glitch.id,
        "start": glitch.start,
        "stop": glitch.stop,
        "peak": glitch.peak,
        "kind": glitch.kind,
        "severity": number(glitch.severity),
        "rarity": glitch.rarity,
        "confidence": number(glitch.confidence),
        "sources": {name: number(value) for name, value in glitch.sources.items()},
        "encoder": _reaction_json(glitch.encoder),
        "joints": [{"name": j.name, "share": number(j.share), "excess": number(j.excess)} for j in glitch.joints],
        "tracks": list(glitch.tracks),
        "text": glitch.text,
    }


def _reaction_json(reaction: EncoderReaction | None) -> dict[str, Any] | None:
    if reaction is None:
        return None
    return {
        "seen": reaction.seen,
        "rise": number(reaction.rise),
        "usual": number(reaction.usual),
        "highest": number(reaction.highest),
    }


def number(value: float | None) -> float | None:
    """A finite float, or None: JSON has no NaN."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)


def numbers(values: np.ndarray) -> list[float | None]:
    return [number(value) for value in np.asarray(values, np.float64).tolist()]
