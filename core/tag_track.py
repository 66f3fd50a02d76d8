"""The features of one clip as the TAG authors' scripts wrote them -> HumanTrack."""

from __future__ import annotations

import numpy as np

from core.body import load_body, pose_joints
from core.embedding_sources import EMBEDDINGS
from core.motion import UNSEEN
from core.skeletons import BLAZEPOSE, KEYPOINTS, SMPL_FROM_BLAZEPOSE
from core.tag_data import TagClip
from core.track import ExtractorInfo, HumanTrack, Presence, Source, Subject

VERSION = "1"
NOT_SINGLE = "the features leave this frame out: not exactly one person was seen in it"
NO_KEYPOINTS = "the features beside the meshes leave this frame out"


def tag_track(clip: TagClip, times: np.ndarray, size: tuple[int, int], sources: tuple[Source, ...]) -> HumanTrack:
    """The clip over all frames of its video: times [T] in seconds, size in display pixels. Rows behind the last frame are left out.

    Frames without a row have presence `none` and a reason. The files hold no camera, so that the body has a pose but no place in the
    picture. `points3d` are the joints of the bundled body in that pose (mean shape), since local tracks need a scale; they tell nothing
    about bone lengths.
    """
    total = len(times)
    inside = clip.frames < total
    frames, known = clip.frames[inside], clip.usable()[inside]
    raw = {name: values[inside] for name, values in clip.raw.items()}
    presence = [Presence.NONE] * total
    reasons: list[str | None] = [NOT_SINGLE] * total
    for frame, usable in zip(frames.tolist(), known.tolist(), strict=True):
        presence[frame] = Presence.OK if usable else Presence.NONE
        reasons[frame] = None if usable else NO_KEYPOINTS
    rows, at = np.flatnonzero(known), frames[known]

    def spread(values: np.ndarray, *shape: int) -> np.ndarray:
        whole = np.full((total, *shape), np.nan, np.float32)
        whole[at] = values.reshape(-1, *shape)
        return whole

    points = raw["kp2d"][rows].reshape(-1, len(KEYPOINTS), 2)
    seen = ~(points == UNSEEN).all(axis=-1)
    pixels = points * np.asarray(size, np.float32)
    orient, pose = raw["global"][rows].reshape(-1, 3, 3), raw["pose"][rows].reshape(-1, 23, 3, 3)
    points3d, points3d_scores = body_points(orient, pose)
    boxes = _boxes(pixels, seen)
    box = next((tuple(map(float, values)) for values in boxes if np.isfinite(values).all()), None)
    return HumanTrack(
        extractor=ExtractorInfo("tag-files", VERSION, "cpu", sources),
        subject=Subject(0, box if box is None else (box[0], box[1], box[2], box[3])),
        size=size,
        times=times,
        presence=tuple(presence),
        reasons=tuple(reasons),
        boxes=spread(boxes, 4),
        keypoints=spread(pixels, len(KEYPOINTS), 2),
        keypoint_scores=spread(seen.astype(np.float32), len(KEYPOINTS)),
        points3d=spread(points3d, len(BLAZEPOSE), 3),
        points3d_scores=spread(points3d_scores, len(BLAZEPOSE)),
        global_orient=spread(orient, 3, 3),
        body_pose=spread(pose, 23, 3, 3),
        betas=spread(raw["beta"][rows], 10),
        translation=np.full((total, 3), np.nan, np.float32),
        intrinsics=np.full((total, 4), np.nan, np.float32),
        features={name: spread(raw[name][rows], raw[name].shape[1]) for name in ("vit", *EMBEDDINGS) if name in raw},
    )


def body_points(orient: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points [L, 33, 3] in metres around the middle of the hips, and 1 for those that the body's joints name, else 0."""
    count = len(orient)
    zero = np.zeros((count, 10), np.float32)
    joints = pose_joints(load_body(), orient, pose, zero, zero[:, :3])
    points, scores = np.full((count, len(BLAZEPOSE), 3), np.nan, np.float32), np.zeros((count, len(BLAZEPOSE)), np.float32)
    for joint, point in SMPL_FROM_BLAZEPOSE.items():
        points[:, point], scores[:, point] = joints[:, joint], 1.0
    hips = points[:, [BLAZEPOSE.index("left_hip"), BLAZEPOSE.index("right_hip")]].mean(axis=1, keepdims=True)
    return points - hips, scores


def _boxes(pixels: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """float32 [L, 4] around the seen points; NaN where there are none."""
    if not len(pixels):
        return np.zeros((0, 4), np.float32)
    hidden = ~seen[..., None]
    low = np.where(hidden, np.inf, pixels).min(axis=1)
    high = np.where(hidden, -np.inf, pixels).max(axis=1)
    boxes = np.concatenate([low, high], axis=1)
    boxes[~np.isfinite(boxes).all(axis=1)] = np.nan
    return boxes.astype(np.float32)
