"""The colours of the parts of a body, and of what is around it."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from core.skeletons import OPENPOSE_BODY
from core.tracks.pixels.reduced import box_mask, to_reduced

PARTS = ("head", "trunk", "arms", "legs", "background")
_P = {name: index for index, name in enumerate(OPENPOSE_BODY)}
_LIMBS = {
    "arms": (("right_shoulder", "right_elbow", "right_wrist"), ("left_shoulder", "left_elbow", "left_wrist")),
    "legs": (("right_hip", "right_knee", "right_ankle"), ("left_hip", "left_knee", "left_ankle")),
}
_FACE = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")
_SEEN = 0.3
# Share of the box's longer side: thickness of a limb, radius of the head. Thin, so that what lies behind a limb stays out.
_LIMB, _HEAD = 0.025, 0.035
_FEWEST = 8  # pixels of a part


def part_colours(lab: np.ndarray, box: np.ndarray, body: np.ndarray, scores: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """float32 [5, 3]: the median Lab colour (8-bit Lab units) of head, trunk, arms, legs and background.

    lab uint8 [h, w, 3] of a frame of `size`; box [4] and body [18, 2] (OpenPose points) in pixels of the frame, scores [18]. NaN for a part
    that is not seen.
    """
    found = np.full((len(PARTS), 3), np.nan, np.float32)
    around = lab[~box_mask(box, size, lab.shape, 0.1)][::3]
    if len(around) >= _FEWEST:
        found[-1] = np.median(around, axis=0)
    if not np.isfinite(body[1, 0]):
        return found
    seen = (scores >= _SEEN) & np.isfinite(body).all(-1)
    places = np.nan_to_num(to_reduced(body, size, lab.shape))
    long = max(float(box[2] - box[0]), float(box[3] - box[1])) * lab.shape[1] / size[0]
    for part, mask in enumerate(_masks(places, seen, long, lab.shape[:2])):
        pixels = lab[mask > 0]
        if len(pixels) >= _FEWEST:
            found[part] = np.median(pixels, axis=0)
    return found


def _masks(body: np.ndarray, seen: np.ndarray, long: float, shape: tuple[int, ...]) -> list[np.ndarray]:
    fixed = np.clip(np.round(body * 16), -(2**20), 2**20).astype(np.int32)  # four fractional bits
    head, trunk, arms, legs = (np.zeros(shape, np.uint8) for _ in range(4))
    face = [_P[name] for name in _FACE if seen[_P[name]]]
    if face:
        cv2.circle(head, fixed[face].mean(0).round().astype(int).tolist(), max(round(_HEAD * long * 16), 16), 1, -1, shift=4)
    corners = [_P[name] for name in ("right_shoulder", "left_shoulder", "left_hip", "right_hip")]
    if seen[corners].all():
        middle = body[corners].mean(0)
        inner = np.round((middle + 0.8 * (body[corners] - middle)) * 16).astype(np.int32)
        cv2.fillConvexPoly(trunk, cv2.convexHull(inner), 1, shift=4)
    for mask, name in ((arms, "arms"), (legs, "legs")):
        for chain in _LIMBS[name]:
            for start, end in pairwise(chain):
                if seen[_P[start]] and seen[_P[end]]:
                    cv2.line(mask, fixed[_P[start]].tolist(), fixed[_P[end]].tolist(), 1, max(round(_LIMB * long), 1), shift=4)
    return [head, trunk, arms, legs]
