"""What is measured of an excursion of a limb bone, from tracks with known values."""

import numpy as np
import pytest

from core.detectors.forests import BUNDLED, read_forests
from core.detectors.limb_features import FEATURES, limb_excursions, limb_features, limb_of_joint, stretch_value
from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks
from tests.planted_trees import Plant
from tests.quiet_tracks import of_column, quiet_tracks
from tests.standing_body import BONE, TIMES, WRIST, standing

ANKLE, OTHER_ANKLE = JOINTS.index("right_ankle"), JOINTS.index("left_ankle")
BENT, LONGER = {"left_forearm": (-0.1, 0.25)}, {"right_shank": (-0.008, 0.096)}
FOREARM, UPPER_ARM, OTHER_FOREARM = BONE["left_forearm"], BONE["left_upper_arm"], BONE["right_forearm"]
UNLIKELY = pytest.approx(np.log(1e-4))


@pytest.fixture(autouse=True)
def trees(plant: Plant) -> None:
    """A leap of more than a tenth of the body's height has odds of three."""
    plant(leaps=("amount", float(np.log(0.1)), 0.001, 3.0))


def measured(tracks: LocalTracks, bone: str, times: np.ndarray = TIMES) -> dict[str, float]:
    """Of the strongest excursion of the bone."""
    found = limb_excursions(tracks, times)
    place = next(i for i in np.argsort(-found.strength) if found.bone[i] == BONE[bone])
    return {name: float(values[place]) for name, values in limb_features(tracks, found, times).items()}


def test_that_the_bundled_trees_weigh_these_features_and_no_others() -> None:
    assert read_forests(BUNDLED)["limbs"].features == FEATURES
    assert set(measured(standing(BENT), "left_forearm")) == set(FEATURES)


def test_that_a_longer_bone_has_the_features_of_one() -> None:
    found = measured(standing(LONGER, range(30, 38), joint=ANKLE), "right_shank")
    assert found["longer"] == pytest.approx(np.log(1.4), abs=0.01)
    # In space the bone is as long as 0.246 body heights: of 0.241 in the picture, as it is usually seen, the rest points away.
    for name in ("too_long", "too_long_other"):
        assert found[name] == pytest.approx(np.log(1.4 * 0.241 / 0.246), abs=0.01)
    assert found["long_around"] == pytest.approx(np.log(0.241 / 0.246), abs=0.01)
    assert found["size"] == pytest.approx(np.log(1.4 * 0.241 / 0.246), abs=0.02)
    assert found["along"] == pytest.approx(1.0, abs=0.02)
    assert found["amount"] == pytest.approx(np.log(0.096), abs=0.05)
    assert (found["seconds"], found["rate"]) == (pytest.approx(8 / 30), pytest.approx(30))
    assert 0 <= found["between"] < 0.1
    assert (found["leg"], found["lower"]) == (1, 1)
    assert (found["leaps"], found["leaps_most"]) == (pytest.approx(np.log(3.0)), pytest.approx(np.log(3.0)))
    assert found["leaps_inside"] == pytest.approx(0.0)
    assert (found["longer_in_space"], found["turned"]) == (pytest.approx(0, abs=0.01), pytest.approx(0, abs=0.5))


def test_that_a_hinge_bent_to_the_other_side_has_the_features_of_one() -> None:
    found = measured(standing(BENT), "left_forearm")
    turned = np.arctan2(0.3, 0.06) - np.arctan2(0.05, 0.16)
    assert found["straight"] == pytest.approx(turned, abs=0.03)
    assert found["upper_moves"] == pytest.approx(np.log(0.01), abs=0.3)
    assert found["other_moves"] == pytest.approx(np.log(0.01), abs=0.3)
    assert found["opposite"] == pytest.approx(1, abs=0.01)
    assert found["along"] < 0.2


def test_that_an_upper_arm_has_no_hinge_above_it() -> None:
    found = measured(standing({"left_upper_arm": (-0.1, 0.25)}), "left_upper_arm")
    assert [found[name] for name in ("bent", "bends_more", "straight", "beyond", "other_way")] == [0] * 5
    assert (found["leg"], found["lower"], found["upper_moves"]) == (0, 0, pytest.approx(np.log(0.01)))


def test_that_a_limb_whose_other_side_moves_with_it_shows() -> None:
    found = measured(standing({**BENT, "right_forearm": (0.1, 0.25)}), "left_forearm")
    assert found["other_moves"] == pytest.approx(np.log(0.01 + np.hypot(0.1, 0.25)), abs=0.05)


@pytest.mark.parametrize(("fps", "stop"), [(15.0, 36), (60.0, 54)])
def test_that_the_same_fault_is_measured_alike_at_other_rates(fps: float, stop: int) -> None:
    times = np.arange(90) / fps
    found = measured(standing(BENT, range(30, stop), fps=fps), "left_forearm", times)
    assert found["seconds"] == pytest.approx(0.4)
    assert found["amount"] == pytest.approx(np.log(0.27), abs=0.05)
    assert found["rate"] == pytest.approx(fps)


def picture(of: dict[int, float], frames: tuple[int, ...] = (30, 42), least: float | None = None) -> np.ndarray:
    """bone_leap: in these frames so much, where the bones were and (`least`: in its place) where they are."""
    found = np.ones((90, len(BONES), 2))
    for bone, leap in of.items():
        found[list(frames), bone] = (leap if least is None else least, leap)
    return found


def test_that_a_step_with_the_picture_under_the_limb_is_told_from_one_without() -> None:
    without = measured(standing(BENT), "left_forearm")
    seen = measured(standing(BENT, bone_leap=picture({FOREARM: 5.0}, least=3.0)), "left_forearm")
    for name in ("bone_leaps", "bone_leaps_most", "moves_house", "moves_house_most", "other_leaps"):
        assert without[name] == 0
    assert seen["bone_leaps"] == seen["bone_leaps_most"] == pytest.approx(np.log(5))
    assert seen["moves_house"] == seen["moves_house_most"] == pytest.approx(np.log(3))
    assert (seen["bone_leaps_inside"], seen["other_leaps"]) == (0, 0)


def test_that_a_picture_that_leaps_at_one_step_alone_is_the_livelier_one() -> None:
    found = measured(standing(BENT, bone_leap=picture({FOREARM: 5.0}, frames=(30,))), "left_forearm")
    assert (found["bone_leaps"], found["bone_leaps_most"]) == (0, pytest.approx(np.log(5)))


def test_that_what_leaps_under_the_bone_below_and_under_the_other_side_is_kept_apart() -> None:
    arm = measured(standing({"left_upper_arm": (-0.1, 0.25)}, bone_leap=picture({FOREARM: 5.0})), "left_upper_arm")
    assert (arm["bone_leaps_most"], arm["child_leaps"]) == (0, pytest.approx(np.log(5)))
    other = measured(standing(BENT, bone_leap=picture({OTHER_FOREARM: 5.0})), "left_forearm")
    assert (other["bone_leaps_most"], other["other_leaps"]) == (0, pytest.approx(np.log(5)))


def test_that_a_flow_that_goes_the_limbs_way_is_told_from_one_that_stays() -> None:
    flow = np.zeros((90, len(BONES), 2))
    still = measured(standing(BENT, bone_flow=flow), "left_forearm")
    flow[30, FOREARM], flow[42, FOREARM] = (-0.1, 0.25), (0.05, -0.125)
    goes = measured(standing(BENT, bone_flow=flow), "left_forearm")
    for name in ("flow_goes", "flow_agrees"):
        assert still[name] == 0
        assert goes[name] == pytest.approx(0.5, abs=0.03)
    assert (still["flow_walks"], goes["flow_walks"]) == (0, pytest.approx(np.hypot(0.1, 0.25)))
    assert goes["flow_inside"] < np.log(0.006)


def test_that_a_flow_that_lengthens_and_shortens_the_bone_says_by_how_much() -> None:
    flow = np.zeros((90, len(BONES), 2))
    flow[30, BONE["right_shank"]], flow[38, BONE["right_shank"]] = (0, 0.09), (0, -0.06)
    found = measured(standing(LONGER, range(30, 38), joint=ANKLE, bone_flow=flow), "right_shank")
    assert found["flow_longer"] == pytest.approx(0.06, abs=0.002)


def test_that_the_colour_under_the_limb_inside_is_compared_with_that_around() -> None:
    colour = np.full((90, len(BONES), 3), 128.0)
    colour[30:42, FOREARM] += 3.0, 4.0, 0.0
    colour[42:, FOREARM] += 0.0, 0.0, 2.0
    found = measured(standing(BENT, bone_colour=colour), "left_forearm")
    assert found["colour_changes"] == pytest.approx(np.sqrt(9 + 16 + 1))
    assert found["colour_varies"] == pytest.approx(2)


def test_that_the_leaps_of_the_limb_at_both_ends_are_weighed_and_those_of_others_apart() -> None:
    own = standing(BENT)
    scores = 20.0 * (np.asarray(own.joint_jump) > 0)
    speed = 30 * np.asarray(own.joint_jump)
    found = measured(standing(BENT, joint_jump_score=scores, joint_speed=speed), "left_forearm")
    assert [found[name] for name in ("leap_away", "leap_back", "leap_likelier")] == [pytest.approx(np.log(3))] * 3
    assert found["leap_other"] == UNLIKELY
    foot = of_column(90, len(JOINTS), {OTHER_ANKLE: {42: 0.3}})
    other = measured(standing(BENT, joint_jump=foot, joint_jump_score=100 * foot, joint_speed=30 * foot), "left_forearm")
    assert [other[name] for name in ("leap_away", "leap_back", "leap_likelier")] == [UNLIKELY] * 3
    assert other["leap_other"] == pytest.approx(np.log(3))
    near = {"joint_jump": 0.2 * np.asarray(own.joint_jump), "joint_jump_score": scores, "joint_speed": speed}
    faint = measured(standing(BENT, **near), "left_forearm")
    assert faint["leap_likelier"] == pytest.approx(np.log(0.001))


def test_that_a_confidence_that_falls_inside_shows() -> None:
    sure = np.full((90, len(JOINTS)), 0.9)
    sure[30:42, WRIST] = 0.6
    sure[35, WRIST] = 0.2
    found = measured(standing(BENT, confidence=sure), "left_forearm")
    assert (found["confidence"], found["least_confidence"], found["confidence_falls"]) == (
        pytest.approx(0.6), pytest.approx(0.2), pytest.approx(-0.3),
    )  # fmt: skip


def test_that_without_pictures_what_they_would_tell_is_unknown_and_the_rest_is_not() -> None:
    nothing = {"unexplained": np.full(90, np.nan), "joint_off_flow": np.full((90, len(JOINTS)), np.nan)}
    nothing |= {name: np.full((90, len(BONES), many), np.nan) for name, many in (("bone_leap", 2), ("bone_colour", 3), ("bone_flow", 2))}
    found = measured(standing(BENT, **nothing), "left_forearm")
    unknown = {name for name, value in found.items() if np.isnan(value)}
    assert {"leaps", "leaps_most", "leaps_inside", "bone_leaps", "moves_house", "colour_changes", "off_flow"} <= unknown
    assert not unknown & {"strength", "amount", "longer", "too_long", "straight", "confidence", "speed", "rate", "bump", "leap_likelier"}


def test_that_every_joint_is_on_one_limb_or_on_the_trunk() -> None:
    limbs = {name: limb_of_joint(JOINTS.index(name)) for name in JOINTS}
    assert limbs["left_shoulder"] == limbs["left_elbow"] == limbs["left_wrist"] == 0
    assert limbs["right_wrist"] == 1
    assert limbs["left_hip"] == limbs["left_knee"] == limbs["left_ankle"] == 2
    assert limbs["right_ankle"] == 3
    assert limbs["nose"] == 4


STRETCH_TIMES = np.arange(60) / 30


def longer(frames: range, ratio: float, bones: tuple[int, ...] = (FOREARM,)) -> dict[str, np.ndarray]:
    return {
        "bone_picture": of_column(60, 8, {bone: dict.fromkeys(frames, ratio) for bone in bones}, usual=1.0),
        "bone_bump": of_column(60, 8, {bone: dict.fromkeys(frames, float(np.log(ratio))) for bone in bones}),
    }


def test_that_a_stretch_is_worth_the_mean_of_its_length_and_of_its_suddenness() -> None:
    value = stretch_value(quiet_tracks(**longer(range(20, 32), 1.4)), STRETCH_TIMES)
    # A bone that never trembles: one hundredth counts as its trembling.
    assert value[25, FOREARM] == pytest.approx(np.log(1.4) / np.sqrt(0.01), rel=1e-5)
    assert value[:, [bone for bone in range(8) if bone != FOREARM]].max() == 0


def test_that_how_long_a_bone_must_be_longer_counts_in_seconds() -> None:
    for fps, brief, lasting in ((30.0, 3, 4), (60.0, 7, 8), (15.0, 2, 3)):
        times = np.arange(60) / fps
        values = [
            stretch_value(quiet_tracks(fps=fps, **longer(range(20, 20 + frames), 1.4)), times)[:, FOREARM].max()
            for frames in (brief, lasting)
        ]
        assert values[0] == 0
        assert values[1] > 0


def test_that_bones_that_all_grow_are_a_mistaken_scale() -> None:
    assert stretch_value(quiet_tracks(**longer(range(20, 32), 1.4, tuple(range(8)))), STRETCH_TIMES).max() == 0


def test_that_a_stretch_counts_for_less_while_all_bones_change() -> None:
    calm = longer(range(20, 32), 1.4)
    turning = {**calm, "bone_picture": calm["bone_picture"].copy()}
    for bone in range(8):
        if bone != FOREARM:
            turning["bone_picture"][20:32, bone] = 0.8
    values = [stretch_value(quiet_tracks(**tracks), STRETCH_TIMES)[25, FOREARM] for tracks in (calm, turning)]
    assert values[1] < 0.5 * values[0]


def test_that_a_stretch_of_one_frame_is_none() -> None:
    assert stretch_value(quiet_tracks(1), STRETCH_TIMES[:1]).tolist() == [[0.0] * 8]


def test_that_the_largest_stretch_within_an_excursion_is_its_bump() -> None:
    ratio = np.ones((90, len(BONES)))
    ratio[28:44, BONE["right_shank"]] = 1.4
    tracks = standing(LONGER, range(30, 38), joint=ANKLE, bone_picture=ratio, bone_bump=np.log(ratio))
    assert measured(tracks, "right_shank")["bump"] == pytest.approx(stretch_value(tracks, TIMES)[30:38, BONE["right_shank"]].max())
    assert measured(tracks, "right_shank")["bump"] > 1
