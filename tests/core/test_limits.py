"""What the tool says that it cannot see, and of motion that its manifold does not know."""

from dataclasses import replace

import numpy as np
import pytest

from core.analysis import Scores, WindowScore
from core.embedding import embed
from core.embedding_map import place
from core.limits import PLANTED, Planted, not_detectable, outside_text, seen_weakly
from core.manifold import load_manifold
from core.scores import score
from core.track import HumanTrack
from tests.synthetic_tracks import moving_track


def test_that_kinds_are_told_by_how_often_they_are_found() -> None:
    kinds = [Planted("A well", 17, 20), Planted("B weakly", 12, 20), Planted("C hardly", 11, 20), Planted("D never", 0, 20)]
    assert not_detectable(kinds) == ("D never: 0 of 20 planted ones found.", "C hardly: 11 of 20 planted ones found.")
    assert seen_weakly(kinds) == ("B weakly: 12 of 20 planted ones found.",)


def test_that_the_benchmark_s_kinds_stand_there_once_each() -> None:
    assert len({kind.what for kind in PLANTED}) == len(PLANTED) == 15
    assert all(0 <= kind.found <= kind.planted and kind.planted >= 20 for kind in PLANTED)


def test_that_a_made_up_body_is_outside_what_the_bundled_manifold_knows() -> None:
    manifold = load_manifold()
    embedding = embed(moving_track(0, 1, 80), manifold)
    scores = score(embedding, manifold)
    assert scores.outside
    assert scores.nearest_class is None
    assert [window.nearest_class for window in scores.windows] == [None] * 7
    assert (outside_text(scores) or "").startswith("Outside what this manifold knows: this motion")
    assert place(embedding, manifold).outside.all()


def test_that_a_body_with_its_joints_mixed_up_is_outside_too(sample_track: HumanTrack) -> None:
    manifold = load_manifold()
    mixed = replace(sample_track, body_pose=sample_track.body_pose[:, np.random.default_rng(0).permutation(23)])
    assert score(embed(mixed, manifold), manifold).outside


def test_that_the_sample_is_known_to_the_bundled_manifold(sample_track: HumanTrack) -> None:
    manifold = load_manifold()
    embedding = embed(sample_track, manifold)
    scores = score(embedding, manifold)
    assert not scores.outside
    assert scores.nearest_class in manifold.classes
    assert embedding.strangeness.max() < 3


def test_that_one_wild_frame_makes_no_window_strange() -> None:
    manifold, track = load_manifold(), moving_track(0, 1, 60)
    embedding = embed(track, manifold)
    pose = track.body_pose.copy()
    pose[30] = np.swapaxes(pose[30], -1, -2)
    assert embed(replace(track, body_pose=pose), manifold).strangeness == pytest.approx(embedding.strangeness, rel=0.05)


def windows(*outside: bool) -> Scores:
    scored = tuple(WindowScore(8 * i, 8 * i + 32, 0.2, None if out else "walk", out) for i, out in enumerate(outside))
    return Scores(0.2, {"walk": 0.4}, "walk", 0.5, False, sum(outside) > len(outside) / 2, scored)


def test_that_single_windows_outside_are_told_with_their_frames() -> None:
    text = outside_text(windows(False, False, True))
    assert text == "Outside what this manifold knows: 1 of 3 windows, the first at frames 16 to 47; no action is named for them."
    assert outside_text(windows(False, False)) is None
