"""Bodies that slide or float."""

import numpy as np
import pytest

from core.detectors.candidate import LEAST
from core.detectors.regressions import bundled_regressions
from core.detectors.sliding import FEATURES, floats, slides
from core.tracks.footing import MEASURES, footing
from core.tracks.joints import JOINTS
from tests.quiet_tracks import at, quiet_tracks

TIMES = np.arange(90) / 30
SCALE = np.full(90, 300.0)


def carried(path: np.ndarray) -> dict[str, np.ndarray]:
    """The tracks of a standing body that is carried along path [T, 2]."""
    body = np.zeros((len(JOINTS), 2))
    for place, name in enumerate(JOINTS):
        body[place] = 0.1 * name.startswith("left"), {"shoulder": 0.2, "hip": 0.5, "knee": 0.75, "ankle": 1.0}.get(name.split("_")[-1], 0.4)
    paths = body[None] + path[:, None]
    return {"trunk_path": path, "footing": footing(paths, SCALE, np.zeros((90, 4)), TIMES), "camera_support": np.ones(90)}


def test_that_the_regression_knows_the_features() -> None:
    assert bundled_regressions()["slip"].features == FEATURES


def test_that_a_standing_body_that_slides_is_told_with_its_frames_and_its_speed() -> None:
    place = np.clip((TIMES - 1) / 0.8, 0, 1)
    path = np.stack([0.3 * place**2 * (3 - 2 * place), 0 * place], axis=1)
    (found,) = slides(quiet_tracks(90, **carried(path)), TIMES)
    assert (found.detector, found.kind) == ("slip", "slide or float")
    assert 28 <= found.start <= 38 < 45 <= found.stop <= 58
    assert found.value >= LEAST["slip"]
    speed = np.exp(footing_of(path)[found.start : found.stop].max())
    assert f"by up to {speed:.2f} body heights a second" in found.text


def test_that_where_the_picture_leaps_nothing_slides() -> None:
    place = np.clip((TIMES - 1) / 0.8, 0, 1)
    path = np.stack([0.3 * place**2 * (3 - 2 * place), 0 * place], axis=1)
    assert slides(quiet_tracks(90, **carried(path), unexplained=at(90, {42: 4.0}, 1.0)), TIMES) == []


def footing_of(path: np.ndarray) -> np.ndarray:
    return np.asarray(carried(path)["footing"][:, MEASURES.index("foot")])


def test_that_a_body_that_stands_slides_nowhere() -> None:
    tracks = quiet_tracks(90, **carried(np.zeros((90, 2))))
    assert slides(tracks, TIMES) == []
    assert floats(tracks, TIMES) == []


def test_that_a_body_that_is_lifted_at_once_and_let_down_floats() -> None:
    path = np.zeros((90, 2))
    path[30:48, 1] = -0.15
    (found,) = floats(quiet_tracks(90, **carried(path)), TIMES)
    assert (found.detector, found.kind, found.start, found.stop) == ("floats", "slide or float", 30, 48)
    assert found.text == "The whole body is carried 0.15 body heights away at once and back again, in frames 30 to 47."


def test_that_the_judder_of_a_converted_frame_rate_is_no_float() -> None:
    path, regular = np.zeros((90, 2)), np.zeros(90)
    path[30:48, 1] = -0.15
    regular[35:46:5] = 1.0
    assert floats(quiet_tracks(90, regular=regular, **carried(path)), TIMES) == []


def test_that_a_leap_against_gravity_is_no_float() -> None:
    seconds = np.clip(TIMES - 1, 0, 0.5)
    path = np.stack([0 * seconds, -(5.7 / 2) * seconds * (0.5 - seconds)], axis=1)
    assert path[:, 1].min() == pytest.approx(-0.178, abs=0.01)
    found = floats(quiet_tracks(90, **carried(path)), TIMES)
    assert max((one.value for one in found), default=0) < 6
