"""Bone lengths: how much longer a limb is than it can be, in space and in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from core.tracks.hinges import body_axes
from core.tracks.joints import JOINTS, JointMotion, frame_seconds, half_window, median, quantile, running_median

BONES = tuple(
    (f"{side}_{name}", JOINTS.index(f"{side}_{upper}"), JOINTS.index(f"{side}_{lower}"))
    for side in ("left", "right")
    for name, upper, lower in (
        ("upper_arm", "shoulder", "elbow"),
        ("forearm", "elbow", "wrist"),
        ("thigh", "hip", "knee"),
        ("shank", "knee", "ankle"),
    )
)
_REFERENCE_SECONDS = 2.0
_REACH = 0.9
_FEWEST = 12
# Of a bump: seconds that it may last, seconds on either side that it is compared with, the quantile that stands for it, and the shortest
# that a bone is taken to be (seen end on, any noise would be a bump).
_BUMP_SECONDS, _SIDE_SECONDS = (0.133, 0.2, 0.267, 0.367, 0.467, 0.6, 0.8), 0.167
_INSIDE, _SHORTEST = 0.3, 0.3
_FEWEST_FRAMES = 3  # of a bump: of two, one that is placed wrongly is half


@dataclass(frozen=True, eq=False)
class BoneLengths:
    """Ratios of the B = 8 limb bones over T frames; NaN where an end is unknown.

    space    float32 [T, B]  length over its running median
    picture  float32 [T, B]  length in the picture over the longest it is usually seen (a projection only ever shortens a bone)
    bump     float32 [T, B]  log of the length in the picture over the longest right before and after, for an eighth to four fifths of
                             a second in which the bone is at least as long as it is usually seen: a bone that is longer for a
                             moment; 0 elsewhere
    """

    space: np.ndarray
    picture: np.ndarray
    bump: np.ndarray


def bone_lengths(motion: JointMotion, times: np.ndarray) -> BoneLengths:
    """The ratios of all limb bones. A bone seen in fewer than twelve frames has no reference and stays unknown."""
    upper, lower = [bone[1] for bone in BONES], [bone[2] for bone in BONES]
    space = np.linalg.norm(np.asarray(motion.space, np.float64)[:, upper] - motion.space[:, lower], axis=-1)
    picture = np.linalg.norm(np.asarray(motion.image, np.float64)[:, upper] - motion.image[:, lower], axis=-1)
    space[:, np.isfinite(space).sum(axis=0) < _FEWEST] = np.nan
    picture[:, np.isfinite(picture).sum(axis=0) < _FEWEST] = np.nan
    reference = running_median(space, half_window(times, _REFERENCE_SECONDS / 2))
    longest = np.fmax(quantile(picture, _REACH), median(space))
    ratio = picture / longest
    return BoneLengths((space / reference).astype(np.float32), ratio.astype(np.float32), _bump(ratio, times).astype(np.float32))


def bone_vectors(motion: JointMotion) -> tuple[np.ndarray, np.ndarray]:
    """float64 [T, B, 2] in the picture and [T, B, 3] in the body's own axes: from the upper to the lower end of each bone, body heights."""
    upper, lower = [bone[1] for bone in BONES], [bone[2] for bone in BONES]
    image, space = np.asarray(motion.image, np.float64), np.asarray(motion.space, np.float64)
    own = np.einsum("tji,tbj->tbi", body_axes(space, JOINTS), space[:, lower] - space[:, upper])
    return image[:, lower] - image[:, upper], own


def bump_frames(times: np.ndarray) -> list[int]:
    """The numbers of frames for which a bone may be longer, the fewest first; rather one too many than one too few."""
    step = frame_seconds(times)
    return sorted({max(_FEWEST_FRAMES, int(np.ceil(seconds / step - 0.1))) for seconds in _BUMP_SECONDS})


def _bump(ratio: np.ndarray, times: np.ndarray) -> np.ndarray:
    total, side = len(ratio), half_window(times, _SIDE_SECONDS)
    level = np.log(np.maximum(ratio, _SHORTEST))
    best = np.where(np.isfinite(ratio), 0.0, np.nan)
    outside = np.pad(np.nan_to_num(level, nan=-np.inf), ((side, side), (0, 0)), constant_values=-np.inf)
    longest = np.lib.stride_tricks.sliding_window_view(outside, side, axis=0).max(axis=-1)  # of the frames from t - side to t - 1
    for size in bump_frames(times):
        first = np.arange(side, total - size - side + 1)
        if not len(first):
            break
        # The bone grows and shrinks within the first and the last few of these frames: its lower values do not count.
        inside = np.quantile(np.lib.stride_tricks.sliding_window_view(level, size, axis=0)[first], _INSIDE, axis=-1)
        around = np.maximum(longest[first], longest[first + size + side])
        value = np.where(np.isfinite(inside) & np.isfinite(around), inside - around, 0.0)
        spread = np.zeros(ratio.shape)
        spread[first] = value
        best = np.maximum(best, maximum_filter1d(spread, size, axis=0, origin=(size - 1) // 2, mode="constant", cval=0.0))
    return np.where(np.isfinite(ratio), np.where(ratio >= 1.0, best, 0.0), np.nan)
