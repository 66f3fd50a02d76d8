"""The pixel tracks of an edited clip: measured anew where other pictures have become neighbours, unknown where there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from core.edited_track import FrameMap
from core.extraction.cuts import LOOK
from core.timebase import FrameIndex
from core.track import HumanTrack, slice_track
from core.tracks.joints import half_window
from core.tracks.pixels.distances import LAGS
from core.tracks.pixels.flow import TURNS
from core.tracks.pixels.measure import BOX_SECONDS, PixelTracks, measure_pictures
from core.video import Video

# Of each measurement that needs the picture of its frame, from how many frames on either side. The camera, the light and the cuts are
# those of the pictures as they were filmed, also where a body is put between them that no picture shows.
_OF_THE_PERSON = {
    "joint_flow": 1, "person_flow": 1, "flow_turn": 1 + TURNS, "unexplained": 1, "bone_flow": 1, "bone_unexplained": 1, "bone_colours": 0,
    "colours": 0, "sharpness": 0,
}  # fmt: skip


def edited_pixels(
    pixels: PixelTracks,
    frames: FrameMap,
    edited: HumanTrack,
    pictures: Callable[[np.ndarray], Iterable[np.ndarray]],
    cancelled: Callable[[], bool] = lambda: False,
) -> PixelTracks:
    """The pixel tracks of `edited`, a track of N frames, from those of the T frames it was made of.

    pictures(frames) gives the pictures of these original frames in this order (`pictures_of` a video). Dropped and held: as if all N
    pictures had been measured in their new order, though only those near the edit are. Interpolated: what is measured of the person is
    unknown where no picture shows them. Raises Cancelled and VideoError.
    """
    made = np.flatnonzero(frames.picture < 0)
    return _without(pixels, made) if len(made) else _measured_anew(pixels, frames, edited, pictures, cancelled)


def pictures_of(video: Video) -> Callable[[np.ndarray], Iterator[np.ndarray]]:
    """Gives the pictures of frames of a video, one after the other."""

    def in_order(frames: np.ndarray) -> Iterator[np.ndarray]:
        for run in np.split(frames, np.flatnonzero(np.diff(frames) != 1) + 1):
            if len(run) == 1:
                yield video.frame(FrameIndex(int(run[0])))
            else:
                yield from (picture for _, picture in video.frames(int(run[0]), int(run[-1]) + 1))

    return in_order


def _measured_anew(
    pixels: PixelTracks,
    frames: FrameMap,
    edited: HumanTrack,
    pictures: Callable[[np.ndarray], Iterable[np.ndarray]],
    cancelled: Callable[[], bool],
) -> PixelTracks:
    rows = {name: values[frames.old] for name, values in vars(pixels).items()}
    # A clip may have been measured in part.
    known = np.flatnonzero(np.isfinite(rows["light"][:, 0]))
    # The frames whose own picture, or the one before it, has become another one; and a new end.
    follows = np.diff(frames.picture, prepend=-1) == 1
    changed = np.flatnonzero((frames.picture != frames.old) | ~follows)
    if frames.old[-1] != len(pixels) - 1:
        changed = np.append(changed, len(frames.old) - 1)
    if not len(known) or not len(changed):
        return PixelTracks(**rows)
    # How far a change reaches: the person's place is a median over these frames, distances go back over LAGS.
    place = half_window(edited.times, BOX_SECONDS / 2)
    first = max(int(known[0]), int(changed[0]) - place - LOOK)
    stop = min(int(known[-1]) + 1, int(changed[-1]) + place + LAGS + LOOK + 1)
    # What has to be measured for the frames in between to be right.
    begin, end = max(int(known[0]), first - LAGS - place), min(int(known[-1]) + 1, stop + place + LOOK)
    if begin >= end:
        return PixelTracks(**rows)
    anew = measure_pictures(pictures(frames.picture[begin:end]), slice_track(edited, slice(begin, end)), cancelled=cancelled)
    for name, values in vars(anew).items():
        rows[name] = rows[name].copy()
        rows[name][first:stop] = values[first - begin : stop - begin]
    return PixelTracks(**rows)


def _without(pixels: PixelTracks, made: np.ndarray) -> PixelTracks:
    """The pixel tracks without the frames `made`, whose pictures nobody has seen."""
    total = len(pixels)
    rows = {name: values.copy() for name, values in vars(pixels).items()}
    for name, reach in _OF_THE_PERSON.items():
        for further in range(reach + 1):
            rows[name][made[made + further < total] + further] = np.nan
    for name in ("distance", "mirrored"):
        rows[name][made] = np.nan
        for lag in range(1, rows[name].shape[2] + 1):
            rows[name][made[made + lag < total] + lag, :, lag - 1] = np.nan
    return PixelTracks(**rows)
