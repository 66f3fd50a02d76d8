from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.glitches.baselines import acceleration, order_violation, over_usual, peaks, pixel_script, runs_above
from benchmarks.glitches.detection import ranking_score, tool_events
from core.analysis import Analysis


def differences(places: np.ndarray) -> np.ndarray:
    """As `Differences.d`, of pictures whose difference is the distance of these places."""
    d = np.full((len(places), 2), np.nan)
    d[1:, 0], d[2:, 1] = np.abs(np.diff(places)), np.abs(places[2:] - places[:-2])
    return d


def test_that_two_exchanged_frames_violate_the_order_and_steady_motion_does_not() -> None:
    places = np.arange(30.0)
    assert np.nanmax(order_violation(differences(places))) < 0
    places[[14, 15]] = places[[15, 14]]
    violation = order_violation(differences(places))
    assert np.nanargmax(violation) == 15 and violation[15] > 0


def test_that_peaks_are_the_strongest_of_their_neighbourhood() -> None:
    curve = np.ones(60)
    curve[[20, 21, 23, 45]] = 9, 6, 8, 5
    found = peaks(curve, "clip", "jump")
    assert [(e.start, e.stop, e.peak, e.score) for e in found[:2]] == [(20, 22, 20, 9.0), (45, 46, 45, 5.0)]


def test_that_unknown_frames_have_no_peak() -> None:
    assert peaks(np.full(10, np.nan), "clip", "jump") == []


def test_that_runs_are_joined_over_two_frames() -> None:
    curve = np.zeros(40)
    curve[[5, 6, 9, 20]] = 1, 3, 2, 1
    assert [(e.start, e.stop, e.peak) for e in runs_above(curve, 0.5, "clip", "freeze")] == [(5, 10, 6), (20, 21, 20)]


def test_that_the_pixel_script_finds_a_freeze_a_jump_and_a_wrong_order() -> None:
    places = np.arange(200.0) * 3
    places[50:58] = places[49]
    places[100:] += 60
    places[150:152] = places[[151, 150]]
    found = pixel_script(differences(places), 30.0, "clip")
    told = {e.kind: (e.start, e.stop) for e in found[::-1] if e.score > 0.5}
    assert told["freeze"] == (50, 58)
    assert any(e.kind == "jump" and e.peak == 100 for e in found)
    assert any(e.start <= 151 <= e.stop for e in found)


def test_that_no_two_events_of_the_pixel_script_tell_the_same_frames() -> None:
    found = sorted(pixel_script(differences(np.random.default_rng(0).normal(0, 5, 200)), 30.0, "clip"), key=lambda e: e.start)
    assert all(b.start >= a.stop + 2 for a, b in pairwise(found))


def test_that_a_curve_is_divided_by_what_is_usual_around_it_but_by_no_less_than_the_floor() -> None:
    curve = np.full(100, 2.0)
    curve[50] = 10
    assert over_usual(curve, 10.0, 0.5)[50] == pytest.approx(5.0)
    assert over_usual(curve, 10.0, 4.0)[50] == pytest.approx(2.5)


def test_that_acceleration_peaks_at_a_jump(make_analysis: Callable[..., Analysis]) -> None:
    track = make_analysis(frames=90).track
    assert np.nanargmax(acceleration(track)) in (60, 61)


def test_that_the_tools_events_carry_its_ranking(make_analysis: Callable[..., Analysis]) -> None:
    analysis = make_analysis()
    events = tool_events(analysis, "clip")
    assert [e.score for e in events] == [ranking_score(g) for g in analysis.glitches]
    assert events[0].joint == "left_wrist" and events[0].peak == analysis.glitches[0].peak


def test_that_another_order_than_the_ranking_is_told(make_analysis: Callable[..., Analysis]) -> None:
    analysis = make_analysis()
    with pytest.warns(UserWarning, match="order"):
        tool_events(replace(analysis, glitches=analysis.glitches[::-1]), "clip")
