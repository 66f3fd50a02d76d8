"""Knees and elbows: how far they bend the wrong way.

From points in space, which are tied to no body and no joint limits (a fitted body would turn the thigh rather than bend the knee back). The
plane of upper and lower bone tells the hinge; which way it opens is compared with the way it opens around, and at the knee with the hips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.skeletons import BLAZEPOSE
from core.tracks.joints import half_window

HINGES = ("left_knee", "right_knee", "left_elbow", "right_elbow")
_LIMIT = 5.0  # degrees beyond straight (science 7)
_REFERENCE_SECONDS = 1.0
_PRIOR = 0.3  # weight of the hips' direction at the knee, beside the mean of the hinge's own directions
_P = {name: index for index, name in enumerate(BLAZEPOSE)}


@dataclass(frozen=True, eq=False)
class Hinges:
    """Of each of HINGES; NaN where unknown.

    back  float32 [T, 4]  degrees beyond the limit by which it bends the wrong way, 0 where it does not
    turn  float32 [T, 4]  degrees by which the way it bends has turned from the usual, times the sine of the bend: a knee bent sideways;
                          ordinary below 25 at the knees and below 60 at the elbows, whose upper arms turn freely
    """

    back: np.ndarray
    turn: np.ndarray


def hinges(points: np.ndarray, known: np.ndarray, times: np.ndarray) -> Hinges:
    """Whether knees and elbows bend as they do.

    points [T, 33, 3] in metres, order BLAZEPOSE; known bool [T, 33]; times [T].
    """
    points = np.where(known[..., None], np.asarray(points, np.float64), np.nan)
    half = half_window(times, _REFERENCE_SECONDS) if len(times) > 1 else 2
    back, turn = (np.full((len(points), len(HINGES)), np.nan, np.float32) for _ in range(2))
    for column, name in enumerate(HINGES):
        side, part = name.split("_")
        upper, lower = ("hip", "ankle") if part == "knee" else ("shoulder", "wrist")
        first = points[:, _P[name]] - points[:, _P[f"{side}_{upper}"]]
        second = points[:, _P[f"{side}_{lower}"]] - points[:, _P[name]]
        frame = body_axes(points)
        first, second = (_unit(np.einsum("tji,tj->ti", frame, bone)) for bone in (first, second))
        # In the frame of the body: x to its left, y down, z forward. A leg hangs, an arm is held out.
        rest = np.array([0.0, 1.0, 0.0]) if part == "knee" else np.array([1.0 if side == "left" else -1.0, 0.0, 0.0])
        normal = _carried(np.cross(first, second), first, rest)
        usual = _running_mean(normal, half)
        if part == "knee":
            usual = usual + _PRIOR * np.array([1.0, 0.0, 0.0])
        bend = np.degrees(np.arccos(np.clip((first * second).sum(-1), -1, 1)))
        direction = np.clip((_unit(normal) * _unit(usual)).sum(-1), -1, 1)
        back[:, column] = np.where(np.isfinite(direction), np.maximum(-bend * direction - _LIMIT, 0.0), np.nan)
        turn[:, column] = np.degrees(np.arccos(direction)) * np.sin(np.radians(bend))
    return Hinges(back, turn)


def body_axes(points: np.ndarray, names: Sequence[str] = BLAZEPOSE) -> np.ndarray:
    """float64 [T, 3, 3]: columns to the left, down and forward of the body, from hips and shoulders among points [T, P, 3] so named."""
    hips, shoulders = ([points[:, names.index(f"{side}_{name}")] for side in ("left", "right")] for name in ("hip", "shoulder"))
    left = hips[0] - hips[1] + shoulders[0] - shoulders[1]
    down = _unit(hips[0] + hips[1] - shoulders[0] - shoulders[1])
    left = _unit(left - (left * down).sum(-1, keepdims=True) * down)
    return np.stack([left, down, np.cross(left, down)], axis=-1)


def _carried(normal: np.ndarray, bone: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """The normals [T, 3], turned along with the bones [T, 3] by the shortest turn onto `rest` [3], so that they compare over time."""
    cosine = bone @ rest
    axis = np.cross(bone, rest)
    along = np.cross(axis, normal)
    share = 1 / np.maximum(1 + cosine, 1e-3)
    return np.asarray(normal + along + np.cross(axis, along) * share[:, None])


def _running_mean(vectors: np.ndarray, half: int) -> np.ndarray:
    """The mean over 2 half + 1 frames around each, without the unknown."""
    known = np.isfinite(vectors).all(-1)
    kernel = np.ones(2 * half + 1)
    total = np.stack([np.convolve(np.where(known, vectors[:, axis], 0.0), kernel)[half : half + len(vectors)] for axis in range(3)], -1)
    count = np.convolve(known.astype(float), kernel)[half : half + len(vectors)]
    return np.asarray(total / np.maximum(count, 1.0)[:, None])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
