"""Fit how likely it is that the extractor's pose is wrong, for `core.pose_failure`, on films whose truth is known.

    python tools/fit_pose_failure.py FILMS MIRRORED [--out resources/pose_failure.json]

FILMS is a folder written by tools/render_mocap.py, MIRRORED one by tools/watch_mirrored.py for some of its films. The landmarks of the
extractor and the joints of the filmed body name slightly different places: for each joint the constant difference in the body's own axes
is taken away first. A joint has failed where it is then still 0.1 body heights or more from its place in the picture. A frame has failed
where the median joint is 0.06 body heights off or more, where three of the twelve joints have failed, where left and right are exchanged in
the picture (exchanging them back brings the joints 0.03 body heights nearer in the mean), or where the body in space is turned the other
way (its left-right axis by more than 90 degrees).

For the figures the clips are split into two halves, each with all views of its clips, and each half is judged by what was fitted on the
other; what is shipped is fitted on both. What the mirror adds is fitted on the probabilities of the films by the other half, and judged on
the mirrored films with and without it.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.files import write_atomically  # noqa: E402
from core.pose_failure import (  # noqa: E402
    BUNDLED,
    FRAME_FEATURES,
    FRAME_MIRROR,
    FRAME_PICTURES,
    JOINT_FEATURES,
    JOINT_MIRROR,
    JOINT_PICTURES,
    MIRROR,
    Regression,
    mirror_features,
    pose_features,
)
from core.skeletons import SMPL  # noqa: E402
from core.tracks.flips import FlipTracks, compare  # noqa: E402
from core.tracks.hinges import body_axes  # noqa: E402
from core.tracks.joints import JOINTS, body_height  # noqa: E402
from tools.mocap.recorded import read_index, read_recorded  # noqa: E402
from tools.pose_errors import Residuals, joint_errors, joint_offsets, residuals  # noqa: E402

_MEDIAN_OFF, _EXCHANGED, _JOINT_OFF = 0.06, 0.03, 0.1  # body heights
_JOINTS_OFF = 3
_PRECISION = 0.6  # of the frames called lost so many have failed, at least, when they are judged by the other half
_FEWEST = 0.002  # of all frames, to say how often they are wrong
_LIKELY = 0.2  # what a share of failures is told for
_JUDGED = slice(1, None)  # of JOINTS: the truth has no nose
_TRUE = [SMPL.index("head" if name == "nose" else name) for name in JOINTS]
_LEFT, _RIGHT = ([place for place, name in enumerate(JOINTS) if name.startswith(side)] for side in ("left", "right"))
_KEPT = (0.5, 99.5)  # percent of the values that a feature's range holds
_PENALTY, _SEED = 0.1, 0


@dataclass(frozen=True, eq=False)
class Film:
    """apart: key points minus truth; true float64 [T, J, 2]: the truth, both in body heights; turned bool [T]: the body in space looks the
    other way; use bool [T]: somebody was found; features: kind of KINDS -> of frames, of joints; mirrored: what the mirror tells, and how
    many films this one stands for, None where nobody looked.
    """

    clip: str
    extractor: str
    apart: Residuals
    true: np.ndarray
    turned: np.ndarray
    use: np.ndarray
    features: dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]
    mirrored: tuple[FlipTracks, float] | None


def read_film(path: Path, clip: str, mirrored: tuple[Path, float] | None = None) -> Film:
    """mirrored: what was found of it in the mirror, and the number of films that it stands for."""
    recorded = read_recorded(path)
    track = recorded.track
    apart = residuals(track, recorded.truth_space, recorded.truth_pixels)
    space = np.asarray(recorded.truth_space[:, _TRUE], np.float64)
    flips = None
    if mirrored is not None:
        with np.load(mirrored[0]) as arrays:
            flips = compare(track, arrays["points"], arrays["world"]), mirrored[1]
    found = body_axes(np.asarray(track.points3d, np.float64))
    return Film(
        clip=clip,
        extractor=track.extractor.name,
        apart=apart,
        true=space[..., :2] / body_height(space, np.ones(len(space), bool)),
        turned=(found[..., 0] * apart.axes[..., 0]).sum(axis=-1) < 0,
        use=track.seen(),
        features={"pictures": pose_features(track, recorded.pixels), "alone": pose_features(track, None)},
        mirrored=flips,
    )


def failed(film: Film, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """bool [T] and [T, 12]: frames, and joints, in which the pose is wrong. offsets: of `joint_offsets`."""
    off = film.apart.picture - np.einsum("tij,kj->tki", film.apart.axes[:, :2], offsets)
    error = joint_errors(film.apart, offsets)[0][:, _JUDGED]

    def apart(a: list[int], b: list[int]) -> np.ndarray:
        return np.asarray(np.linalg.norm(film.true[:, a] + off[:, a] - film.true[:, b], axis=-1))

    gain = apart(_LEFT, _LEFT) + apart(_RIGHT, _RIGHT) - apart(_LEFT, _RIGHT) - apart(_RIGHT, _LEFT)
    exchanged = np.maximum(gain, 0).sum(axis=1) / (2 * len(_LEFT)) >= _EXCHANGED
    joints = error >= _JOINT_OFF
    return (np.median(error, axis=1) >= _MEDIAN_OFF) | (joints.sum(axis=1) >= _JOINTS_OFF) | exchanged | film.turned, joints


@dataclass(frozen=True, eq=False)
class Sample:
    """names; values float64 [N, F]; wrong bool [N]; second bool [N]: of the second half of the clips; weight float64 [N]."""

    names: tuple[str, ...]
    values: np.ndarray
    wrong: np.ndarray
    second: np.ndarray
    weight: np.ndarray


def samples(films: list[Film], kind: str, second: set[str]) -> dict[str, Sample]:
    """For the regression on frames and that on joints."""
    pictures = kind == "pictures"
    frame_names = FRAME_FEATURES + (FRAME_PICTURES if pictures else ())
    joint_names = JOINT_FEATURES + (JOINT_PICTURES if pictures else ())
    offsets = joint_offsets([film.apart for film in films])
    rows: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {"frame": [], "joint": []}
    for film in films:
        frame, joint = film.features[kind]
        wrong, wrong_joints = failed(film, offsets)
        whole = np.stack([frame[name] for name in frame_names], axis=-1)
        single = np.stack([joint[name][:, _JUDGED] for name in joint_names], axis=-1)
        single = np.concatenate([single, np.repeat(whole[:, None], single.shape[1], axis=1)], axis=-1)
        half = film.clip in second
        rows["frame"].append((whole[film.use], wrong[film.use], np.full(film.use.sum(), half)))
        wrong_joints = wrong_joints[film.use].ravel()
        rows["joint"].append((single[film.use].reshape(-1, single.shape[-1]), wrong_joints, np.full(len(wrong_joints), half)))
    names = {"frame": frame_names, "joint": joint_names + frame_names}
    found = {}
    for of in rows:
        values, wrong, halves = (np.concatenate(parts) for parts in zip(*rows[of], strict=True))
        found[of] = Sample(names[of], values, wrong, halves, np.ones(len(wrong)))
    return found


def mirrored_samples(
    films: list[Film], plain: dict[str, Sample], probability: dict[str, np.ndarray]
) -> tuple[dict[str, Sample], dict[str, np.ndarray]]:
    """The rows of `plain` whose frames were found in the mirror as well, with what it adds to their probability; and that probability."""
    rows: dict[str, list[tuple[np.ndarray, ...]]] = {"frame": [], "joint": []}
    joints, first = len(JOINTS[_JUDGED]), 0
    for film in films:
        count = int(film.use.sum())
        part, parts = slice(first, first + count), slice(first * joints, (first + count) * joints)
        first += count
        if film.mirrored is None:
            continue
        flips, weight = film.mirrored
        of_joints = np.full((count, len(JOINTS)), np.nan)
        of_joints[:, _JUDGED] = probability["joint"][parts].reshape(count, joints)
        used = FlipTracks(flips.picture[film.use], flips.space[film.use])
        frame, joint = mirror_features(probability["frame"][part], of_joints, used)
        whole = np.stack([frame[name] for name in FRAME_MIRROR], axis=-1)
        spread = [np.broadcast_to(joint[name], (count, len(JOINTS)))[:, _JUDGED].ravel() for name in JOINT_MIRROR]
        known = np.isfinite(used.picture).all(axis=1)
        for of, values, use, rows_of in (
            ("frame", whole, known, part),
            ("joint", np.stack(spread, axis=-1), np.repeat(known, joints), parts),
        ):
            sample = plain[of]
            columns = (values, sample.wrong[rows_of], sample.second[rows_of], np.full(len(use), weight), probability[of][rows_of])
            rows[of].append(tuple(column[use] for column in columns))
    names = {"frame": FRAME_MIRROR, "joint": JOINT_MIRROR}
    together = {of: [np.concatenate(parts) for parts in zip(*rows[of], strict=True)] for of in rows}
    return {of: Sample(names[of], *values[:4]) for of, values in together.items()}, {of: values[4] for of, values in together.items()}


def fit(sample: Sample, use: np.ndarray) -> Regression:
    values = sample.values[use]
    low, high = np.nanpercentile(values, _KEPT, axis=0)
    values = np.clip(values, low, high)
    mean, deviation = np.nanmean(values, axis=0), np.maximum(np.nanstd(values, axis=0), 1e-6)
    standard = np.nan_to_num((values - mean) / deviation)
    model = LogisticRegression(C=_PENALTY, max_iter=1000).fit(standard, sample.wrong[use], sample_weight=sample.weight[use])
    return Regression(sample.names, mean, deviation, low, high, model.coef_[0], float(model.intercept_[0]))


def held_out(sample: Sample) -> np.ndarray:
    """float64 [N]: the probability of each row by what was fitted on the other half."""
    probability = np.empty(len(sample.wrong))
    for half in (sample.second, ~sample.second):
        probability[half] = fit(sample, ~half).probability(dict(zip(sample.names, sample.values[half].T, strict=True)))
    return probability


def figures(sample: Sample, probability: np.ndarray) -> dict[str, Any]:
    """What is told of a fit. Calibration: mean probability and share of failures below and above _LIKELY."""
    wrong, weight, likely = sample.wrong, sample.weight, probability >= _LIKELY
    failed = float(np.average(wrong, weights=weight))
    halves = (~sample.second, sample.second)
    return {
        "count": len(wrong),
        "failed": round(failed, 4),
        "auc": [round(float(roc_auc_score(wrong[half], probability[half], sample_weight=weight[half])), 3) for half in halves],
        "brier": round(float(np.average((probability - wrong) ** 2, weights=weight)), 4),
        "brier_of_the_mean": round(failed * (1 - failed), 4),
        "calibration": [
            [round(float(np.average(values[part], weights=weight[part])), 4) for values in (probability, wrong)]
            for part in (~likely, likely)
            if part.any()
        ],
    }


def lost_from(sample: Sample, probability: np.ndarray) -> dict[str, float] | None:
    """The lowest probability, of a half at least, from which on frames are so often wrong as _PRECISION says; None where too few are."""
    wrong, weight = sample.wrong, sample.weight
    for least in np.arange(0.5, 1.0, 0.05):
        told = probability >= least
        share = float(np.average(told, weights=weight))
        if share >= _FEWEST and (precision := float(np.average(wrong[told], weights=weight[told]))) >= _PRECISION:
            recall = float(np.average(told[wrong], weights=weight[wrong]))
            found = {"probability": float(least), "told": share, "precision": precision, "recall": recall}
            return {name: round(value, 4) for name, value in found.items()}
    return None


def written(model: Regression, judged: dict[str, Any]) -> dict[str, Any]:
    columns = ("mean", "deviation", "low", "high", "weight")
    rows = [
        {"name": name, **{column: float(f"{getattr(model, column)[place]:.5g}") for column in columns}}
        for place, name in enumerate(model.features)
    ]
    return {"held_out": judged, "bias": round(model.bias, 4), "features": rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("films", type=Path)
    parser.add_argument("mirrored", type=Path)
    parser.add_argument("--out", type=Path, default=BUNDLED)
    options = parser.parse_args()
    mirrored = {row["file"]: row["weight"] for row in read_index(options.mirrored)}
    films = []
    index = read_index(options.films)
    for number, entry in enumerate(index, 1):
        name = entry["file"]
        seen = (options.mirrored / name, mirrored[name]) if name in mirrored else None
        films.append(read_film(options.films / name, entry["clip"], seen))
        print(f"\r{number}/{len(index)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    write_atomically(options.out, (json.dumps(fitted(films), indent=1) + "\n").encode())
    return 0


def fitted(films: list[Film]) -> dict[str, Any]:
    """The content of the file."""
    extractors = {film.extractor for film in films}
    if len(extractors) != 1:
        raise SystemExit(f"the films are of {len(extractors)} extractors: {sorted(extractors)}")
    clips = sorted({film.clip for film in films})
    second = set(np.random.default_rng(_SEED).permutation(clips)[: len(clips) // 2].tolist())
    again = [film for film in films if film.mirrored is not None]
    content: dict[str, Any] = {
        "footage": f"{len(films)} films of CMU motion capture, {sum(film.use.sum() for film in films)} frames with a body",
        "mirrored": f"{len(again)} of them, {sum(film.use.sum() for film in again)} frames",
        "split": f"halves of {len(clips) - len(second)} and {len(second)} clips, each judged by what was fitted on the other",
        "extractor": extractors.pop(),
        "lost": {},
        "frame": {},
        "joint": {},
    }

    def keep(kind: str, found: dict[str, Sample]) -> dict[str, np.ndarray]:
        probability = {of: held_out(sample) for of, sample in found.items()}
        for of, sample in found.items():
            content[of][kind] = written(fit(sample, np.ones(len(sample.wrong), bool)), figures(sample, probability[of]))
            print(f"{of}, {kind}: {content[of][kind]['held_out']}", file=sys.stderr)
        content["lost"][kind] = lost_from(found["frame"], probability["frame"])
        print(f"lost, {kind}: {content['lost'][kind]}", file=sys.stderr)
        return probability

    keep("alone", samples(films, "alone", second))
    plain = samples(films, "pictures", second)
    more, before = mirrored_samples(films, plain, keep("pictures", plain))
    keep(MIRROR, more)
    content["without_mirror"] = {of: figures(sample, before[of]) for of, sample in more.items()}
    content["without_mirror"]["lost"] = lost_from(more["frame"], before["frame"])
    print(f"on the same frames without the mirror: {content['without_mirror']}", file=sys.stderr)
    return content


if __name__ == "__main__":
    raise SystemExit(main())
