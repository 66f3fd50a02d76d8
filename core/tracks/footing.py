"""What a body stands on: whether the foot that should rest glides along the ground, and the rest of the body with it.

Measured on the paths of key points as a camera that stands still sees them (`root.still_paths`), over half a second around each frame.
"""

from __future__ import annotations

import numpy as np

from core.tracks.joints import JOINTS, half_window, running_median, running_quantile

MEASURES = (
    "foot", "foot_least", "foot_lower", "steady", "trunk", "together", "up_and_down", "upwards", "height", "highest", "leg", "resting",
    "camera", "lean", "faster_foot", "sideways", "apart", "unsteady", "pose", "approach", "foot_and_trunk",
    "lower_and_resting", "rising", "leaning", "foot_squared", "faster_by", "trunk_by", "as_one",
)  # fmt: skip
_SHOULDERS, _HIPS, _KNEES, _WRISTS, _ANKLES = (
    [JOINTS.index(f"{side}_{name}") for side in ("left", "right")] for name in ("shoulder", "hip", "knee", "wrist", "ankle")
)
_SMOOTH, _STEP, _SCALE_STEP, _HALF, _GROUND = 0.05, 0.1, 0.15, 0.25, 1.5  # seconds on either side
_LOW = 0.8  # quantile of the lower ankle's height that is the ground
_FAINT = 0.03  # body heights a second: slower is at rest


def footing(paths: np.ndarray, scale: np.ndarray, camera: np.ndarray | None, times: np.ndarray) -> np.ndarray:
    """float64 [T, M] in the order of MEASURES, NaN unknown; speeds are logs of body heights a second.

    "The foot" is the slower ankle of each frame.

    paths [T, J, 2] of JOINTS, body heights; scale [T], pixels a body height is; camera [T, C >= 2], or None: its motion, then unknown.

    foot, foot_lower, foot_least  median, quartile and least speed of the foot
    steady, sideways              share of its motion that goes one way; share of that which is sideways
    trunk, together, apart        speed of the trunk; cosine of the foot's velocity with it; speed of the one against the other
    up_and_down, upwards, unsteady  the trunk's vertical speed, its value at the frame (positive: down), its acceleration
    height, highest               body heights of the lower ankle above the ground, median and highest
    leg, pose                     speed of the foot against the hip, median speed of the joints against the trunk
    resting, faster_foot          speed of the slowest of ankles, knees, wrists and hips; of the faster ankle
    camera, approach              speed of the background, of the log of the scale
    lean                          radians by which the trunk is tilted in the picture
    foot_and_trunk, lower_and_resting, rising, leaning, foot_squared, faster_by, trunk_by, as_one  of the above: smaller of two, sizes,
                                  square, differences, product
    """
    total, step = len(paths), float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    if total < 2 * round(_SCALE_STEP / step) + 2:
        return np.full((total, len(MEASURES)), np.nan)
    smooth = running_median(paths.reshape(total, -1), max(1, round(_SMOOTH / step))).reshape(paths.shape)
    half, rows = half_window(times, _HALF), np.arange(total)
    velocity = _velocity(smooth, times, _STEP)
    trunk = velocity[:, [*_HIPS, *_SHOULDERS]].mean(axis=1)
    speed = np.nan_to_num(np.linalg.norm(velocity[:, _ANKLES], axis=-1), nan=np.inf)
    slower = speed.argmin(axis=1)
    foot, foot_speed = velocity[:, _ANKLES][rows, slower], speed.min(axis=1)
    foot_speed = np.where(np.isfinite(foot_speed), foot_speed, np.nan)

    def over(values: np.ndarray, share: float, reach: int = half) -> np.ndarray:
        return running_quantile(values[:, None], reach, share)[:, 0]

    mean_foot, mean_trunk = _mean(foot, half), _mean(trunk, half)
    foot_size, trunk_size = np.linalg.norm(mean_foot, axis=1), np.linalg.norm(mean_trunk, axis=1)
    lower_ankle = smooth[:, _ANKLES, 1].max(axis=1)
    height = running_quantile(lower_ankle[:, None], half_window(times, _GROUND), _LOW)[:, 0] - lower_ankle
    against_trunk = np.linalg.norm(velocity - trunk[:, None], axis=-1)
    resting = np.linalg.norm(velocity[:, [*_HIPS, *_KNEES, *_WRISTS, *_ANKLES]], axis=-1)
    along = smooth[:, _HIPS].mean(axis=1) - smooth[:, _SHOULDERS].mean(axis=1)
    leg = np.linalg.norm(velocity[:, _ANKLES] - velocity[:, _HIPS], axis=-1)[rows, slower]
    unsteady = np.linalg.norm(_velocity(trunk, times, _STEP), axis=-1)
    found = {
        "foot": _log(over(foot_speed, 0.5)),
        "foot_least": _log(over(foot_speed, 0.0, max(1, half // 2))),
        "foot_lower": _log(over(foot_speed, 0.25)),
        "steady": foot_size / (_FAINT + _mean(foot_speed[:, None], half)[:, 0]),
        "sideways": np.abs(mean_foot[:, 0]) / (_FAINT + foot_size),
        "trunk": _log(trunk_size),
        "together": (mean_foot * mean_trunk).sum(axis=1) / (_FAINT**2 + foot_size * trunk_size),
        "apart": _log(np.linalg.norm(mean_foot - mean_trunk, axis=1)),
        "up_and_down": _log(over(np.abs(trunk[:, 1]), 0.8)),
        "upwards": trunk[:, 1],
        "unsteady": _log(over(unsteady, 0.5)),
        "height": _log(np.maximum(over(height, 0.5), 0)),
        "highest": _log(np.maximum(over(height, 1.0), 0)),
        "leg": _log(over(leg, 0.5)),
        "pose": _log(over(np.nanmedian(np.where(np.isfinite(against_trunk), against_trunk, 0.0), axis=1), 0.5)),
        "resting": _log(over(resting.min(axis=1), 0.5)),
        "faster_foot": _log(over(np.where(np.isfinite(speed), speed, 0.0).max(axis=1), 0.5)),
        "camera": np.full(total, np.nan) if camera is None else _log(np.linalg.norm(camera[:, :2], axis=1) / scale / step),
        "approach": _log(np.abs(_velocity(np.log(scale), times, _SCALE_STEP))),
        "lean": np.arctan2(along[:, 0], along[:, 1]),
    }
    found |= {
        "foot_and_trunk": np.minimum(found["foot"], found["trunk"]),
        "lower_and_resting": np.minimum(found["foot_lower"], found["resting"]),
        "rising": np.abs(found["upwards"]),
        "leaning": np.abs(found["lean"]),
        "foot_squared": found["foot"] ** 2,
        "faster_by": found["faster_foot"] - found["foot"],
        "trunk_by": found["trunk"] - found["foot"],
        "as_one": found["steady"] * found["together"],
    }
    return np.stack([found[name] for name in MEASURES], axis=-1)


def _velocity(places: np.ndarray, times: np.ndarray, reach: float) -> np.ndarray:
    """A second, between the places [T, ...] `reach` seconds before and after; NaN at the ends."""
    by = max(1, round(reach / float(np.median(np.diff(times)))))
    found = np.full(places.shape, np.nan)
    seconds = (times[2 * by :] - times[: -2 * by]).reshape(-1, *[1] * (places.ndim - 1))
    found[by:-by] = (places[2 * by :] - places[: -2 * by]) / seconds
    return found


def _mean(values: np.ndarray, half: int) -> np.ndarray:
    """Of values [T, C] over 2 half + 1 frames; what is unknown counts as at rest."""
    kernel = np.ones(2 * half + 1) / (2 * half + 1)
    padded = np.pad(np.nan_to_num(values), ((half, half), (0, 0)))
    return np.stack([np.convolve(padded[:, column], kernel, "valid") for column in range(values.shape[1])], axis=1)


def _log(speed: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(_FAINT + speed))
