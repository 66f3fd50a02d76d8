"""Film the motion-capture clips with faults planted in them and let the real extractor watch: what tools/fit_body_faults.py learns from.

Usage: TELLTALE_SHARED=... python tools/render_faults.py OUT [--frames 38000] [--jobs 2]

Writes what tools/render_mocap.py writes, of the same takes before other cameras; each row of OUT/index.json also has `plants`: the faults,
as `benchmarks.glitches.kinds.Plant` has them. Only CMU takes that the manifold's films show: the benchmark of glitches films none of them.
Nothing that is there is made again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.glitches.faults import plant_faults
from benchmarks.glitches.kinds import Plant
from benchmarks.glitches.scenes import Scene
from benchmarks.glitches.scenes import shoot as shoot_scene
from benchmarks.glitches.takes import TRAINING_FRAMES
from core.extraction.blazepose import extract_frames
from core.track import load_track
from core.tracks.pixels.measure import measure_pictures
from render.mesh import create_renderer
from tools.mocap.clips import open_library, shared_folder
from tools.mocap.recorded import Recorded, write_recorded
from tools.mocap.shooting import Shooting, compress, lit, pictures_of
from tools.render_mocap import Job, Shot, plan, set_stage, truth, write_index

# In turn: those that are hardest to tell come more often.
KINDS = ("body stretch", "hyperextension", "root drift", "arm teleport", "body stretch", "hyperextension", "root drift", "swap")
_SPACING = 1.2  # seconds between two faults
_OTHER = 7  # so that no film has the camera and the clothes of its clean twin
_ROUNDS = 2  # films of each take, with other cameras and faults


def training_jobs(mocap: Path, frames: int) -> list[Job]:
    """About so many frames of takes that the manifold's films show, and not more of them than those do."""
    return plan(open_library(mocap), min(frames, TRAINING_FRAMES))


@dataclass(frozen=True, eq=False)
class Faulty:
    """A scene with its faults before it is filmed. generator: what the light and the grain are drawn from."""

    scene: Scene
    shooting: Shooting
    plants: tuple[Plant, ...]
    generator: np.random.Generator


def stage_faults(job: Job, number: int, mocap: str, again: int = 0) -> Faulty:
    """A job's scene with as many faults as there is room for, those of KINDS from `number` on: the same each time. again: the round."""
    generator = np.random.default_rng([_OTHER + again, *job.seed])
    stage = set_stage(job, "cmu", mocap, generator)
    kinds = [KINDS[(number + place) % len(KINDS)] for place in range(len(KINDS))]
    scene, plants = plant_faults(Scene(stage.motion, stage.body, stage.view, float(stage.shooting.fps)), kinds, generator, _SPACING)
    return Faulty(scene, stage.shooting, plants, generator)


def shoot(faulty: Faulty) -> Shot:
    """Film it, once: the generator goes on."""
    scene, shooting = faulty.scene, faulty.shooting
    pictures = lit(shoot_scene(scene, create_renderer("raster")), shooting, faulty.generator)
    return Shot(scene.motion, scene.body, scene.view, shooting.fps, compress(pictures, scene.view.size, shooting.fps, shooting.crf))


def make(job: Job, number: int, again: int, mocap: str, out: Path) -> dict[str, Any]:
    """Film and extract one job; the row of the index."""
    path = out / f"{again}_{job.file}"
    faulty = stage_faults(job, number, mocap, again)
    if not path.exists():
        shot = shoot(faulty)
        track = extract_frames(pictures_of(shot.reel), np.arange(len(shot.motion)) / shot.fps, shot.view.size)
        pixels = measure_pictures(pictures_of(shot.reel), track)
        write_recorded(path, Recorded(track, pixels, *truth(shot.motion, shot.body, shot.view)))
    return {
        "file": path.name,
        "clip": job.take.clip,
        "frames": len(load_track(path)),
        "fps": faulty.shooting.fps,
        "plants": [asdict(plant) for plant in faulty.plants],
    }


def _make(arguments: tuple[Job, int, int, str, Path]) -> dict[str, Any]:
    return make(*arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=TRAINING_FRAMES, help="about how many frames to film altogether")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    mocap = shared_folder() / "mocap"
    jobs = training_jobs(mocap, options.frames)
    rows: list[dict[str, Any]] = []
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        work = [(job, number + 3 * again, again, str(mocap), options.out) for again in range(_ROUNDS) for number, job in enumerate(jobs)]
        for row in pool.imap_unordered(_make, work):
            rows.append(row)
            write_index(rows, options.out)
            frames, faults = sum(r["frames"] for r in rows), sum(len(r["plants"]) for r in rows)
            print(f"{len(rows)}/{len(work)} {frames} frames, {faults} faults", flush=True)


if __name__ == "__main__":
    main()
