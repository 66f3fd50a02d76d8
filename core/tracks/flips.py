"""Flip consistency: does the extractor find the mirrored body in the mirrored picture?

A pose that is right is found again; one that the estimate only holds on to, or mixes up, mostly is not. To look at every frame a second
time would double the extraction, so it is done for a bounded number of frames, where something depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from core.extraction import Cancelled
from core.skeletons import BLAZEPOSE, OPENPOSE_BODY
from core.track import HumanTrack, Presence
from core.tracks.joints import JOINTS, body_height, joint_motion
from core.video import Video

# Of the clip's frames, and at most, that are looked at again, those included that only let the tracker settle before.
MOST_SHARE, MOST_FRAMES = 0.15, 300
_SETTLING = 3
_OTHER = {"left": "right", "right": "left"}
_POINT = [BLAZEPOSE.index(name) for name in JOINTS]
_KEYPOINT = [OPENPOSE_BODY.index(name) for name in JOINTS]


def _mirrored(name: str) -> str:
    side, _, part = name.partition("_")
    return f"{_OTHER[side]}_{part}" if side in _OTHER else name


_MIRRORED_POINT = [BLAZEPOSE.index(_mirrored(name)) for name in JOINTS]


@dataclass(frozen=True, eq=False)
class FlipTracks:
    """How far the body found in the mirrored picture is, mirrored back, from the body found in the picture, in body heights.

    picture, space  float32 [T, J] of `joints.JOINTS`, in the picture and relative to the hips; NaN where nobody looked or one of the two
                    was not found
    """

    picture: np.ndarray
    space: np.ndarray

    def __len__(self) -> int:
        return len(self.picture)

    @property
    def whole(self) -> np.ndarray:
        """float64 [T]: the median over the joints, in the picture."""
        return np.asarray(np.median(np.asarray(self.picture, np.float64), axis=1))


def frames_to_mirror(wanted: np.ndarray, presence: tuple[Presence, ...]) -> np.ndarray:
    """bool [T]: the frames most wanted that the bound allows; wanted [T], 0 and below is not at all.

    Where several people are seen the mirrored picture may show another of them first: there, and where nobody is, nothing can be compared.
    """
    total = len(wanted)
    budget = min(round(MOST_SHARE * total), MOST_FRAMES)
    chosen, cost = np.zeros(total, bool), np.zeros(total, bool)
    for frame in np.argsort(-wanted, kind="stable"):
        if not wanted[frame] > 0 or cost.sum() >= budget:
            break
        if presence[frame] not in (Presence.OK, Presence.UNCERTAIN):
            continue
        needed = cost.copy()
        needed[max(frame - _SETTLING, 0) : frame + 1] = True
        if needed.sum() <= budget:
            chosen[frame], cost = True, needed
    return chosen


def measure_flips(
    video: Video,
    frames: range,
    track: HumanTrack,
    look: np.ndarray,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> FlipTracks:
    """Of `frames` (step 1) of a video, where `look` [T] holds; `track` covers the same frames. Raises Cancelled and VideoError."""
    wanted = np.flatnonzero(look)
    together = np.split(wanted, np.flatnonzero(np.diff(wanted) > _SETTLING + 1) + 1) if len(wanted) else []
    stretches = [range(max(int(part[0]) - _SETTLING, 0), int(part[-1]) + 1) for part in together]
    total, done = sum(len(stretch) for stretch in stretches), 0
    points, world = (np.full((len(track), len(BLAZEPOSE), size), np.nan) for size in (2, 3))
    if not stretches:
        return compare(track, points, world)
    # Imported here: nothing else in this module needs MediaPipe.
    from core.extraction.following import Follower
    from core.extraction.holistic import Holistic

    with Holistic() as holistic:
        follower = Follower(holistic)
        for stretch in stretches:
            follower.forget()
            pictures: Iterable[np.ndarray] = (
                picture for _, picture in video.frames(frames.start + stretch.start, frames.start + stretch.stop)
            )
            for frame, picture in zip(stretch, pictures, strict=True):
                if cancelled():
                    raise Cancelled
                found = follower.find(np.ascontiguousarray(picture[:, ::-1]))
                if found is not None and look[frame]:
                    points[frame], world[frame] = found.pose.points, found.pose.world
                done += 1
                progress(done, total)
    return compare(track, points, world)


def compare(track: HumanTrack, points: np.ndarray, world: np.ndarray) -> FlipTracks:
    """points [T, 33, 2] in pixels and world [T, 33, 3] in metres, order `skeletons.BLAZEPOSE`: what was found in the mirrored pictures."""
    motion = joint_motion(track, track.seen(), 0.0)
    back = points[:, _MIRRORED_POINT] * (-1, 1) + (track.size[0] - 1, 0)
    picture = np.linalg.norm(back - track.keypoints[:, _KEYPOINT], axis=-1) / motion.scale[:, None]
    metres = np.linalg.norm(world[:, _MIRRORED_POINT] * (-1, 1, 1) - track.points3d[:, _POINT], axis=-1)
    tall = body_height(np.asarray(track.points3d[:, _POINT], np.float64), track.seen())
    return FlipTracks(picture.astype(np.float32), (metres / tall).astype(np.float32))


def of_pictures(flips: FlipTracks, pictures: np.ndarray) -> FlipTracks:
    """The flip tracks of N frames that show these frames of the clip (int [N]); unknown where no picture shows one (-1)."""
    unknown = (pictures < 0)[:, None]
    return FlipTracks(*(np.where(unknown, np.float32(np.nan), values[pictures]) for values in (flips.picture, flips.space)))
