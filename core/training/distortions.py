"""What real motion is turned into so that the encoder learns to tell it from broken motion (science.md 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.windows import WINDOW

SHUFFLED = 22  # of 32 positions, as in the released code; the same share of windows of another length
KINDS = ("shuffle", "reverse", "static")
_DRAWN = (("shuffle", 0.3), ("reverse", 0.35), ("reverse", 0.15), ("static", 0.2))  # those in parts first
# Actions of the bundled manifold's classes that look wrong when played backwards: locomotion and jumps (take-off, flight and landing go
# one way), blows, and what gravity or a goal gives a direction. Exercises to and fro (Squat, BendOver, ToeTouch, ...) are not among them.
ASYMMETRIC = (
    "Cartwheel", "Climb", "DiveRoll", "Drink", "ForwardJump", "Jog", "Jump", "Karate", "Kick", "Leap", "Punch", "ReachJump", "Run",
    "RunDuck", "RunJumpOver", "SitAndStand", "Walk",
)  # fmt: skip


def distortion_order(kind: str, count: int, rng: np.random.Generator, severity: float | None = None, length: int = WINDOW) -> np.ndarray:
    """int [count, length]: which position of its window each position shows after the distortion.

    Without a severity as in training: shuffle permutes 22 positions, reverse plays backwards, static repeats the first position. A severity
    in (0, 1] distorts that share of the positions: as many permuted, or one run of them reversed or held.
    Raises ValueError for another kind.
    """
    order = np.tile(np.arange(length), (count, 1))
    touched = length if severity is None else max(2, round(severity * length))
    if kind == "shuffle":
        touched = round(SHUFFLED * length / WINDOW) if severity is None else touched
        chosen = rng.permuted(order, axis=1)[:, :touched]
        np.put_along_axis(order, chosen, rng.permuted(chosen, axis=1), axis=1)
        return order
    if kind not in KINDS:
        raise ValueError(f"There is no distortion '{kind}'; known: {', '.join(KINDS)}.")
    start = rng.integers(0, length - touched + 1, size=(count, 1))
    inside = (order >= start) & (order < start + touched)
    return np.where(inside, 2 * start + touched - 1 - order if kind == "reverse" else start, order)


@dataclass(frozen=True, eq=False)
class Drawn:
    """One distortion for each of B windows: order int [B, 32] and severity float32 [B].

    `ranked` int [R] are the windows whose steps must grow with the severity: holding is exempt (TAG), and a window played backwards as a
    whole keeps its steps. milder_order [R, 32] and milder_severity [R]: for those the same distortion with less of the window touched.
    """

    order: np.ndarray
    severity: np.ndarray
    ranked: np.ndarray
    milder_order: np.ndarray
    milder_severity: np.ndarray


def drawn_distortions(count: int, rng: np.random.Generator) -> Drawn:
    """What our own preset trains on: of the windows 0.3 are shuffled (severity 0.1 to 1), 0.35 reversed in a run of 0.1 to 0.6 and 0.15
    wholly, 0.2 held whole."""
    drawn = rng.choice(len(_DRAWN), count, p=[share for _, share in _DRAWN])
    severity = np.select([drawn == 0, drawn == 1], [rng.uniform(0.1, 1.0, count), rng.uniform(0.1, 0.6, count)], 1.0)
    ranked = np.flatnonzero(drawn <= 1)
    milder = severity[ranked] * rng.uniform(0.2, 0.8, len(ranked))

    def orders(which: np.ndarray, severities: np.ndarray) -> np.ndarray:
        parts = [distortion_order(_DRAWN[i][0], 1, rng, float(s)) for i, s in zip(which, severities, strict=True)]
        return np.concatenate([np.zeros((0, WINDOW), int), *parts])

    order, milder_order = orders(drawn, severity), orders(drawn[ranked], milder)
    return Drawn(order, severity.astype(np.float32), ranked, milder_order, milder.astype(np.float32))


def distort(windows: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Windows [B, T, d] with their positions taken in the given order [B, T].

    On raw features, from which motion is derived afterwards; on finished rows (raw and motion together) for the `release` preset.
    """
    return np.take_along_axis(windows, order[..., None], axis=1)
