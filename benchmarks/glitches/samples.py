"""The sample's generator with fresh seeds: its three planted tell-tales are the strongest events of the clip, with kind and limb right."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.glitches.films import Truth
from benchmarks.glitches.kinds import NO_FAULT, Plant, limb_of
from benchmarks.glitches.matching import Event, fits

SEEDS = 5
RECIPE = 1  # raise when the generator makes other films of the same seed
_FIRST_SEED = 100  # far from the sample's own
_GENERATOR = Path(__file__).resolve().parents[2] / "tools" / "make_sample.py"
# What the generator plants -> how it is rightly called. A body beside itself has jumped there.
_RIGHT = {"stretch": ("stretch",), "freeze": ("freeze",), "teleport": ("jump",)}


def sample_seeds(seed: int) -> list[int]:
    return [_FIRST_SEED + SEEDS * seed + number for number in range(SEEDS)]


def make_sample(seed: int, folder: Path) -> Truth:
    """The film of one seed of tools/make_sample.py; the one that is there if it was made before. Raises CalledProcessError."""
    path = folder / f"sample_r{RECIPE}_{seed}.mp4"
    listing = path.with_suffix(".json")
    if not listing.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(_GENERATOR), "--seed", str(seed), "--out", str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    known = json.loads(listing.read_text(encoding="utf-8"))
    plants = tuple(
        Plant(plant["kind"], plant["start"], plant["stop"], limb_of(plant["joint"] or ""), plant["text"]) for plant in known["plants"]
    )
    return Truth(path.stem, path, "samples", f"seed {seed}", known["fps"], known["frames"], plants)


def samples_report(told_of: Iterable[tuple[Truth, Sequence[Event]]]) -> str:
    """For each planted tell-tale the rank of the event that fits it among all events of its clip, and what that names."""
    lines = ["## The sample's generator with fresh seeds", ""]
    lines += ["| film | planted | frames | told as | frames | rank | kind | limb |", "|---|---|---|---|---|---|---|---|"]
    found, kinds, limbs, strongest, clips = [], [], [], [], 0
    for truth, events in told_of:
        clips += 1
        ranked = sorted((event for event in events if event.kind not in NO_FAULT), key=lambda event: -event.score)
        free = list(range(len(ranked)))
        for plant in truth.plants:
            rank = next((place for place in free if fits(ranked[place], plant)), None)
            row = [truth.source, plant.kind, f"{plant.start} to {plant.stop - 1}"]
            found.append(rank is not None)
            strongest.append(rank is not None and rank < len(truth.plants))
            if rank is None:
                lines.append(f"| {' | '.join([*row, '-', '', '', '', ''])} |")
                continue
            free.remove(rank)
            event = ranked[rank]
            kinds.append(event.kind in _RIGHT[plant.kind])
            limb = "" if plant.limb is None else limb_of(event.joint or "") or "none"
            if plant.limb:
                limbs.append(limb == plant.limb)
            told = [event.kind, f"{event.start} to {event.stop - 1}", str(rank + 1), "right" if kinds[-1] else "wrong", limb]
            lines.append(f"| {' | '.join([*row, *told])} |")
    lines += [
        "",
        f"Found: {sum(found)} of {len(found)}; among the strongest events of their clip: {sum(strongest)}; "
        f"kind right: {sum(kinds)} of {len(kinds)}; limb right: {sum(limbs)} of {len(limbs)}. {clips} clips.",
    ]
    return "\n".join(lines)
