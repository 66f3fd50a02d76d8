"""How far the encoder reacts to an event, and to which of its sources: Shapley values over healed sources. Needs torch.

Healing a source draws its raw features across the event along geodesics, from the frame before it to the frame behind it, and derives
its motion again. A coalition of sources is worth what the encoder's steps add up to around the event while its members are as extracted
and all others are healed. A source's share is its mean contribution over all orders in which the sources can join, exact over all
coalitions (Shapley, "A value for n-person games", 1953).

Healing takes real motion away as well, so an ordinary stretch reacts too. The same is therefore done at stretches of the same clip that are
as long and hold no event: only a rise above all of them counts as seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import factorial

import numpy as np
import torch

from core.analysis import EncoderReaction, Glitch
from core.detectors.candidate import EDIT, POSE_LOST
from core.edited_track import geodesic, great_circle
from core.embedding import clip_rows, cut_rows, one_thread
from core.encoder import Encoder, build_encoder
from core.extraction import Cancelled
from core.manifold import Manifold
from core.motion import DIRECTION_SOURCES, ROTATION_SOURCES, UNSEEN
from core.track import HumanTrack
from core.windows import WINDOW, Stretch, stretches

# Pairs on either side of an event that belong to it, and how many of the windows that hold all of them are asked.
_AROUND, _WINDOWS = 2, 4
# Ordinary stretches to compare with: fewer than the first do not tell what is usual.
_FEWEST, _MOST = 6, 12
# Events whose severity times confidence falls into one interval of this width are equally rare.
_EQUAL = 0.05


@dataclass(frozen=True)
class _Place:
    """Positions of a stretch on either side of an event: those between them are healed."""

    stretch: int
    before: int
    behind: int


def explain(
    glitches: Sequence[Glitch],
    track: HumanTrack,
    manifold: Manifold,
    allow_many: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Glitch, ...]:
    """The events of a track with the encoder's reaction and, where it sees them, the shares of its sources; see `ranked` for their order.

    Cuts and lost poses are left as they are, as is what has no frame on either side to heal it from, is longer than a window, or leaves
    too little ordinary motion to compare with. progress(events done, events in all). Raises Cancelled.
    """
    parts, encoder = stretches(track, manifold, allow_many), build_encoder(manifold)
    busy = [_busy(part, glitches) for part in parts]
    explained = []
    with one_thread():
        for number, glitch in enumerate(glitches):
            if cancelled():
                raise Cancelled
            place = None if glitch.kind in (EDIT, POSE_LOST) else _place(parts, glitch)
            explained.append(glitch if place is None else _explained(glitch, place, parts, busy, manifold, encoder))
            progress(number + 1, len(glitches))
    return ranked(explained)


def ranked(glitches: Sequence[Glitch]) -> tuple[Glitch, ...]:
    """The events in their order, but equally rare ones by how far the encoder's reaction rises above the usual."""

    def order(glitch: Glitch) -> tuple[float, float]:
        reaction = glitch.encoder
        return -round(glitch.severity * glitch.confidence / _EQUAL), reaction.usual - reaction.rise if reaction and reaction.seen else 0.0

    return tuple(sorted(glitches, key=order))


def healed(features: Mapping[str, np.ndarray], before: int, behind: int, seconds: np.ndarray) -> dict[str, np.ndarray]:
    """Raw features source -> [L, d] with the positions between these two drawn from the one to the other, by time."""
    inner = slice(before + 1, behind)
    weight = (seconds[inner] - seconds[before]) / (seconds[behind] - seconds[before])
    result = {}
    for name, values in features.items():
        result[name] = values.copy()
        result[name][inner] = _between(name, values[before], values[behind], weight)
    return result


def shapley(values: np.ndarray) -> np.ndarray:
    """Shapley values [K] of a game in which the coalition of the players in the bits of i is worth values[i]; values [2**K]."""
    players, coalitions = len(values).bit_length() - 1, np.arange(len(values))
    size = np.array([int(coalition).bit_count() for coalition in coalitions])
    result = np.zeros(players)
    for k in range(players):
        without = coalitions[(coalitions >> k) & 1 == 0]
        # Of all orders, those in which exactly this coalition came before the player.
        orders = np.array([factorial(n) * factorial(players - n - 1) for n in size[without]]) / factorial(players)
        result[k] = (orders * (values[without | 1 << k] - values[without])).sum()
    return result


def _between(name: str, before: np.ndarray, behind: np.ndarray, weight: np.ndarray) -> np.ndarray:
    if name in ROTATION_SOURCES:
        return geodesic(before.reshape(-1, 3, 3), behind.reshape(-1, 3, 3), weight).reshape(len(weight), -1)
    if name in DIRECTION_SOURCES:
        return great_circle(before, behind, weight)
    share = weight[:, None]
    if name == "kp2d":
        # A point that one side does not see has no way to go: the nearer side decides, as it does in short gaps.
        hidden = (np.stack([before, behind]).reshape(2, -1, 2) == UNSEEN).all(-1).any(0).repeat(2)
        share = np.where(hidden, np.round(share), share)
    return np.asarray(before + share * (behind - before))


def _place(parts: Sequence[Stretch], glitch: Glitch) -> _Place | None:
    """The stretch that holds a whole event with a position on either side; None when none does."""
    for number, part in enumerate(parts):
        before = int(np.searchsorted(part.position, glitch.start - 1 + 1e-6, side="right")) - 1
        behind = int(np.searchsorted(part.position, glitch.stop - 1e-6))
        if behind - before == 1:  # resampled, no position lies within a short event of a fast film: the next one is healed
            behind += 1
        if before >= 0 and behind < len(part):
            return _Place(number, before, behind)
    return None


def _busy(part: Stretch, glitches: Sequence[Glitch]) -> np.ndarray:
    """bool [L]: positions at an event or within the pairs around it."""
    return np.any([(part.position > g.start - 1 - _AROUND) & (part.position < g.stop + _AROUND) for g in glitches], axis=0)


def _explained(
    glitch: Glitch, place: _Place, parts: Sequence[Stretch], busy: Sequence[np.ndarray], manifold: Manifold, encoder: Encoder
) -> Glitch:
    everyone = 2 ** len(manifold.sources) - 1
    values = _values(parts[place.stretch], place, manifold, encoder, range(everyone + 1))
    others = _ordinary(place.behind - place.before, busy)
    if values is None or len(others) < _FEWEST:
        return glitch
    worth = [_values(parts[other.stretch], other, manifold, encoder, (0, everyone)) for other in others]
    usual = [float(both[1] - both[0]) for both in worth if both is not None]
    reaction = EncoderReaction(float(values[everyone] - values[0]), float(np.median(usual)), max(usual))
    if not reaction.seen:
        return replace(glitch, encoder=reaction)
    positive = np.maximum(shapley(values), 0.0)
    shares = positive / positive.sum()
    return replace(glitch, encoder=reaction, sources=dict(zip(manifold.source_names, shares.tolist(), strict=True)))


def _values(part: Stretch, place: _Place, manifold: Manifold, encoder: Encoder, coalitions: Sequence[int]) -> np.ndarray | None:
    """What each coalition (a bit for each source that is as extracted) is worth, in usual steps; None where no window holds the place."""
    first, last = max(place.before + 1 - _AROUND, 1), min(place.behind + _AROUND, len(part) - 1)
    begin, end = max(last - WINDOW + 1, 0), min(first - 1, max(len(part) - WINDOW, 0))
    if begin > end:
        return None
    starts = np.unique(np.linspace(begin, end, _WINDOWS).round().astype(int))
    # Only what the windows hold, so that no motion is derived in vain.
    inside = slice(begin, min(end + WINDOW, len(part)))
    features = {name: values[inside] for name, values in part.features.items()}
    mended = healed(features, place.before - begin, place.behind - begin, part.seconds[inside])
    with torch.inference_mode():
        as_found, as_healed = (
            encoder.each_source(torch.from_numpy(cut_rows(clip_rows(values, manifold), starts - begin, manifold)))
            for values in (features, mended)
        )
        member = torch.tensor([[bool(c >> k & 1) for k in range(as_found.shape[2])] for c in coalitions])
        each = torch.where(member[:, None, None, :, None], as_found, as_healed)
        z = encoder.fuse(each.flatten(0, 1)).z
        steps = torch.linalg.vector_norm(z[:, 1:] - z[:, :-1], dim=-1).unflatten(0, each.shape[:2]).numpy()
    # Step i of a window leads into its position i + 1.
    pairs = np.arange(first, last + 1) - starts[:, None] - 1
    usual = (steps / manifold.step_median)[:, np.arange(len(starts))[:, None], pairs]
    return np.asarray(usual.sum(axis=2).mean(axis=1), np.float64)


def _ordinary(length: int, busy: Sequence[np.ndarray]) -> list[_Place]:
    """Evenly spread stretches without an event, healed between positions `length` apart; neighbours overlap by half at most."""
    free = []
    for number, part in enumerate(busy):
        taken = np.concatenate([[0], np.cumsum(part)])
        first = np.arange(0, len(part) - length, (length + 1) // 2)
        free += [_Place(number, int(t), int(t) + length) for t in first if taken[t + length + 1] == taken[t]]
    chosen = np.unique(np.linspace(0, len(free) - 1, min(_MOST, len(free))).round().astype(int))
    return [free[index] for index in chosen]
