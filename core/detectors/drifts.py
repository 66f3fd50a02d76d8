"""Slow changes of what stays the same in a person: their size, the colour of their trunk."""

from __future__ import annotations

import numpy as np

from core.detectors.candidate import DRIFT, LEAST, Candidate, frames_text, peaks
from core.tracks.local import LocalTracks

# A drift is told for as long as its value is above this share of its highest, and has its peak in the middle of the plateau.
_SHARE, _PLATEAU = 0.7, 0.93
# The values compare what lies before with what lies after, half a second and more apart: so far around the middle the change happens.
# Farther away is only their reach.
_REACH_SECONDS = 0.65
# A colour that is another for a shorter time is the shade of a pose.
_SHORTEST_COLOUR = 0.5


def drifts(tracks: LocalTracks) -> list[Candidate]:
    """Both at once are two changes: each is told."""
    return [*_sizes(tracks), *_colours(tracks)]


def _sizes(tracks: LocalTracks) -> list[Candidate]:
    found = []
    for _, _, peak, top in _plateaus(np.abs(tracks.size_drift), LEAST["size"], tracks):
        value = float(tracks.size_drift[top])
        # Equal poses come by chance, and the values with them: they do not say how long the change lasts.
        first, stop = max(0, peak - _reach(tracks)), min(len(tracks), peak + _reach(tracks) + 1)
        grows = f"{'grows' if value > 0 else 'shrinks'} by {abs(np.expm1(value)):.0%}"
        text = f"The body {grows} against the background in {frames_text(first, stop)}, compared in equal poses."
        found.append(_drift("size", first, stop, peak, abs(value), _sure(tracks, first, stop), text, "body size in equal poses"))
    return found


def _colours(tracks: LocalTracks) -> list[Candidate]:
    found = []
    for first, stop, peak, top in _plateaus(tracks.colour_drift, LEAST["colour"], tracks):
        if np.nansum(tracks.duration[first:stop]) < _SHORTEST_COLOUR:
            continue
        value = float(tracks.colour_drift[top])
        text = f"The colour of the trunk changes in {frames_text(first, stop)}, by {value:.0f} of 255 steps of hue."
        found.append(_drift("colour", first, stop, peak, value, _sure(tracks, first, stop), text, "colour of the trunk"))
    return found


def _plateaus(values: np.ndarray, least: float, tracks: LocalTracks) -> list[tuple[int, int, int, int]]:
    """(first, stop, middle of the plateau, highest) of each stretch above `least`."""
    if len(tracks) < 2:
        return []
    reach = _reach(tracks)
    middles = {top: (first + stop - 1) // 2 for first, stop, top in peaks(values, least, _PLATEAU, bridge=3)}
    return [
        (max(first, middles[top] - reach), min(stop, middles[top] + reach + 1), middles[top], top)
        for first, stop, top in peaks(values, least, _SHARE, bridge=3)
    ]


def _reach(tracks: LocalTracks) -> int:
    return max(2, round(_REACH_SECONDS / float(np.nanmedian(tracks.duration))))


def _sure(tracks: LocalTracks, first: int, stop: int) -> float:
    return float(np.mean(tracks.confidence[first:stop].max(axis=1)))


def _drift(detector: str, first: int, stop: int, peak: int, value: float, confidence: float, text: str, track: str) -> Candidate:
    return Candidate(detector, DRIFT, first, stop, peak, value, confidence, (), (track,), text)
