"""Bone lengths: how much longer a limb is than it can be, in space and in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.tracks.joints import JOINTS, JointMotion, half_window, median, quantile, running_median

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


@dataclass(frozen=True, eq=False)
class BoneLengths:
    """Ratios of the B = 8 limb bones over T frames; NaN where an end is unknown.

    space    float32 [T, B]  length over its running median
    picture  float32 [T, B]  length in the picture over the longest it is usually seen (a projection only ever shortens a bone)
    """

    space: np.ndarray
    picture: np.ndarray


def bone_lengths(motion: JointMotion, times: np.ndarray) -> BoneLengths:
    """The ratios of all limb bones. A bone seen in fewer than twelve frames has no reference and stays unknown."""
    upper, lower = [bone[1] for bone in BONES], [bone[2] for bone in BONES]
    space = np.linalg.norm(np.asarray(motion.space, np.float64)[:, upper] - motion.space[:, lower], axis=-1)
    picture = np.linalg.norm(np.asarray(motion.image, np.float64)[:, upper] - motion.image[:, lower], axis=-1)
    space[:, np.isfinite(space).sum(axis=0) < _FEWEST] = np.nan
    picture[:, np.isfinite(picture).sum(axis=0) < _FEWEST] = np.nan
    reference = running_median(space, half_window(times, _REFERENCE_SECONDS / 2))
    longest = np.fmax(quantile(picture, _REACH), median(space))
    return BoneLengths((space / reference).astype(np.float32), (picture / longest).astype(np.float32))
