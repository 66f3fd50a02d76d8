"""Fit the bands of real motion (`core.bands`) and check them on clips they were not fitted on.

    python tools/fit_bands.py FILMS [--out resources/bands.npz]

FILMS is a folder written by tools/render_mocap.py: films of motion capture as the real extractor and the pixel tracks see them, with the
true poses. What the extractor got wrong is left out: a joint farther from the truth than a share of the body height, and the frames beside.
The coverage is printed and kept in the file: each half of the clips is checked with the bands of the other half.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.bands import (  # noqa: E402
    AMOUNTS,
    ANY,
    BUNDLED,
    HIGH,
    LOW,
    QUANTILES,
    RARE,
    RATE_EDGES,
    TRACKS,
    Banded,
    Bands,
    frame_rate,
    motion_amount,
    rate_group,
    save_bands,
)
from core.files import write_atomically  # noqa: E402
from core.tracks.bones import BONES  # noqa: E402
from core.tracks.hinges import HINGES  # noqa: E402
from core.tracks.joints import JOINTS  # noqa: E402
from core.tracks.local import local_tracks  # noqa: E402
from core.tracks.sides import PAIRS  # noqa: E402
from tools.band_card import card  # noqa: E402
from tools.band_quantiles import FEWEST_RARE, WIDTHS, near, quantiles, trend  # noqa: E402
from tools.mocap.recorded import read_index, read_recorded  # noqa: E402
from tools.pose_errors import Residuals, joint_errors, joint_offsets, residuals, step_errors  # noqa: E402

# Body heights from the truth at which a joint failed. In the picture half of all joints are within 0.012 and 95 % within 0.06; in space,
# where depth is a guess, within 0.05 and 0.17. And by which a step may differ from the true one: 99 % differ by less than 0.03 and 0.13.
FAILED_PICTURE, FAILED_SPACE = 0.06, 0.2
FAILED_STEP, FAILED_SPACE_STEP = 0.04, 0.12
FAILED_JOINTS = 1  # so many may have failed in a frame whose body as a whole still counts
# Tracks that the pictures tell without the pose.
PICTURES = ("change", "held", "freeze", "skip", "worth", "disorder", "reversal", "splice", "mirror", "turn_back", "unexplained", "leap")
ROUNDING = 1e-5
SMALLEST = 1e-6
LEAST_IN_CLIP = 0.9  # of the steps of one clip, that its band should hold
STEPS = ("joint_speed", "root_speed")  # which the coverage in each clip is told of


@dataclass(frozen=True, eq=False)
class Film:
    """One film. values: track -> float64 [T, C], NaN where unknown or the pose failed; measured: the same with the failures."""

    name: str
    clip: str
    fps: float
    amount: np.ndarray
    values: Mapping[str, np.ndarray]
    measured: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Kept:
    """What has not failed in the frame nor right beside it: bool [T, J] in the picture and in space, bool [T] as a whole."""

    picture: np.ndarray
    space: np.ndarray
    body: np.ndarray


def kept(film: Residuals, offsets: np.ndarray) -> Kept:
    """What has not failed of a film; offsets as `joint_offsets`."""
    (picture, space), (step, space_step) = joint_errors(film, offsets), step_errors(film, offsets)
    right = (picture <= FAILED_PICTURE) & (step <= FAILED_STEP)
    body = (~right).sum(axis=1, keepdims=True) <= FAILED_JOINTS
    return Kept(_beside(right), _beside(right & (space <= FAILED_SPACE) & (space_step <= FAILED_SPACE_STEP)), _beside(body)[:, 0])


def _beside(right: np.ndarray) -> np.ndarray:
    padded = np.pad(right, ((1, 1), (0, 0)), constant_values=True)
    return np.asarray(padded[:-2] & padded[1:-1] & padded[2:])


def kept_columns(track: Banded, found: Kept) -> np.ndarray:
    """bool [T, C]: the values of a track that no failed joint is a part of."""
    at = JOINTS.index
    if track.columns == JOINTS:
        return found.space if "space" in track.name else found.picture
    if track.columns == tuple(name for name, _, _ in BONES):
        right = found.space if track.name == "bone_space" else found.picture
        return np.stack([right[:, upper] & right[:, lower] for _, upper, lower in BONES], axis=1)
    if track.columns == HINGES:
        chains = {"knee": ("hip", "knee", "ankle"), "elbow": ("shoulder", "elbow", "wrist")}
        limbs = [[at(f"{side}_{joint}") for joint in chains[part]] for side, part in (hinge.split("_") for hinge in HINGES)]
        return np.stack([found.space[:, limb].all(axis=1) for limb in limbs], axis=1)
    if track.columns == PAIRS:
        return np.stack([found.picture[:, at(f"left_{pair}")] & found.picture[:, at(f"right_{pair}")] for pair in PAIRS], axis=1)
    return np.ones((len(found.body), 1), bool) if track.name in PICTURES else found.body[:, None]


def read_films(folder: Path) -> list[Film]:
    """All films of the index, those of one clip (its views) with the same clip name."""
    index = read_index(folder)
    tracks, apart = [], []
    for number, entry in enumerate(index, 1):
        film = read_recorded(folder / entry["file"])
        apart.append(residuals(film.track, film.truth_space, film.truth_pixels))
        tracks.append(local_tracks(film.track, film.pixels))
        print(f"\r{number}/{len(index)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    offsets = joint_offsets(apart)
    films = []
    for entry, local, off in zip(index, tracks, apart, strict=True):
        right = kept(off, offsets)
        measured = {track.name: track.values(local) for track in TRACKS}
        values = {track.name: np.where(kept_columns(track, right), measured[track.name], np.nan) for track in TRACKS}
        films.append(Film(entry["file"], entry["clip"], frame_rate(local), motion_amount(local), values, measured))
    return films


def fit(films: Sequence[Film]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(limits as `Bands.limits`, what they rest on: the share of all amounts of motion that had to be widened, the 99.9th percentiles
    that are not known)."""
    limits, widened, unknown, cells = {}, 0, 0, 0
    by_rate = [[film for film in films if rate_group(film.fps) == group] for group in range(len(RATE_EDGES) + 1)]
    for track in TRACKS:
        groups = by_rate if track.rated else [list(films)] * len(by_rate)
        table = np.full((len(groups), len(AMOUNTS), len(track.classes), len(QUANTILES)), np.nan, np.float32)
        for place, name in enumerate(track.classes):
            samples = [_samples(track, name, members) for members in groups]
            slope = trend([found[:2] for found in samples])
            for group in range(len(groups)):
                values, amounts, clips = samples[group]
                for knot, amount in enumerate(AMOUNTS):
                    chosen, width = near(amounts, clips, amount)
                    table[group, knot, place] = quantiles(values[chosen] * np.exp(slope * (np.log(amount) - amounts[chosen])))
                    widened += width != WIDTHS[0]
                    cells += 1
        unknown += int(np.isnan(table[..., QUANTILES.index(RARE)]).sum())
        limits[track.name] = table
    return limits, {"cells": cells, "widened": widened, "without 99.9th percentile": unknown}


def _samples(track: Banded, name: str, films: Sequence[Film]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[N] values of one class of a track, log amounts of motion, numbers of the clips; what is unknown left out."""
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    clips = {clip: number for number, clip in enumerate(sorted({film.clip for film in films}))}
    for film in films:
        values = film.values[track.name]
        if name == ANY:
            found = np.where(np.isnan(values).all(axis=1), np.nan, np.nan_to_num(values, nan=-np.inf).max(axis=1))[:, None]
        else:
            found = values[:, [column.endswith(name) and column in (name, f"left_{name}", f"right_{name}") for column in track.columns]]
        amount = np.broadcast_to(np.log(np.maximum(film.amount, AMOUNTS[0] / 10))[:, None], found.shape)
        known = np.isfinite(found) & np.isfinite(amount)
        parts.append((found[known], amount[known], np.full(known.sum(), clips[film.clip])))
    if not parts:
        return np.empty(0), np.empty(0), np.empty(0, int)
    values, amounts, numbers = (np.concatenate(part) for part in zip(*parts, strict=True))
    return values, amounts, numbers


def inside(bands: Bands, film: Film, track: Banded, values: np.ndarray) -> np.ndarray:
    """float64 [T, C]: 1 where the 99 % band holds the value, 0 where not, NaN where one of them is unknown."""
    low, high = (bands.quantile(track.name, share, film.amount, film.fps) for share in (LOW, HIGH))
    # Many values of a track may be equal, and the band interpolated between equal ones differs from them by rounding.
    slack = ROUNDING * (np.abs(low) + np.abs(high))
    return np.where(np.isfinite(values) & np.isfinite(high), (values >= low - slack) & (values <= high + slack), np.nan)


def check(films: Sequence[Film]) -> tuple[dict[str, Any], dict[str, float]]:
    """(how much of each half of the clips the bands of the other half hold; track -> how many times their 99.9th percentile what 99.9 % of
    that half stay below really is, at least 1).

    The first: of each track, and of the steps in each clip. A clip is one film: a view of it at its own rate; its steps are those of STEPS.
    """
    clips = sorted({film.clip for film in films})
    halves = [[film for film in films if clips.index(film.clip) % 2 == side] for side in (0, 1)]
    held: dict[str, list[np.ndarray]] = {track.name: [] for track in TRACKS}
    ratios: dict[str, list[np.ndarray]] = {track.name: [] for track in TRACKS}
    with_failures, in_clip = [], {}
    for fitted, checked in (halves, halves[::-1]):
        bands = Bands(fit(fitted)[0], {})
        for film in checked:
            for track in TRACKS:
                values = film.values[track.name]
                held[track.name].append(inside(bands, film, track, values))
                ratios[track.name].append(
                    values / np.maximum(bands.quantile(track.name, RARE, film.amount, film.fps), track.noise or SMALLEST)
                )
            with_failures.append(inside(bands, film, _SPEED, film.measured[_SPEED.name]))
            in_clip[film.name] = _mean([held[name][-1] for name in STEPS])
    low = {name: round(share, 3) for name, share in sorted(in_clip.items(), key=lambda item: item[1]) if share < LEAST_IN_CLIP}
    about = {
        "steps": round(_mean([part for name in STEPS for part in held[name]]), 4),
        "lowest clip": round(min(in_clip.values()), 3),
        "clips": len(in_clip),
        "clips below 90%": low,
        "joint_speed with failures": _share(with_failures),
        "99 % band": {name: _share(values) for name, values in held.items()},
        "above 99.9 %": {name: _share([np.where(np.isfinite(r), r > 1, np.nan) for r in parts]) for name, parts in ratios.items()},
    }
    return about, {name: _held_out(parts) for name, parts in ratios.items()}


def _held_out(ratios: Sequence[np.ndarray]) -> float:
    known = np.concatenate([part[np.isfinite(part)] for part in ratios])
    return max(1.0, float(np.quantile(known, RARE))) if len(known) >= FEWEST_RARE else 1.0


_SPEED = next(track for track in TRACKS if track.name == "joint_speed")


def _mean(parts: Sequence[np.ndarray]) -> float:
    values = np.concatenate([part[np.isfinite(part)] for part in parts])
    return float(values.mean()) if len(values) else float("nan")


def _share(parts: Sequence[np.ndarray]) -> float | None:
    mean = _mean(parts)
    return None if np.isnan(mean) else round(mean, 4)


def _left_out(films: Sequence[Film]) -> float:
    """The share of the measured steps of joints that were left out because the pose had failed."""
    known = [[np.isfinite(values[_SPEED.name]).sum() for values in (film.values, film.measured)] for film in films]
    right, measured = np.sum(known, axis=0)
    return 1 - float(right / measured)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("films", type=Path)
    parser.add_argument("--out", type=Path, default=BUNDLED)
    options = parser.parse_args()
    films = read_films(options.films)
    limits, rests_on = fit(films)
    coverage, farther = check(films)
    for name, times in farther.items():
        limits[name][..., QUANTILES.index(RARE)] *= times
    about = {
        "footage": f"{len(films)} films of CMU motion capture, {sum(len(film.amount) for film in films)} frames",
        "joints left out": round(_left_out(films), 4),
        "frames of each group of rates": [sum(len(f.amount) for f in films if rate_group(f.fps) == g) for g in range(len(RATE_EDGES) + 1)],
        "failed from": [FAILED_PICTURE, FAILED_STEP, FAILED_SPACE, FAILED_SPACE_STEP],
        **rests_on,
        "held-out clips": coverage,
        "99.9th percentiles raised, times": {name: round(times, 3) for name, times in farther.items()},
    }
    content = io.BytesIO()
    np.savez_compressed(content, **save_bands(Bands(limits, about)))  # type: ignore[arg-type]
    write_atomically(options.out, content.getvalue())
    write_atomically(options.out.with_suffix(".md"), card(about).encode())
    print(json.dumps(about, indent=1))
    print(f"{options.out}: {len(content.getvalue()) / 1000:.0f} kB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
