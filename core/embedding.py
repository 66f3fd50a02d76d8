"""Windows through the encoder: z_CLS, temporal coherence, and the curves over the video's frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from core.analysis import Curves
from core.encoder import Encoder, build_encoder
from core.extraction import Cancelled
from core.manifold import Manifold, check_track
from core.motion import joint_speed, motion_features
from core.track import HumanTrack
from core.windows import (
    STRIDE,
    WINDOW,
    Stretch,
    cut_windows,
    positions_to_frames,
    refusal,
    steps_to_frames,
    stretches,
    video_range,
    window_starts,
)

_BATCH = 64
# Motion amount around a position: the median over this many seconds, so that one wild step does not widen the band it is judged by.
_AMOUNT_SECONDS = 0.5


@dataclass(frozen=True, eq=False)
class Embedding:
    """What the encoder says of one track; W scored windows of 32 positions.

    z_cls          float32 [W, d]  unit length
    window_range   int32 [W, 2]    video frames, stop exclusive
    coherence      float32 [W]     mean step ||z_{t+1} - z_t|| of each window
    curves         per video frame
    interpolated   bool [T]        frames inside a gap that was bridged
    motion_amount  float | None    mean speed of the body's joints, body heights a second
    padded         bool            shorter than a window: the last frame was repeated, which lowers the coherence
    reason         str | None      why there are no scores; W is then 0
    strangeness    float32 [W]     how far the features of each window lie from those of real motion: the root mean square over the
                                   normalised columns of a source, raw or motion, of its middle frame; the strangest of them (usual: 1)
    """

    z_cls: np.ndarray
    window_range: np.ndarray
    coherence: np.ndarray
    curves: Curves
    interpolated: np.ndarray
    motion_amount: float | None
    padded: bool
    reason: str | None
    strangeness: np.ndarray


@dataclass(frozen=True, eq=False)
class StretchCurves:
    """Curves over the L positions of one stretch; entry i of a step stands between i-1 and i, entry 0 is NaN.

    step, disagreement, amount: float64 [L]; attention: float64 [L, K]; z_cls [B, d], coherence and strangeness [B] of all windows at
    stride 1.
    """

    step: np.ndarray
    disagreement: np.ndarray
    amount: np.ndarray
    attention: np.ndarray
    z_cls: np.ndarray
    coherence: np.ndarray
    strangeness: np.ndarray


def window_rows(raw: dict[str, np.ndarray], manifold: Manifold) -> np.ndarray:
    """Raw features of windows, source -> [B, 32, d], with their motion derived inside each window: normalised rows float32 [B, 32, D]."""
    motion = [motion_features(name, raw[name], manifold.variant) for name in manifold.source_names]
    rows = np.concatenate([*(raw[name] for name in manifold.source_names), *motion], axis=-1)
    normalised: np.ndarray = (rows - manifold.mean) / (manifold.std + np.float32(1e-6))
    return normalised.astype(np.float32, copy=False)


def clip_columns(raw: Mapping[str, np.ndarray], manifold: Manifold) -> np.ndarray:
    """Raw and motion columns float32 [L, D] of a whole clip, not normalised; raw features source -> [L, d]."""
    names = manifold.source_names
    return np.concatenate(
        [*(raw[name] for name in names), *(motion_features(name, raw[name], manifold.variant) for name in names)], axis=-1
    )


def clip_rows(raw: Mapping[str, np.ndarray], manifold: Manifold) -> np.ndarray:
    """Normalised rows float32 [L, D] of a whole clip, its last frame again until there are 32. `cut_rows` makes windows of them, as
    `window_rows` does, but motion is derived once and not in each of the windows that overlap."""
    length = len(raw[manifold.source_names[0]])
    index = np.minimum(np.arange(max(length, WINDOW)), length - 1)
    rows = clip_columns(raw if length >= WINDOW else {name: values[index] for name, values in raw.items()}, manifold)
    rows -= manifold.mean
    rows /= manifold.std + np.float32(1e-6)
    return rows


def cut_rows(rows: np.ndarray, starts: np.ndarray, manifold: Manifold) -> np.ndarray:
    """Windows float32 [B, 32, D] of `clip_rows`. Motion depends on a frame and the one before it only: inside a window it is what it is in
    the clip, except in the first frame, where it is zero."""
    windows = cut_windows(rows, starts)
    raw = sum(size for _, size, _ in manifold.config.sources)
    windows[:, 0, raw:] = -manifold.mean[raw:] / (manifold.std[raw:] + np.float32(1e-6))
    return windows


def encode(encoder: Encoder, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normalised rows [B, 32, D] -> z_cls [B, d], steps ||z_{t+1} - z_t|| [B, 31], alpha [B, 32, K], on one torch thread.

    More threads are slower for tensors of this size, and they would take the cores from the extractor and the window.
    """
    with one_thread(), torch.inference_mode():
        z_cls, z, alpha = encoder(torch.from_numpy(rows))
        return z_cls.numpy(), torch.linalg.vector_norm(z[:, 1:] - z[:, :-1], dim=-1).numpy(), alpha.numpy()


@contextmanager
def one_thread() -> Iterator[None]:
    """torch computes on one thread, and afterwards on as many as before."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def embed(
    track: HumanTrack,
    manifold: Manifold,
    allow_many: bool = False,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Embedding:
    """Encode every window of the track at stride 1 for the curves; those at stride 8 are the scored ones.

    progress(windows done, windows in all) is called after each batch, cancelled() is asked before it.
    Raises ManifoldError when the track's sources are in another space, Cancelled.
    """
    check_track(manifold, track)
    encoder = build_encoder(manifold)
    parts = stretches(track, manifold, allow_many)
    reason = refusal(track, allow_many)
    longest = max((len(part) for part in parts), default=0)
    if reason is None and longest < 2:
        reason = "No two neighbouring frames show the person, so the clip has no scores."
    total = sum(len(window_starts(len(part), 1)) for part in parts)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    frames = len(track)
    step, disagreement, amount = (np.full(frames, np.nan) for _ in range(3))
    attention = np.full((frames, len(manifold.sources)), np.nan)
    interpolated = np.zeros(frames, bool)
    ranges: list[tuple[int, int]] = []
    z_cls, coherence, strangeness, speeds = [], [], [], []
    padded = longest < WINDOW
    for part in parts:
        curves = stretch_curves(part, manifold, encoder, advance, cancelled)
        for target, values in ((step, curves.step), (disagreement, curves.disagreement), (amount, curves.amount)):
            at, mapped = steps_to_frames(part, values[1:], track.times)
            target[at] = mapped
        at, mapped = positions_to_frames(part, curves.attention)
        attention[at] = mapped
        interpolated[at] = positions_to_frames(part, part.interpolated.astype(float))[1] > 0.5
        # A clip with whole windows is judged by those alone; else its longest stretch is padded to one.
        if reason is None and (len(part) >= WINDOW or (padded and len(part) == longest and not ranges)):
            starts = window_starts(len(part), STRIDE)
            z_cls.append(curves.z_cls[starts])
            coherence.append(curves.coherence[starts])
            strangeness.append(curves.strangeness[starts])
            ranges += [video_range(part, int(start)) for start in starts]
        speeds.append(joint_speed(part.joints, part.seconds)[1:])
    speed = np.concatenate(speeds) if speeds else np.zeros(0)
    low, high = band(manifold, amount, float(np.median(1 / np.diff(track.times))) if frames > 1 else np.nan)
    return Embedding(
        z_cls=np.concatenate(z_cls) if z_cls else np.zeros((0, manifold.config.d_model), np.float32),
        window_range=np.array(ranges, np.int32).reshape(-1, 2),
        coherence=np.concatenate(coherence) if coherence else np.zeros(0, np.float32),
        curves=Curves(
            step=step.astype(np.float32),
            disagreement=disagreement.astype(np.float32),
            band_low=low.astype(np.float32),
            band_high=high.astype(np.float32),
            attention={name: attention[:, k].astype(np.float32) for k, name in enumerate(manifold.source_names)},
        ),
        interpolated=interpolated,
        motion_amount=float(np.nanmean(speed)) if np.isfinite(speed).any() else None,
        padded=padded and reason is None,
        reason=reason,
        strangeness=np.concatenate(strangeness) if strangeness else np.zeros(0, np.float32),
    )


def stretch_curves(
    part: Stretch,
    manifold: Manifold,
    encoder: Encoder,
    advance: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> StretchCurves:
    """Windows at stride 1 over one stretch (a short one is padded), and what they say of each pair of neighbouring positions.

    The step of a pair is the mean over the windows that hold it of ||z_{t+1} - z_t|| divided by the real median at that place of the window
    (science.md 4); the disagreement is the spread over those windows, NaN where only one holds the pair. Raises Cancelled.
    """
    length = len(part)
    sums, squares, counts = (np.zeros(length + WINDOW) for _ in range(3))
    alphas, holders = np.zeros((length + WINDOW, len(manifold.sources))), np.zeros(length + WINDOW)
    all_z, all_coherence = [], []
    rows = clip_rows(part.features, manifold)
    for starts in _batches(window_starts(length, 1)):
        if cancelled is not None and cancelled():
            raise Cancelled
        z_cls, steps, alpha = encode(encoder, cut_rows(rows, starts, manifold))
        relative = steps / manifold.step_median
        at = starts[:, None] + np.arange(1, WINDOW)
        np.add.at(sums, at, relative)
        np.add.at(squares, at, relative.astype(np.float64) ** 2)
        np.add.at(counts, at, 1)
        at = starts[:, None] + np.arange(WINDOW)
        np.add.at(alphas, at, alpha)
        np.add.at(holders, at, 1)
        all_z.append(z_cls)
        all_coherence.append(steps.mean(axis=1))
        if advance is not None:
            advance(len(starts))
    counts, holders = counts[:length], holders[:length, None]
    mean = np.where(counts > 0, sums[:length] / np.maximum(counts, 1), np.nan)
    variance = np.maximum(squares[:length] / np.maximum(counts, 1) - mean**2, 0)
    return StretchCurves(
        step=mean,
        disagreement=np.where(counts > 1, np.sqrt(variance), np.nan),
        amount=_running_median(joint_speed(part.joints, part.seconds), part.seconds),
        attention=alphas[:length] / holders,
        z_cls=np.concatenate(all_z),
        coherence=np.concatenate(all_coherence),
        strangeness=window_strangeness(rows, manifold),
    )


def band(manifold: Manifold, amount: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """What real steps stay between at each motion amount [T] in a film of `rate` frames a second; NaN where the amount is unknown.

    Between the rates that were measured in proportion to the logarithm, beyond them as at the nearest.
    """
    low, high = np.zeros(len(amount)), np.zeros(len(amount))
    for number, share in _rate_shares(manifold.band_rate, rate):
        mine = manifold.band_rate == number if len(manifold.band_rate) else slice(None)
        low += share * np.interp(amount, manifold.band_amount[mine], manifold.band_low[mine])
        high += share * np.interp(amount, manifold.band_amount[mine], manifold.band_high[mine])
    unknown = ~np.isfinite(amount)
    low[unknown] = high[unknown] = np.nan
    return low, high


def _rate_shares(rates: np.ndarray, rate: float) -> list[tuple[float, float]]:
    """The measured rates next to this one, each with its share; a film of a single frame has no rate, and no steps either."""
    known = np.unique(rates)
    if len(known) < 2 or not np.isfinite(rate):
        return [(float(known[0]) if len(known) else 0.0, 1.0)]
    place = float(np.interp(np.log(rate), np.log(known), np.arange(len(known))))
    before = min(int(place), len(known) - 2)
    return [(float(known[before]), before + 1 - place), (float(known[before + 1]), place - before)]


def _batches(starts: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(starts), _BATCH):
        yield starts[first : first + _BATCH]


def window_strangeness(rows: np.ndarray, manifold: Manifold) -> np.ndarray:
    """float32 [B] of the windows of normalised rows [L, D] at stride 1, see Embedding. An event of a few frames makes no window strange."""
    _, raw, motion = zip(*manifold.config.sources, strict=True)
    parts = np.split(rows, np.cumsum([*raw, *motion])[:-1], axis=1)
    size = np.stack([np.sqrt(np.mean(np.square(part), axis=1)) for part in parts], axis=1)
    middle = np.median(np.lib.stride_tricks.sliding_window_view(size, WINDOW, axis=0), axis=-1)
    return np.asarray(middle.max(axis=1), np.float32)


def _running_median(values: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """The median of the known values around each position; NaN where there are none, and at 0."""
    result = np.full(len(values), np.nan)
    if len(values) < 2:
        return result
    half = max(1, round(_AMOUNT_SECONDS / 2 / float(np.median(np.diff(seconds)))))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, half, constant_values=np.nan), 2 * half + 1)
    known = np.isfinite(around).any(axis=1)
    result[known] = np.nanmedian(around[known], axis=1)
    result[0] = np.nan
    return result
