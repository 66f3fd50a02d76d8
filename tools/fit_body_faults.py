"""Fit the regressions of `core.detectors.regressions` on films whose faults are known.

    python tools/fit_body_faults.py FILMS PLANTED [PLANTED ...] [--out resources/body_faults.json]

FILMS is a folder written by tools/render_mocap.py: motion that nobody has tampered with. PLANTED are work folders of the benchmark of
glitches (`python -m benchmarks.glitches --family bodies --seed N --work PLANTED`), of other seeds than those it is judged by; those made
from HDM05 are passed over, since its licence does not allow what is shipped to rest on it. What lies near a planted fault but is none of it
counts neither way.

The figures are of four folds over the films, each judged by what was fitted on the other three: how many of the faults are told at a
threshold that clean motion passes so many times a minute.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.glitches.films import find_film  # noqa: E402
from benchmarks.glitches.kinds import Plant, limb_of  # noqa: E402
from core.cache_keys import pixels_key, track_key  # noqa: E402
from core.detectors import limbs, sliding  # noqa: E402
from core.detectors.lost import pose_trust, trusted  # noqa: E402
from core.detectors.regressions import BUNDLED, NAMES  # noqa: E402
from core.extraction import create_extractor  # noqa: E402
from core.files import write_atomically  # noqa: E402
from core.store import PIXELS, Store  # noqa: E402
from core.track import HumanTrack  # noqa: E402
from core.tracks.bones import BONES  # noqa: E402
from core.tracks.joints import JOINTS  # noqa: E402
from core.tracks.local import local_tracks  # noqa: E402
from core.tracks.pixels.measure import PixelTracks  # noqa: E402
from core.video import file_sha256  # noqa: E402
from tools.mocap.recorded import read_index, read_recorded  # noqa: E402

FEATURES = {"limbs": limbs.FEATURES, "hinges": limbs.FEATURES, "slip": sliding.FEATURES}
KINDS = {"limbs": "body stretch", "hinges": "hyperextension", "slip": "root drift"}
_NEAR, _OVERLAP = 4, 0.4  # frames around a plant that are not clean; intersection over union of an excursion that is it
_MIDDLE = 0.2  # of a slide, at either end of which it hardly moves
_EDGE = 6  # frames at the ends of a film, of which too little is known
_KEPT = (0.5, 99.5)  # percent of the values that a feature's range holds
_PENALTY, _FOLDS = 0.03, 4
_RATES = (0.1, 0.2, 0.5)  # a minute
_VALIDATION_ONLY = "hdm_"  # how the names of HDM05's clips begin
_APART = 8  # frames: what passes the threshold nearer to each other is one


@dataclass(frozen=True, eq=False)
class Rows:
    """Of one film and one regression. values float64 [N, F]; fault int [N]: 1 the fault, 0 clean, -1 neither; frame int [N]; which int [N]:
    the plant that a row tells, -1 for none; plants: how many there are; seconds: of the film.
    """

    values: np.ndarray
    fault: np.ndarray
    frame: np.ndarray
    which: np.ndarray
    plants: int
    seconds: float


def clean_films(folder: Path) -> Iterator[tuple[HumanTrack, PixelTracks, tuple[Plant, ...]]]:
    for entry in read_index(folder):
        film = read_recorded(folder / entry["file"])
        yield film.track, film.pixels, ()


def planted_films(work: Path) -> Iterator[tuple[HumanTrack, PixelTracks, tuple[Plant, ...]]]:
    """Those of CMU motion whose tracks are in the benchmark's cache; films that it has not analysed yet are passed over."""
    store, extractor = Store(work / "store"), create_extractor("blazepose", "cpu")
    for listing in sorted((work / "films").glob("bodies_*.json")):
        film = find_film(work / "films", listing.stem)
        if film is None or film.source.startswith(_VALIDATION_ONLY):
            continue
        key = track_key(file_sha256(film.path), extractor, range(film.frames))
        track, pixels = store.load("track", key, HumanTrack), store.load(PIXELS, pixels_key(key), PixelTracks)
        if track is not None and pixels is not None:
            yield track, pixels, film.plants


def rows_of(track: HumanTrack, pixels: PixelTracks, plants: tuple[Plant, ...]) -> dict[str, Rows]:
    tracks = local_tracks(trusted(track, pose_trust(track, pixels).unsure), pixels)
    seconds = float(track.times[-1] - track.times[0])
    found = limbs.limb_excursions(tracks, track.times)
    result = {}
    for name in ("limbs", "hinges"):
        wanted = np.ones(len(found), bool) if name == "limbs" else limbs.IS_LOWER[found.bone]
        features = limbs.limb_features(tracks, found, track.times) if len(found) else {one: np.zeros(0) for one in limbs.FEATURES}
        which, near = np.full(len(found), -1), np.zeros(len(found), bool)
        for number, plant in enumerate(plants):
            shared = np.minimum(found.stop, plant.stop) - np.maximum(found.start, plant.start)
            together = np.maximum(found.stop, plant.stop) - np.minimum(found.start, plant.start)
            here = np.array([limb_of(JOINTS[BONES[bone][2]]) == plant.limb for bone in found.bone], bool)
            near |= shared > -_NEAR
            if plant.kind == KINDS[name]:
                which[here & (shared > _OVERLAP * together)] = number
        fault = np.where(which >= 0, 1, np.where(near, -1, 0))
        values = np.stack([features[one] for one in FEATURES[name]], axis=-1)
        result[name] = Rows(values[wanted], fault[wanted], found.start[wanted], which[wanted], _many(plants, name), seconds)
    result["slip"] = _sliding_rows(sliding.slide_features(tracks), len(track), plants, seconds)
    return result


def _sliding_rows(features: dict[str, np.ndarray], total: int, plants: tuple[Plant, ...], seconds: float) -> Rows:
    fault, which = np.zeros(total, int), np.full(total, -1)
    for plant in plants:
        fault[max(plant.start - 2 * _NEAR, 0) : plant.stop + 2 * _NEAR] = -1
    for number, plant in enumerate(plants):
        if _is(plant, "slip"):
            shorter = int(_MIDDLE * len(plant))
            fault[plant.start + shorter : plant.stop - shorter] = 1
            which[plant.start : plant.stop] = number
    fault[:_EDGE] = fault[-_EDGE:] = -1
    values = np.stack([np.asarray(features[one], np.float64) for one in FEATURES["slip"]], axis=-1)
    return Rows(values, fault, np.arange(total), which, _many(plants, "slip"), seconds)


def _is(plant: Plant, name: str) -> bool:
    """A body that floats is no slide: it is found by its leaps (`sliding.floats`)."""
    return plant.kind == KINDS[name] and not (name == "slip" and plant.detail.startswith("floats"))


def _many(plants: tuple[Plant, ...], name: str) -> int:
    return sum(_is(plant, name) for plant in plants)


def fit(films: list[Rows], names: tuple[str, ...]) -> dict[str, Any]:
    values, fault = (np.concatenate([getattr(film, column) for film in films]) for column in ("values", "fault"))
    values, fault = values[fault >= 0], fault[fault >= 0]
    low, high = np.nanpercentile(values, _KEPT, axis=0)
    held = np.clip(values, low, high)
    mean, deviation = np.nanmean(held, axis=0), np.maximum(np.nanstd(held, axis=0), 1e-6)
    model = LogisticRegression(C=_PENALTY, max_iter=1000).fit(np.nan_to_num((held - mean) / deviation), fault)
    columns = zip(names, mean, deviation, low, high, model.coef_[0], strict=True)
    keys = ("mean", "deviation", "low", "high", "weight")
    rows = [{"name": name, **{key: float(f"{value:.5g}") for key, value in zip(keys, rest, strict=True)}} for name, *rest in columns]
    return {"bias": float(f"{model.intercept_[0]:.5g}"), "features": rows}


def score(content: dict[str, Any], values: np.ndarray) -> np.ndarray:
    rows = content["features"]
    low, high, mean, deviation, weight = (np.array([row[key] for row in rows]) for key in ("low", "high", "mean", "deviation", "weight"))
    return np.asarray(np.nan_to_num((np.clip(values, low, high) - mean) / deviation) @ weight + content["bias"])


def figures(films: list[Rows], names: tuple[str, ...]) -> dict[str, Any]:
    fold = np.random.default_rng(0).integers(0, _FOLDS, len(films))
    told: list[float] = []
    false: list[float] = []
    for number in range(_FOLDS):
        content = fit([film for film, of in zip(films, fold, strict=True) if of != number], names)
        for film in (film for film, of in zip(films, fold, strict=True) if of == number):
            values = score(content, film.values)
            told += [float(values[film.which == plant].max(initial=-np.inf)) for plant in np.unique(film.which[film.which >= 0])]
            told += [-np.inf] * (film.plants - len(np.unique(film.which[film.which >= 0])))
            false += _apart(values[film.fault == 0], film.frame[film.fault == 0])
    minutes = sum(film.seconds for film in films) / 60
    highest = np.sort(false)[::-1]
    shares = {str(rate): round(float(np.mean(np.array(told) > highest[int(rate * minutes)])), 2) for rate in _RATES}
    return {"minutes": round(minutes, 1), "faults": len(told), "told_at_false_a_minute": shares}


def _apart(values: np.ndarray, frames: np.ndarray) -> list[float]:
    """The highest values, without those near a higher one."""
    kept: list[int] = []
    for place in np.argsort(-values)[:200]:
        if all(abs(int(frames[place]) - int(frames[other])) > _APART for other in kept):
            kept.append(int(place))
    return [float(values[place]) for place in kept]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("films", type=Path)
    parser.add_argument("planted", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=BUNDLED)
    options = parser.parse_args()
    films = [rows_of(*film) for film in clean_films(options.films)]
    many = len(films)
    films += [rows_of(*film) for work in options.planted for film in planted_films(work)]
    regressions = {}
    for name in NAMES:
        rows = [film[name] for film in films]
        judged = figures(rows, FEATURES[name])
        regressions[name] = {"held_out": judged, **fit(rows, FEATURES[name])}
        print(name, judged, file=sys.stderr)
    content = {"footage": f"{many} films of clean motion, {len(films) - many} with planted faults", "regressions": regressions}
    write_atomically(options.out, json.dumps(content, indent=1).encode() + b"\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
