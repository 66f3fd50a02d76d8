"""Unusual tempo: motion that was slowed down or sped up. A remark about the clip and no fault of the motion.

Slow motion makes every step smaller, so that no score calls it bad. Three things give it away. A body that leaps comes down with gravity
(`core.flight`): that is an exact clock, and the steps of a run are nearly one (`core.gait`). Else there is only the balance of reach,
speed and acceleration: a body of real weight seldom swings its limbs far and evenly at leisure. That balance is learned from films of real
motion, each at its own tempo and at others (`tools/fit_tempo.py`): a linear estimate of the tempo's logarithm, told only beyond what 98 %
of the real films stay within. It sees few of the films at half speed: the table says how many.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

from core.detectors.candidate import frames_text, runs
from core.flight import GRAVITY, Flight, flights
from core.gait import STEP_SECONDS, running
from core.skeletons import OPENPOSE_BODY
from core.track import HumanTrack, slice_track
from core.tracks.joints import JOINTS, joint_motion, median
from core.tracks.root import still_paths

if TYPE_CHECKING:  # it needs OpenCV
    from core.tracks.pixels.measure import PixelTracks

# Part of the key of cached events: raise when the same clip is told something else.
VERSION = 2
BUNDLED = Path(__file__).resolve().parent.parent / "resources" / "tempo.json"
SLOWEST_RATE = 10.0  # frames a second: below, the motion between frames is not known well enough
# Of the longest stretch, which is judged; body heights that its limbs are away from their mean places (RMS). Not their speed: what is
# slowed down far enough hardly moves from frame to frame.
LEAST_SECONDS, LEAST_REACH = 1.5, 0.05
_GAP = 5  # frames: longer gaps split a stretch
# Seconds, standard deviation: the trembling of key points is not the motion's. The slower it is the more they tremble beside it; but who
# wants to know how often the limbs swing must not smooth that away.
_SMOOTH, _SWING_SMOOTH = 0.2, 0.1
SWING = "limbs rate"  # one of the figures, for the words and for `core.gait`; the estimate does without
_SEEN = 0.5  # share of the frames, for a joint to be counted
SLOW_STEP, FAST_STEP = 0.55, 0.19  # seconds of a running step (real ones: 0.23 to 0.41)
SLOW_FALL, FAST_FALL = 0.56, 1.95  # of gravity: three quarters of the natural speed, and 1.4 times (real leaps: 0.7 to 1.6)
_OUTLYING = 4.0  # standard deviations, beyond which a figure counts no more
_SLOWEST, _FASTEST = 1 / 8, 8.0  # tempo that is told at most
_KEYPOINT = [OPENPOSE_BODY.index(name) for name in JOINTS]
_LIMBS = [JOINTS.index(f"{side}_{name}") for name in ("elbow", "wrist", "knee", "ankle") for side in ("left", "right")]
_TRUNK = [JOINTS.index(f"{side}_{name}") for name in ("shoulder", "hip") for side in ("left", "right")]


@dataclass(frozen=True)
class TempoTable:
    """What `tools/fit_tempo.py` measured.

    names, mean, spread, weights [F]: the estimate of log2 of the tempo is offset + weights @ (figure - mean) / spread.
    low, high: 98 % of the real films lie between. slope: of the estimate over the true value.
    swing: a, b, low, high; log of the limbs' Hz is usually a + b * log of their reach, 90 % of real films lie from low to high around it.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    offset: float
    low: float
    high: float
    slope: float
    swing: tuple[float, float, float, float]


def unusual_tempo(track: HumanTrack, pixels: PixelTracks | None, allow_many: bool = False, table: TempoTable | None = None) -> str | None:
    """One sentence for people when the motion of the clip's longest stretch looks slowed down or sped up; else None.

    pixels: of the same frames, for the camera's motion; None where there are no pictures. table: None means the bundled one.
    Raises OSError, ValueError or KeyError when that is missing or damaged.
    """
    table = table or bundled_tempo()
    stretch = longest_stretch(track, allow_many)
    motion = joint_paths(track, pixels, stretch, allow_many)
    if motion is None:
        return None
    where = "" if len(stretch) == len(track) else f" in {frames_text(stretch.start, stretch.stop)}"
    leaps = flights(motion.places)
    if leaps:
        fall = gravity_share(leaps, motion.step)
        if SLOW_FALL <= fall <= FAST_FALL:
            return None
        return (
            f"Unusual tempo{where}: the motion is {_pace(np.log2(fall))}, to about {_times(fall**0.5)} its natural speed (in "
            f"{len(leaps)} leap{'s' if len(leaps) > 1 else ''} the body falls with {fall * GRAVITY:.1f} body heights a second squared; "
            f"gravity is {GRAVITY})."
        )
    found = tempo_figures(motion)
    if found is None:
        return None
    run = running(motion.places, float(np.exp(found[SWING])) * motion.step)
    if run is not None:
        seconds = run.frames * motion.step
        if FAST_STEP <= seconds <= SLOW_STEP:
            return None
        tempo = STEP_SECONDS / seconds
        return (
            f"Unusual tempo{where}: the motion is {_pace(tempo - 1)}, to about {_times(tempo)} its natural speed (a step of this run takes "
            f"{seconds:.2f} seconds, a real one about {STEP_SECONDS:.2f})."
        )
    estimate = log_tempo(found, table)
    if table.low <= estimate <= table.high:
        return None
    level, growth, low, high = table.swing
    usual = level + growth * found["limbs reach"]
    return (
        f"Unusual tempo{where}: the motion looks {_pace(estimate)}, to about {_times(2 ** (estimate / table.slope))} its natural speed "
        f"(its limbs swing {np.exp(found[SWING]):.1f} times a second; in real motion of this reach it is "
        f"{np.exp(usual + low):.1f} to {np.exp(usual + high):.1f} times)."
    )


def gravity_share(leaps: Sequence[Flight], step: float) -> float:
    """With how much of gravity the body falls, at `step` seconds a frame: the median of the leaps."""
    return float(np.median([leap.fall for leap in leaps])) / step**2 / GRAVITY


def _pace(estimate: float) -> str:
    return "slowed down" if estimate < 0 else "sped up"


def _times(tempo: float) -> str:
    return f"{float(np.clip(tempo, _SLOWEST, _FASTEST)):.2g} times"


def longest_stretch(track: HumanTrack, allow_many: bool = False) -> range:
    """The longest run of frames that take part in scores, short gaps bridged."""
    found = runs(track.scored(allow_many), bridge=_GAP)
    return range(*max(found, key=lambda run: run[1] - run[0])) if found else range(0)


@dataclass(frozen=True, eq=False)
class JointPaths:
    """Of one stretch of T frames, `step` seconds apart; body heights; NaN unknown. `joints.JOINTS` in both.

    places [T, J, 2]: in the picture, as a camera that stands still sees them; space [T, J, 3]: relative to the hips.
    """

    places: np.ndarray
    space: np.ndarray
    step: float


def joint_paths(track: HumanTrack, pixels: PixelTracks | None, frames: range, allow_many: bool = False) -> JointPaths | None:
    """None where nothing can be said of the tempo: too short, or too few frames a second."""
    part = slice_track(track, slice(frames.start, frames.stop))
    if len(part) < 3 or part.times[-1] - part.times[0] < LEAST_SECONDS:
        return None
    step = float(np.median(np.diff(part.times)))
    if step > 1 / SLOWEST_RATE:
        return None
    motion = joint_motion(part, part.scored(allow_many))
    points = np.where(np.isfinite(motion.image), np.asarray(part.keypoints[:, _KEYPOINT], np.float64), np.nan)
    camera = None if pixels is None else np.asarray(pixels.camera[frames.start : frames.stop], np.float64)
    paths = still_paths(points, motion.scale, camera, part.size)
    # Paths begin at zero; places have their joints above one another.
    return JointPaths(paths + median(np.asarray(motion.image, np.float64) - paths), np.asarray(motion.space, np.float64), step)


def tempo_figures(motion: JointPaths) -> dict[str, float] | None:
    """Logs of reach, speed and force (acceleration) of the limbs, in the picture and in space, and of the trunk; and `SWING`, log of the
    limbs' Hz. NaN where no joint is seen well enough. None where there is hardly any motion.
    """
    seen = np.isfinite(motion.places[..., 0]).mean(axis=0) > _SEEN
    limbs = [joint for joint in _LIMBS if seen[joint]]
    paths, space = _bridged(motion.places), _bridged(motion.space)
    trunk = paths[:, _TRUNK].mean(axis=1, keepdims=True)
    swings = (paths - trunk)[:, limbs]
    if not limbs or _reach(swings) < LEAST_REACH:
        return None
    found: dict[str, float] = {}
    for name, part in {"limbs": swings, "limbs in space": space[:, limbs], "trunk": trunk}.items():
        speed, force = _derivatives(part, motion.step, _SMOOTH)
        found[f"{name} reach"] = float(np.log(_reach(part) + 0.005))
        found |= {f"{name} speed": float(np.log(speed + 0.01)), f"{name} force": float(np.log(force + 0.1))}
    speed, force = _derivatives(swings, motion.step, _SWING_SMOOTH)
    return found | {SWING: float(np.log(force / max(speed, 1e-6) / (2 * np.pi) + 0.02))}


def _reach(paths: np.ndarray) -> float:
    """Body heights that paths [T, J, D] are away from their mean places (RMS)."""
    return float(np.sqrt(paths.var(axis=0).sum(axis=-1).mean()))


def _derivatives(paths: np.ndarray, step: float, smooth: float) -> tuple[float, float]:
    """RMS of velocity and acceleration, a second (squared), without the ends, which see too little; NaN when too short."""
    if len(paths) * step < 8 * smooth:
        return float("nan"), float("nan")
    sigma = smooth / step
    edge = max(1, int(np.ceil(2 * sigma)))
    moved = (gaussian_filter1d(paths, sigma, axis=0, order=n, mode="nearest")[edge:-edge] / step**n for n in (1, 2))
    speed, force = (float(np.sqrt((values**2).sum(axis=-1).mean())) for values in moved)
    return speed, force


def _bridged(paths: np.ndarray) -> np.ndarray:
    """Paths [T, J, D] with straight lines where they are unknown; 0 where a joint never is known."""
    result, frames = np.zeros(paths.shape), np.arange(len(paths))
    for joint in range(paths.shape[1]):
        known = np.isfinite(paths[:, joint]).all(axis=-1)
        for axis in range(paths.shape[2] if known.any() else 0):
            result[:, joint, axis] = np.interp(frames, frames[known], paths[known, joint, axis])
    return result


def log_tempo(figures: Mapping[str, float], table: TempoTable) -> float:
    """The estimate of log2 of the tempo; a figure that is not known counts as an ordinary one."""
    values = (np.array([figures[name] for name in table.names]) - table.mean) / np.array(table.spread)
    return table.offset + float(np.clip(np.nan_to_num(values), -_OUTLYING, _OUTLYING) @ np.array(table.weights))


@lru_cache(maxsize=1)
def bundled_tempo() -> TempoTable:
    """The table that comes with Telltale. Raises OSError, ValueError or KeyError when it is missing or damaged."""
    return read_table(BUNDLED)


def read_table(path: Path) -> TempoTable:
    content = json.loads(path.read_text("utf-8"))
    names, mean, spread, weights = (tuple(content[name]) for name in ("names", "mean", "spread", "weights"))
    level, growth, low, high = content["swing"]
    edges = (content["offset"], content["low"], content["high"], content["slope"])
    return TempoTable(names, mean, spread, weights, *edges, (level, growth, low, high))
