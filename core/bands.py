"""Bands of real motion: what each local track reaches in real motion of the same amount, at the same frame rate, at the same joint.

`resources/bands.npz` is fitted by tools/fit_bands.py on films of motion capture whose true poses are known, so that what the extractor got
wrong is no part of them. A band is a set of quantiles per group of frame rates, amount of motion and joint; left and right share one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.tracks.bones import BONES
from core.tracks.hinges import HINGES
from core.tracks.joints import JOINTS, half_window, running_median
from core.tracks.local import LocalTracks
from core.tracks.sides import PAIRS

BUNDLED = Path(__file__).resolve().parent.parent / "resources" / "bands.npz"
LOW, MIDDLE, HIGH, RARE = 0.005, 0.5, 0.995, 0.999
QUANTILES = (LOW, MIDDLE, HIGH, RARE)
# Frames a second that part the groups of rates (films of 12 and 15, of 24 to 30, of 50 and 60).
RATE_EDGES = (19.0, 42.0)
# Amounts of motion, body heights a second, at which the quantiles are fitted; between them they are interpolated.
AMOUNTS = (0.03, 0.07, 0.12, 0.2, 0.3, 0.45, 0.7, 1.05, 1.6)
_AMOUNT_SECONDS = 1.0  # on either side, for the amount of motion around a frame
ANY = "any"  # the class of the highest column


@dataclass(frozen=True)
class Banded:
    """A field of LocalTracks that has a band.

    words: what it witnesses, for people; tracks that witness the same are one voice. columns: names of its columns, empty for a track of
    the body as a whole. origin: what is ordinary, where that is not 0; lengths over the usual are compared by what is above 1. signed: its
    size counts, not its direction. one_sided: below 0 everything is as ordinary as 0. noise: real motion that stays below it is taken to
    reach it, lest nothing be measured by nothing. rated: whether it depends on the frame rate; what changes over seconds does not. votes:
    whether it can speak for an event; the others depend on the clip more than on the motion, or repeat one that does.
    """

    name: str
    words: str
    columns: tuple[str, ...] = ()
    origin: float = 0.0
    signed: bool = False
    one_sided: bool = False
    noise: float = 0.0
    rated: bool = True
    votes: bool = True

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of its columns in the file: their names without the side, then ANY; ANY alone where it has no columns."""
        return (*dict.fromkeys(_sideless(name) for name in self.columns), ANY)

    def values(self, tracks: LocalTracks) -> np.ndarray:
        """float64 [T, C] (C = 1 without columns): how far the track is from what is ordinary; NaN where unknown."""
        values = np.asarray(getattr(tracks, self.name), np.float64).reshape(len(tracks), -1) - self.origin
        if self.one_sided:
            return np.maximum(values, 0.0)  # NaN stays
        return np.abs(values) if self.signed else values


_BONES = tuple(bone[0] for bone in BONES)
TRACKS = (
    Banded("joint_speed", "joint steps in the picture", JOINTS),
    Banded("joint_space_speed", "joint steps in space", JOINTS),
    Banded("joint_acceleration", "joint steps in the picture", JOINTS),
    Banded("joint_jump", "joint steps in the picture", JOINTS),
    Banded("joint_jump_score", "joint steps in the picture", JOINTS, votes=False),
    Banded("joint_space_jump", "joint steps in space", JOINTS),
    Banded("joint_space_jump_score", "joint steps in space", JOINTS, votes=False),
    Banded("joint_off_flow", "optical flow", JOINTS),
    Banded("trembling", "trembling of joints and picture", JOINTS),
    Banded("trembling_score", "trembling of joints and picture", JOINTS, votes=False),
    Banded("root_speed", "steps of the whole body"),
    Banded("root_jump", "steps of the whole body"),
    Banded("root_jump_score", "steps of the whole body", votes=False),
    Banded("growth", "growth of the whole body", signed=True),
    Banded("slip", "what rests"),
    Banded("foot_slip", "feet that slide"),
    Banded("rise", "feet that rise", signed=True),
    Banded("bone_space", "bone lengths in space", _BONES, origin=1.0, signed=True),
    Banded("bone_picture", "bone lengths", _BONES, origin=1.0),
    Banded("bone_bump", "bone lengths", _BONES),
    Banded("hyperextension", "hinges", HINGES, noise=3.0),
    Banded("hinge_turn", "hinges", HINGES),
    Banded("shape_step", "body shape"),
    Banded("size_drift", "body size in equal poses", signed=True, rated=False),
    Banded("swap", "sides", one_sided=True, noise=0.1, votes=False),
    Banded("swap_pairs", "sides", PAIRS, one_sided=True, noise=0.01),
    Banded("body_swap", "the mirrored body", one_sided=True, noise=0.01),
    Banded("appearance_step", "looks from frame to frame"),
    Banded("appearance_drift", "looks over a second", rated=False),
    Banded("colour_drift", "colour of the trunk", rated=False),
    Banded("change", "change of the picture", votes=False),
    Banded("held", "pace of the pictures"),
    Banded("freeze", "pace of the pictures"),
    Banded("skip", "pace of the pictures"),
    Banded("worth", "pace of the pictures", votes=False),
    Banded("disorder", "order of the pictures"),
    Banded("reversal", "order of the pictures"),
    Banded("splice", "order of the pictures"),
    Banded("mirror", "the mirrored picture"),
    Banded("turn_back", "optical flow"),
    Banded("unexplained", "optical flow"),
    Banded("leap", "optical flow"),
)
# What says how well a frame or a pose is seen, what the camera does or what an editor did is no motion and has no band; nor have places,
# directions, colours and what only the trees weigh.
NO_MOTION = (
    "duration", "confidence", "flip", "sharpness", "regular", "cut", "crossfade", "flicker", "camera_speed", "camera_zoom",
    "camera_support", "bone_shown", "bone_pointing", "bone_flow", "bone_leap", "bone_colour", "trunk_path", "footing",
)  # fmt: skip
_BY_NAME = {track.name: track for track in TRACKS}


def banded(name: str) -> Banded:
    """The entry of TRACKS with this name. Raises KeyError for a track that has no band."""
    return _BY_NAME[name]


@dataclass(frozen=True, eq=False)
class Bands:
    """The quantiles of real motion.

    limits  name of a track -> float32 [R, A, C, Q]: groups of rates, AMOUNTS, classes of the track (`Banded.classes`), QUANTILES;
            NaN where too little real motion was seen to tell
    about   what it was fitted on, and how much of held-out real motion it holds
    """

    limits: Mapping[str, np.ndarray]
    about: Mapping[str, Any]

    def quantile(self, name: str, share: float, amount: np.ndarray, fps: float) -> np.ndarray:
        """float64 [T, C]: below it lies this share (one of QUANTILES) of real motion of each frame's amount [T], for the track's columns.

        C = 1 without columns. In the units of `Banded.values`; NaN for a track that the bands were not fitted for. Raises KeyError for one
        that has no band.
        """
        track = banded(name)
        places = [track.classes.index(_sideless(column)) for column in track.columns] or [0]
        return self._interpolated(name, share, amount, fps)[:, places]

    def quantile_of_any(self, name: str, share: float, amount: np.ndarray, fps: float) -> np.ndarray:
        """float64 [T]: as `quantile`, for the highest of the track's columns in a frame."""
        return self._interpolated(name, share, amount, fps)[:, -1]

    def _interpolated(self, name: str, share: float, amount: np.ndarray, fps: float) -> np.ndarray:
        if name not in self.limits:
            return np.full((len(amount), len(banded(name).classes)), np.nan)
        table = np.asarray(self.limits[name][rate_group(fps), :, :, QUANTILES.index(share)], np.float64)
        knots = np.log(AMOUNTS)
        # Where the amount of motion is not known, that of a common motion stands for it.
        place = np.log(np.clip(np.where(np.isfinite(amount), amount, np.median(AMOUNTS)), AMOUNTS[0], AMOUNTS[-1]))
        upper = np.clip(np.searchsorted(knots, place), 1, len(knots) - 1)
        weight = ((place - knots[upper - 1]) / (knots[upper] - knots[upper - 1]))[:, None]
        return np.asarray(table[upper - 1] * (1 - weight) + table[upper] * weight)


def rate_group(fps: float) -> int:
    """The group of frame rates that a rate belongs to."""
    return sum(fps > edge for edge in RATE_EDGES)


def frame_rate(tracks: LocalTracks) -> float:
    """Frames a second; NaN for a single frame."""
    known = tracks.duration[np.isfinite(tracks.duration)]
    return 1 / float(np.median(known)) if len(known) else float("nan")


def motion_amount(tracks: LocalTracks) -> np.ndarray:
    """float64 [T]: the amount of motion around each frame: the median over two seconds of the joints' mean speed in the picture.

    Body heights a second; NaN where no joint is seen. A fault that lasts for less than a second does not change it.
    """
    speed = np.asarray(tracks.joint_speed, np.float64)
    known = np.isfinite(speed)
    mean = np.where(known.any(axis=1), np.where(known, speed, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan)
    times = np.cumsum(np.nan_to_num(tracks.duration))
    return running_median(mean[:, None], half_window(times, _AMOUNT_SECONDS))[:, 0] if len(mean) > 1 else mean


def save_bands(bands: Bands) -> dict[str, np.ndarray]:
    """The bands as plain arrays, for an npz that needs no pickle; `load_bands` reads it."""
    about = {"rate_edges": RATE_EDGES, "amounts": AMOUNTS, "quantiles": QUANTILES, **bands.about}
    return {"about": np.frombuffer(json.dumps(about).encode(), np.uint8), **bands.limits}


def load_bands(path: Path) -> Bands:
    """Read what `save_bands` gave. Raises OSError, KeyError or ValueError when the file is missing, damaged or fitted otherwise."""
    with np.load(path, allow_pickle=False) as arrays:
        limits = {name: arrays[name] for name in arrays.files if name != "about"}
        about = json.loads(bytes(arrays["about"]).decode())
    grid = (about["rate_edges"], about["amounts"], about["quantiles"])
    if grid != (list(RATE_EDGES), list(AMOUNTS), list(QUANTILES)):
        raise ValueError(f"{path.name} was fitted for other groups of rates, amounts of motion or quantiles: fit it again")
    return Bands(limits, about)


@lru_cache(maxsize=1)
def bundled_bands() -> Bands:
    """The bands that come with Telltale. Raises as `load_bands`."""
    return load_bands(BUNDLED)


def _sideless(name: str) -> str:
    return name.removeprefix("left_").removeprefix("right_")
