"""HumanTrack -> raw features and motion features, column by column as the encoder reads them (TAG 3.1, Table 6).

Every function works on whole clips or batches of windows at once: the frame axis is the last but one of the result,
and any axes may stand before it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.skeletons import BODY_SLICE, OPENPOSE_BODY
from core.track import HumanTrack

# `authors` repeats the released code, errors included, for checkpoints trained with it; `corrected` is the mathematics that was meant.
VARIANTS = ("corrected", "authors")
# Which unseen key points become -1: only those of the hands (the released code), or every point of the body as well.
MASKS = ("hands", "all")
UNSEEN = -1.0
SEEN_SCORE = 0.3

ROTATION_SOURCES = ("global", "pose")
DIRECTION_SOURCES = ("vit", "appearance", "clip", "dino")


def motion_size(name: str, raw_size: int) -> int:
    """Columns of a source's motion part: three for each rotation matrix, else as many as the raw part has."""
    return raw_size // 3 if name in ROTATION_SOURCES else raw_size


def motion_features(name: str, raw: np.ndarray, variant: str) -> np.ndarray:
    """The change of `raw` [..., T, d] from frame t-1 to t, [..., T, m] in the dtype of `raw`; row 0 is zero.

    `global`, `pose`: axis-angle of R_{t-1}^T R_t. `vit`, `appearance`, `clip`, `dino`: difference of unit vectors. `kp2d`: what is left of
    the step of the centred, scaled points once the earlier ones are rotated onto the later (`corrected`: of
    the points seen both times). Anything else (`beta`): difference.
    Raises ValueError for an unknown variant.
    """
    if variant not in VARIANTS:
        raise ValueError(f"There is no motion variant '{variant}'; known: {', '.join(VARIANTS)}.")
    before, after = raw[..., :-1, :], raw[..., 1:, :]
    if name in ROTATION_SOURCES:
        matrices = raw.reshape(*raw.shape[:-1], raw.shape[-1] // 9, 3, 3)
        relative = np.swapaxes(matrices[..., :-1, :, :, :], -1, -2) @ matrices[..., 1:, :, :, :]
        log = so3_log(relative) if variant == "corrected" else _clamped_log(relative)
        step = log.reshape(*log.shape[:-2], -1)
    elif name in DIRECTION_SOURCES:
        unit = _unit(raw) if variant == "corrected" else _float32_unit(raw)
        step = unit[..., 1:, :] - unit[..., :-1, :]
    elif name == "kp2d":
        step = _procrustes_residual(raw, variant)
    else:
        step = after - before
    still = np.zeros((*step.shape[:-2], 1, step.shape[-1]), step.dtype)
    return np.concatenate([still, step], axis=-2)


def _unit(raw: np.ndarray) -> np.ndarray:
    unit: np.ndarray = raw / np.maximum(np.linalg.norm(raw, axis=-1, keepdims=True), 1e-12)
    return unit


def _float32_unit(raw: np.ndarray) -> np.ndarray:
    """The same with the released code's own routine: steps of appearance are so small that another rounding of the norm shows in them."""
    import torch

    unit: np.ndarray = torch.nn.functional.normalize(torch.from_numpy(np.ascontiguousarray(raw, np.float32)), dim=-1).numpy()
    return unit.astype(raw.dtype, copy=False)


def so3_log(matrices: np.ndarray) -> np.ndarray:
    """Axis-angle vectors [..., 3] of rotation matrices [..., 3, 3], exact up to and at 180 degrees (where the sign of the axis is free)."""
    r = matrices
    vector = np.stack([r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]], axis=-1)
    doubled_sine = np.linalg.norm(vector, axis=-1)
    angle = np.arctan2(doubled_sine, np.trace(r, axis1=-2, axis2=-1) - 1)
    # theta / (2 sin theta), which tends to 1/2.
    factor = np.where(doubled_sine > 1e-6, angle / np.maximum(doubled_sine, 1e-6), 0.5)
    log = vector * factor[..., None]
    # Near 180 degrees the antisymmetric part vanishes; the axis then is the longest column of R + R^T - (tr - 1) I = 2 (1 - cos) a a^T.
    near = angle > np.pi - 1e-2
    if near.any():
        half, v = r[near], vector[near]
        symmetric = half + np.swapaxes(half, -1, -2) - (np.trace(half, axis1=-2, axis2=-1) - 1)[:, None, None] * np.eye(3, dtype=r.dtype)
        longest = np.argmax(np.linalg.norm(symmetric, axis=-2), axis=-1)
        axis = np.take_along_axis(symmetric, longest[:, None, None], axis=-1)[..., 0]
        axis = axis / np.linalg.norm(axis, axis=-1, keepdims=True)
        axis = np.where(np.sum(axis * v, axis=-1, keepdims=True) < 0, -axis, axis)
        log[near] = axis * angle[near][:, None]
    return log


def so3_exp(vectors: np.ndarray) -> np.ndarray:
    """Rotation matrices [..., 3, 3] of axis-angle vectors [..., 3] (Rodrigues)."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*vectors.shape[:-1], 3, 3)
    squared = np.sum(vectors * vectors, axis=-1)[..., None, None]
    angle = np.sqrt(squared)
    small = angle < 1e-4
    safe = np.where(small, 1, angle)
    first = np.where(small, 1 - squared / 6, np.sin(safe) / safe)
    second = np.where(small, 0.5 - squared / 24, (1 - np.cos(safe)) / (safe * safe))
    return np.eye(3, dtype=vectors.dtype) + first * cross + second * (cross @ cross)


def _clamped_log(relative: np.ndarray) -> np.ndarray:
    """The released code's logarithm: trace clamped in float32, so that exactly 180 degrees gives 0."""
    r = relative.astype(np.float32)
    trace = np.clip(r[..., 0, 0] + r[..., 1, 1] + r[..., 2, 2], np.float32(-1 + 1e-6), np.float32(3 - 1e-6))
    angle = np.arccos((trace - 1) / 2)
    vector = np.stack([r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]], axis=-1)
    return (angle[..., None] * vector / np.maximum(2 * np.sin(angle), np.float32(1e-6))[..., None]).astype(relative.dtype)


def _procrustes_residual(raw: np.ndarray, variant: str) -> np.ndarray:
    """[..., T-1, 2K]: the points of frame t less those of t-1 rotated onto them, after centring and scaling to norm 1.

    `corrected` compares the points seen in both frames and leaves 0 for the others: -1 is no place, and a hand that is lost for a frame
    would outweigh all real motion many times. `authors` treats -1 as a place, as the released code does.
    """
    points = raw.reshape(*raw.shape[:-1], -1, 2)
    before, after = points[..., :-1, :, :], points[..., 1:, :, :]
    if variant == "corrected":
        seen = (points != UNSEEN).any(axis=-1, keepdims=True)
        both = (seen[..., :-1, :, :] & seen[..., 1:, :, :]).astype(raw.dtype)
    else:
        both = np.ones_like(before[..., :1])
    before, after = _centred_and_scaled(before, both), _centred_and_scaled(after, both)
    covariance = np.swapaxes(before, -1, -2) @ after
    rotation = _kabsch(covariance) if variant == "corrected" else _transposed_kabsch(covariance)
    return (after - before @ rotation).reshape(*raw.shape[:-2], raw.shape[-2] - 1, raw.shape[-1])


def _centred_and_scaled(points: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """points [..., K, 2] relative to the mean of those that count [..., K, 1], scaled to norm 1; the others are 0."""
    mean = (points * counts).sum(axis=-2, keepdims=True) / np.maximum(counts.sum(axis=-2, keepdims=True), 1)
    centred = (points - mean) * counts
    size = np.linalg.norm(centred, axis=(-2, -1), keepdims=True)
    scaled: np.ndarray = centred / np.maximum(size, 1e-6)
    return scaled


def _kabsch(covariance: np.ndarray) -> np.ndarray:
    """The proper rotation R that minimises |Y - X R| for covariance X^T Y [..., 2, 2]; in the plane the optimum is one arctangent."""
    angle = np.arctan2(covariance[..., 0, 1] - covariance[..., 1, 0], covariance[..., 0, 0] + covariance[..., 1, 1])
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([cosine, sine, -sine, cosine], axis=-1).reshape(covariance.shape)


def _transposed_kabsch(covariance: np.ndarray) -> np.ndarray:
    """The released code's rotation: V^T U^T instead of U V^T.

    It depends on the signs the decomposition happens to choose, so the same routine (torch, LAPACK gesdd, float32) has to do it.
    """
    import torch

    u, _, vh = torch.linalg.svd(torch.from_numpy(np.ascontiguousarray(covariance, np.float32)))
    mirrored = torch.linalg.det(vh @ u.mT) < 0
    vh[..., :, -1] = torch.where(mirrored[..., None], -vh[..., :, -1], vh[..., :, -1])
    rotation: np.ndarray = (vh @ u.mT).numpy().astype(covariance.dtype)
    return rotation


def track_features(track: HumanTrack, source_names: Sequence[str], variant: str, mask: str = "hands") -> dict[str, np.ndarray]:
    """Raw features float32 [T, d] of each named source; NaN where the extractor saw nobody.

    `kp2d` is x / width, y / height with -1 for points whose score is below 0.3 (see MASKS), `pose` and `global` are flat rotation matrices;
    sources without a field of their own come from `track.features`. Raises KeyError for a source the track does not carry.
    """
    if variant not in VARIANTS or mask not in MASKS:
        raise ValueError(f"There is no variant '{variant}' with mask '{mask}'; known: {', '.join(VARIANTS)}; {', '.join(MASKS)}.")
    frames = len(track)
    result: dict[str, np.ndarray] = {}
    for name in source_names:
        if name == "kp2d":
            values = _normalised_keypoints(track, mask).reshape(frames, -1)
        elif name == "pose":
            values = track.body_pose.reshape(frames, -1)
        elif name == "global":
            values = track.global_orient.reshape(frames, -1)
        elif name == "beta":
            values = track.betas
        else:
            values = track.features[name]
        result[name] = np.asarray(values, np.float32)
    return result


def _normalised_keypoints(track: HumanTrack, mask: str) -> np.ndarray:
    points = track.keypoints / np.asarray(track.size, np.float32)
    unseen = ~(track.keypoint_scores >= SEEN_SCORE) | ~np.isfinite(points).all(axis=-1)
    if mask == "hands":
        unseen[:, BODY_SLICE] &= ~np.isfinite(points[:, BODY_SLICE]).all(axis=-1)
    points[unseen] = UNSEEN
    points[~track.seen()] = np.nan
    return points


# Segment lengths as shares of stature (Drillis and Contini 1966).
_SEGMENTS = (
    (("neck",), ("right_hip", "left_hip"), 0.288),
    (("right_hip",), ("right_knee",), 0.245),
    (("left_hip",), ("left_knee",), 0.245),
    (("right_knee",), ("right_ankle",), 0.246),
    (("left_knee",), ("left_ankle",), 0.246),
)


def body_joints(track: HumanTrack) -> np.ndarray:
    """The 18 body points float32 [T, 18, 2] in body heights (picture plane); NaN where a point's score is below 0.3.

    The body height in pixels is estimated from trunk, thighs and shanks, each at the 90th percentile of its length over the clip (seen from
    the front a limb looks short, never long), and is the median of those estimates; without any of them, the tallest box.
    """
    joints = track.keypoints[:, BODY_SLICE].astype(np.float32)
    joints[~(track.keypoint_scores[:, BODY_SLICE] >= SEEN_SCORE)] = np.nan
    heights = []
    for start, stop, share in _SEGMENTS:
        a = joints[:, [OPENPOSE_BODY.index(name) for name in start]].mean(axis=1)
        b = joints[:, [OPENPOSE_BODY.index(name) for name in stop]].mean(axis=1)
        length = np.linalg.norm(a - b, axis=-1)
        if np.isfinite(length).any():
            heights.append(float(np.nanpercentile(length, 90)) / share)
    boxes = track.boxes[np.isfinite(track.boxes).all(axis=-1)]
    tallest = float(np.max(boxes[:, 3] - boxes[:, 1])) if len(boxes) else float(track.size[1])
    height = float(np.median(heights)) if heights else tallest
    return joints / max(height, 1.0)


def joint_speed(joints: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Mean speed [T] of the points [T, K, 2] that are seen both times, in their unit a second; NaN at 0 and where no point is."""
    speed = np.full(len(joints), np.nan)
    distance = np.linalg.norm(np.diff(joints, axis=0), axis=-1)
    seen = np.isfinite(distance)
    count = seen.sum(axis=-1)
    total = np.where(seen, distance, 0).sum(axis=-1)
    speed[1:] = np.where(count > 0, total / np.maximum(count, 1), np.nan) / np.diff(seconds)
    return speed
