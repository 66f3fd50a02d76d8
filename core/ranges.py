"""What was computed over a range of frames, told over the whole video: frame t stays frame t, and frames outside the range are unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import Curves
from core.track import HumanTrack, Presence

if TYPE_CHECKING:  # they need torch and OpenCV, this does not
    from core.embedding import Embedding
    from core.tracks.flips import FlipTracks
    from core.tracks.pixels.measure import PixelTracks

OUTSIDE_RANGE = "outside the analysed range"


def over_all_frames(track: HumanTrack, start: int, times: np.ndarray) -> HumanTrack:
    """A track of a range as a track over the whole video: times [T], unseen frames are NaN with presence `none` and a reason."""
    total, stop = len(times), start + len(track)
    if (start, stop) == (0, total):
        return track
    if not 0 <= start <= stop <= total:
        raise ValueError(f"frames {start}..{stop} do not lie in a video of {total}")

    arrays: dict[str, Any] = {
        name: _padded(getattr(track, name), start, total)
        for name in (
            "boxes", "keypoints", "keypoint_scores", "points3d", "points3d_scores",
            "global_orient", "body_pose", "betas", "translation", "intrinsics",
        )
    }  # fmt: skip
    return replace(
        track,
        times=times,
        presence=(Presence.NONE,) * start + track.presence + (Presence.NONE,) * (total - stop),
        reasons=(OUTSIDE_RANGE,) * start + track.reasons + (OUTSIDE_RANGE,) * (total - stop),
        features={name: _padded(values, start, total) for name, values in track.features.items()},
        **arrays,
    )


def embedding_over_all_frames(embedding: Embedding, start: int, total: int) -> Embedding:
    """An embedding of the frames from `start` on as one of a video of `total` frames."""
    curves = embedding.curves
    attention: Mapping[str, np.ndarray] = {name: _padded(values, start, total) for name, values in curves.attention.items()}
    interpolated = np.zeros(total, bool)
    interpolated[start : start + len(embedding.interpolated)] = embedding.interpolated
    return replace(
        embedding,
        window_range=embedding.window_range + np.int32(start),
        curves=Curves(
            step=_padded(curves.step, start, total),
            disagreement=_padded(curves.disagreement, start, total),
            band_low=_padded(curves.band_low, start, total),
            band_high=_padded(curves.band_high, start, total),
            attention=attention,
        ),
        interpolated=interpolated,
    )


def pixels_over_all_frames(pixels: PixelTracks, start: int, total: int) -> PixelTracks:
    """Pixel tracks of the frames from `start` on as those of a video of `total` frames."""
    return replace(pixels, **{name: _padded(values, start, total) for name, values in vars(pixels).items()})


def flips_over_all_frames(flips: FlipTracks, start: int, total: int) -> FlipTracks:
    """Flip tracks of the frames from `start` on as those of a video of `total` frames."""
    return replace(flips, **{name: _padded(values, start, total) for name, values in vars(flips).items()})


def _padded(values: np.ndarray, start: int, total: int) -> np.ndarray:
    whole = np.full((total, *values.shape[1:]), np.nan, values.dtype)
    whole[start : start + len(values)] = values
    return whole
