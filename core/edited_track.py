"""A track with a range of its frames dropped, held or interpolated, and where each frame went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from core.motion import DIRECTION_SOURCES, SEEN_SCORE, so3_exp, so3_log
from core.ranges import OUTSIDE_RANGE
from core.timebase import FrameIndex
from core.track import HumanTrack, Presence

_LINEAR = ("boxes", "betas", "translation", "intrinsics")
_ROTATIONS = ("global_orient", "body_pose")
_POINTS = (("keypoints", "keypoint_scores"), ("points3d", "points3d_scores"))
_PER_FRAME = (*_LINEAR, *_ROTATIONS, *(name for pair in _POINTS for name in pair))


class EditKind(StrEnum):
    DROP = "drop"  # the frames are gone, the times close up
    HOLD = "hold"  # the frames repeat the one before them
    INTERPOLATE = "interpolate"  # the frames lie between the one before and the one behind them


@dataclass(frozen=True)
class Edit:
    """What is to be done with the frames from `start` to `stop` (exclusive)."""

    kind: EditKind
    start: FrameIndex
    stop: FrameIndex


@dataclass(frozen=True, eq=False)
class FrameMap:
    """Between the T frames of a clip and the N frames of its edited version.

    old      int32 [N]  the original frame whose place each new frame has
    picture  int32 [N]  the original frame whose picture it shows; -1 where no picture shows it
    new      int32 [T]  the new frame in the place of each original frame; -1 where it was dropped
    """

    old: np.ndarray
    picture: np.ndarray
    new: np.ndarray

    def on_original(self, values: np.ndarray) -> np.ndarray:
        """Values [N] of the new frames as values [T] of the original ones, NaN where those were dropped."""
        result = np.full(len(self.new), np.nan, values.dtype)
        result[self.old] = values
        return result


class EditError(Exception):
    """The track cannot be edited so; the message is one sentence for people."""


def edit_track(track: HumanTrack, edit: Edit, allow_many: bool = False) -> tuple[HumanTrack, FrameMap]:
    """The edited track and where its frames come from.

    Between the frames on either side, by time: rotations along the shortest arc, `appearance`, `vit`, `clip` and `dino` along the great
    circle with the norm interpolated, points, boxes, shape and place linearly. allow_many: whether a frame that shows several people is
    good enough to be held or interpolated from. Raises EditError.
    """
    check_range(edit, len(track))
    _check_analysed(track, edit)
    if edit.kind is EditKind.DROP:
        return _dropped(track, edit)
    _check_frame(track, edit, edit.start - 1, allow_many)
    if edit.kind is EditKind.HOLD:
        return _held(track, edit)
    _check_frame(track, edit, edit.stop, allow_many)
    if cuts := _cuts(track, edit):
        raise EditError(f"Nothing lies between two shots, and a new one begins at frame {cuts[0]}: choose a range within one shot.")
    return _interpolated(track, edit)


def geodesic(before: np.ndarray, after: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rotations float64 [N, ..., 3, 3] at the shares `weight` [N] of the shortest arc from `before` to `after` [..., 3, 3]."""
    a, b = np.asarray(before, np.float64), np.asarray(after, np.float64)
    turn = so3_log(np.swapaxes(a, -1, -2) @ b)
    return np.asarray(a @ so3_exp(weight.reshape(-1, *[1] * turn.ndim) * turn))


def great_circle(before: np.ndarray, after: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Vectors float64 [N, d] at the shares `weight` [N] of the great circle from `before` to `after` [d]; the norm changes linearly.

    Vectors without a common great circle (one is zero, or they are opposite) are blended linearly.
    """
    a, b = np.asarray(before, np.float64), np.asarray(after, np.float64)
    length_a, length_b = np.linalg.norm(a), np.linalg.norm(b)
    share = weight[:, None]
    linear: np.ndarray = a + share * (b - a)
    if not min(length_a, length_b) > 0:
        return linear
    u, v = a / length_a, b / length_b
    aside = v - (u @ v) * u
    sine = np.linalg.norm(aside)
    if not sine > 1e-9:
        return linear
    angle = share * np.arctan2(sine, u @ v)
    return np.asarray((length_a + share * (length_b - length_a)) * (np.cos(angle) * u + np.sin(angle) * aside / sine))


def check_range(edit: Edit, total: int) -> None:
    """Raise EditError unless the range holds frames of a clip of `total` frames."""
    text = f"The range {edit.start}:{edit.stop}"
    if edit.start >= edit.stop:
        raise EditError(f"{text} holds no frame: give A:B with A < B, it holds the frames A to B - 1.")
    if not 0 <= edit.start < edit.stop <= total:
        raise EditError(f"{text} does not lie in the clip, which has {total} frames: give A:B with 0 <= A < B <= {total}.")


def _check_analysed(track: HumanTrack, edit: Edit) -> None:
    analysed = np.flatnonzero([reason != OUTSIDE_RANGE for reason in track.reasons])
    if not len(analysed) or edit.start < analysed[0] or edit.stop > analysed[-1] + 1:
        covered = f"frames {analysed[0]} to {analysed[-1]} only" if len(analysed) else "no frame"
        text = f"The range {edit.start}:{edit.stop} is not all analysed"
        raise EditError(f"{text}, the analysis covers {covered}: choose frames inside, or analyse the whole clip.")
    if edit.kind is EditKind.DROP and edit.stop - edit.start == len(analysed):
        raise EditError("Nothing is left to judge when every frame is dropped: choose a shorter range.")


def _check_frame(track: HumanTrack, edit: Edit, frame: int, allow_many: bool) -> None:
    """`frame`, beside the range, shows the person so that its body can be taken."""
    side = "before" if frame < edit.start else "behind"
    verb = "hold" if edit.kind is EditKind.HOLD else "interpolate from"
    other = "after" if side == "before" else "before"
    hint = f"choose a range that {'starts' if side == 'before' else 'ends'} {other} a frame with the person"
    if not 0 <= frame < len(track):
        raise EditError(f"There is no frame {side} the range {edit.start}:{edit.stop} to {verb}: {hint}.")
    if not track.scored(allow_many)[frame]:
        reason = track.reasons[frame] or "nobody was found"
        raise EditError(f"Frame {frame} {side} the range is none to {verb} ({reason.rstrip('.')}): {hint}.")


def _dropped(track: HumanTrack, edit: Edit) -> tuple[HumanTrack, FrameMap]:
    total = len(track)
    old = np.r_[0 : edit.start, edit.stop : total].astype(np.int32)
    times = track.times.copy()
    if edit.stop < total:
        times[edit.stop :] -= times[edit.stop] - times[edit.start]
    new = np.full(total, -1, np.int32)
    new[old] = np.arange(len(old), dtype=np.int32)
    edited = _taken(_cut_carried(track, edit), old)
    return replace(edited, times=times[old]), FrameMap(old, old, new)


def _held(track: HumanTrack, edit: Edit) -> tuple[HumanTrack, FrameMap]:
    here = np.arange(len(track), dtype=np.int32)
    picture = here.copy()
    picture[edit.start : edit.stop] = edit.start - 1
    return _taken(_cut_carried(track, edit), picture), FrameMap(here, picture, here)


def _interpolated(track: HumanTrack, edit: Edit) -> tuple[HumanTrack, FrameMap]:
    before, after, made = edit.start - 1, int(edit.stop), slice(edit.start, edit.stop)
    weight = (track.times[made] - track.times[before]) / (track.times[after] - track.times[before])
    nearer = (weight > 0.5 + 1e-9).astype(np.float64)
    arrays: dict[str, np.ndarray] = {}

    def keep(name: str, values: np.ndarray, between: np.ndarray) -> None:
        arrays[name] = values.copy()
        arrays[name][made] = between

    for name in _LINEAR:
        values = getattr(track, name)
        keep(name, values, _linear(values[before], values[after], weight))
    for name in _ROTATIONS:
        values = getattr(track, name)
        keep(name, values, geodesic(values[before], values[after], weight))
    for name, name_of_scores in _POINTS:
        values, scores = getattr(track, name), getattr(track, name_of_scores)
        seen = scores[[before, after]] >= SEEN_SCORE
        # A point that one side does not see has no way to go: the nearer side decides, as it does in short gaps.
        share = np.where(seen[0] == seen[1], weight[:, None], nearer[:, None])
        keep(name, values, _shared(values[before], values[after], share[..., None]))
        keep(name_of_scores, scores, _shared(scores[before], scores[after], share))
    features: dict[str, np.ndarray] = {}
    for name, values in track.features.items():
        path = great_circle if name in DIRECTION_SOURCES else _linear
        features[name] = values.copy()
        features[name][made] = path(values[before], values[after], weight)

    several = [t for t in (before, after) if track.presence[t] is Presence.MANY]
    presence, reasons = list(track.presence), list(track.reasons)
    presence[made] = [Presence.MANY if several else Presence.OK] * len(weight)
    reasons[made] = [track.reasons[several[0]] if several else None] * len(weight)
    here = np.arange(len(track), dtype=np.int32)
    picture = here.copy()
    picture[made] = -1
    edited = _replaced(replace(track, presence=tuple(presence), reasons=tuple(reasons)), arrays, features)
    return edited, FrameMap(here, picture, here)


def _linear(before: np.ndarray, after: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return _shared(before, after, weight.reshape(-1, *[1] * before.ndim))


def _shared(before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Linearly between two frames; at the shares 0 and 1 one of them alone, whatever the other one holds."""
    mixed = before.astype(np.float64) + share * (after.astype(np.float64) - before)
    return np.asarray(np.where(share == 0, before, np.where(share == 1, after, mixed)))


def _cuts(track: HumanTrack, edit: Edit) -> list[int]:
    return [t for t in range(edit.start, edit.stop) if track.presence[t] is Presence.CUT]


def _cut_carried(track: HumanTrack, edit: Edit) -> HumanTrack:
    """A shot that began within the range begins behind it: what lies on either side still is not one motion."""
    begins = _cuts(track, edit)
    if not begins or edit.start == 0 or edit.stop == len(track):
        return track
    presence, reasons = list(track.presence), list(track.reasons)
    presence[edit.stop], reasons[edit.stop] = Presence.CUT, track.reasons[begins[-1]]
    return replace(track, presence=tuple(presence), reasons=tuple(reasons))


def _taken(track: HumanTrack, frames: np.ndarray) -> HumanTrack:
    """The track with the content of these frames in this order. Times stay those of the first frames."""
    edited = replace(track, presence=tuple(track.presence[t] for t in frames), reasons=tuple(track.reasons[t] for t in frames))
    arrays = {name: getattr(track, name)[frames] for name in _PER_FRAME}
    return _replaced(edited, arrays, {name: values[frames] for name, values in track.features.items()})


def _replaced(track: HumanTrack, arrays: Mapping[str, np.ndarray], features: Mapping[str, np.ndarray]) -> HumanTrack:
    fields: dict[str, Any] = {**arrays, "features": features}
    return replace(track, **fields)
