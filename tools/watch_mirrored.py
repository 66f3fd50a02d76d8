"""Let the extractor watch films in the mirror: what tools/fit_pose_failure.py needs to know how flip consistency tells a failed pose.

Usage: TELLTALE_SHARED=... python tools/watch_mirrored.py FILMS OUT [--films 44]

FILMS is a folder written by tools/render_mocap.py, whose films of up to 170 frames are looked at: half of `--films` are those in which most
frames failed, half are drawn from the others. They are filmed again, the same as then, and watched with left and right exchanged. Writes
OUT/<film>.npz (`points` [T, 33, 2] in pixels of the mirrored picture, `world` [T, 33, 3] in metres; NaN where nobody was found) and
OUT/index.json: a list of {file, weight}, weight being the number of films that each stands for. Nothing that is there is made again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from core.extraction.following import Follower
from core.extraction.holistic import Holistic
from core.files import write_atomically
from core.skeletons import BLAZEPOSE
from tools.fit_pose_failure import failed, read_film
from tools.mocap.clips import open_library, shared_folder
from tools.mocap.recorded import read_index
from tools.mocap.shooting import pictures_of
from tools.pose_errors import joint_offsets
from tools.render_mocap import Job, plan, shoot

_LONGEST, _SEED = 170, 0
_ALL = 10**9  # frames: every film that there may be


def choose(films: Path, count: int) -> list[tuple[str, float]]:
    """File names and the number of films that each stands for."""
    names = [row["file"] for row in read_index(films) if row["frames"] <= _LONGEST]
    read = [read_film(films / name, name) for name in names]
    offsets = joint_offsets([film.apart for film in read])
    share = np.array([failed(film, offsets)[0][film.use].mean() if film.use.any() else 0.0 for film in read])
    worst = np.argsort(-share, kind="stable")[: count // 2].tolist()
    others = [place for place in np.random.default_rng(_SEED).permutation(len(names)).tolist() if place not in worst]
    drawn = others[: count - len(worst)]
    return [(names[place], 1.0) for place in worst] + [(names[place], len(others) / max(len(drawn), 1)) for place in drawn]


def watch(job: Job, mocap: str) -> tuple[np.ndarray, np.ndarray]:
    """points float32 [T, 33, 2] and world [T, 33, 3] of the film's mirror image."""
    shot = shoot(job, "cmu", mocap)
    points, world = (np.full((len(shot.motion), len(BLAZEPOSE), size), np.nan, np.float32) for size in (2, 3))
    with Holistic() as holistic:
        follower = Follower(holistic)
        for frame, picture in enumerate(pictures_of(shot.reel)):
            found = follower.find(np.ascontiguousarray(picture[:, ::-1]))
            if found is not None:
                points[frame], world[frame] = found.pose.points, found.pose.world
    return points, world


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--films", dest="count", type=int, default=44, help="how many films to watch")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    mocap = shared_folder() / "mocap"
    jobs = {job.file: job for job in plan(open_library(mocap, "cmu"), _ALL)}
    chosen = choose(args.films, args.count)
    for number, (name, _) in enumerate(chosen, 1):
        path = args.out / name
        if not path.exists():
            points, world = watch(jobs[name], str(mocap))
            temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")
            np.savez(temporary, points=points, world=world)
            temporary.replace(path)
        print(f"{number}/{len(chosen)} {name}", flush=True)
    write_atomically(args.out / "index.json", json.dumps([{"file": name, "weight": weight} for name, weight in chosen]).encode())


if __name__ == "__main__":
    main()
