"""The growing track: rows are filled frame by frame, and a HumanTrack can be taken at any time."""

from __future__ import annotations

import numpy as np

from core.body import BUNDLED_SPACE, BodyModel, load_body
from core.camera import default_intrinsics
from core.extraction.appearance import SIZE as APPEARANCE_SIZE
from core.extraction.appearance import describe
from core.extraction.holistic import Pose
from core.extraction.kinematics import fit_body
from core.extraction.presence import Evidence, judge
from core.skeletons import (
    BLAZEPOSE,
    BODY_SLICE,
    KEYPOINTS,
    LEFT_HAND_SLICE,
    OPENPOSE_FROM_BLAZEPOSE,
    RIGHT_HAND_SLICE,
    SMPL_FROM_BLAZEPOSE,
)
from core.track import ExtractorInfo, HumanTrack, Presence, Source, Subject

SOURCES = (
    Source("appearance", "hog-lab-1024", APPEARANCE_SIZE),
    Source("global", "smpl", 9),
    Source("pose", "smpl", 207),
    Source("beta", BUNDLED_SPACE, 10),
    Source("kp2d", "openpose-60", 2 * len(KEYPOINTS)),
)
BATCH = 64  # frames whose body is fitted together
_SEEN = 0.3
# The hand model reports no score, only that it is sure enough (above 0.5).
_HAND_SCORE = 0.5
_SHOULDERS = [BLAZEPOSE.index("left_shoulder"), BLAZEPOSE.index("right_shoulder")]
_SMPL_JOINTS, _SMPL_POINTS = list(SMPL_FROM_BLAZEPOSE), list(SMPL_FROM_BLAZEPOSE.values())
_BODY_POINTS = [(place, point) for place, point in enumerate(OPENPOSE_FROM_BLAZEPOSE) if point is not None]
_NECK = OPENPOSE_FROM_BLAZEPOSE.index(None)


class Recording:
    """The features of T frames, NaN where nothing is known yet. Different threads may fill different frames."""

    def __init__(self, info: ExtractorInfo, times: np.ndarray, size: tuple[int, int]) -> None:
        def empty(*shape: int) -> np.ndarray:
            return np.full((len(times), *shape), np.nan, np.float32)

        self._info, self._times, self._size = info, np.asarray(times, np.float64), size
        self._body: BodyModel = load_body()
        self._intrinsics = default_intrinsics(size)
        self.keypoints, self.keypoint_scores = empty(len(KEYPOINTS), 2), np.zeros((len(times), len(KEYPOINTS)), np.float32)
        self.world = empty(len(BLAZEPOSE), 3)
        self.global_orient, self.body_pose, self.betas = empty(3, 3), empty(23, 3, 3), empty(10)
        self.translation = empty(3)
        self.appearance = empty(APPEARANCE_SIZE)
        self.evidence = Evidence(self._times, empty(len(BLAZEPOSE), 2), empty(len(BLAZEPOSE)), empty(4))

    def write(self, frame: int, pose: Pose, settled: bool) -> None:
        """Note the pose found in a frame, and whether the tracker had settled on it."""
        if not settled:
            self.evidence.unsettled.add(frame)
        points, scores = self.keypoints[frame], self.keypoint_scores[frame]
        for place, point in _BODY_POINTS:
            points[place], scores[place] = pose.points[point], pose.visibility[point]
        points[_NECK] = pose.points[_SHOULDERS].mean(0)
        scores[_NECK] = pose.visibility[_SHOULDERS].min()
        for part, hand, wrist in (
            (LEFT_HAND_SLICE, pose.left_hand, "left_wrist"),
            (RIGHT_HAND_SLICE, pose.right_hand, "right_wrist"),
        ):
            if hand is not None:
                points[part] = hand
                scores[part] = max(float(pose.visibility[BLAZEPOSE.index(wrist)]), _HAND_SCORE)
        self.world[frame] = pose.world
        self.evidence.points[frame], self.evidence.visibility[frame] = pose.points, pose.visibility
        self.evidence.boxes[frame] = _box(pose, self._size)

    def describe(self, frame: int, picture: np.ndarray) -> None:
        """Fill in what a written frame's person looks like."""
        body = self.keypoints[frame, BODY_SLICE]
        self.appearance[frame] = describe(picture, self.evidence.boxes[frame], body, self.keypoint_scores[frame, BODY_SLICE])

    def fit(self, frames: slice) -> None:
        """Fill in the body of written frames, and where in space it stands."""
        seen = np.flatnonzero(np.isfinite(self.world[frames, 0, 0])) + frames.start
        fit = fit_body(self._body, self.world[seen], self.evidence.points[seen], self.evidence.visibility[seen], self._intrinsics)
        self.global_orient[seen], self.body_pose[seen], self.betas[seen] = fit.global_orient, fit.body_pose, fit.betas
        self.translation[seen] = fit.translation

    def track(self, done: int, fitted: int) -> HumanTrack:
        """The track after `done` frames, of which the first `fitted` have their body; frames without one are unseen."""
        verdicts = judge(self.evidence, done)

        def upto(values: np.ndarray) -> np.ndarray:
            copy = values.copy()
            copy[fitted:] = np.nan
            return copy

        boxes = upto(self.evidence.boxes)
        seen = np.isfinite(boxes[:, 0])
        keypoint_scores = self.keypoint_scores.copy()
        keypoint_scores[fitted:] = 0
        return HumanTrack(
            extractor=self._info,
            subject=Subject(0, _subject_box(boxes, [verdict.presence for verdict in verdicts])),
            size=self._size,
            times=self._times,
            presence=tuple(verdict.presence if frame < fitted else Presence.NONE for frame, verdict in enumerate(verdicts)),
            reasons=tuple(verdict.reason for verdict in verdicts),
            boxes=boxes,
            keypoints=upto(self.keypoints),
            keypoint_scores=keypoint_scores,
            points3d=upto(self.world),
            points3d_scores=upto(self.evidence.visibility),
            global_orient=upto(self.global_orient),
            body_pose=upto(self.body_pose),
            betas=upto(self.betas),
            translation=upto(self.translation),
            intrinsics=np.where(seen[:, None], self._intrinsics, np.nan).astype(np.float32),
            features={"appearance": upto(self.appearance)},
        )


def _box(pose: Pose, size: tuple[int, int]) -> np.ndarray:
    """Around the points that are seen, inside the picture; the head and the limbs stand out by a twentieth."""
    points = pose.points[pose.visibility >= _SEEN]
    if len(points) < 2:
        points = pose.points
    points = np.concatenate([points, *(hand for hand in (pose.left_hand, pose.right_hand) if hand is not None)])
    low, high = points.min(0), points.max(0)
    margin = 0.05 * float((high - low).max())
    edges = np.array(size, np.float32) - 0.5
    low, high = np.clip(low - margin, -0.5, edges), np.clip(high + margin, -0.5, edges)
    return np.concatenate([low, high])


def _subject_box(boxes: np.ndarray, presence: list[Presence]) -> tuple[float, float, float, float] | None:
    """The first box of the run of frames, between cuts, that is largest in area summed over time."""
    areas = np.nan_to_num((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    run = np.cumsum([value == Presence.CUT for value in presence])
    if not areas.any():
        return None
    largest = np.bincount(run, areas).argmax()
    first = boxes[np.flatnonzero((run == largest) & (areas > 0))[0]]
    x0, y0, x1, y1 = (round(float(value), 2) for value in first)
    return x0, y0, x1, y1
