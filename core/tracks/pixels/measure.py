"""One pass over the frames of a clip: all that only the pictures can tell, as plain arrays. What it means is said in `core.tracks`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

import cv2
import numpy as np

from core.extraction import Cancelled
from core.extraction.cuts import LOOK, Signature, signature, unlikeness
from core.skeletons import BODY_SLICE, OPENPOSE_BODY
from core.track import HumanTrack
from core.tracks.joints import JOINTS, half_window, running_median
from core.tracks.pixels.colours import part_colours
from core.tracks.pixels.distances import FrameDistances
from core.tracks.pixels.flow import FlowReader
from core.tracks.pixels.limbs import bone_points, colours_along
from core.tracks.pixels.reduced import Reduced, box_mask, grown, longer_side, reduce_frame, to_reduced
from core.video import Video

_KEYPOINT = [OPENPOSE_BODY.index(name) for name in JOINTS]
BOX_SECONDS = 1.0
_PERSON_MARGIN = 0.05
_SHARPNESS_MARGIN = 0.02


@dataclass(frozen=True, eq=False)
class PixelTracks:
    """Measurements of the pictures over T frames, raw: in pixels of the frame and grey levels; NaN where unknown.

    distance     float32 [T, 3, LAGS]         to the frame 1, 2, ... LAGS back, for the whole picture, where the person is, and the rest:
                                              RMS in grey levels of low-passed thumbnails of equal light (`distances`)
    mirrored     float32 [T, 3, MIRROR_LAGS]  the same for the frame's horizontal mirror image
    light        float32 [T, 2]               mean and standard deviation of the thumbnail's grey
    camera       float32 [T, 4]               the background's motion since the frame before (`flow.StepFlow`): x, y, log of scale, rotation
    support      float32 [T]                  share of the background that follows it; 0 where there is none to judge by (then camera is 0)
    joint_flow   float32 [T, J, 2]            flow since the frame before under each of `joints.JOINTS`
    person_flow  float32 [T, 2]               median and 90th percentile of the flow's length in the person's box, the camera's removed
    flow_turn    float32 [T, TURNS]           correlation of the person's flow with that of the steps 1, 2, 3 before
    unexplained  float32 [T, 2]               RMS in grey levels of what the flow leaves unexplained: whole, person
    bone_flow    float32 [T, B, 2, 2]         flow since the frame before under the upper and the lower third of each of `bones.BONES`
    bone_unexplained  float32 [T, B, 2]       what the flow leaves unexplained under each bone, where that was and where it is now
    bone_colours float32 [T, B, 3]            median Lab in the middle of each bone
    colours      float32 [T, 5, 3]            median Lab of head, trunk, arms, legs, background
    sharpness    float32 [T]                  variance of the Laplacian in the person's box (in the whole picture without one)
    cut          float32 [T]                  how far the frames from here on are another shot; 1 and more is a cut (`core.extraction.cuts`)
    """

    distance: np.ndarray
    mirrored: np.ndarray
    light: np.ndarray
    camera: np.ndarray
    support: np.ndarray
    joint_flow: np.ndarray
    person_flow: np.ndarray
    flow_turn: np.ndarray
    unexplained: np.ndarray
    bone_flow: np.ndarray
    bone_unexplained: np.ndarray
    bone_colours: np.ndarray
    colours: np.ndarray
    sharpness: np.ndarray
    cut: np.ndarray

    def __len__(self) -> int:
        return len(self.cut)


def measure_pixels(
    video: Video,
    frames: range,
    track: HumanTrack,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> PixelTracks:
    """The pixel tracks of `frames` (step 1) of a video, with the person's place from `track`, which covers the same frames.

    Raises Cancelled, VideoError, and ValueError for a track of another length.
    """
    if len(frames) != len(track):
        raise ValueError(f"a track of {len(track)} frames for {len(frames)} frames")
    pictures = (picture for _, picture in video.frames(frames.start, frames.stop))
    return measure_pictures(pictures, track, progress, cancelled)


def measure_pictures(
    pictures: Iterable[np.ndarray],
    track: HumanTrack,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> PixelTracks:
    """As `measure_pixels`, for RGB pictures uint8 [H, W, 3] from anywhere; they are taken one by one and not kept."""
    total, size = len(track), track.size
    places = _places(track)
    joints = np.where(track.keypoint_scores[:, _KEYPOINT, None] >= 0, track.keypoints[:, _KEYPOINT], np.nan)
    distances, flow, cuts = FrameDistances(), FlowReader(size), _CutMargin()
    rows: dict[str, list[np.ndarray | float]] = {f.name: [] for f in fields(PixelTracks) if f.name != "cut"}
    for frame, picture in enumerate(pictures):
        if cancelled():
            raise Cancelled
        if frame >= total:
            raise ValueError(f"more pictures than the track's {total} frames")
        reduced = reduce_frame(picture)
        before = max(frame - 1, 0)
        plain, mirror = distances.take(reduced.thumb, reduced.valid, box_mask(places[frame], size, reduced.thumb.shape, _PERSON_MARGIN))
        step = flow.take(reduced, places[before], joints[before], joints[frame])
        body, scores = track.keypoints[frame, BODY_SLICE], track.keypoint_scores[frame, BODY_SLICE]
        found: dict[str, np.ndarray | float] = {
            "distance": plain,
            "mirrored": mirror,
            "light": np.asarray(reduced.light),
            "camera": step.camera,
            "support": step.support,
            "joint_flow": step.joints,
            "person_flow": step.person,
            "flow_turn": step.turn,
            "unexplained": step.unexplained,
            "bone_flow": step.bones,
            "bone_unexplained": step.bones_unexplained,
            "bone_colours": _bone_colours(reduced, places[frame], joints[frame], size),
            "colours": part_colours(reduced.lab, track.boxes[frame], body, scores, size),
            "sharpness": _sharpness(reduced, places[frame], size),
        }
        for name, value in found.items():
            rows[name].append(value)
        cuts.take(picture)
        progress(frame + 1, total)
    if len(rows["support"]) != total:
        raise ValueError(f"{len(rows['support'])} pictures for a track of {total} frames")
    return PixelTracks(**{name: np.asarray(values, np.float32) for name, values in rows.items()}, cut=cuts.margins(total))


def _places(track: HumanTrack) -> np.ndarray:
    """float64 [T, 4]: the box around the frame's own box and the median of those near it, which a pose lost for a moment leaves alone."""
    boxes = np.asarray(track.boxes, np.float64)
    usual = running_median(boxes, half_window(track.times, BOX_SECONDS / 2)) if len(track) > 1 else boxes
    return np.concatenate([np.fmin(boxes[:, :2], usual[:, :2]), np.fmax(boxes[:, 2:], usual[:, 2:])], axis=1)


def _bone_colours(frame: Reduced, box: np.ndarray, joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    shape = frame.fine.shape
    long = longer_side(box) * shape[1] / size[0]
    return colours_along(frame.fine, bone_points(to_reduced(joints, size, shape), long, shape))


def _sharpness(frame: Reduced, box: np.ndarray, size: tuple[int, int]) -> float:
    picture = frame.medium
    if np.isfinite(box).all():
        x0, y0, x1, y1 = grown(box, size, picture.shape, _SHARPNESS_MARGIN)
        picture = picture[y0:y1, x0:x1]
    return float(cv2.Laplacian(picture, cv2.CV_32F).var())


class _CutMargin:
    """How clearly each of the LOOK frames from a frame on differs from each of the LOOK before it: the least of all pairs."""

    def __init__(self) -> None:
        self._recent: deque[Signature] = deque(maxlen=2 * LOOK)
        self._margins: list[float] = []

    def take(self, frame: np.ndarray) -> None:
        self._recent.append(signature(frame))
        recent = list(self._recent)
        if len(recent) == 2 * LOOK:
            self._margins.append(min(unlikeness(a, b) for a in recent[:LOOK] for b in recent[LOOK:]))

    def margins(self, total: int) -> np.ndarray:
        result = np.full(total, np.nan, np.float32)
        result[LOOK : LOOK + len(self._margins)] = self._margins
        return result
