"""Steps of joints, and what is measured of them, from tracks with known values."""

import numpy as np
import pytest

from core.detectors.forests import BUNDLED, read_forests
from core.detectors.leaps import FEATURES, Leap, exchanged, leap_features, leaps
from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks
from tests.quiet_tracks import at, of_column, quiet_tracks

TIMES = np.arange(60) / 30
WRIST, ELBOW, OTHER_WRIST, ANKLE, HIP = (
    JOINTS.index(name) for name in ("left_wrist", "left_elbow", "right_wrist", "right_ankle", "right_hip")
)
NUMBER = {name: number for number, (name, _, _) in enumerate(BONES)}


def leaping(steps: dict[int, dict[int, float]], score: float = 20.0, **others: np.ndarray) -> LocalTracks:
    """Joints that leap by so many body heights into some frames."""
    scores = {joint: dict.fromkeys(frames, score) for joint, frames in steps.items()}
    speeds = {joint: {frame: 30 * size for frame, size in frames.items()} for joint, frames in steps.items()}
    found = {
        "joint_jump": of_column(60, 13, steps),
        "joint_jump_score": of_column(60, 13, scores),
        "joint_speed": of_column(60, 13, speeds, usual=0.1),
    }
    return quiet_tracks(**{**found, **others})


def measured(tracks: LocalTracks, times: np.ndarray = TIMES) -> dict[str, float]:
    found = leaps(tracks, times)
    assert len(found) == 1
    return {name: float(values[0]) for name, values in leap_features(tracks, found, times).items()}


def test_that_the_bundled_trees_weigh_these_features_and_no_others() -> None:
    assert read_forests(BUNDLED)["leaps"].features == FEATURES
    assert set(leap_features(leaping({WRIST: {30: 0.3}}), [Leap(30, 31, 30, (WRIST,))], TIMES)) == set(FEATURES)
    assert set(leap_features(quiet_tracks(), [], TIMES)) == set(FEATURES)


def test_that_a_leap_has_its_frames_its_peak_and_its_joints_farthest_first() -> None:
    tracks = leaping({ELBOW: {30: 0.1, 31: 0.1}, WRIST: {30: 0.2, 31: 0.3}})
    assert leaps(tracks, TIMES) == [Leap(30, 32, 31, (WRIST, ELBOW))]


@pytest.mark.parametrize(("size", "score"), [(0.024, 20.0), (0.3, 2.4)])
def test_that_a_small_or_usual_step_is_no_leap(size: float, score: float) -> None:
    assert leaps(leaping({WRIST: {30: size}}, score), TIMES) == []


def test_that_steps_are_one_leap_within_a_twelfth_of_a_second_at_every_rate() -> None:
    near, far = leaping({WRIST: {30: 0.3, 33: 0.2}}), leaping({WRIST: {30: 0.3, 34: 0.2}})
    assert [(leap.start, leap.stop) for leap in leaps(near, TIMES)] == [(30, 34)]
    assert [leap.start for leap in leaps(far, TIMES)] == [30, 34]
    assert [(leap.start, leap.stop) for leap in leaps(far, np.arange(60) / 60)] == [(30, 35)]


def exchange(share: float) -> LocalTracks:
    """Both wrists leap by 0.3 body heights into frame 30; exchanging them takes away that share of their steps."""
    pairs = of_column(60, 6, {2: {30: share * 0.3}}, usual=-0.1)
    return leaping({WRIST: {30: 0.3}, OTHER_WRIST: {30: 0.3}}, swap_pairs=pairs)


def test_that_left_and_right_that_only_change_places_do_not_leap() -> None:
    assert [JOINTS[joint] for joint in np.flatnonzero(exchanged(exchange(0.9))[30])] == ["left_wrist", "right_wrist"]
    assert not exchanged(exchange(0.9))[[29, 31]].any()
    assert leaps(exchange(0.9), TIMES) == []
    assert [leap.peak for leap in leaps(exchange(0.3), TIMES)] == [30]


def test_that_a_leap_of_one_joint_is_measured() -> None:
    found = measured(leaping({WRIST: {30: 0.3}}))
    expected = {
        "amount": np.log(0.304), "score": np.log(21), "in_space": 0.0, "many": 1, "frames": 1, "share": 1, "trunk": np.log(0.004),
        "other_side": np.log(0.004), "confidence": 0.9, "comes_back": 0, "rate": 30, "leg": 0, "end": 1, "speed": np.log(0.15),
        "body_speed": np.log(0.15), "colour_changes": 0, "longer": 0, "exchange": 0,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-5)


def test_that_the_lead_is_the_one_that_leaps_farthest_and_the_others_are_told_apart() -> None:
    found = measured(leaping({ANKLE: {30: 0.3}, HIP: {30: 0.1}, WRIST: {30: 0.2}}))
    assert (found["leg"], found["end"], found["many"]) == (1, 1, 3)
    assert found["share"] == pytest.approx(0.5)
    assert found["trunk"] == pytest.approx(np.log(0.104), abs=1e-5)


def test_that_a_step_with_the_picture_under_the_limb_is_told_from_one_without() -> None:
    picture = np.ones((60, len(BONES), 2))
    without = measured(leaping({WRIST: {30: 0.3}}, bone_leap=picture))
    assert (without["limb_leaps"], without["moves_house"]) == (0, 0)
    picture[30, NUMBER["left_forearm"]] = 3.0, 5.0
    seen = measured(leaping({WRIST: {30: 0.3}}, bone_leap=picture))
    assert seen["limb_leaps"] == pytest.approx(np.log(5))
    assert seen["moves_house"] == seen["moves_house_most"] == pytest.approx(np.log(3))
    assert seen["other_limbs_leap"] == 0
    elsewhere = np.ones((60, len(BONES), 2))
    elsewhere[30, NUMBER["right_shank"]] = 3.0, 5.0
    other = measured(leaping({WRIST: {30: 0.3}}, bone_leap=elsewhere))
    assert (other["limb_leaps"], other["moves_house"]) == (0, 0)
    assert other["other_limbs_leap"] == pytest.approx(np.log(5))
    assert other["moves_house_most"] == pytest.approx(np.log(3))


def test_that_the_persons_picture_is_looked_at_in_the_three_frames_around() -> None:
    for frame, leap in ((29, 3.0), (31, 3.0), (32, 1.0)):
        found = measured(leaping({WRIST: {30: 0.3}}, unexplained=at(60, {frame: 3.0}, 1.0), leap=at(60, {frame: 3.0}, 1.0)))
        assert found["leaps"] == found["leap"] == pytest.approx(np.log(leap))


def test_that_a_joint_that_steps_back_soon_comes_back() -> None:
    tracks = leaping({WRIST: {30: 0.3, 40: 0.15}})
    first, second = leap_features(tracks, leaps(tracks, TIMES), TIMES)["comes_back"]
    assert (first, second) == (pytest.approx(0.5), pytest.approx(1.0))
    late = leaping({WRIST: {5: 0.3, 40: 0.3}})
    assert leap_features(late, leaps(late, TIMES), TIMES)["comes_back"].tolist() == [0, 0]


def test_that_the_colour_and_the_length_of_the_limb_before_and_after_are_compared() -> None:
    colour, shown = np.full((60, len(BONES), 3), 128.0), np.ones((60, len(BONES), 2))
    colour[31:, NUMBER["left_forearm"]] += 3.0, 4.0, 0.0
    colour[30, NUMBER["left_forearm"]] += 6.0, 8.0, 0.0
    shown[30:, NUMBER["left_forearm"]] *= 2.0
    colour[30:, NUMBER["right_forearm"]] += 50.0
    found = measured(leaping({WRIST: {30: 0.3}}, bone_colour=colour, bone_shown=shown))
    assert found["colour_changes"] == pytest.approx(5)
    assert found["colour_off"] == pytest.approx(10)
    assert found["longer"] == pytest.approx(np.log(2))


def test_that_the_flow_under_the_joint_is_compared_with_its_step() -> None:
    off = of_column(60, 13, {WRIST: {30: 0.2}, ELBOW: {30: 0.05}})
    found = measured(leaping({WRIST: {30: 0.3}, ELBOW: {30: 0.2}}, joint_off_flow=off))
    assert found["off_flow"] == pytest.approx(np.log(0.204))
    assert found["off_flow_least"] == pytest.approx(np.log(0.054))
    assert found["off_flow_around"] == pytest.approx(np.log(0.004))


def test_that_a_leap_at_either_end_of_the_clip_is_measured_too() -> None:
    for frame in (1, 59):
        assert measured(leaping({WRIST: {frame: 0.3}}))["amount"] == pytest.approx(np.log(0.304), abs=1e-5)
