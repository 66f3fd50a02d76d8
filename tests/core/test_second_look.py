"""The second look goes where something depends on it."""

from pathlib import Path

import numpy as np
import pytest

from core.second_look import second_look
from core.tracks.flips import MOST_SHARE
from tests.planted_trees import planting
from tests.walking import walking_track
from tests.watched import leap, pictures, watched

FRAMES = 120


def test_that_the_frames_of_an_event_are_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    track = watched(FRAMES)
    never = ("rate", np.inf, 1e-6, 1e-6)
    planting(tmp_path, monkeypatch)(leaps=("amount", np.log(0.2), 1e-6, 1e6), limbs=never, slip=never, floats=never)
    # The wrist is elsewhere from frame 60 on, and so is its picture: an event.
    leap(track, slice(60, FRAMES), 0.4, ("left_wrist", "left_elbow"))
    look = second_look(track, pictures(track, {60: 20.0}))
    assert look[59:62].all()
    assert 3 <= look.sum() <= MOST_SHARE * FRAMES


def test_that_doubtful_frames_are_looked_at_again() -> None:
    track = watched(FRAMES)
    seen = pictures(track)
    leap(track, slice(80, 81), 0.3, ("left_wrist", "left_elbow", "left_knee"))
    track.keypoint_scores[80] = 0.2
    look = second_look(track, seen)
    assert look[80]
    assert look.sum() <= MOST_SHARE * FRAMES


def test_that_a_calm_walk_needs_no_second_look() -> None:
    track = watched(FRAMES)
    assert not second_look(track, pictures(track)).any()


def test_that_an_extractor_whose_failures_are_not_known_gets_no_second_look() -> None:
    track = walking_track(frames=FRAMES)
    seen = pictures(track)
    leap(track, slice(80, 81), 0.3)
    assert not np.any(second_look(track, seen))
