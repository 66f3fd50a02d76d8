import numpy as np
import pytest

from core.gait import running
from core.tracks.joints import JOINTS
from tests.core.test_flight import PLACES

FPS = 60.0


def run(seconds_a_step: float = 0.35, seconds: float = 3.0, air: float = 0.1, lean: float = 0.0) -> np.ndarray:
    """A body in profile whose feet swing to and fro in turn and are both off the ground in between."""
    times = np.arange(round(seconds * FPS)) / FPS
    places = np.tile(PLACES, (len(times), 1, 1))
    phase = np.pi * times / seconds_a_step
    for name, sign in (("left_ankle", 1), ("right_ankle", -1)):
        lift = np.maximum(0, air + 0.15 * sign * np.sin(phase))
        places[:, JOINTS.index(name), 1] -= lift
        places[:, JOINTS.index(name), 0] += 0.25 * sign * np.cos(phase)
    turn = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
    return places @ turn


@pytest.mark.parametrize("seconds", [0.3, 0.4, 1.2])
def test_that_the_steps_of_a_run_are_counted(seconds: float) -> None:
    found = running(run(seconds, 8 * seconds), 1 / (2 * seconds * FPS))
    assert found is not None and found.steps >= 6
    assert found.frames / FPS == pytest.approx(seconds, rel=0.05)


def test_that_who_walks_does_not_run() -> None:
    assert running(run(air=0.0), 1 / (0.7 * FPS)) is None


def test_that_who_turns_over_does_not_run() -> None:
    assert running(run(lean=np.pi / 2), 1 / (0.7 * FPS)) is None


def test_that_who_stops_and_goes_does_not_run() -> None:
    assert running(run(), 3 / (0.7 * FPS)) is None


def test_that_both_feet_are_needed() -> None:
    places = run()
    places[:, JOINTS.index("left_ankle")] = np.nan
    assert running(places, 1 / (0.7 * FPS)) is None
