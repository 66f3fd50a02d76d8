"""Sheets for judging events by eye."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.event_sheets import places
from core.analysis import Analysis

CLIP = Path("clip.mp4")


def test_that_each_event_stands_beside_a_random_place_as_long_as_it(make_analysis: Callable[..., Analysis]) -> None:
    analysis = make_analysis(frames=200)
    found = places(CLIP, analysis, 3, np.random.default_rng(0))
    events, others = found[::2], found[1::2]
    assert [place.kind for place in events] == [glitch.kind for glitch in analysis.glitches[:3]]
    assert [place.stop - place.start for place in events] == [place.stop - place.start for place in others]
    assert all(place.kind is None for place in others)


def test_that_random_places_keep_away_from_the_events(make_analysis: Callable[..., Analysis]) -> None:
    analysis = make_analysis(frames=200)
    for seed in range(20):
        for place in places(CLIP, analysis, 3, np.random.default_rng(seed))[1::2]:
            assert all(place.stop <= glitch.start - 12 or place.start >= glitch.stop + 12 for glitch in analysis.glitches)
