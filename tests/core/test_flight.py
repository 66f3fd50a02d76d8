import numpy as np
import pytest

from core.flight import GRAVITY, flights
from core.tracks.joints import JOINTS

FPS = 30.0
# A standing person in body heights, y down.
STANDING = {"nose": -0.93, "shoulder": -0.82, "elbow": -0.63, "wrist": -0.48, "hip": -0.53, "knee": -0.28, "ankle": -0.04}
PLACES = np.array([(0.1 * (name[0] == "l") - 0.1 * (name[0] == "r"), STANDING[name.split("_")[-1]]) for name in JOINTS])


def leap(frames: int = 90, start: int = 30, length: int = 19, fps: float = FPS) -> np.ndarray:
    """A body that leaves the ground and lands again, without having crouched."""
    time = (np.arange(frames) - start - (length - 1) / 2) / fps
    height = np.maximum(GRAVITY / 2 * (((length + 1) / 2 / fps) ** 2 - time**2), 0)
    return np.tile(PLACES, (frames, 1, 1)) - height[:, None, None] * (0, 1)


def test_that_a_leap_falls_with_gravity() -> None:
    found = flights(leap())
    assert len(found) == 1
    assert found[0].fall * FPS**2 == pytest.approx(GRAVITY, rel=1e-6)
    assert 30 <= found[0].start < found[0].stop <= 49


def test_that_a_leap_is_the_same_leap_with_joints_that_are_not_seen() -> None:
    places = leap()
    places[:, JOINTS.index("left_wrist")] = np.nan
    places[40:43, JOINTS.index("nose")] = np.nan
    assert flights(places)[0].fall * FPS**2 == pytest.approx(GRAVITY, rel=0.01)


def test_that_who_rises_with_a_foot_on_the_ground_does_not_leap() -> None:
    places = leap()
    places[:, JOINTS.index("left_ankle")] = PLACES[JOINTS.index("left_ankle")]
    assert not flights(places)


def test_that_who_is_lifted_evenly_does_not_leap() -> None:
    lift = np.interp(np.arange(90), (30, 40, 50), (0, 0.2, 0))
    assert not flights(np.tile(PLACES, (90, 1, 1)) - lift[:, None, None] * (0, 1))


def test_that_nothing_is_said_where_the_feet_are_not_seen() -> None:
    places = leap()
    places[:, JOINTS.index("right_ankle")] = np.nan
    assert not flights(places)
    assert not flights(np.full((90, len(JOINTS), 2), np.nan))
