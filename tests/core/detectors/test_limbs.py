"""Limbs that are longer, or bent as no limb bends, for a moment."""

from dataclasses import replace

import numpy as np
import pytest

from core.detectors.limbs import FEATURES, likeliest, limb_excursions, limb_faults, limb_features
from core.detectors.regressions import NAMES, bundled_regressions
from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks
from tests.quiet_tracks import at, of_column, quiet_tracks

TIMES = np.arange(90) / 30
NUMBER = {name: number for number, (name, _, _) in enumerate(BONES)}
WRIST, KNEE, ANKLE = (JOINTS.index(name) for name in ("left_wrist", "right_knee", "right_ankle"))


def body(moved: dict[str, tuple[float, float]], frames: range = range(30, 42), joint: int = WRIST) -> LocalTracks:
    """The tracks of a body that stands with its arms out, in a slow sway; the ends of some bones are elsewhere in these frames."""
    shown = np.zeros((90, len(BONES), 2))
    for name, number in NUMBER.items():
        arm, side = name.endswith("arm"), 1.0 if name.startswith("left") else -1.0
        shown[:, number] = (0.16 * side, 0.05) if arm else (0.02 * side, 0.24)
    shown[..., 0] += 0.005 * np.sin(2 * np.pi * TIMES / 2)[:, None]
    space = np.concatenate([shown, np.full((90, len(BONES), 1), 0.05)], axis=-1)
    for name, by in moved.items():
        shown[frames.start : frames.stop, NUMBER[name]] += by
    leaps = {frames.start: 3.0, frames.stop: 3.0}
    jumps = of_column(90, 13, {joint: dict.fromkeys(leaps, 0.3)})
    return quiet_tracks(90, bone_shown=shown, bone_pointing=space, unexplained=at(90, leaps, 1.0), joint_jump=jumps)


def feature(tracks: LocalTracks, name: str, bone: str) -> float:
    found = limb_excursions(tracks, TIMES)
    place = next(i for i in np.argsort(-found.strength) if found.bone[i] == NUMBER[bone])
    return float(limb_features(tracks, found, TIMES)[name][place])


def test_that_the_regressions_know_the_features() -> None:
    assert NAMES == ("limbs", "hinges", "slip")
    for name in ("limbs", "hinges"):
        assert bundled_regressions()[name].features == FEATURES


def test_that_a_body_at_rest_has_no_faults_and_neither_has_one_of_two_frames() -> None:
    assert limb_faults(body({}), TIMES) == []
    assert limb_faults(quiet_tracks(2), TIMES[:2]) == []


def test_that_a_longer_bone_has_the_features_of_one() -> None:
    tracks = body({"right_shank": (-0.008, 0.096)}, range(30, 38), joint=ANKLE)
    assert feature(tracks, "longer", "right_shank") == pytest.approx(np.log(1.4), abs=0.02)
    assert feature(tracks, "too_long", "right_shank") == pytest.approx(np.log(1.4), abs=0.02)
    assert feature(tracks, "along", "right_shank") == pytest.approx(1.0, abs=0.02)
    assert feature(tracks, "amount", "right_shank") == pytest.approx(np.log(0.096), abs=0.05)
    assert feature(tracks, "seconds", "right_shank") == pytest.approx(8 / 30)
    assert feature(tracks, "leaps", "right_shank") == pytest.approx(np.log(3.0))
    assert feature(tracks, "leaps_inside", "right_shank") == pytest.approx(0.0)


def test_that_a_hinge_bent_to_the_other_side_has_the_features_of_one() -> None:
    tracks = body({"left_forearm": (-0.1, 0.25)})
    turned = np.arctan2(0.3, 0.06) - np.arctan2(0.05, 0.16)
    assert feature(tracks, "straight", "left_forearm") == pytest.approx(turned, abs=0.03)
    assert feature(tracks, "upper_moves", "left_forearm") == pytest.approx(np.log(0.01), abs=0.3)
    assert feature(tracks, "moves_alone", "left_forearm") > 2


def test_that_a_forearm_that_bends_to_the_other_side_for_a_moment_is_told_with_its_frames_and_its_limb() -> None:
    found = limb_faults(body({"left_forearm": (-0.1, 0.25)}), TIMES)
    told = next(one for one in found if one.detector == "hinges")
    assert (told.kind, told.start, told.stop, told.joints[0].name) == ("stretch", 30, 42, "left_wrist")
    assert told.text == "Left wrist is 0.27 body heights out of place in frames 30 to 41: it leaps there and back, as no elbow moves it."


def test_that_a_limb_that_is_back_at_once_has_leapt() -> None:
    found = limb_faults(body({"left_forearm": (-0.1, 0.25)}, range(30, 36)), TIMES)
    likeliest_one = max(found, key=lambda one: one.value)
    assert (likeliest_one.kind, likeliest_one.start, likeliest_one.stop) == ("jump", 30, 36)


def test_that_both_sides_at_once_are_a_swap() -> None:
    tracks = body({"left_forearm": (-0.1, 0.25), "right_forearm": (0.1, 0.25)})
    jumps = np.array(tracks.joint_jump)
    jumps[:, JOINTS.index("right_wrist")] = jumps[:, WRIST]
    both = quiet_tracks(90, **{name: getattr(tracks, name) for name in ("bone_shown", "bone_pointing", "unexplained")}, joint_jump=jumps)
    told = next(one for one in limb_faults(both, TIMES) if one.detector == "hinges")
    assert (told.kind, told.start, told.stop) == ("swap", 30, 42)


def test_that_of_excursions_at_one_place_the_likeliest_is_told() -> None:
    found = limb_excursions(body({"left_forearm": (-0.1, 0.25), "left_upper_arm": (0.02, 0.06)}), TIMES)
    found = replace(found, strength=np.ones(len(found)))
    odds = np.zeros(len(found))
    wanted = int(np.flatnonzero(found.bone == NUMBER["left_upper_arm"])[0])
    odds[found.bone == NUMBER["left_forearm"]] = 0.5
    odds[wanted] = 0.9
    assert likeliest(found, odds, 0.02) == [wanted]
    assert likeliest(found, odds, 0.95) == []
