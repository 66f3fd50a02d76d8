"""The band that the encoder's step keeps on real motion, by motion amount and frame rate, and how much of unseen motion it holds.

The band is measured on held-out films. Quantiles of few films are too narrow for the next one, so it is widened until it holds what it
promises on films that took no part in it (cross-validation over clips). Whether it does is then checked on films that set neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.embedding import band, stretch_curves
from core.encoder import Encoder
from core.manifold import Manifold
from core.training.dataset import WindowSet

_TAIL = 0.005  # of the steps on either side of the band, which so holds 99 %
_FILM_TAIL = 0.05  # of the steps of any one film on either side, so that the band holds at least 90 % of each
_BINS, _BIN_STEPS = 8, 400  # at most so many bins of motion amount, each with at least so many steps
_RATE_STEPS = 1500  # frame rates with fewer steps are taken together with the next
_FOLDS = 5
_LEAST = 1e-6  # steps of a window that stands still, before the logarithm


@dataclass(frozen=True, eq=False)
class RealSteps:
    """Known steps of real films: step, motion amount (body heights a second), frames a second of the film, its clip and film, all [N]."""

    step: np.ndarray
    amount: np.ndarray
    rate: np.ndarray
    clip: np.ndarray
    film: np.ndarray

    def of(self, chosen: np.ndarray) -> RealSteps:
        return RealSteps(*(values[chosen] for values in (self.step, self.amount, self.rate, self.clip, self.film)))


def real_steps(windows: WindowSet, manifold: Manifold, encoder: Encoder, advance: Callable[[int, int], None] | None = None) -> RealSteps:
    """The normalised steps of all stretches, as `embed` shows them; a film here is an unbroken stretch. advance(stretches done, in all)."""
    clip = np.zeros(len(windows.stretches), int)
    clip[windows.stretch] = windows.clip
    columns: list[np.ndarray] = []
    for film, part in enumerate(windows.stretches):
        curves = stretch_curves(part, manifold, encoder)
        rate = round((part.position[-1] - part.position[0]) / (part.seconds[-1] - part.seconds[0]), 1)
        known = np.isfinite(curves.step) & np.isfinite(curves.amount)
        step, amount = curves.step[known], curves.amount[known]
        columns.append(np.stack([step, amount, *(np.full(len(step), float(value)) for value in (rate, clip[film], film))]))
        if advance is not None:
            advance(film + 1, len(windows.stretches))
    step, amount, rates, clips, films = np.concatenate(columns, axis=1)
    return RealSteps(step, amount, rates, clips.astype(int), films.astype(int))


def with_band(manifold: Manifold, steps: RealSteps, seed: int) -> Manifold:
    """The manifold with the band of these steps: bins of equal count over the motion amount, for each group of frame rates, between the
    0.5 % and the 99.5 % quantile, widened on each side by the factor that 99.5 % of the steps of left-out clips need, and 95 % of those
    of each left-out film.
    """
    beyond = np.zeros((2, len(steps.step)))
    for rest, left_out in _folds(steps.clip, _FOLDS, seed):
        below, above = _band_of(_with_quantiles(manifold, steps.of(rest)), steps.of(left_out))
        logarithm = np.log(np.maximum(steps.step[left_out], _LEAST))
        beyond[:, left_out] = np.log(np.maximum(below, _LEAST)) - logarithm, logarithm - np.log(np.maximum(above, _LEAST))
    narrow = _with_quantiles(manifold, steps)
    low, high = np.exp([_needed(side, steps.film) for side in beyond])
    return replace(narrow, band_low=(narrow.band_low / low).astype(np.float32), band_high=(narrow.band_high * high).astype(np.float32))


def _needed(beyond: np.ndarray, film: np.ndarray) -> float:
    """How far a side of the band has to move, at least 0, for steps that lie so far `beyond` it [N] (logarithms)."""
    films = [np.quantile(beyond[film == one], 1 - _FILM_TAIL) for one in np.unique(film)]
    return float(max(0.0, np.quantile(beyond, 1 - _TAIL), *films))


def coverage(manifold: Manifold, steps: RealSteps) -> dict[str, Any]:
    """How much of these steps the manifold's band holds: share of all, of the worst film, share of the films below 90 %."""
    return _told(_inside(manifold, steps), steps)


def cross_fitted_coverage(manifold: Manifold, steps: RealSteps, seed: int) -> dict[str, Any]:
    """The coverage of either half of the clips by the band that the other half sets."""
    inside = np.zeros(len(steps.step), bool)
    halves = list(_folds(steps.clip, 2, seed + 1))
    for rest, checked in halves:
        inside[checked] = _inside(with_band(manifold, steps.of(rest), seed), steps.of(checked))
    return _told(inside, steps) if halves else {}


def _told(inside: np.ndarray, steps: RealSteps) -> dict[str, Any]:
    each = np.array([inside[steps.film == film].mean() for film in np.unique(steps.film)])
    return {
        "steps": len(inside),
        "clips": len(np.unique(steps.clip)),
        "films": len(each),
        "share": float(inside.mean()),
        "worst_film": float(each.min()),
        "films_below_90": float((each < 0.9).mean()),
    }


def _inside(manifold: Manifold, steps: RealSteps) -> np.ndarray:
    low, high = _band_of(manifold, steps)
    inside: np.ndarray = (steps.step >= low) & (steps.step <= high)
    return inside


def _band_of(manifold: Manifold, steps: RealSteps) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.zeros(len(steps.step)), np.zeros(len(steps.step))
    for rate in np.unique(steps.rate):
        mine = steps.rate == rate
        low[mine], high[mine] = band(manifold, steps.amount[mine], float(rate))
    return low, high


def _with_quantiles(manifold: Manifold, steps: RealSteps) -> Manifold:
    rows = []
    for group in _rate_groups(steps.rate):
        mine = np.flatnonzero(np.isin(steps.rate, group))
        rate = np.median(steps.rate[mine])
        bins = int(np.clip(len(mine) // _BIN_STEPS, 1, _BINS))
        for part in np.array_split(mine[np.argsort(steps.amount[mine], kind="stable")], bins):
            low, high = np.quantile(steps.step[part], (_TAIL, 1 - _TAIL))
            rows.append((rate, np.median(steps.amount[part]), low, high))
    rates, amount, low, high = np.array(rows, np.float32).T
    return replace(manifold, band_rate=rates, band_amount=amount, band_low=low, band_high=high)


def _rate_groups(rate: np.ndarray) -> Iterator[Sequence[float]]:
    """Frame rates in rising order, each group with enough steps; too few at the end join the group before."""
    known, count = np.unique(rate, return_counts=True)
    group: list[float] = []
    taken = 0
    for number, (value, steps) in enumerate(zip(known, count, strict=True)):
        group.append(value)
        taken += steps
        if taken >= _RATE_STEPS and count[number + 1 :].sum() >= _RATE_STEPS:
            yield group
            group, taken = [], 0
    if group:
        yield group


def _folds(clip: np.ndarray, folds: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rest and each fold, as indices of steps; whole clips, dealt by lot. None for a single clip."""
    clips = np.random.default_rng(seed).permutation(np.unique(clip))
    if len(clips) < 2:
        return
    for part in np.array_split(clips, min(folds, len(clips))):
        out = np.isin(clip, part)
        yield np.flatnonzero(~out), np.flatnonzero(out)
