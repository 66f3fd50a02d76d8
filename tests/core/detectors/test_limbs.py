"""What is told of limbs that are elsewhere for a moment, with trees that take every clear excursion for a fault."""

from dataclasses import replace

import numpy as np
import pytest

from core.detectors.limb_features import limb_excursions
from core.detectors.limbs import likeliest, limb_faults
from core.tracks.joints import JOINTS
from tests.planted_trees import Plant
from tests.quiet_tracks import quiet_tracks
from tests.standing_body import BONE, TIMES, WRIST, standing

BENT, LONGER = {"left_forearm": (-0.21, 0.11)}, {"right_shank": (-0.008, 0.096)}


@pytest.fixture(autouse=True)
def trees(plant: Plant) -> None:
    """A limb that goes farther than a twentieth of the body's height is a fault for sure; no leap is."""
    plant(limbs=("amount", float(np.log(0.05)), 0.001, 5.0), leaps=("amount", 0.0, 0.001, 0.001))


def test_that_a_body_at_rest_has_no_faults_and_neither_has_one_of_two_frames() -> None:
    assert limb_faults(standing({}), TIMES) == []
    assert limb_faults(quiet_tracks(2), TIMES[:2]) == []


def test_that_a_forearm_that_is_elsewhere_for_a_moment_is_told_with_its_frames_and_its_limb() -> None:
    (told,) = limb_faults(standing(BENT), TIMES)
    # Without noise the step of one frame may as well have taken the three before it.
    assert (told.detector, told.kind, told.stop) == ("limbs", "stretch", 42)
    assert 27 <= told.start <= 30 <= told.peak < 42
    assert [(joint.name, joint.share) for joint in told.joints] == [("left_wrist", 0.5), ("left_elbow", 0.5)]
    assert (told.value, told.confidence, told.tracks) == (pytest.approx(5), pytest.approx(0.9), ("limb excursions",))
    where = f"Left wrist is 0.24 body heights out of place in frames {told.start} to 41"
    assert told.text == f"{where}: it leaps there and back, as no elbow moves it."


def test_that_an_excursion_that_is_not_likely_to_be_a_fault_is_none(plant: Plant) -> None:
    plant(limbs=("amount", 0.0, 0.019, 5.0), leaps=("amount", 0.0, 0.001, 0.001))
    assert limb_faults(standing(BENT), TIMES) == []


def test_that_where_the_trees_ask_for_it_only_a_limb_whose_picture_leaps_with_it_is_told(plant: Plant) -> None:
    plant(limbs=("bone_leaps", float(np.log(2)), 0.001, 5.0), leaps=("amount", 0.0, 0.001, 0.001))
    picture = np.ones((90, 8, 2))
    assert limb_faults(standing(BENT, bone_leap=picture), TIMES) == []
    picture[[30, 42], BONE["left_forearm"]] = 4.0
    assert [told.stop for told in limb_faults(standing(BENT, bone_leap=picture), TIMES)] == [42]


def test_that_the_peak_lies_where_the_joint_leaps_more_clearly(plant: Plant) -> None:
    plant(limbs=("amount", float(np.log(0.05)), 0.001, 5.0), leaps=("amount", float(np.log(0.05)), 0.001, 5.0))
    one = standing(BENT)
    for edge, peak in ((30, 30), (42, 41)):
        jump, score = np.zeros(one.joint_jump.shape), np.zeros(one.joint_jump.shape)
        jump[edge, WRIST], score[edge, WRIST] = 0.3, 9.0
        (told,) = limb_faults(replace(one, joint_jump=jump, joint_jump_score=score), TIMES)
        assert told.peak == peak


def test_that_a_limb_that_is_longer_says_so() -> None:
    (told,) = limb_faults(standing(LONGER, range(30, 40)), TIMES)
    assert told.kind == "stretch"
    assert told.text == "Right shank becomes 40% longer at once in frames 30 to 39, and as short as before again."


def test_that_a_limb_that_is_back_at_once_has_leapt() -> None:
    (told,) = limb_faults(standing(BENT, range(30, 36)), TIMES)
    assert (told.kind, told.start, told.stop) == ("jump", 30, 36)
    assert told.text == "Left wrist is 0.24 body heights out of place in frames 30 to 35: it leaps there and back."


def test_that_both_sides_at_once_are_a_swap() -> None:
    one = standing({**BENT, "right_forearm": (0.21, 0.11)})
    jumps = np.array(one.joint_jump)
    jumps[:, JOINTS.index("right_wrist")] = jumps[:, WRIST]
    (told,) = limb_faults(replace(one, joint_jump=jumps), TIMES)
    assert (told.kind, told.start, told.stop) == ("swap", 30, 42)
    assert told.text.endswith("it leaps there and back, and the other side with it: left and right may have changed places.")


def test_that_of_excursions_at_one_place_the_likeliest_is_told() -> None:
    found = limb_excursions(standing({**BENT, "left_upper_arm": (0.02, 0.06)}), TIMES)
    found = replace(found, strength=np.ones(len(found)))
    odds = np.zeros(len(found))
    wanted = int(np.flatnonzero(found.bone == BONE["left_upper_arm"])[0])
    odds[found.bone == BONE["left_forearm"]] = 0.5
    odds[wanted] = 0.9
    assert likeliest(found, odds, 0.02) == [wanted]
    assert likeliest(found, odds, 0.95) == []
