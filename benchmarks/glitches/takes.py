"""Motion that nothing was trained on, in a fixed mixed order."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from tools.mocap.clips import FPS, Take, clean_parts, open_library
from tools.render_mocap import plan as training_plan

TRAINING_FRAMES = 38000  # how many the bundled manifold's films were planned with
SHORTEST = 2.5  # seconds


@lru_cache(maxsize=1)
def _parts(mocap: Path) -> dict[str, list[tuple[str, Take]]]:
    """Action -> (library, clean part of a take that no film for training shows)."""
    cmu, hdm05 = open_library(mocap), open_library(mocap, "hdm05")
    trained = {job.take.clip for job in training_plan(cmu, TRAINING_FRAMES)}
    found: dict[str, list[tuple[str, Take]]] = {}
    for name, library in (("cmu", cmu), ("hdm05", hdm05)):
        for take in library.takes:
            if name == "cmu" and take.clip in trained:
                continue
            for part in clean_parts(library, take, round(SHORTEST * FPS)):
                found.setdefault(take.action, []).append((name, part))
    return found


def held_out(mocap: Path, longest: float, seed: int) -> list[tuple[str, Take]]:
    """(library, piece of at most `longest` seconds), actions in turn, pieces of an action in the order of the seed."""
    generator = np.random.default_rng(seed)
    queues = []
    for _, parts in sorted(_parts(mocap).items()):
        pieces = [(name, piece) for name, part in parts for piece in _pieces(part, longest)]
        queues.append([pieces[i] for i in generator.permutation(len(pieces))])
    mixed: list[tuple[str, Take]] = []
    while any(queues):
        mixed.extend(queue.pop() for queue in queues if queue)
    return mixed


def _pieces(take: Take, longest: float) -> list[Take]:
    count = max(1, -(-(take.stop - take.start) // round(longest * FPS)))
    return [replace(take, start=a, stop=b) for a, b in pairwise(np.linspace(take.start, take.stop, count + 1).astype(int).tolist())]
