"""From a track to unbroken stretches at the manifold's rate, and from those to windows of 32 positions and back to video frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.manifold import Manifold
from core.motion import ROTATION_SOURCES, UNSEEN, body_joints, so3_exp, so3_log, track_features
from core.track import HumanTrack, Presence

WINDOW = 32
STRIDE = 8
MAX_GAP = 5  # missing frames that are interpolated; longer gaps split
MIN_SINGLE_PERSON = 0.8  # TAG's rule: below this share of single-person frames a clip has no scores
# A stretch at the manifold's own rate is taken frame by frame, since resampling would only blur it: its mean frame distance may differ
# by the first share, a single one (time stamps rounded to milliseconds) by the second.
_SAME_RATE, _SAME_DISTANCE = 0.02, 0.25


@dataclass(frozen=True, eq=False)
class Stretch:
    """L positions of the subject without a split, at the manifold's rate.

    position      float64 [L]          where in the video: frame number, between frames a fraction
    seconds       float64 [L]
    features      name -> float32 [L, d]
    joints        float32 [L, 18, 2]   body heights, NaN where unseen
    interpolated  bool [L]             inside a gap
    """

    position: np.ndarray
    seconds: np.ndarray
    features: Mapping[str, np.ndarray]
    joints: np.ndarray
    interpolated: np.ndarray

    def __len__(self) -> int:
        return len(self.position)


def refusal(track: HumanTrack, allow_many: bool = False) -> str | None:
    """Why the clip gets no scores, in one sentence; None when it may be scored."""
    total = len(track)
    single = int(track.scored().sum())
    if not track.seen().any():
        return "No person was found in the clip, so it has no scores."
    if allow_many or single >= MIN_SINGLE_PERSON * total:
        return None
    many = sum(value is Presence.MANY for value in track.presence)
    why = f"; {many} show several people" if many else ""
    return f"Only {single} of {total} frames show exactly one clearly seen person (80 % are needed){why}, so the clip has no scores."


def stretches(track: HumanTrack, manifold: Manifold, allow_many: bool = False) -> tuple[Stretch, ...]:
    """The parts of the track that may be judged, without cuts or gaps of more than 5 frames, resampled by time to the manifold's rate.

    The `authors` variant concatenates all usable frames instead, as the released code does. Raises KeyError for a source the track lacks.
    """
    features = track_features(track, manifold.source_names, manifold.variant, manifold.mask)
    known = np.all([np.isfinite(values).all(axis=-1) for values in features.values()], axis=0)
    usable = np.flatnonzero(track.scored(allow_many) & known)
    if not len(usable):
        return ()
    joints = body_joints(track)
    if manifold.variant == "authors":
        parts = [usable]
    else:
        cut = np.array([value is Presence.CUT for value in track.presence])
        gap = np.diff(usable) > MAX_GAP + 1
        cuts_before = np.cumsum(cut)
        parts = np.split(usable, np.flatnonzero(gap | (np.diff(cuts_before[usable]) > 0)) + 1)
    return tuple(_resampled(track.times, part, features, joints, manifold) for part in parts)


def _resampled(
    times: np.ndarray, frames: np.ndarray, features: Mapping[str, np.ndarray], joints: np.ndarray, manifold: Manifold
) -> Stretch:
    if manifold.variant == "authors":
        seconds, position = times[frames], frames.astype(np.float64)
    else:
        inside = np.arange(frames[0], frames[-1] + 1)
        seconds, position = times[inside], inside.astype(np.float64)
        if manifold.fps is not None and not _same_rate(seconds, manifold.fps):
            count = int(np.floor((seconds[-1] - seconds[0]) * manifold.fps + 1e-6)) + 1
            grid = seconds[0] + np.arange(count) / manifold.fps
            position = np.interp(grid, seconds, position)
            seconds = grid
    # Each position lies between two usable frames (or on one of them: weight 0).
    before = np.clip(np.searchsorted(frames, position + 1e-6, side="right") - 1, 0, len(frames) - 1)
    after = np.minimum(before + 1, len(frames) - 1)
    start, stop = times[frames[before]], times[frames[after]]
    weight = np.where(after > before, (seconds - start) / np.where(stop > start, stop - start, 1), 0.0)
    weight[np.abs(position - frames[before]) < 1e-6] = 0.0
    i, j = frames[before], frames[after]
    share = weight.astype(np.float32)
    hidden = ~np.isfinite(joints).all(axis=-1)
    return Stretch(
        position=position,
        seconds=seconds,
        features={name: _blend(name, values[i], values[j], share) for name, values in features.items()},
        joints=_blend_points(joints[i], joints[j], share, hidden[i], hidden[j]),
        interpolated=(weight > 0) & (j - i > 1),
    )


def _same_rate(seconds: np.ndarray, fps: float) -> bool:
    difference = np.diff(seconds) * fps - 1
    return len(difference) == 0 or bool(abs(difference.mean()) <= _SAME_RATE and np.abs(difference).max() <= _SAME_DISTANCE)


def _blend(name: str, before: np.ndarray, after: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Between two frames: rotations along the shortest arc, key points where both are seen (else the nearer frame's), the rest linearly."""
    if not weight.any():
        return before
    if name in ROTATION_SOURCES:
        a, b = (x.reshape(len(x), -1, 3, 3) for x in (before, after))
        step = so3_log(np.swapaxes(a, -1, -2) @ b) * weight[:, None, None]
        return (a @ so3_exp(step)).reshape(before.shape)
    if name == "kp2d":
        p, q = (x.reshape(len(x), -1, 2) for x in (before, after))
        return _blend_points(p, q, weight, (p == UNSEEN).all(-1), (q == UNSEEN).all(-1)).reshape(before.shape)
    blended: np.ndarray = before + weight[:, None] * (after - before)
    return blended


def _blend_points(
    before: np.ndarray, after: np.ndarray, weight: np.ndarray, hidden_before: np.ndarray, hidden_after: np.ndarray
) -> np.ndarray:
    """Points [L, K, 2] between two frames. Where one is hidden there is nothing to blend: the nearer frame decides."""
    w = np.broadcast_to(weight[:, None], hidden_before.shape)
    w = np.where(hidden_before | hidden_after, np.round(w), w)[..., None].astype(np.float32)
    mixed = np.where(w == 0, before, before + w * (after - before))
    return np.where(w == 1, after, mixed)


def window_starts(length: int, stride: int = STRIDE, window: int = WINDOW) -> np.ndarray:
    """Where the windows of a stretch of `length` positions begin: 0, stride, ... while a window fits; [0] when none does (padded)."""
    return np.arange(0, max(length - window, 0) + 1, stride)


def cut_windows(values: np.ndarray, starts: np.ndarray, window: int = WINDOW) -> np.ndarray:
    """values [L, ...] -> [B, window, ...]; positions behind the end repeat the last one."""
    index = np.minimum(starts[:, None] + np.arange(window), len(values) - 1)
    windows: np.ndarray = values[index]
    return windows


def video_range(stretch: Stretch, start: int) -> tuple[int, int]:
    """The video frames (stop exclusive) that the window at `start` shows."""
    first = stretch.position[start]
    last = stretch.position[min(start + WINDOW, len(stretch)) - 1]
    return int(np.floor(first + 0.5)), int(np.floor(last + 0.5)) + 1


def steps_to_frames(stretch: Stretch, steps: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of the L - 1 intervals between positions -> (video frames, value of the interval between the frame before and it).

    A frame's interval gets the mean of the position intervals it overlaps, weighted by the overlap; unknown ones count for nothing.
    """
    first, last = int(np.ceil(stretch.position[0] - 1e-6)) + 1, int(np.floor(stretch.position[-1] + 1e-6))
    frames = np.arange(first, last + 1)
    known = np.isfinite(steps)
    width = np.diff(stretch.seconds)

    def integral(values: np.ndarray, at: np.ndarray) -> np.ndarray:
        return np.interp(at, stretch.seconds, np.concatenate([[0.0], np.cumsum(values * width)]))

    a, b = times[frames - 1], times[frames]
    weighted = integral(np.where(known, steps, 0.0), b) - integral(np.where(known, steps, 0.0), a)
    weight = integral(known.astype(np.float64), b) - integral(known.astype(np.float64), a)
    return frames, np.where(weight > 1e-9, weighted / np.maximum(weight, 1e-9), np.nan)


def positions_to_frames(stretch: Stretch, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values [L, ...] at the positions -> (video frames, values at them), linearly between positions."""
    frames = np.arange(int(np.ceil(stretch.position[0] - 1e-6)), int(np.floor(stretch.position[-1] + 1e-6)) + 1)
    where = np.interp(frames, stretch.position, np.arange(len(stretch)))
    low = np.minimum(where.astype(int), len(stretch) - 1)
    high = np.minimum(low + 1, len(stretch) - 1)
    weight = (where - low).reshape(-1, *[1] * (values.ndim - 1))
    return frames, values[low] * (1 - weight) + values[high] * weight
