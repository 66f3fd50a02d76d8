"""Events that the pictures alone tell: the order of frames, frames shown again or left out, mirrored frames, the editor's cuts."""

from __future__ import annotations

import numpy as np

from core.detectors.candidate import DISORDER, EDIT, FREEZE, JUMP, LEAST, SWAP, Candidate, frames_text, peaks
from core.tracks.joints import median
from core.tracks.local import LocalTracks
from core.tracks.order import longest_splice

_PICTURES = "pictures compared"
# Shares of the light: where it changes by more, and changes around as well, pictures differ for that reason; light that changes once comes
# with what is new in the picture.
_FLICKER, _FLICKERS, _AROUND = 0.05, 0.02, 12
_LOOKS_SHUFFLED = 1.06  # of a disorder: it lasts as long as its values are above this
_LEAPS = 1.3  # of what the flow leaves unexplained, over the usual: the least that a step of a disorder has
_REACH = 5  # frames on either side that one value of disorder looks at
# Above these values a more specific explanation of the same frames stands; below, the frames are told as jumps.
_IS_MIRRORED, _IS_SHUFFLED = 1.6, 1.35


def edits(tracks: LocalTracks) -> list[Candidate]:
    """Cuts and crossfades: told, and no fault of the motion."""
    found = []
    for first, _, peak in peaks(tracks.cut, LEAST["cut"], 0.99):
        found.append(_candidate("cut", EDIT, first, first + 1, peak, tracks.cut[peak], f"A new shot begins at frame {first}."))
    for first, stop, peak in peaks(tracks.crossfade, LEAST["crossfade"], 0.8, bridge=2):
        text = f"The picture fades into another one in {frames_text(first, stop)}."
        found.append(_candidate("crossfade", EDIT, first, stop, peak, tracks.crossfade[peak], text))
    return found


def freezes(tracks: LocalTracks) -> list[Candidate]:
    """Frames that are shown again, in the midst of motion."""
    found = []
    for first, stop, peak in peaks(tracks.freeze, LEAST["freeze"], 0.7):
        seconds = float(np.nansum(tracks.duration[first:stop]))
        text = (
            f"The picture stands still in {frames_text(first, stop)} ({seconds:.2f} s): it changes {tracks.freeze[peak]:.0f} times "
            "less than right before and after."
        )
        found.append(_candidate("freeze", FREEZE, first, stop, first, tracks.freeze[peak], text))
    return found


def mirrored(tracks: LocalTracks) -> list[Candidate]:
    found = []
    for first, stop, peak in peaks(tracks.mirror, LEAST["mirror"], 0.9):
        value = float(tracks.mirror[peak])
        what = f"mirrored, the picture is {value:.1f} times nearer to its neighbours"
        text = f"Left and right are exchanged in {frames_text(first, stop)}: {what}."
        found.append(_candidate("mirror", SWAP, first, stop, first, value, text))
    return found


def disorders(tracks: LocalTracks) -> list[Candidate]:
    """Frames in a wrong order, and stretches that are played backwards."""
    found = []
    for first, stop, peak in peaks(tracks.disorder, _LOOKS_SHUFFLED, 0.0, bridge=3):
        # A value looks at the frames around it: it rises as soon as the first wrong one comes into sight.
        start, end = first + _REACH - 1, stop - _REACH + 1
        if end - start < 2:
            start, end = peak - 1, peak + 2
        # It lasts from its first abrupt step to its last one.
        steps = np.nan_to_num(tracks.unexplained[first : stop + _REACH])
        leaps = first + np.flatnonzero(steps >= max(_LEAPS, steps.max() / 2))
        if leaps.size > 1:
            start, end = int(leaps[0]), int(leaps[-1])
        value = float(tracks.disorder[peak])
        if value < LEAST["shuffle"]:
            continue
        text = f"The frames {start} to {end - 1} are out of order: in another order the way through them is {value:.1f} times shorter."
        worst = start + int(np.argmax(np.nan_to_num(tracks.unexplained[start:end])))
        found.append(_candidate("shuffle", DISORDER, start, end, worst, value, text))
    for first, stop, peak in peaks(tracks.reversal, LEAST["reversal"], 0.93):
        value = float(tracks.reversal[peak])
        text = f"The frames {first} to {stop - 1} run backwards: turned round, both ends fit their neighbours {value:.1f} times better."
        found.append(_candidate("reversal", DISORDER, first, stop, first, value, text))
    return found


def splices(tracks: LocalTracks) -> list[Candidate]:
    """Frames from elsewhere."""
    found = []
    longest = longest_splice(float(median(tracks.duration)))
    for first, stop, peak in peaks(tracks.splice, LEAST["splice"], 0.93):
        if stop - first > longest:
            first, stop = peak, peak + 1
        value = float(tracks.splice[peak])
        text = f"{frames_text(first, stop).capitalize()} do not belong here: their neighbours are {value:.1f} times nearer to each other."
        if stop - first == 1:
            text = text.replace(" do not belong here: their", " does not belong here: its")
        found.append(_candidate("splice", JUMP, first, stop, first, value, text))
    return found


def skips(tracks: LocalTracks) -> list[Candidate]:
    """Steps that leave frames out. What leaps may be a limb alone, or left and right that change places: that explains more."""
    found = []
    for _, _, peak in peaks(tracks.leap, LEAST["skip"], 0.99):
        value = float(tracks.leap[peak])
        text = f"The picture jumps between frames {peak - 1} and {peak}: motion explains this step {value:.1f} times worse than others."
        found.append(_candidate("skip", JUMP, peak, peak + 1, peak, value, text))
    return [c for c in found if not _flickers(tracks, c)]


def in_order_of_meaning(tracks: LocalTracks) -> list[Candidate]:
    """All of them but the skips, the most specific explanation of the same frames first."""
    mirrors, wrong, foreign, held = (
        [c for c in found if not _flickers(tracks, c)] for found in (mirrored(tracks), disorders(tracks), splices(tracks), freezes(tracks))
    )
    clear = [
        *(c for c in mirrors if c.value >= _IS_MIRRORED),
        *(c for c in wrong if c.detector == "shuffle" and c.value >= _IS_SHUFFLED),
        *(c for c in wrong if c.detector == "reversal"),
        *held,
        *foreign,
    ]
    return [*edits(tracks), *clear, *(c for c in (*wrong, *mirrors) if c not in clear)]


def _flickers(tracks: LocalTracks, found: Candidate) -> bool:
    first, stop = max(found.start - 1, 0), found.stop + 2
    here, before, after = tracks.flicker[first:stop], tracks.flicker[max(first - _AROUND, 0) : first], tracks.flicker[stop : stop + _AROUND]
    around = np.concatenate([before, after])
    return bool((here > _FLICKER).any() and np.isfinite(around).any() and np.nanmedian(around) > _FLICKERS)


def _candidate(detector: str, kind: str, start: int, stop: int, peak: int, value: float, text: str) -> Candidate:
    return Candidate(detector, kind, start, stop, peak, float(value), 1.0, (), (_PICTURES,), text)
