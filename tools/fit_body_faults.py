"""Grow the trees of `core.detectors.forests` on films whose faults are known.

    python tools/fit_body_faults.py FILMS FAULTY FOLDS [--out resources/body_faults.npz]

FILMS is a folder written by tools/render_mocap.py: motion that nobody has tampered with; FAULTY one written by tools/render_faults.py. What
lies near a planted fault but is none of it counts neither way.

The figures are of four folds over the clips of motion, each judged by what was grown on the other three: how many of the faults are told at
a threshold that clean motion passes so many times a minute. Trees know by heart what they were grown on, so that tools/fit_rarity.py takes
for each film those that have not seen its clip: they are left in the folder FOLDS.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.glitches.kinds import Plant, limb_of  # noqa: E402
from core.detectors import forests, leaps, limb_features, sliding  # noqa: E402
from core.detectors.forests import BUNDLED, Forest, forest_arrays  # noqa: E402
from core.detectors.lost import pose_trust, trusted  # noqa: E402
from core.files import write_atomically  # noqa: E402
from core.tracks.bones import BONES  # noqa: E402
from core.tracks.excursions import Excursions  # noqa: E402
from core.tracks.joints import JOINTS  # noqa: E402
from core.tracks.local import LocalTracks, local_tracks  # noqa: E402
from tools.mocap.recorded import Recorded, read_index, read_recorded  # noqa: E402

FEATURES = {"limbs": limb_features.FEATURES, "leaps": leaps.FEATURES, "slip": sliding.FEATURES, "floats": sliding.FLOAT_FEATURES}
_LIMB = ("body stretch", "hyperextension", "arm teleport", "swap")
KINDS = {"limbs": _LIMB, "leaps": _LIMB, "slip": ("root drift",), "floats": ("root drift",)}
# Grown one after the other: limbs are weighed with what is known of leaps.
STAGES = (("leaps", "slip", "floats"), ("limbs",))
FOLDS = 4
_NEAR, _OVERLAP = 4, 0.4  # frames around a plant that are not clean; intersection over union of an excursion that is it
_EDGE_OFF = 2  # frames by which a leap may miss the edge of a plant
_MIDDLE = 0.2  # of a slide, at either end of which it hardly moves
_EDGE = 6  # frames at the ends of a film, of which too little is known
_TREES, _RATE, _DEPTH, _LEAF, _PENALTY, _TRIED, _FORESTS = 300, 0.03, 4, 20, 5.0, 0.15, 2
_RATES = (0.1, 0.2, 0.5)  # a minute
_APART = 8  # frames: what passes the threshold nearer to each other is one


@dataclass(frozen=True, eq=False)
class Rows:
    """Of one film and one forest. values float64 [N, F]; fault int [N]: 1 the fault, 0 clean, -1 neither; frame int [N]; which int [N]:
    the plant that a row tells, -1 for none; plants: how many there are; seconds: of the film.
    """

    values: np.ndarray
    fault: np.ndarray
    frame: np.ndarray
    which: np.ndarray
    plants: int
    seconds: float


def rows_of(film: Recorded, plants: tuple[Plant, ...], names: tuple[str, ...]) -> dict[str, Rows]:
    track = film.track
    tracks = local_tracks(trusted(track, pose_trust(track, film.pixels).unsure), film.pixels)
    make = {"leaps": _leaping_rows, "limbs": _limb_rows, "slip": _sliding_rows, "floats": _floating_rows}
    return {name: make[name](tracks, track.times, plants) for name in names}


def _limb_rows(tracks: LocalTracks, times: np.ndarray, plants: tuple[Plant, ...]) -> Rows:
    found = limb_features.limb_excursions(tracks, times)
    features = limb_features.limb_features(tracks, found, times) if len(found) else {}
    limb = np.array([limb_of(JOINTS[BONES[bone][2]]) for bone in found.bone])
    return _excursion_rows("limbs", found, limb, features, plants, times)


def _floating_rows(tracks: LocalTracks, times: np.ndarray, plants: tuple[Plant, ...]) -> Rows:
    found = sliding.trunk_excursions(tracks, times)
    features = sliding.float_features(tracks, found, times) if len(found) else {}
    return _excursion_rows("floats", found, np.full(len(found), None), features, plants, times)


def _excursion_rows(
    name: str, found: Excursions, limb: np.ndarray, features: dict[str, np.ndarray], plants: tuple[Plant, ...], times: np.ndarray
) -> Rows:
    which, near = np.full(len(found), -1), np.zeros(len(found), bool)
    for number, plant in enumerate(plants):
        shared = np.minimum(found.stop, plant.stop) - np.maximum(found.start, plant.start)
        together = np.maximum(found.stop, plant.stop) - np.minimum(found.start, plant.start)
        near |= shared > -_NEAR
        if _is(plant, name):
            which[(shared > _OVERLAP * together) & np.array([plant.limb in (None, one) for one in limb], bool)] = number
    fault = np.where(which >= 0, 1, np.where(near, -1, 0))
    values = np.stack([features.get(one, np.zeros(0)) for one in FEATURES[name]], axis=-1)
    return Rows(values, fault, found.start, which, _many(plants, name), _seconds(times))


def _leaping_rows(tracks: LocalTracks, times: np.ndarray, plants: tuple[Plant, ...]) -> Rows:
    found = leaps.leaps(tracks, times)
    fault, which = np.zeros(len(found), int), np.full(len(found), -1)
    for place, leap in enumerate(found):
        for number, plant in enumerate(plants):
            if leap.start < plant.stop + _NEAR and leap.stop > plant.start - _NEAR:
                fault[place] = -1
                edges = any(leap.start - _EDGE_OFF <= edge < leap.stop + _EDGE_OFF for edge in (plant.start, plant.stop))
                if _is(plant, "leaps") and edges and plant.limb in (None, limb_of(JOINTS[leap.joints[0]])):
                    which[place] = number
    fault = np.where(which >= 0, 1, fault)
    features = leaps.leap_features(tracks, found, times)
    values = np.stack([features[one] for one in leaps.FEATURES], axis=-1)
    return Rows(values, fault, np.array([leap.start for leap in found], int), which, _many(plants, "leaps"), _seconds(times))


def _sliding_rows(tracks: LocalTracks, times: np.ndarray, plants: tuple[Plant, ...]) -> Rows:
    features, total = sliding.slide_features(tracks, times), len(tracks)
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
    return Rows(values, fault, np.arange(total), which, _many(plants, "slip"), _seconds(times))


def _seconds(times: np.ndarray) -> float:
    return float(times[-1] - times[0])


def _is(plant: Plant, name: str) -> bool:
    """A body that floats does not slide."""
    wanted = plant.kind in KINDS[name]
    return wanted and (plant.kind != "root drift" or plant.detail.startswith("floats") == (name == "floats"))


def _many(plants: tuple[Plant, ...], name: str) -> int:
    return sum(_is(plant, name) for plant in plants)


def grow(films: list[Rows], names: tuple[str, ...]) -> Forest:
    values, fault = (np.concatenate([getattr(film, column) for film in films]) for column in ("values", "fault"))
    values, fault = values[fault >= 0], fault[fault >= 0]
    models = [
        HistGradientBoostingClassifier(
            max_iter=_TREES,
            learning_rate=_RATE,
            max_depth=_DEPTH,
            min_samples_leaf=_LEAF,
            l2_regularization=_PENALTY,
            max_features=_TRIED,
            early_stopping=False,
            random_state=seed,
        ).fit(values, fault)
        for seed in range(_FORESTS)
    ]
    return joined(models, names)


def joined(models: list[HistGradientBoostingClassifier], names: tuple[str, ...]) -> Forest:
    """The mean of some models. What scikit-learn grew it keeps in private attributes only."""
    trees = [predictors[0].nodes for model in models for predictors in model._predictors]
    roots = np.cumsum([0, *(len(tree) for tree in trees[:-1])])
    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("feature", "threshold", "unknown_left", "left", "right", "value")}
    for root, tree in zip(roots, trees, strict=True):
        leaf, own = tree["is_leaf"].astype(bool), root + np.arange(len(tree))
        columns["feature"].append(np.where(leaf, 0, tree["feature_idx"]))
        columns["threshold"].append(np.where(leaf, np.inf, tree["num_threshold"]))
        columns["unknown_left"].append(leaf | tree["missing_go_to_left"].astype(bool))
        columns["left"].append(np.where(leaf, own, root + tree["left"].astype(int)))
        columns["right"].append(np.where(leaf, own, root + tree["right"].astype(int)))
        columns["value"].append(np.where(leaf, tree["value"] / len(models), 0.0))
    bias = float(np.mean([model._baseline_prediction for model in models]))
    together = {name: np.concatenate(values) for name, values in columns.items()}
    return Forest(names, roots, **together, bias=bias, depth=max(int(tree["depth"].max()) for tree in trees))


def figures(films: list[Rows], folds: np.ndarray, forests: list[Forest]) -> dict[str, Any]:
    """films and the fold int [len(films)] of each; forests: by fold, grown on the others."""
    told: list[float] = []
    false: list[float] = []
    for film, number in zip(films, folds, strict=True):
        forest = forests[number]
        values = forest.log_odds(dict(zip(forest.features, film.values.T, strict=True)))
        known = np.unique(film.which[film.which >= 0])
        told += [float(values[film.which == plant].max()) for plant in known] + [-np.inf] * (film.plants - len(known))
        false += _apart(values[film.fault == 0], film.frame[film.fault == 0])
    minutes = sum(film.seconds for film in films) / 60
    highest = np.sort(false)[::-1]
    shares = {str(rate): round(float(np.mean(np.array(told) > highest[int(rate * minutes)])), 2) for rate in _RATES}
    return {"minutes": round(minutes, 1), "faults": len(told), "told_at_false_a_minute": shares}


def fold_of(clip: str) -> int:
    """A clip's views are in one fold, and so are its faults."""
    return zlib.crc32(clip.encode()) % FOLDS


def _apart(values: np.ndarray, frames: np.ndarray) -> list[float]:
    """The highest values, without those near a higher one."""
    kept: list[int] = []
    for place in np.argsort(-values)[:200]:
        if all(abs(int(frames[place]) - int(frames[other])) > _APART for other in kept):
            kept.append(int(place))
    return [float(values[place]) for place in kept]


def fold_path(folder: Path, clip: str) -> Path:
    """Where the trees are that have not seen a clip."""
    return folder / f"fold_{fold_of(clip)}.npz"


def write_forests(path: Path, forests: dict[str, Forest], figures: dict[str, Any]) -> None:
    arrays = {f"{name}_{key}": values for name, forest in forests.items() for key, values in forest_arrays(forest).items()}
    content = io.BytesIO()
    np.savez_compressed(content, figures=np.array(json.dumps(figures)), **arrays)  # type: ignore[arg-type]
    write_atomically(path, content.getvalue())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("films", type=Path)
    parser.add_argument("faulty", type=Path)
    parser.add_argument("folds", type=Path)
    parser.add_argument("--out", type=Path, default=BUNDLED)
    options = parser.parse_args()
    options.folds.mkdir(parents=True, exist_ok=True)
    films = [(folder / entry["file"], entry) for folder in (options.films, options.faulty) for entry in read_index(folder)]
    folds = np.array([fold_of(entry["clip"]) for _, entry in films])
    whole: dict[str, Forest] = {}
    parts: list[dict[str, Forest]] = [{} for _ in range(FOLDS)]
    held_out: dict[str, Any] = {}
    for names in STAGES:
        rows = []
        for path, entry in films:
            forests.BUNDLED = fold_path(options.folds, entry["clip"])
            plants = tuple(Plant(**plant) for plant in entry.get("plants", ()))
            rows.append(rows_of(read_recorded(path), plants, names))
        for name in names:
            of_films = [film[name] for film in rows]
            for number, part in enumerate(parts):
                part[name] = grow([film for film, fold in zip(of_films, folds, strict=True) if fold != number], FEATURES[name])
            whole[name] = grow(of_films, FEATURES[name])
            held_out[name] = figures(of_films, folds, [part[name] for part in parts])
            print(name, held_out[name], file=sys.stderr)
        for number, part in enumerate(parts):
            write_forests(options.folds / f"fold_{number}.npz", part, {})
        forests.read_forests.cache_clear()
    write_forests(options.out, whole, held_out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
