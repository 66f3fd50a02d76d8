"""How far bones depart from their own length (HumanScore's anatomy): a body of one fixed shape has no such thing, free 3D points do."""

from __future__ import annotations

import warnings

import numpy as np

from core.skeletons import BLAZEPOSE

SEEN = 0.3
# Eight bones of the limbs, the feet, and the four sides of the trunk; the paper does not list its fourteen.
_BONES = (
    ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
    ("left_ankle", "left_foot_index"),
    ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
    ("right_ankle", "right_foot_index"),
    ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"), ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"),
)  # fmt: skip
BONES = tuple((BLAZEPOSE.index(start), BLAZEPOSE.index(end)) for start, end in _BONES)


def length_deviation(points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """e = |length - median| / median, float64 [T, 14], the median being the bone's own over all frames.

    points [T, 33, 3] in any unit, in the order of `skeletons.BLAZEPOSE`, with their scores [T, 33]; NaN where an end of the bone is unknown
    or has a score below 0.3. A bone whose median is 0 stays unknown.
    """
    seen = np.where((scores >= SEEN)[..., None], points, np.nan).astype(np.float64)
    starts, ends = (list(side) for side in zip(*BONES, strict=True))
    length = np.linalg.norm(seen[:, starts] - seen[:, ends], axis=-1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)  # a bone that is never seen
        median = np.nanmedian(length, axis=0)
    median[median == 0] = np.nan
    deviation: np.ndarray = np.abs(length - median) / median
    return deviation
