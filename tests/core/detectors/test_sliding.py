"""Bodies that slide or float."""

import numpy as np
import pytest

from core.detectors.forests import BUNDLED, read_forests
from core.detectors.sliding import FEATURES, FLOAT_FEATURES, float_features, floats, slide_features, slides, trunk_excursions
from core.tracks.footing import MEASURES, footing
from core.tracks.joints import JOINTS
from tests.planted_trees import Plant
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


@pytest.fixture(autouse=True)
def trees(plant: Plant) -> None:
    """A foot that goes a fifth of the body's height a second slides for sure; a body whose excursion is clear floats."""
    plant(slip=("foot", float(np.log(0.2)), 1e-5, 5.0), floats=("strength", 10.0, 0.001, 5.0))


def sliding() -> np.ndarray:
    place = np.clip((TIMES - 1) / 0.8, 0, 1)
    return np.stack([0.3 * place**2 * (3 - 2 * place), 0 * place], axis=1)


def lifted(frames: range = range(30, 48)) -> np.ndarray:
    path = np.zeros((90, 2))
    path[frames.start : frames.stop, 1] = -0.15
    return path


def test_that_the_bundled_trees_weigh_these_features_and_no_others() -> None:
    forests = read_forests(BUNDLED)
    assert forests["slip"].features == FEATURES
    assert forests["floats"].features == FLOAT_FEATURES
    tracks = quiet_tracks(90, **carried(lifted()))
    assert set(slide_features(tracks, TIMES)) == set(FEATURES)
    assert set(float_features(tracks, trunk_excursions(tracks, TIMES), TIMES)) == set(FLOAT_FEATURES)


def test_that_a_standing_body_that_slides_is_told_with_its_frames_and_its_speed() -> None:
    path = sliding()
    (found,) = slides(quiet_tracks(90, **carried(path)), TIMES)
    assert (found.detector, found.kind) == ("slip", "slide or float")
    assert 28 <= found.start <= 38 < 45 <= found.stop <= 58
    assert found.value == pytest.approx(5, rel=0.01)
    speed = np.exp(footing_of(path)[found.start : found.stop].max())
    assert f"by up to {speed:.2f} body heights a second" in found.text


def test_that_where_the_picture_leaps_nothing_slides() -> None:
    assert slides(quiet_tracks(90, **carried(sliding()), unexplained=at(90, {42: 4.0}, 1.0)), TIMES) == []


def test_that_a_slide_of_a_moment_is_none(plant: Plant) -> None:
    for frames, told in ((9, 0), (15, 1)):
        speeds = np.full((90, len(MEASURES)), np.log(0.01))
        speeds[30 : 30 + frames] = np.log(0.5)
        plant(slip=("foot", float(np.log(0.2)), 1e-9, 5.0))
        assert len(slides(quiet_tracks(90, footing=speeds), TIMES)) == told


def footing_of(path: np.ndarray) -> np.ndarray:
    return np.asarray(carried(path)["footing"][:, MEASURES.index("foot")])


def test_that_a_body_that_stands_slides_nowhere() -> None:
    tracks = quiet_tracks(90, **carried(np.zeros((90, 2))))
    assert slides(tracks, TIMES) == []
    assert floats(tracks, TIMES) == []


def test_that_a_clip_of_one_frame_neither_slides_nor_floats() -> None:
    assert slides(quiet_tracks(1), TIMES[:1]) == []
    assert floats(quiet_tracks(1), TIMES[:1]) == []


def test_that_a_body_that_is_lifted_at_once_and_let_down_floats() -> None:
    (found,) = floats(quiet_tracks(90, **carried(lifted())), TIMES)
    assert (found.detector, found.kind, found.start, found.stop) == ("floats", "slide or float", 30, 48)
    assert found.value == pytest.approx(5)
    assert found.text == "The whole body is carried 0.15 body heights away at once and back again, in frames 30 to 47."


def test_that_a_body_that_is_not_likely_to_float_does_not(plant: Plant) -> None:
    plant(floats=("amount", 0.0, 0.019, 5.0))
    assert floats(quiet_tracks(90, **carried(lifted())), TIMES) == []


def test_that_a_body_that_is_lifted_by_less_than_was_ever_planted_does_not_float() -> None:
    path = lifted()
    assert floats(quiet_tracks(90, **carried(0.5 * path)), TIMES) == []
    assert len(floats(quiet_tracks(90, **carried(0.6 * path)), TIMES)) == 1


def test_that_of_floats_at_one_place_one_is_told(plant: Plant) -> None:
    plant(floats=("amount", float(np.log(0.05)), 0.001, 5.0))
    path = lifted()
    path[60:75, 1] = -0.2
    tracks = quiet_tracks(90, **carried(path))
    places = [range(one.start, one.stop) for one in floats(tracks, TIMES)]
    assert len(trunk_excursions(tracks, TIMES)) > len(places) > 1
    frames = [frame for place in places for frame in place]
    assert len(frames) == len(set(frames))


def floated(**given: np.ndarray) -> dict[str, float]:
    """The features of the strongest excursion of the trunk of a body that is lifted."""
    tracks = quiet_tracks(90, **{**carried(lifted()), **given})
    found = trunk_excursions(tracks, TIMES)
    place = int(found.strength.argmax())
    return {name: float(values[place]) for name, values in float_features(tracks, found, TIMES).items()}


def test_that_a_lift_is_measured() -> None:
    expected = {
        "amount": np.log(0.154), "opposite": 1, "alike": 1, "seconds": 0.6, "up": 1, "rate": 30, "pose_changes": 0, "pose_changes_most": 0,
        "regular": 0, "leaps": np.log(2), "leaps_most": np.log(2), "leaps_inside": 1, "confidence": 0.9, "rises": np.log(0.18 / 0.03),
    }  # fmt: skip
    found = floated()
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=0.01)


def test_that_the_judder_of_a_converted_frame_rate_is_told_to_the_trees() -> None:
    regular = np.zeros(90)
    regular[35:46:5] = 1.0
    assert floated(regular=regular)["regular"] == 1


def test_that_the_picture_that_leaps_at_one_step_and_limbs_that_change_with_it_are_told_apart() -> None:
    leaps = floated(unexplained=at(90, {30: 4.0}, 1.0))
    assert (leaps["leaps"], leaps["leaps_most"]) == (pytest.approx(np.log(2)), pytest.approx(np.log(5)))
    shown = np.ones((90, 8, 2))
    shown[30:48, :, 0] += 0.2
    shown[40:48, :, 0] -= 0.1
    changed = floated(bone_shown=shown)
    assert (changed["pose_changes"], changed["pose_changes_most"]) == (pytest.approx(0.1), pytest.approx(0.2))


def test_that_slides_are_weighed_with_the_background_the_picture_and_the_rate() -> None:
    tracks = quiet_tracks(90, **carried(sliding()), unexplained=at(90, {42: 1.5}, 1.0))
    found = slide_features(tracks, TIMES)
    assert found["change"][[41, 42]] == pytest.approx(np.log([2.0, 2.5]))
    assert found["rate"] == pytest.approx(30)
    assert found["support"] == pytest.approx(1)
    np.testing.assert_array_equal(found["foot"], tracks.footing[:, MEASURES.index("foot")])
