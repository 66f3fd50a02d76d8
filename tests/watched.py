"""A walk as the extractor finds it whose failures are known, and what the pictures tell of it."""

from dataclasses import replace

import numpy as np

from core.skeletons import BLAZEPOSE, OPENPOSE_BODY
from core.track import HumanTrack
from core.tracks.joints import JOINTS
from core.tracks.pixels.measure import PixelTracks
from tests.walking import HEIGHT_PIXELS, PIXELS_PER_METRE, walking_track

FRAMES = 60


def watched(frames: int = FRAMES) -> HumanTrack:
    """A walk, as by the extractor whose failures are known."""
    track = walking_track(frames=frames)
    return replace(track, extractor=replace(track.extractor, name="blazepose"))


def pictures(track: HumanTrack, unexplained: dict[int, float] | None = None) -> PixelTracks:
    """What the pictures tell when every joint moves as its picture does; unexplained: frame -> grey levels that the flow leaves over."""
    frames = len(track)
    flow = np.zeros((frames, len(JOINTS), 2))
    flow[1:] = np.diff(track.keypoints[:, [OPENPOSE_BODY.index(name) for name in JOINTS]], axis=0)
    left = np.full((frames, 2), 2.0)
    for frame, value in (unexplained or {}).items():
        left[frame] = value
    shapes = {
        "distance": (3, 32),
        "mirrored": (3, 4),
        "light": (2,),
        "camera": (4,),
        "person_flow": (2,),
        "flow_turn": (3,),
        "colours": (5, 3),
        "bone_flow": (8, 2, 2),
        "bone_unexplained": (8, 2),
        "bone_colours": (8, 3),
    }
    rest = {name: np.zeros((frames, *shape)) for name, shape in shapes.items()}
    ones = {name: np.ones(frames) for name in ("support", "sharpness")}
    return PixelTracks(joint_flow=flow, unexplained=left, cut=np.zeros(frames), **rest, **ones)


def leap(track: HumanTrack, frames: slice, body_heights: float, names: tuple[str, ...] = ("left_wrist",)) -> None:
    """The joints are found elsewhere, while the pictures stay as they are."""
    for name in names:
        track.keypoints[frames, OPENPOSE_BODY.index(name), 0] += body_heights * HEIGHT_PIXELS
        track.points3d[frames, BLAZEPOSE.index(name), 0] += body_heights * HEIGHT_PIXELS / PIXELS_PER_METRE
