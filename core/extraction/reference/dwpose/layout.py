"""From the 133 points of COCO-WholeBody to OpenPose's order, to the 60 key points of a track, and to the 120 numbers of the TAG authors.

COCO-WholeBody: 17 body, 6 feet, 68 face, 21 left hand, 21 right hand. OpenPose: 18 body (with the neck), then the same.
"""

from __future__ import annotations

import numpy as np

from core.extraction.reference.dwpose.estimator import WholeBody
from core.motion import MASKS, SEEN_SCORE, UNSEEN, VARIANTS
from core.skeletons import BODY_SLICE, OPENPOSE_BODY

# Where the parts lie among the 134 points in OpenPose's order.
BODY, FEET, FACE, LEFT_HAND, RIGHT_HAND = slice(0, 18), slice(18, 24), slice(24, 92), slice(92, 113), slice(113, 134)

_COCO_BODY = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
_LEFT_SHOULDER, _RIGHT_SHOULDER = _COCO_BODY.index("left_shoulder"), _COCO_BODY.index("right_shoulder")
_NECK = OPENPOSE_BODY.index("neck")
# OpenPose's order without the neck, as places among the 133 points.
_ORDER = np.array([*(_COCO_BODY.index(name) for name in OPENPOSE_BODY if name != "neck"), *range(len(_COCO_BODY), 133)])


def openpose_order(whole: WholeBody) -> tuple[np.ndarray, np.ndarray]:
    """Points float64 [N, 134, 2] in pixels and scores float64 [N, 134].

    The neck is the middle of the shoulders; its score is 1 where both shoulders score above 0.3, else 0.
    """
    scores = whole.scores.astype(np.float64)
    neck = whole.keypoints[:, [_LEFT_SHOULDER, _RIGHT_SHOULDER]].mean(axis=1)
    neck_score = (scores[:, _LEFT_SHOULDER] > SEEN_SCORE) & (scores[:, _RIGHT_SHOULDER] > SEEN_SCORE)
    return np.insert(whole.keypoints[:, _ORDER], _NECK, neck, axis=1), np.insert(scores[:, _ORDER], _NECK, neck_score, axis=1)


def to_keypoints(whole: WholeBody, person: int = 0, variant: str = "corrected") -> tuple[np.ndarray, np.ndarray]:
    """One person's key points in the order of `skeletons.KEYPOINTS`: pixels float64 [60, 2], scores float64 [60].

    `authors` repeats an error of the released scripts: they stack the left hands of all persons before the right hands and take the first
    two, so that with several persons the right hand is the left hand of the next person (of the first one that is not `person`).
    """
    if variant not in VARIANTS:
        raise ValueError(f"There is no variant '{variant}'; known: {', '.join(VARIANTS)}.")
    points, scores = openpose_order(whole)
    parts = [(person, BODY), (person, LEFT_HAND), (person, RIGHT_HAND)]
    if variant == "authors" and len(whole.scores) > 1:
        parts[2] = (1 if person == 0 else 0, LEFT_HAND)
    return np.concatenate([points[part] for part in parts]), np.concatenate([scores[part] for part in parts])


def normalised(points: np.ndarray, scores: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels [..., 2] as shares of (width, height); -1 in both where the score [...] is below 0.3. Points outside stay outside."""
    shares = points / np.asarray(size, np.float64)
    shares[~(scores >= SEEN_SCORE)] = UNSEEN
    return shares


def keypoint_vector(keypoints: np.ndarray, scores: np.ndarray, size: tuple[int, int], mask: str = "hands") -> np.ndarray:
    """The 120 numbers of a frame, float64: x / width, y / height of each of the 60 key points, -1 where unseen.

    mask `hands`: only unseen points of the hands become -1, as in the released scripts; `all`: those of the body as well.
    """
    if mask not in MASKS:
        raise ValueError(f"There is no mask '{mask}'; known: {', '.join(MASKS)}.")
    shares = normalised(keypoints, scores, size)
    if mask == "hands":
        shares[BODY_SLICE] = keypoints[BODY_SLICE] / np.asarray(size, np.float64)
    return shares.reshape(-1)
