"""Learn what real motion's tempo looks like, for `core.tempo`, and measure how often another tempo is seen.

    python tools/fit_tempo.py FILMS [--out resources/tempo.json] [--check MORE]

FILMS is a folder written by tools/render_mocap.py: films of motion capture as the real extractor and the pixel tracks see them. Every film
counts at its own tempo and re-timed. What is reported of FILMS comes from estimates of films whose action the fit has not seen: nobody
knows what a clip will show. Films in MORE (npz of the same kind) are only looked at with the finished table.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.files import write_atomically  # noqa: E402
from core.flight import flights  # noqa: E402
from core.gait import running  # noqa: E402
from core.tempo import (  # noqa: E402
    BUNDLED,
    FAST_FALL,
    FAST_STEP,
    SLOW_FALL,
    SLOW_STEP,
    SWING,
    gravity_share,
    joint_paths,
    longest_stretch,
    read_table,
    tempo_figures,
    unusual_tempo,
)
from tools.mocap.recorded import read_index, read_recorded  # noqa: E402

TEMPOS = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
RIDGE = 30.0
TAIL = 2.33  # standard deviations: one real film in a hundred is slower, one faster


@dataclass(frozen=True)
class Film:
    """One film at one tempo. fall: with how much of gravity its leaps fall, None without leaps; figures: None with hardly any motion;
    run: seconds of a running step, None where nobody runs.
    """

    action: str
    tempo: float
    fall: float | None
    figures: dict[str, float] | None
    run: float | None


def films(folder: Path) -> list[Film]:
    """Each film of the folder at each tempo that leaves it long and quick enough."""
    found = []
    for entry in read_index(folder):
        film = read_recorded(folder / entry["file"])
        for tempo in TEMPOS:
            shown = replace(film.track, times=film.track.times / tempo)
            motion = joint_paths(shown, film.pixels, longest_stretch(shown))
            if motion is not None:
                leaps = flights(motion.places)
                fall = gravity_share(leaps, motion.step) if leaps else None
                figures = tempo_figures(motion)
                run = running(motion.places, float(np.exp(figures[SWING])) * motion.step) if figures and not leaps else None
                found.append(Film(entry["action"], tempo, fall, figures, run.frames * motion.step if run else None))
    return found


def solve(design: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Ridge regression; the first column, of ones, is free."""
    ridge = RIDGE * np.eye(design.shape[1])
    ridge[0, 0] = 0
    return np.asarray(np.linalg.solve(design.T @ design + ridge, design.T @ wanted))


def fit(everything: list[Film]) -> dict[str, Any]:
    """The table, with what was measured on films that the fit had not seen. Films with leaps or runs are judged by those alone."""
    found = [(film, film.figures) for film in everything if film.fall is None and film.run is None and film.figures is not None]
    names = tuple(name for name in found[0][1] if name != SWING)
    values = np.array([[figures[name] for name in names] for _, figures in found])
    tempo = np.array([film.tempo for film, _ in found])
    wanted = np.log2(tempo)
    mean, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    design = np.column_stack([np.ones(len(values)), np.clip(np.nan_to_num((values - mean) / spread), -4, 4)])
    action = np.array([film.action for film, _ in found])
    unseen = np.zeros(len(found))
    for name in set(action.tolist()):
        unseen[action == name] = design[action == name] @ solve(design[action != name], wanted[action != name])
    real = unseen[tempo == 1]
    edges = np.quantile(real, (0.01, 0.99))
    low, high = min(real.mean() - TAIL * real.std(), edges[0]), max(real.mean() + TAIL * real.std(), edges[1])
    weights = solve(design, wanted)
    swing, reach = (np.array([figures[name] for film, figures in found if film.tempo == 1]) for name in (SWING, "limbs reach"))
    known = np.isfinite(swing)
    growth, level = np.polyfit(reach[known], swing[known], 1)
    around = np.quantile(swing[known] - level - growth * reach[known], (0.05, 0.95))
    return {
        "names": names,
        "mean": _rounded(mean),
        "spread": _rounded(spread),
        "weights": _rounded(weights[1:]),
        "offset": float(weights[0]),
        "low": float(low),
        "high": float(high),
        "slope": float(np.polyfit(wanted, unseen, 1)[0]),
        "swing": _rounded(np.array([level, growth, *around])),
        "seen": {f"{value:g}": _seen(everything, value, unseen[tempo == value], low, high) for value in TEMPOS},
    }


def _seen(everything: list[Film], tempo: float, estimates: np.ndarray, low: float, high: float) -> dict[str, int]:
    """Of the films at one tempo: how many there are, with leaps, runs and neither, and how many are told as slow and as fast."""
    falls = np.array([film.fall for film in everything if film.tempo == tempo and film.fall is not None])
    steps = np.array([film.run for film in everything if film.tempo == tempo and film.run is not None])
    return {
        "films": sum(film.tempo == tempo for film in everything),
        "with leaps": len(falls),
        "slow by leaps": int((falls < SLOW_FALL).sum()),
        "fast by leaps": int((falls > FAST_FALL).sum()),
        "with runs": len(steps),
        "slow by runs": int((steps > SLOW_STEP).sum()),
        "fast by runs": int((steps < FAST_STEP).sum()),
        "slow": int((estimates < low).sum()),
        "fast": int((estimates > high).sum()),
    }


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.5g}") for value in values]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path)
    parser.add_argument("--out", type=Path, default=BUNDLED)
    parser.add_argument("--check", type=Path, nargs="*", default=[], help="npz files of clips at their own tempo")
    options = parser.parse_args()
    found = films(options.films)
    table = fit(found)
    table = {"footage": f"{sum(film.tempo == 1 for film in found)} films of CMU motion capture, each at {len(TEMPOS)} tempos", **table}
    write_atomically(options.out, json.dumps(table).encode())
    print("tempo  films  slow  fast   with leaps  slow  fast   with runs  slow  fast")
    for tempo, row in table["seen"].items():
        slow, fast = (sum(row[f"{what}{by}"] for by in ("", " by leaps", " by runs")) for what in ("slow", "fast"))
        told = "  ".join(f"{row[f'with {by}']:10}  {row[f'slow by {by}']:4}  {row[f'fast by {by}']:4}" for by in ("leaps", "runs"))
        print(f"{tempo:>5}  {row['films']:5}  {slow:4}  {fast:4}   {told}")
    for path in options.check:
        film = read_recorded(path)
        print(f"{path.stem}: {unusual_tempo(film.track, film.pixels, table=read_table(options.out)) or 'nothing'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
