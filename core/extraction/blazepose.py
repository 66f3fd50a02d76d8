"""The embedded extractor: MediaPipe Holistic, inverse kinematics onto the bundled body, appearance. Works after install, on a CPU.

The tracker keeps one core busy. Decoding, counting people and looking for cuts run ahead of it on one thread; appearance and kinematics
come behind it on another. Frames are never held beyond a few; what grows with the clip are the features.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from core.extraction import Cancelled, ExtractionError
from core.extraction.cuts import CutFinder
from core.extraction.following import Follower
from core.extraction.holistic import Holistic
from core.extraction.lookahead import Behind, ahead
from core.extraction.people import People, PeopleDetector
from core.extraction.recording import BATCH, SOURCES, Recording
from core.track import ExtractorInfo, HumanTrack
from core.video import Video

VERSION = "2"
_PARTIAL_SECONDS = 2.0
# How often people are counted; in a short clip more often, so that there are enough counts to tell a person from a false alarm.
_COUNTS_A_SECOND, _LEAST_COUNTS = 2.0, 8
_WAITING_BYTES = 48 << 20  # of frames on either side of the tracker


@dataclass(frozen=True, eq=False)
class _Looked:
    """A frame on its way to the tracker; `people` where they were counted."""

    picture: np.ndarray
    people: People | None


class BlazePose:
    """See `core.extraction.Extractor`. Its models are loaded at each run, within a second; one instance may serve many clips."""

    def __init__(self) -> None:
        self.info = ExtractorInfo("blazepose", VERSION, "cpu", SOURCES)
        self.settings: dict[str, object] = {"model_complexity": 1, "smooth_landmarks": False, "counts_a_second": _COUNTS_A_SECOND}

    def extract(
        self,
        video: Video,
        frames: range,
        *,
        progress: Callable[[int, int], None],
        partial: Callable[[HumanTrack], None],
        cancelled: Callable[[], bool],
    ) -> HumanTrack:
        """The track over `frames`. Raises Cancelled, VideoError."""
        pictures = (picture for _, picture in video.frames(frames.start, frames.stop))
        times = video.timebase.times[frames.start : frames.stop]
        return extract_frames(pictures, times, video.size, progress=progress, partial=partial, cancelled=cancelled, info=self.info)


def create(device: str = "auto") -> BlazePose:
    """Raises ExtractionError for a device other than the CPU."""
    if device not in ("auto", "cpu"):
        raise ExtractionError(f"The extractor 'blazepose' runs on the CPU and not on '{device}': choose the device auto or cpu.")
    return BlazePose()


def extract_frames(
    frames: Iterable[np.ndarray],
    times: np.ndarray,
    size: tuple[int, int],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    partial: Callable[[HumanTrack], None] = lambda track: None,
    cancelled: Callable[[], bool] = lambda: False,
    info: ExtractorInfo | None = None,
) -> HumanTrack:
    """The track of one subject over pictures from anywhere.

    frames: RGB uint8 [H, W, 3], taken one by one on another thread and not kept; times: seconds [T], increasing; size: width and height.
    Raises Cancelled; ValueError when there are fewer or more frames than times.
    """
    recording = Recording(info or BlazePose().info, times, size)
    total, done, fitted, reported = len(times), 0, 0, time.monotonic()
    depth = min(max(_WAITING_BYTES // (3 * size[0] * size[1]), 2), 16)
    # A fit takes as long as many frames: on a thread of its own, or the tracker would wait for it.
    describing, fitting = Behind(depth), Behind(1)
    with closing(fitting), closing(describing), Holistic() as holistic, ahead(_looked(frames, times, recording), depth) as looked:
        tracker = Follower(holistic)
        for frame, look in enumerate(looked):
            if cancelled():
                raise Cancelled
            if frame >= total:
                raise ValueError(f"there are more frames than the {total} times")
            if look.people is not None:
                recording.evidence.people[frame] = look.people
            found = tracker.find(look.picture)
            if found is not None:
                recording.write(frame, found.pose, found.settled)
                describing.submit(recording.describe, frame, look.picture)
            done = frame + 1
            if done % BATCH == 0 or done == total:
                fitting.submit(recording.fit, slice(fitted, done))
                fitted = done
            progress(done, total)
            if fitted and done < total and time.monotonic() - reported > _PARTIAL_SECONDS:
                describing.wait()
                fitting.wait()
                partial(recording.track(done, fitted))
                reported = time.monotonic()
        describing.wait()
        fitting.wait()
    if done < total:
        raise ValueError(f"there are {done} frames for {total} times")
    return recording.track(done, total)


def _looked(frames: Iterable[np.ndarray], times: np.ndarray, recording: Recording) -> Iterator[_Looked]:
    """What runs ahead of the tracker: decoding (in `frames`), shot cuts, people."""
    detector, cuts = PeopleDetector(), CutFinder()
    recording.evidence.cuts = cuts.cuts
    iterator = iter(frames)
    duration = float(times[-1] - times[0]) if len(times) else 0.0
    interval, counted = min(1 / _COUNTS_A_SECOND, duration / _LEAST_COUNTS), -np.inf
    try:
        for index, picture in enumerate(iterator):
            cuts.take(picture)
            people = None
            if index < len(times) and times[index] - counted > interval - 1e-6:
                people, counted = detector.find(picture), times[index]
            yield _Looked(picture, people)
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
