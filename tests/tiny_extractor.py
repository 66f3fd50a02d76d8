"""A small real extractor: follows the white square of a generated clip and hangs a stick figure on it. Importing it registers it, in a
worker's process too: unpickling a `TinyRequest` imports this module there."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np

import core.extraction
from core.events import AnalysisRequest
from core.extraction import Cancelled, ExtractionError
from core.manifold import save_manifold
from core.skeletons import BLAZEPOSE, OPENPOSE_FROM_BLAZEPOSE
from core.track import HumanTrack, Presence, slice_track
from core.video import Video
from tests.synthetic_tracks import SMALL_SOURCES, blank_manifold, moving_track

# What each kind does at frame 20; "tiny" only works.
KINDS = ("tiny", "tiny-abort", "tiny-exit", "tiny-deaf", "tiny-patient", "tiny-broken", "tiny-refusing")
WIDTH, HEIGHT = 96, 64


@dataclass(frozen=True)
class TinyRequest(AnalysisRequest):
    extractor: str = "tiny"


class TinyExtractor:
    def __init__(self, kind: str, device: str) -> None:
        self.kind = kind
        track = moving_track(frames=1, sources=SMALL_SOURCES)
        self.info = replace(track.extractor, name=kind, device=device)
        self.settings: dict[str, object] = {"figure": "standing"}

    def extract(
        self,
        video: Video,
        frames: range,
        *,
        progress: Callable[[int, int], None],
        partial: Callable[[HumanTrack], None],
        cancelled: Callable[[], bool],
    ) -> HumanTrack:
        log = os.environ.get("TINY_LOG")
        if log:
            with Path(log).open("a") as file:
                file.write("extract\n")
        track = _figure(len(frames), video.timebase.times[frames.start : frames.stop])
        track = replace(track, extractor=self.info, size=video.size)
        for done, (_, picture) in enumerate(video.frames(frames.start, frames.stop), start=1):
            if cancelled():
                raise Cancelled
            rows, columns = np.nonzero(picture[:, :, 0] > 128)
            offset = np.array([columns.mean(), rows.mean()], np.float32)
            track.keypoints[done - 1] += offset
            track.boxes[done - 1] += np.tile(offset, 2)
            progress(done, len(frames))
            if done % 10 == 0:
                partial(_unseen_after(track, done))
            if done == 20:
                self._act(cancelled)
        return track

    def _act(self, cancelled: Callable[[], bool]) -> None:
        if self.kind == "tiny-abort":
            os.abort()
        if self.kind == "tiny-exit":
            os._exit(7)
        if self.kind == "tiny-broken":
            raise ZeroDivisionError("made to fail")
        if self.kind == "tiny-refusing":
            raise ExtractionError("There is nobody in this clip: choose another.")
        while self.kind == "tiny-deaf":
            pass
        while self.kind == "tiny-patient":
            if cancelled():
                raise Cancelled


def create(device: str) -> TinyExtractor:
    return TinyExtractor("tiny", device)


class _Module:
    """What `create_extractor` imports for a kind: this module, but for that kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def create(self, device: str) -> TinyExtractor:
        return TinyExtractor(self.kind, device)


def register() -> None:
    import sys

    for kind in KINDS:
        name = f"tests.tiny_extractor.{kind}"
        sys.modules[name] = _Module(kind)  # type: ignore[assignment]
        core.extraction._MODULES[kind] = name


register()


def _figure(frames: int, times: np.ndarray) -> HumanTrack:
    """A standing person a little larger than a hand, the nose at the origin; 3D points to match, scale 30 pixels a metre."""
    track = moving_track(frames=frames, sources=SMALL_SOURCES)
    standing = np.zeros((60, 2), np.float32)
    standing[:18] = (moving_track(frames=1, sources=SMALL_SOURCES).keypoints[0, :18] - (320, 100)) * 0.15
    points = np.zeros((frames, len(BLAZEPOSE), 3), np.float32)
    for place, index in enumerate(OPENPOSE_FROM_BLAZEPOSE):
        if index is not None:
            points[:, index, :2] = standing[place] / 30
    return replace(
        track, times=times, keypoints=np.tile(standing, (frames, 1, 1)), boxes=np.zeros((frames, 4), np.float32), points3d=points
    )


def _unseen_after(track: HumanTrack, done: int) -> HumanTrack:
    keypoints = track.keypoints.copy()
    keypoints[done:] = np.nan
    presence = track.presence[:done] + (Presence.NONE,) * (len(track) - done)
    return replace(slice_track(track, slice(None)), keypoints=keypoints, presence=presence)


def write_clip(path: Path, frames: int = 60, fps: int = 30) -> Path:
    """A white square that swings from left to right on black."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(frames):
            picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            left = int(40 + 25 * np.sin(2 * np.pi * index / 40))
            picture[24:40, left : left + 16] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def write_manifold(path: Path) -> Path:
    save_manifold(blank_manifold(sources=SMALL_SOURCES), path)
    return path
