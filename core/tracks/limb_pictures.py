"""What the pictures tell of each limb bone: how the flow moves it, how far it leaps, and its colour."""

from __future__ import annotations

import numpy as np

from core.tracks.bones import BONES
from core.tracks.joints import JointMotion, half_window, running_median
from core.tracks.pixels.limbs import THIRDS_APART
from core.tracks.pixels.measure import PixelTracks

_LEAST = 2.0  # grey levels: less left over is no surprise
_AROUND_SECONDS = 0.5


def limb_pictures(pixels: PixelTracks | None, motion: JointMotion, times: np.ndarray) -> dict[str, np.ndarray]:
    """Of the B = 8 limb bones (`bones.BONES`); all NaN without pictures.

    bone_flow    [T, B, 2]  how the flow turns and stretches the bone since the frame before, body heights from its upper to its lower end
    bone_leap    [T, B, 2]  what the flow leaves unexplained under it, where it was and where it is, over what is usual around
    bone_colour  [T, B, 3]  its colour, Lab in 8 bits
    """
    total, many = len(times), len(BONES)
    if pixels is None:
        return {
            name: np.full((total, many, *rest), np.nan) for name, rest in (("bone_flow", (2,)), ("bone_leap", (2,)), ("bone_colour", (3,)))
        }
    flow = np.asarray(pixels.bone_flow, np.float64)
    left = np.asarray(pixels.bone_unexplained, np.float64)
    most = left.max(axis=-1)
    usual = most if total < 2 else running_median(most, half_window(times, _AROUND_SECONDS))
    return {
        "bone_flow": (flow[:, :, 1] - flow[:, :, 0]) / THIRDS_APART / motion.scale[:, None, None],
        "bone_leap": left / np.fmax(usual, _LEAST)[:, :, None],
        "bone_colour": pixels.bone_colours,
    }
