"""The embedded extractor: MediaPipe Holistic, inverse kinematics, a people counter and an appearance vector. No download, no GPU.

Holistic keeps one core busy. Decoding runs ahead of it in one thread; counting people, the appearance vector and the kinematics
follow behind it in another: PyAV, LiteRT, OpenCV and torch all release the interpreter while they work. Nothing joins one frame to
the next.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from core.body import load_body, pose_joints
from core.camera import default_intrinsics, solve_translation
from core.extraction import Cancelled
from core.extraction.appearance import SIZE, SPACE, appearance
from core.extraction.holistic import Holistic, Landmarks
from core.extraction.kinematics import fit_pose
from core.extraction.people import PeopleDetector
from core.extraction.presence import find_cuts, judge, others, thumbnail
from core.skeletons import OPENPOSE_FROM_BLAZEPOSE, SMPL_FROM_BLAZEPOSE
from core.track import ExtractorInfo, HumanTrack, Source, Subject
from core.video import Video

VERSION = "1"
_SOURCES = (
    Source("appearance", SPACE, SIZE),
    Source("global", "smpl", 9),
    Source("pose", "smpl", 207),
    Source("beta", "telltale-cc0", 10),
    Source("kp2d", "openpose-60", 120),
)
_AHEAD = 8  # frames decoded before Holistic wants them, and frames whose follow-up may be outstanding
_CHUNK = 64  # frames whose kinematics are solved together
_COUNTS_PER_SECOND = 2.0
_PARTIAL_SECONDS = 2.0
_OPENPOSE = np.array([index if index is not None else 0 for index in OPENPOSE_FROM_BLAZEPOSE])
_NECK = OPENPOSE_FROM_BLAZEPOSE.index(None)


def create(device: str) -> BlazePose:
    """The extractor; it always runs on the CPU, whatever the device asked for."""
    del device
    return BlazePose()


class BlazePose:
    """Implements core.extraction.Extractor."""

    info = ExtractorInfo("blazepose", VERSION, "cpu", _SOURCES)
    settings: dict[str, object] = {"model_complexity": 1, "smooth_landmarks": False, "counts_per_second": _COUNTS_PER_SECOND}  # noqa: RUF012

    def extract(
        self,
        video: Video,
        frames: range,
        *,
        progress: Callable[[int, int], None],
        partial: Callable[[HumanTrack], None],
        cancelled: Callable[[], bool],
    ) -> HumanTrack:
        pictures = (picture for _, picture in video.frames(frames.start, frames.stop))
        times = video.timebase.times[frames.start : frames.stop]
        return extract_frames(pictures, times, video.size, progress=progress, partial=partial, cancelled=cancelled)


def extract_frames(
    frames: Iterable[np.ndarray],
    times: np.ndarray,
    size: tuple[int, int],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    partial: Callable[[HumanTrack], None] = lambda track: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> HumanTrack:
    """The track of RGB frames uint8 [H, W, 3] shown at `times` [T] seconds, in pictures of `size` (width, height).

    Fewer frames than times leave the rest unseen. Raises core.extraction.Cancelled.
    """
    holistic = Holistic()
    collector = _Collector(times, size)
    last_partial = time.monotonic()
    try:
        for index, frame in enumerate(_decoded_ahead(frames)):
            if cancelled():
                raise Cancelled
            if index == len(times):
                break
            collector.add(index, frame, holistic.process(frame))
            progress(index + 1, len(times))
            if time.monotonic() - last_partial > _PARTIAL_SECONDS:
                partial(collector.track())
                last_partial = time.monotonic()
        return collector.finish()
    finally:
        collector.close()
        holistic.close()


def _decoded_ahead(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same frames, made a few ahead in a thread of their own; its errors arrive here."""
    waiting: queue.Queue[np.ndarray | BaseException | None] = queue.Queue(_AHEAD)
    stopped = threading.Event()

    def put(item: np.ndarray | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def decode() -> None:
        try:
            for frame in frames:
                if not put(frame):
                    return
            put(None)
        except Exception as error:
            put(error)

    thread = threading.Thread(target=decode, name="decode", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()


@dataclass(frozen=True, eq=False)
class _FollowUp:
    """What the second thread adds to a frame."""

    thumbnail: np.ndarray
    appearance: np.ndarray | None
    crowd: int | None  # people besides the subject; None where nobody was counted


class _Collector:
    """The features so far. Follow-ups and kinematics run in one thread behind Holistic's."""

    def __init__(self, times: np.ndarray, size: tuple[int, int]) -> None:
        self._times, self._size = np.asarray(times, np.float64), size
        frames = len(self._times)
        distance = float(np.median(np.diff(self._times))) if frames > 1 else 1.0
        self._count_every = max(1, round(1 / (_COUNTS_PER_SECOND * distance)))
        self._body = load_body()
        self._intrinsics = default_intrinsics(size)
        self._behind = ThreadPoolExecutor(1, thread_name_prefix="follow-up")
        self._follow_ups: list[Future[_FollowUp]] = []
        self._detector = PeopleDetector()
        self._unsolved: list[int] = []
        self._solving: list[Future[None]] = []
        self._image = _unknown(frames, 33, 2)
        self._world = _unknown(frames, 33, 3)
        self._visibility = np.zeros((frames, 33), np.float32)
        self._hands = _unknown(frames, 2, 21, 2)
        self._boxes = _unknown(frames, 4)
        self._global_orient, self._body_pose = _unknown(frames, 3, 3), _unknown(frames, 23, 3, 3)
        self._betas, self._translation = _unknown(frames, 10), _unknown(frames, 3)
        self._appearance = _unknown(frames, SIZE)

    def add(self, index: int, frame: np.ndarray, found: Landmarks | None) -> None:
        if found is not None:
            self._image[index], self._visibility[index] = found.body[:, :2], found.body[:, 2]
            self._world[index] = found.world
            for side, hand in enumerate((found.left_hand, found.right_hand)):
                if hand is not None:
                    self._hands[index, side] = hand
            self._boxes[index] = _box(found.body)
            self._unsolved.append(index)
        box = self._boxes[index] if found is not None else None
        if len(self._follow_ups) >= _AHEAD:
            # Pictures must not pile up: wait for the one that is _AHEAD back.
            self._follow_ups[-_AHEAD].result()
        self._follow_ups.append(self._behind.submit(self._follow, index, frame, box))
        if len(self._unsolved) == _CHUNK:
            self._solve_waiting()

    def _follow(self, index: int, frame: np.ndarray, box: np.ndarray | None) -> _FollowUp:
        crowd = None
        if index % self._count_every == 0:
            crowd = others(self._detector.detect_everywhere(frame), box, self._size)
        look = None if box is None else appearance(frame, box, _openpose(self._image[index : index + 1])[0])
        return _FollowUp(thumbnail(frame), look, crowd)

    def _solve_waiting(self) -> None:
        chunk, self._unsolved = np.array(self._unsolved, int), []
        if len(chunk):
            self._solving.append(self._behind.submit(self._solve, chunk))

    def _solve(self, chunk: np.ndarray) -> None:
        points, visibility = self._world[chunk], self._visibility[chunk]
        global_orient, body_pose, betas = fit_pose(self._body, points, visibility)
        joints = pose_joints(self._body, global_orient, body_pose, betas, np.zeros((len(chunk), 3)))
        known, pixels = sorted(SMPL_FROM_BLAZEPOSE), [SMPL_FROM_BLAZEPOSE[joint] for joint in sorted(SMPL_FROM_BLAZEPOSE)]
        translation = solve_translation(joints[:, known], self._image[chunk][:, pixels], visibility[:, pixels] + 0.05, self._intrinsics)
        self._global_orient[chunk], self._body_pose[chunk] = global_orient, body_pose
        self._betas[chunk], self._translation[chunk] = betas, translation

    def finish(self) -> HumanTrack:
        self._solve_waiting()
        for follow_up in self._follow_ups:
            follow_up.result()
        for solved in self._solving:
            solved.result()
        return self.track()

    def close(self) -> None:
        self._behind.shutdown(cancel_futures=True)

    def track(self) -> HumanTrack:
        """Everything known by now; frames whose kinematics are still to come have NaN rotations."""
        frames = len(self._times)
        done = [job.result() for job in self._follow_ups if job.done() and not job.cancelled()]
        for index, follow_up in enumerate(done):
            if follow_up.appearance is not None:
                self._appearance[index] = follow_up.appearance
        cuts = np.zeros(frames, bool)
        crowd = np.zeros(frames, np.int64)
        if done:
            cuts[: len(done)] = find_cuts(np.stack([follow_up.thumbnail for follow_up in done]))
            crowd[: len(done)] = _between([follow_up.crowd for follow_up in done])
        seen = np.isfinite(self._image[:, 0, 0])
        keypoints, scores = self._keypoints()
        middle = self._image[:, [11, 12, 23, 24]]
        torso = np.linalg.norm(middle[:, :2].mean(1) - middle[:, 2:].mean(1), axis=-1)
        presence, reasons = judge(seen, self._visibility, middle.mean(1), torso, crowd, cuts)
        first = int(seen.argmax()) if seen.any() else None
        return HumanTrack(
            extractor=BlazePose.info,
            subject=Subject(0, None if first is None else tuple(self._boxes[first].tolist())),
            size=self._size,
            times=self._times,
            presence=presence,
            reasons=reasons,
            boxes=self._boxes.copy(),
            keypoints=keypoints,
            keypoint_scores=scores,
            points3d=self._world.copy(),
            points3d_scores=self._visibility.copy(),
            global_orient=self._global_orient.copy(),
            body_pose=self._body_pose.copy(),
            betas=self._betas.copy(),
            translation=self._translation.copy(),
            intrinsics=np.tile(self._intrinsics.astype(np.float32), (frames, 1)),
            features={"appearance": self._appearance.copy()},
        )

    def _keypoints(self) -> tuple[np.ndarray, np.ndarray]:
        """60 key points [T, 60, 2] in pixels and their scores; Holistic gives none for hands: found is 1, not found 0."""
        scores = self._visibility[:, _OPENPOSE].copy()
        scores[:, _NECK] = self._visibility[:, 11:13].min(1)
        hands = self._hands.reshape(len(self._hands), 42, 2)
        keypoints = np.concatenate([_openpose(self._image), hands], 1)
        return keypoints, np.concatenate([scores, np.isfinite(hands[..., 0]).astype(np.float32)], 1)


def _unknown(*shape: int) -> np.ndarray:
    return np.full(shape, np.nan, np.float32)


def _openpose(points: np.ndarray) -> np.ndarray:
    """18 OpenPose points [T, 18, 2] from 33 BlazePose points [T, 33, 2]; the neck is the middle of the shoulders."""
    chosen = points[:, _OPENPOSE].copy()
    chosen[:, _NECK] = points[:, 11:13].mean(1)
    return chosen


def _box(points: np.ndarray) -> np.ndarray:
    """x0, y0, x1, y1 around the points [33, 3] that are seen (all, where hardly any is), with a twentieth of margin."""
    seen = points[points[:, 2] > 0.5] if (points[:, 2] > 0.5).sum() >= 4 else points
    low, high = seen[:, :2].min(0), seen[:, :2].max(0)
    margin = 0.05 * (high - low).max()
    return np.concatenate([low - margin, high + margin])


def _between(counts: list[int | None]) -> np.ndarray:
    """int [T]: each frame takes the middle value of the three counts around it, so that one false candidate makes no crowd."""
    known = np.array([index for index, count in enumerate(counts) if count is not None], int)
    values = np.array([count for count in counts if count is not None], int)
    padded = np.concatenate([values[:1], values, values[-1:]])
    steady = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0).astype(int)
    nearest = np.abs(np.arange(len(counts))[:, None] - known[None]).argmin(1)
    return steady[nearest]
