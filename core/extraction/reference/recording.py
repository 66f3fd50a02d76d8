"""What the reference extractor's networks say, frame by frame, as a HumanTrack."""

from __future__ import annotations

import numpy as np

from core.body import SMPL_PELVIS, load_body, pose_joints
from core.camera import project
from core.extraction.reference.box_tracking import Followed
from core.skeletons import BODY_SLICE, KEYPOINTS, OPENPOSE_FROM_BLAZEPOSE
from core.tag_track import body_points
from core.track import ExtractorInfo, HumanTrack, Presence, Subject

VIT_SIZE = 1024
_NOT_YET = "This frame is not read yet."


class Recording:
    """The features of T frames, NaN where nothing is known (yet)."""

    def __init__(self, info: ExtractorInfo, times: np.ndarray, size: tuple[int, int], followed: Followed) -> None:
        def empty(*shape: int) -> np.ndarray:
            return np.full((len(times), *shape), np.nan, np.float32)

        self.size = size
        self._info, self._times, self._followed = info, np.asarray(times, np.float64), followed
        self._names = {source.name for source in info.sources}
        self.keypoints, self.keypoint_scores = empty(len(KEYPOINTS), 2), np.zeros((len(times), len(KEYPOINTS)), np.float32)
        self.global_orient, self.body_pose, self.betas = empty(3, 3), empty(23, 3, 3), empty(10)
        self.translation, self.intrinsics, self.token = empty(3), empty(4), empty(VIT_SIZE)

    def track(self, done: int) -> HumanTrack:
        """The track when the first `done` frames have been read."""
        total, followed = len(self._times), self._followed
        presence = [value if frame < done else Presence.NONE for frame, value in enumerate(followed.presence)]
        reasons = [reason if frame < done else _NOT_YET for frame, reason in enumerate(followed.reasons)]
        boxes = followed.boxes.copy()
        boxes[done:] = np.nan
        points, scores = np.full((total, 33, 3), np.nan, np.float32), np.zeros((total, 33), np.float32)
        keypoints, keypoint_scores = self.keypoints, self.keypoint_scores
        posed = np.flatnonzero(np.isfinite(self.global_orient[:, 0, 0]))
        if len(posed):
            points[posed], scores[posed] = body_points(self.global_orient[posed], self.body_pose[posed])
            if "kp2d" not in self._names:
                keypoints, keypoint_scores = self._points_of_meshes(posed)
        first = np.flatnonzero(np.isfinite(boxes[:, 0]))
        box = tuple(round(float(edge), 2) for edge in boxes[first[0]]) if len(first) else None
        return HumanTrack(
            extractor=self._info,
            subject=Subject(followed.number or 0, box),  # type: ignore[arg-type]  # four edges
            size=self.size,
            times=self._times,
            presence=tuple(presence),
            reasons=tuple(reasons),
            boxes=boxes,
            keypoints=keypoints.copy(),
            keypoint_scores=keypoint_scores.copy(),
            points3d=points,
            points3d_scores=scores,
            global_orient=self.global_orient.copy(),
            body_pose=self.body_pose.copy(),
            betas=self.betas.copy(),
            translation=self.translation.copy(),
            intrinsics=self.intrinsics.copy(),
            features={"vit": self.token.copy()} if "vit" in self._names else {},
        )

    def _points_of_meshes(self, posed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Without key points of their own, where the body's joints fall in the picture: to be looked at, no source of features."""
        zero = np.zeros((len(posed), 10), np.float32)
        joints = pose_joints(load_body(), self.global_orient[posed], self.body_pose[posed], zero, zero[:, :3])
        space, seen = body_points(self.global_orient[posed], self.body_pose[posed])
        # The points lie around the middle of the hips.
        space = space + (joints[:, 1:3].mean(axis=1) - joints[:, 0] + self.translation[posed] + SMPL_PELVIS)[:, None]
        keypoints, scores = np.full_like(self.keypoints, np.nan), np.zeros_like(self.keypoint_scores)
        body = list(range(len(KEYPOINTS)))[BODY_SLICE]
        for place, point in zip(body, OPENPOSE_FROM_BLAZEPOSE, strict=True):
            if point is not None:
                keypoints[posed, place] = [project(space[row, point], self.intrinsics[frame]) for row, frame in enumerate(posed)]
                scores[posed, place] = seen[:, point]
        neck, shoulders = OPENPOSE_FROM_BLAZEPOSE.index(None), [place for place, name in enumerate(KEYPOINTS) if name.endswith("_shoulder")]
        keypoints[:, neck] = keypoints[:, shoulders].mean(axis=1)
        scores[posed, neck] = 1.0
        return keypoints, scores
