"""What the pictures tell, from tracks with known values."""

import numpy as np
import pytest

from core.detectors.candidate import Candidate, peaks, runs
from core.detectors.pictures import disorders, edits, freezes, in_order_of_meaning, mirrored, skips, splices
from tests.quiet_tracks import at, quiet_tracks


def told(found: list[Candidate]) -> list[tuple[str, str, int, int, int]]:
    return [(c.detector, c.kind, c.start, c.stop, c.peak) for c in found]


def test_that_runs_are_joined_over_short_gaps_only() -> None:
    mask = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0], bool)
    assert runs(mask) == [(1, 3), (4, 5), (7, 8)]
    assert runs(mask, bridge=1) == [(1, 5), (7, 8)]
    assert runs(np.zeros(4, bool)) == []


def test_that_a_peak_lasts_while_it_stays_above_its_share() -> None:
    values = np.array([0, 1.2, 1.9, 2.0, 1.1, np.nan, 0, 1.5, 0])
    assert peaks(values, 1.0, 0.5) == [(1, 5, 3), (7, 8, 7)]
    assert peaks(values, 1.0, 0.9) == [(2, 4, 3), (7, 8, 7)]
    assert peaks(values, 1.6, 0.5) == [(2, 4, 3)]


def test_that_nothing_is_told_of_pictures_in_which_nothing_happens() -> None:
    assert in_order_of_meaning(quiet_tracks()) == []
    assert in_order_of_meaning(quiet_tracks(pictures=False)) == []


def test_that_frames_shown_again_are_a_freeze_from_the_first_of_them() -> None:
    (freeze,) = freezes(quiet_tracks(freeze=at(60, {20: 8, 21: 10, 22: 9, 23: 8})))
    assert told([freeze]) == [("freeze", "freeze", 20, 24, 20)]
    assert freeze.value == 10
    assert freeze.confidence == 1
    assert freeze.text == "The picture stands still in frames 20 to 23 (0.13 s): it changes 10 times less than right before and after."


def test_that_a_freeze_that_clean_clips_reach_is_not_looked_at() -> None:
    assert freezes(quiet_tracks(freeze=at(60, {20: 2.9, 21: 2.9}))) == []


def test_that_mirrored_frames_are_a_swap() -> None:
    (found,) = mirrored(quiet_tracks(mirror=at(60, {30: 3.5, 31: 3.6, 32: 3.5})))
    assert told([found]) == [("mirror", "swap", 30, 33, 30)]
    assert found.text == "Left and right are exchanged in frames 30 to 32: mirrored, the picture is 3.6 times nearer to its neighbours."


def test_that_a_shuffle_leaves_out_the_frames_that_only_see_it_coming() -> None:
    disorder = at(60, dict.fromkeys(range(20, 40), 1.2), usual=1.0)
    disorder[29] = 2.0
    (found,) = disorders(quiet_tracks(disorder=disorder, unexplained=at(60, {30: 3.0}, 1.0)))
    assert told([found]) == [("shuffle", "disorder", 24, 36, 30)]


def test_that_a_shuffle_reaches_from_its_first_abrupt_step_to_its_last() -> None:
    disorder = at(60, dict.fromkeys(range(24, 36), 1.5), usual=1.0)
    (found,) = disorders(quiet_tracks(disorder=disorder, unexplained=at(60, {25: 3.0, 30: 4.0, 35: 2.5}, 1.0)))
    assert told([found]) == [("shuffle", "disorder", 25, 35, 30)]


def test_that_frames_played_backwards_are_disorder_and_a_symmetric_motion_is_not() -> None:
    (found,) = disorders(quiet_tracks(reversal=at(60, dict.fromkeys(range(25, 41), 2.0))))
    assert told([found]) == [("reversal", "disorder", 25, 41, 25)]
    assert disorders(quiet_tracks(reversal=at(60, dict.fromkeys(range(29, 58), 1.2)))) == []


def test_that_frames_from_elsewhere_are_a_jump_of_those_frames() -> None:
    one, two = (splices(quiet_tracks(splice=at(60, dict.fromkeys(frames, 2.5)))) for frames in ((30,), (30, 31)))
    assert told(one) == [("splice", "jump", 30, 31, 30)]
    assert one[0].text == "Frame 30 does not belong here: its neighbours are 2.5 times nearer to each other."
    assert two[0].text == "Frames 30 to 31 do not belong here: their neighbours are 2.5 times nearer to each other."


def test_that_more_frames_than_a_moment_has_are_named_by_the_worst_of_them() -> None:
    splice = at(60, dict.fromkeys(range(30, 36), 2.5))
    assert [told(splices(quiet_tracks(splice=splice, fps=fps)))[0][2:4] for fps in (30.0, 60.0)] == [(30, 31), (30, 36)]


def test_that_frames_left_out_are_a_jump_at_the_step_over_them() -> None:
    (found,) = skips(quiet_tracks(leap=at(60, {30: 4.0}, 1.0)))
    assert told([found]) == [("skip", "jump", 30, 31, 30)]
    assert found.value == pytest.approx(4.0)
    assert found.text == "The picture jumps between frames 29 and 30: motion explains this step 4.0 times worse than others."


def test_that_flicker_makes_pictures_differ_and_is_no_fault() -> None:
    splice, leap = at(60, {30: 2.5}), at(60, {30: 4.0}, 1.0)
    lamps = at(60, dict.fromkeys(range(20, 40), 0.1))
    assert in_order_of_meaning(quiet_tracks(splice=splice)) != []
    assert in_order_of_meaning(quiet_tracks(splice=splice, flicker=lamps)) == []
    assert skips(quiet_tracks(leap=leap, flicker=lamps)) == []


def test_that_light_that_changes_once_with_the_picture_is_no_flicker() -> None:
    leap, once = at(60, {30: 4.0}, 1.0), at(60, {30: 0.2})
    assert [c.detector for c in skips(quiet_tracks(leap=leap, flicker=once))] == ["skip"]


def test_that_cuts_and_crossfades_are_edits() -> None:
    found = edits(quiet_tracks(cut=at(60, {20: 1.5}), crossfade=at(60, dict.fromkeys(range(40, 50), 1.4))))
    assert told(found) == [("cut", "edit", 20, 21, 20), ("crossfade", "edit", 40, 50, 40)]
    assert [c.text for c in found] == ["A new shot begins at frame 20.", "The picture fades into another one in frames 40 to 49."]


def test_that_each_is_told_once_and_the_more_specific_first() -> None:
    same = at(60, {30: 3.5, 31: 3.5})
    tracks = quiet_tracks(cut=at(60, {5: 1.5}), mirror=same, freeze=5 * same, splice=same, reversal=same)
    assert [c.detector for c in in_order_of_meaning(tracks)] == ["cut", "mirror", "reversal", "freeze", "splice"]


def test_that_a_weak_mirror_stands_behind_what_explains_the_frames_better() -> None:
    tracks = quiet_tracks(mirror=at(60, {30: 1.2, 31: 1.2}), splice=at(60, {30: 2.5, 31: 2.5}))
    assert [c.detector for c in in_order_of_meaning(tracks)] == ["splice", "mirror"]
