"""Film the motion-capture clips with the bundled body and let the real extractor watch: labelled tracks for training a manifold.

Usage: TELLTALE_SHARED=... python tools/render_mocap.py OUT [--library cmu] [--frames 160000] [--jobs 2]

Writes OUT/<clip>_<start>__<view>.npz (`core.track.load_track`; beside the track what its pictures tell, `pixels_<name>` for the fields of
`core.tracks.pixels.measure.PixelTracks`, and the truth: `truth_space` float32 [T, 24, 3], the joints of the body in camera space, and
`truth_pixels` [T, 24, 2]) and OUT/index.json: a list of {file, clip, view, action, subject, start, stop, fps,
frames, ok}. start and stop count mocap frames at 60 fps. Nothing that is there is made again, so a stopped run can be continued. Work is
ordered so that all classes grow evenly: training can begin with what is there at any time.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import itertools

import numpy as np

from core.body import BodyModel, load_body, pose_joints
from core.camera import project
from core.extraction.blazepose import extract_frames
from core.track import Presence, load_track
from core.tracks.pixels.measure import measure_pictures
from render.mesh import create_renderer
from tools.mocap.clips import FPS, Library, Take, clean_parts, open_library, shared_folder
from tools.mocap.recorded import Recorded, write_recorded
from tools.mocap.retarget import BodyMotion, retarget
from tools.mocap.shooting import Shooting, choose_shooting, compress, lit, mirror, pictures_of, retime
from tools.mocap.views import View, centred, choose_shape, choose_view, film

SHORTEST, LONGEST = 80, 660  # mocap frames of one film
VIEWS = 16  # at most, of one part
MOST_OF_A_CLASS = 6000  # frames of one view of a long class: Pantomime would else fill a quarter
# Of the films: most show the whole person, some from afar, some close, without the feet.
_FRAMINGS = (((0.6, 0.88), 0.95), ((0.3, 0.6), 0.95), ((1.0, 1.5), 1.25))
_FRAMING_SHARES = (0.75, 0.15, 0.1)


@dataclass(frozen=True)
class Job:
    """One film: a part of a take seen from one view."""

    take: Take
    view: int

    @property
    def file(self) -> str:
        return f"{self.take.clip}_{self.take.start:05d}__{self.view}.npz"

    @property
    def frames(self) -> int:
        """About how many at the usual rate; the film's own rate and tempo are drawn when it is made."""
        return (self.take.stop - self.take.start) // 2

    @property
    def seed(self) -> list[int]:
        return [self.view, *self.file.encode()]


def plan(library: Library, frames: int) -> list[Job]:
    """Films of about `frames` frames altogether: always the class with the least so far comes next, its clips in turn, new views last."""
    waiting: dict[str, list[Job]] = defaultdict(list)
    for view in range(VIEWS):
        for action, parts in _parts(library).items():
            lengths = np.cumsum([0, *((part.stop - part.start) // 2 for part in parts[:-1])])
            waiting[action] += [Job(part, view) for part, before in zip(parts, lengths, strict=True) if before < MOST_OF_A_CLASS]
    made: dict[str, int] = dict.fromkeys(waiting, 0)
    jobs: list[Job] = []
    while any(waiting.values()) and sum(made.values()) < frames:
        action = min((name for name in waiting if waiting[name]), key=lambda name: made[name])
        job = waiting[action].pop(0)
        jobs.append(job)
        made[action] += job.frames
    return jobs


def _parts(library: Library) -> dict[str, list[Take]]:
    """Clean parts of filming length by class; first parts of all clips first, subjects in turn."""
    found: dict[str, list[tuple[int, int, Take]]] = defaultdict(list)
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for take in library.takes:
        number = 0
        for clean in clean_parts(library, take, SHORTEST):
            pieces = -(-(clean.stop - clean.start) // LONGEST)
            edges = np.linspace(clean.start, clean.stop, pieces + 1).astype(int).tolist()
            for start, stop in itertools.pairwise(edges):
                found[take.action].append((number, seen[take.action, take.subject], replace(take, start=start, stop=stop)))
                number += 1
        seen[take.action, take.subject] += 1
    return {action: [part for _, _, part in sorted(parts, key=lambda item: item[:2])] for action, parts in found.items()}


@dataclass(frozen=True, eq=False)
class Stage:
    """What is filmed, and how."""

    motion: BodyMotion
    body: BodyModel
    view: View
    shooting: Shooting


@dataclass(frozen=True, eq=False)
class Shot:
    """A job's film: the filmed motion, its body and view, and the compressed reel."""

    motion: BodyMotion
    body: BodyModel
    view: View
    fps: int
    reel: bytes


def set_stage(job: Job, library_name: str, mocap: str, generator: np.random.Generator) -> Stage:
    """A random person in a random room before a random camera who moves as in the job's take."""
    library = open_library(Path(mocap), library_name)
    body = load_body()
    shooting = choose_shooting(generator)
    positions = retime(library.positions(job.take), FPS, shooting)
    if shooting.mirrored:
        positions = mirror(positions, library.joints)
    motion = centred(retarget(positions, library.joints, body, choose_shape(generator), shooting.fps))
    share, middle = _FRAMINGS[generator.choice(len(_FRAMINGS), p=_FRAMING_SHARES)]
    return Stage(motion, body, choose_view(motion, shooting.fps, generator, share=share, middle=middle), shooting)


def shoot(job: Job, library_name: str, mocap: str) -> Shot:
    """Film a job: the same each time."""
    generator = np.random.default_rng(job.seed)
    stage = set_stage(job, library_name, mocap, generator)
    motion, body, view, shooting = stage.motion, stage.body, stage.view, stage.shooting
    pictures = lit(film(motion, body, view, create_renderer("raster")), shooting, generator)
    return Shot(motion, body, view, shooting.fps, compress(pictures, view.size, shooting.fps, shooting.crf))


def make(job: Job, library_name: str, mocap: str, out: str) -> dict[str, Any]:
    """Film and extract one job; the row of the index."""
    path = Path(out) / job.file
    if not path.exists():
        shot = shoot(job, library_name, mocap)
        times = np.arange(len(shot.motion)) / shot.fps
        track = extract_frames(pictures_of(shot.reel), times, shot.view.size)
        pixels = measure_pictures(pictures_of(shot.reel), track)
        write_recorded(path, Recorded(track, pixels, *truth(shot.motion, shot.body, shot.view)))
    track = load_track(path)
    fps = round(1 / float(np.median(np.diff(track.times))))
    ok = track.presence.count(Presence.OK)
    return {"file": job.file, "view": job.view, **asdict(job.take), "fps": fps, "frames": len(track), "ok": ok}


def truth(motion: BodyMotion, body: BodyModel, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Where the 24 joints of the filmed body are: float32 [T, 24, 3] in camera space, [T, 24, 2] in pixels."""
    joints = pose_joints(body, motion.global_orient, motion.body_pose, motion.betas, motion.translation)
    space = np.stack([view.camera(frame).see(joints[frame]) for frame in range(len(motion))])
    return space.astype(np.float32), project(space, view.intrinsics).astype(np.float32)


def _make(arguments: tuple[Job, str, str, str]) -> dict[str, Any]:
    return make(*arguments)


def write_index(rows: Iterable[dict[str, Any]], out: Path) -> None:
    temporary = out / f".index.{os.getpid()}.json"
    temporary.write_text(json.dumps(list(rows), indent=1))
    temporary.replace(out / "index.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--library", choices=("cmu", "hdm05"), default="cmu", help="hdm05 is for validation only")
    parser.add_argument("--frames", type=int, default=160000, help="about how many frames to film altogether")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    mocap = shared_folder() / "mocap"
    jobs = plan(open_library(mocap, args.library), args.frames)
    print(f"{len(jobs)} films, {sum(job.frames for job in jobs)} frames, {len({job.take.action for job in jobs})} classes", flush=True)
    rows: list[dict[str, Any]] = []
    begun = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(args.jobs) as pool:
        for row in pool.imap_unordered(_make, [(job, args.library, str(mocap), str(args.out)) for job in jobs]):
            rows.append(row)
            write_index(rows, args.out)
            done, ok = sum(r["frames"] for r in rows), sum(r["ok"] for r in rows)
            print(
                f"{len(rows)}/{len(jobs)} {done} frames, {ok / done:.1%} ok, {done / (time.monotonic() - begun):.0f}/s {row['file']}",
                flush=True,
            )


if __name__ == "__main__":
    main()
