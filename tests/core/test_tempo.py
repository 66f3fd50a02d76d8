from dataclasses import replace

import numpy as np
import pytest

from core.flight import GRAVITY
from core.tempo import TempoTable, bundled_tempo, joint_paths, log_tempo, longest_stretch, tempo_figures, unusual_tempo
from core.track import HumanTrack, Presence
from tests.walking import HEIGHT_PIXELS, walking_track

FPS = 30.0


def leaping_track() -> HumanTrack:
    """A person who leaps twice, as high as gravity lets one in 0.63 seconds."""
    track = walking_track(frames=120, fps=FPS, swing=0.1)
    height = np.zeros(120)
    for start in (20, 70):
        time = (np.arange(19) - 9) / FPS
        height[start : start + 19] = GRAVITY / 2 * ((10 / FPS) ** 2 - time**2)
    keypoints = track.keypoints.copy()
    keypoints[..., 1] -= (HEIGHT_PIXELS * height)[:, None]
    return replace(track, keypoints=keypoints)


def at_tempo(track: HumanTrack, tempo: float) -> HumanTrack:
    return replace(track, times=track.times / tempo)


def figures(track: HumanTrack) -> dict[str, float]:
    motion = joint_paths(track, None, longest_stretch(track))
    assert motion is not None
    found = tempo_figures(motion)
    assert found is not None
    return found


def test_that_a_leap_at_its_own_tempo_is_not_remarked() -> None:
    assert unusual_tempo(leaping_track(), None) is None


@pytest.mark.parametrize(("tempo", "words"), [(0.5, "slowed down, to about 0.5 times"), (2.0, "sped up, to about 2 times")])
def test_that_leaps_tell_the_tempo(tempo: float, words: str) -> None:
    said = unusual_tempo(at_tempo(leaping_track(), tempo), None)
    assert said is not None and words in said
    assert "in 2 leaps" in said and "gravity is 5.7" in said


def test_that_the_frames_are_named_where_only_some_are_judged() -> None:
    track = at_tempo(leaping_track(), 0.5)
    track = replace(track, presence=(Presence.NONE,) * 10 + track.presence[10:])
    assert "in frames 10 to 119:" in str(unusual_tempo(track, None))


def test_that_a_slower_film_has_the_same_reach_and_a_lower_speed_force_and_rate() -> None:
    plain, slow = figures(walking_track(frames=480, fps=60.0)), figures(at_tempo(walking_track(frames=480, fps=60.0), 0.5))
    assert slow["limbs reach"] == pytest.approx(plain["limbs reach"], abs=0.01)
    assert np.exp(slow["limbs rate"] - plain["limbs rate"]) == pytest.approx(0.5, rel=0.15)
    # The walk has 0.9 swings a second; smoothing over 0.2 seconds takes less from the slower one.
    more = np.exp(0.5 * (2 * np.pi * 0.2) ** 2 * (0.9**2 - 0.45**2))
    assert np.exp(slow["limbs speed"] - plain["limbs speed"]) == pytest.approx(0.5 * more, rel=0.1)
    assert np.exp(slow["limbs force"] - plain["limbs force"]) == pytest.approx(0.25 * more, rel=0.2)


def test_that_what_is_slowed_down_far_is_judged_by_its_reach_and_not_by_its_speed() -> None:
    assert figures(at_tempo(walking_track(frames=240, fps=160.0), 0.0625))["limbs speed"] < np.log(0.1)
    small = joint_paths(walking_track(frames=240, swing=0.02), None, range(240))
    assert small is not None and tempo_figures(small) is None


def test_that_the_bundled_estimate_grows_with_the_tempo() -> None:
    track = walking_track(frames=240, fps=30.0)
    estimates = [log_tempo(figures(at_tempo(track, tempo)), bundled_tempo()) for tempo in (0.5, 1.0, 2.0)]
    assert estimates[0] < estimates[1] < estimates[2]


def test_that_an_estimate_outside_the_real_films_is_told_with_its_figures() -> None:
    table = TempoTable(("limbs rate",), (0.0,), (1.0,), (1.0,), -2.0, -1.0, 1.0, 1.0, (0.0, 0.0, -0.5, 0.5))
    track = walking_track(frames=240, fps=30.0)
    said = unusual_tempo(at_tempo(track, 0.5), None, table=table)
    assert said is not None and "looks slowed down" in said and "in real motion of this reach it is 0.6 to 1.6 times" in said
    assert unusual_tempo(track, None, table=replace(table, low=-9.0, high=9.0)) is None


@pytest.mark.parametrize(
    "track",
    [
        walking_track(frames=30),  # a second
        walking_track(frames=40, fps=8.0),
        walking_track(swing=0.0),
        replace(walking_track(), presence=(Presence.NONE,) * 120),
    ],
    ids=["short", "low rate", "at rest", "nobody"],
)
def test_that_nothing_is_said_where_nothing_can_be_known(track: HumanTrack) -> None:
    anything = TempoTable(("limbs rate",), (0.0,), (1.0,), (0.0,), -2.0, -1.0, 1.0, 1.0, (0.0, 0.0, -0.5, 0.5))
    assert unusual_tempo(track, None, table=anything) is None
