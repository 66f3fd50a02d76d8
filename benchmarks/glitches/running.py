"""Making, analysing and judging every film of a benchmark, in processes of their own; what is known is not done again."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.glitches.baselines import baseline_events, frame_differences
from benchmarks.glitches.clips import Clip, carried, open_clip, read_labels, real_clips
from benchmarks.glitches.controls import make_control, plan_controls
from benchmarks.glitches.detection import analyse, tool_events
from benchmarks.glitches.films import Truth
from benchmarks.glitches.kinds import UNUSUAL_TEMPO, Plant
from benchmarks.glitches.matching import Event
from benchmarks.glitches.pixels import make_pixels, plan_pixels
from benchmarks.glitches.rates import is_quick, make_rate, plan_rates
from benchmarks.glitches.rendered import make_rendered, plan_bodies, plan_clean, plan_trembling
from benchmarks.glitches.samples import make_sample, sample_seeds
from core.analysis import Analysis
from core.store import Store

TOOL = "telltale"
FAMILIES = ("pixels", "bodies", "controls", "jitter")
EXTRA_FAMILIES = ("rates", "samples")  # with tables of their own, made only when asked for
SLOWEST = 9.0  # frames a second: in slower clips whole movements lie between two frames, and nothing is planted


@dataclass(frozen=True)
class Outcome:
    """What the tool and the baselines said of one film. known: labelled irregularities of its source, in frames of the film."""

    truth: Truth
    known: tuple[Plant, ...]
    events: dict[str, list[Event]]  # detector -> events
    seconds: float


@dataclass(frozen=True)
class Workplace:
    """Where things lie. clips, mocap: material; work: films, tracks and what else need not be made again."""

    clips: Path
    mocap: Path
    work: Path

    @property
    def films(self) -> Path:
        return self.work / "films"

    @property
    def store(self) -> Store:
        return Store(self.work / "store")


Task = Callable[[], Truth]


def tasks(place: Workplace, families: Sequence[str], seed: int) -> Iterator[Task]:
    """What makes (or finds) the films of these families and their clean footage, one after the other, the clean footage first."""
    clips: list[Clip] = []
    labels = read_labels()
    if "samples" in families:
        yield from (partial(make_sample, number, place.films) for number in sample_seeds(seed))
    if {"pixels", "controls", "rates"} & set(families):
        for path in real_clips(place.clips):
            if set(families) == {"rates"} and not is_quick(path, labels.get(path.name, ())):
                continue
            analysis = analyse(path, place.store)
            if "pixels" in families:
                yield partial(_clean_clip, path, analysis.video.fps, len(analysis))
            if analysis.video.fps >= SLOWEST:
                clips.append(open_clip(path, analysis.track, labels.get(path.name, ())))
    if "rates" in families:
        yield from (partial(make_rate, plan, place.mocap, place.films) for plan in plan_rates(place.mocap, clips, seed))
    if "pixels" in families:
        yield from (partial(make_pixels, plan, place.films) for plan in plan_pixels(clips, seed))
    if "bodies" in families:
        yield from (partial(make_rendered, plan, place.mocap, place.films) for plan in plan_bodies(place.mocap, seed, place.films))
        yield from (partial(make_rendered, plan, place.mocap, place.films) for plan in plan_clean(place.mocap, seed))
    if "jitter" in families:
        yield from (partial(make_rendered, plan, place.mocap, place.films) for plan in plan_trembling(place.mocap, seed, place.films))
    if "controls" in families:
        yield from (partial(make_control, plan, place.mocap, place.films) for plan in plan_controls(clips, seed))


def _clean_clip(path: Path, fps: float, frames: int) -> Truth:
    return Truth(path.stem, path, "clean real", path.name, fps, frames)


def run(place: Workplace, families: Sequence[str], seed: int, jobs: int) -> list[Outcome]:
    """The outcomes of all films, in the order of the tasks. Progress goes to stderr.

    Raises BrokenProcessPool when a process is killed: run again, what was finished is kept.
    """
    begun = time.monotonic()
    outcomes: dict[int, Outcome] = {}
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        waiting: dict[Future[Outcome], int] = {}

        def collect(until: int) -> None:
            """Take what is finished, until no more than `until` films are waited for."""
            while len(waiting) > until:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    number, outcome = waiting.pop(future), future.result()
                    outcomes[number] = outcome
                    spent, truth = time.monotonic() - begun, outcome.truth
                    told = f"{len(outcomes)} {spent:6.0f} s  {truth.name}: {truth.frames} frames, {outcome.seconds:.1f} s"
                    print(told, file=sys.stderr, flush=True)

        for number, task in enumerate(tasks(place, families, seed)):
            waiting[pool.submit(judge, place, task)] = number
            collect(2 * jobs)
        collect(0)
    return [outcomes[number] for number in sorted(outcomes)]


def judge(place: Workplace, make: Task) -> Outcome:
    """Make one film, let the tool and the baselines say what they see in it."""
    begun = time.monotonic()
    truth = make()
    analysis: Analysis = analyse(truth.path, place.store)
    if len(analysis) != truth.frames:
        raise RuntimeError(f"{truth.path} has {len(analysis)} frames instead of {truth.frames}: remove it and run again.")
    differences = frame_differences(truth.path, place.work / "differences" / f"{analysis.video.sha256}.npy")
    events = {TOOL: tool_events(analysis, truth.name), **baseline_events(analysis, differences, truth.name)}
    return Outcome(truth, known_irregularities(truth), events, time.monotonic() - begun)


def known_irregularities(truth: Truth) -> tuple[Plant, ...]:
    """The labels of the film's source, in frames of the film."""
    labels = read_labels().get(truth.source, ())
    if truth.family == "clean real":
        return tuple(replace(label, stop=min(label.stop, truth.frames)) for label in labels if label.kind != UNUSUAL_TEMPO)
    return carried(labels, truth.origin)


def is_slowed(truth: Truth) -> bool:
    """Whether the film is in slow motion: made so, or of a clip that is labelled to be."""
    labels = read_labels().get(truth.source, ())
    return (truth.control or "").startswith("slow") or any(label.kind == UNUSUAL_TEMPO for label in labels)
