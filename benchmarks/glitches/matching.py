"""Events against plants, one to one.

An event fits a plant when its peak lies within 3 frames of the planted range, it is at most 12 frames longer than the plant, and, for
plants of more than 8 frames, their temporal intersection over union is at least 0.3. The strongest event takes its plant first; further
events on the same plant are duplicates and count as false, as do those that fit none. Events of a kind that is no fault (`edit`, `pose
lost`) count neither way, and nor do events on a known irregularity of the source.

Events are taken strongest first and a weaker one never changes what became of a stronger one: the verdicts of a higher threshold are
those of a lower one, cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.glitches.kinds import NO_FAULT, Plant

PEAK_REACH = 3
MOST_LONGER = 12
LONG_PLANT = 8
LEAST_OVERLAP = 0.3


@dataclass(frozen=True)
class Event:
    """One thing a detector said about one video; joint: the joint with the largest share, if any."""

    video: str
    kind: str
    start: int
    stop: int
    peak: int
    score: float
    joint: str | None = None


class Fate(StrEnum):
    HIT = "hit"
    FALSE = "false"
    DUPLICATE = "duplicate"  # a second event on one plant; counts as false
    KNOWN = "known"  # on a labelled irregularity of the source
    NO_FAULT = "no fault"


@dataclass(frozen=True)
class Verdict:
    """What became of an event. plant: the one it hit, or is a duplicate on."""

    event: Event
    fate: Fate
    plant: Plant | None = None

    @property
    def is_false(self) -> bool:
        return self.fate in (Fate.FALSE, Fate.DUPLICATE)


def fits(event: Event, plant: Plant) -> bool:
    """Whether the event tells this plant, whatever kind it names."""
    near = plant.start - PEAK_REACH <= event.peak <= plant.stop - 1 + PEAK_REACH
    short = event.stop - event.start <= len(plant) + MOST_LONGER
    return near and short and (len(plant) <= LONG_PLANT or overlap(event, plant) >= LEAST_OVERLAP)


def overlap(event: Event, plant: Plant) -> float:
    """Temporal intersection over union."""
    shared = min(event.stop, plant.stop) - max(event.start, plant.start)
    together = max(event.stop, plant.stop) - min(event.start, plant.start)
    return max(0, shared) / together


def match(events: Iterable[Event], plants: Sequence[Plant], known: Sequence[Plant] = ()) -> tuple[Verdict, ...]:
    """The verdicts on the events of one video, strongest first. known: labelled irregularities, in frames of this video."""
    free = list(plants)
    verdicts = []
    for event in sorted(events, key=lambda e: (-e.score, e.start, e.kind)):
        if event.kind in NO_FAULT:
            verdicts.append(Verdict(event, Fate.NO_FAULT))
            continue
        fitting = [plant for plant in plants if fits(event, plant)]
        open_ones = [plant for plant in fitting if plant in free]
        if open_ones:
            taken = max(open_ones, key=lambda plant: (overlap(event, plant), -plant.start))
            free.remove(taken)
            verdicts.append(Verdict(event, Fate.HIT, taken))
        elif any(label.start - PEAK_REACH <= event.peak <= label.stop - 1 + PEAK_REACH for label in known):
            verdicts.append(Verdict(event, Fate.KNOWN))
        elif fitting:
            verdicts.append(Verdict(event, Fate.DUPLICATE, fitting[0]))
        else:
            verdicts.append(Verdict(event, Fate.FALSE))
    return tuple(verdicts)
