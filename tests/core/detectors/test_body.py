"""What the body tells, from tracks with known values."""

from dataclasses import replace

import numpy as np
import pytest

from core.detectors.body import both_sides, joint_jumps, sides_for_frames
from core.detectors.candidate import Candidate
from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from tests.planted_trees import Plant
from tests.quiet_tracks import at, of_column, quiet_tracks

TIMES = np.arange(60) / 30
WRIST, ELBOW = JOINTS.index("left_wrist"), JOINTS.index("left_elbow")
FOREARM = [name for name, _, _ in BONES].index("left_forearm")


@pytest.fixture(autouse=True)
def trees(plant: Plant) -> None:
    """A leap is a fault for sure where the person's picture leaps more than twice as usual."""
    plant(leaps=("leaps", float(np.log(2)), 0.001, 20.0))


def leap(frames: dict[int, float], joint: int = WRIST, score: float = 20.0, **others: np.ndarray) -> dict[str, np.ndarray]:
    """The tracks of a joint that leaps by so many body heights into some frames."""
    found = {
        "joint_jump": of_column(60, 13, {joint: frames}),
        "joint_jump_score": of_column(60, 13, {joint: dict.fromkeys(frames, score)}),
        "joint_speed": of_column(60, 13, {joint: {frame: 30 * size for frame, size in frames.items()}}, usual=0.1),
    }
    return {**found, **others}


def told(found: list[Candidate]) -> list[tuple[str, str, int, int, int]]:
    return [(c.detector, c.kind, c.start, c.stop, c.peak) for c in found]


def test_that_a_body_at_rest_has_no_events() -> None:
    for tracks in (quiet_tracks(), quiet_tracks(pictures=False)):
        assert joint_jumps(tracks, TIMES) == []


def test_that_a_leap_that_the_pictures_show_is_told_with_its_joint() -> None:
    (found,) = joint_jumps(quiet_tracks(**leap({30: 0.3}), unexplained=at(60, {30: 3.0}, 1.0)), TIMES)
    assert told([found]) == [("joints", "jump", 30, 31, 30)]
    assert found.value == pytest.approx(20)
    assert found.confidence == pytest.approx(0.9)
    assert [(joint.name, joint.share) for joint in found.joints] == [("left_wrist", 1.0)]
    assert found.text == "The left wrist leaps by 0.30 body heights between frames 29 and 30, unlike the motion around."


def test_that_a_leap_that_is_not_likely_to_be_a_fault_is_none() -> None:
    assert joint_jumps(quiet_tracks(**leap({30: 0.3})), TIMES) == []


@pytest.mark.parametrize(("under", "told"), [(1.0, 0), (4.0, 1)])
def test_that_where_the_trees_ask_for_it_only_a_step_with_the_picture_under_the_limb_is_told(plant: Plant, under: float, told: int) -> None:
    plant(leaps=("limb_leaps", float(np.log(2)), 0.001, 20.0))
    picture = np.ones((60, 8, 2))
    picture[30, FOREARM] = under
    assert len(joint_jumps(quiet_tracks(**leap({30: 0.3}), bone_leap=picture), TIMES)) == told


def test_that_without_pictures_a_leap_counts_by_its_size_and_less_surely_if_space_did_not_see_it() -> None:
    (plain,) = joint_jumps(quiet_tracks(pictures=False, **leap({30: 0.2})), TIMES)
    assert told([plain]) == [("joints alone", "jump", 30, 31, 30)]
    assert plain.value == pytest.approx(np.sqrt(20 * 0.2 / 0.05))
    assert plain.confidence == pytest.approx(0.7 * 0.9)
    in_space = of_column(60, 13, {WRIST: {30: 15.0}})
    (seen,) = joint_jumps(quiet_tracks(pictures=False, **leap({30: 0.2}), joint_space_jump_score=in_space), TIMES)
    assert seen.confidence == pytest.approx(0.9)
    assert seen.tracks == ("joint steps in the picture", "joint steps in space")


@pytest.mark.parametrize(("size", "score"), [(0.045, 20.0), (0.3, 7.5)])
def test_that_without_pictures_a_small_leap_is_not_told(size: float, score: float) -> None:
    assert joint_jumps(quiet_tracks(pictures=False, **leap({30: size}, score=score)), TIMES) == []


def test_that_leaping_away_and_back_is_one_event() -> None:
    (found,) = joint_jumps(quiet_tracks(**leap({20: 0.3, 35: 0.2}), unexplained=at(60, {20: 3.0, 35: 3.0}, 1.0)), TIMES)
    assert told([found]) == [("joints", "jump", 20, 36, 20)]
    assert found.text.endswith(", within a disturbance of frames 20 to 35.")


def test_that_leaps_far_apart_or_of_other_joints_are_two_events() -> None:
    far = quiet_tracks(**leap({5: 0.3, 50: 0.3}), unexplained=at(60, {5: 3.0, 50: 3.0}, 1.0))
    assert [c.peak for c in joint_jumps(far, TIMES)] == [5, 50]
    both = {name: np.maximum(one, other) for (name, one), other in zip(leap({20: 0.3}).items(), leap({35: 0.3}, 0).values(), strict=True)}
    others = quiet_tracks(**both, unexplained=at(60, {20: 3.0, 35: 3.0}, 1.0))
    assert [c.joints[0].name for c in joint_jumps(others, TIMES)] == ["left_wrist", "nose"]


def several(frames: dict[int, float]) -> dict[str, np.ndarray]:
    """Wrist, elbow and nose leap at once."""
    each = [leap(frames, joint) for joint in (WRIST, ELBOW, 0)]
    return {name: np.maximum.reduce([tracks[name] for tracks in each]) for name in each[0]}


@pytest.mark.parametrize(("nearer", "kind"), [(0.05, "swap"), (-0.05, "jump")])
def test_that_a_leap_into_the_mirror_image_is_a_swap(nearer: float, kind: str) -> None:
    tracks = quiet_tracks(**several({30: 0.3}), unexplained=at(60, {30: 3.0}, 1.0), body_swap=at(60, {30: nearer}, -0.05))
    (found,) = joint_jumps(tracks, TIMES)
    assert told([found]) == [("joints", kind, 30, 31, 30)]
    assert ("left and right may have changed places" in found.text) == (kind == "swap")


def test_that_one_joint_that_leaps_is_no_swap() -> None:
    tracks = quiet_tracks(**leap({30: 0.3}), unexplained=at(60, {30: 3.0}, 1.0), body_swap=at(60, {30: 0.05}, -0.05))
    assert [c.kind for c in joint_jumps(tracks, TIMES)] == ["jump"]


def test_that_limbs_of_both_sides_that_leap_at_once_are_told_from_one_side_and_from_the_whole_body() -> None:
    left, right = (JOINTS.index(f"{side}_wrist") for side in ("left", "right"))
    trunk = {JOINTS.index(f"{side}_{name}"): {20: 0.3} for side in ("left", "right") for name in ("shoulder", "hip")}
    one = of_column(60, 13, {left: {20: 0.4}})
    both = of_column(60, 13, {left: {20: 0.2}, right: {20: 0.3}})
    whole = of_column(60, 13, {left: {20: 0.3}, right: {20: 0.3}, **trunk})
    assert [both_sides(quiet_tracks(joint_jump=jumps), 20, 26) for jumps in (one, both, whole)] == [False, True, False]
    assert both_sides(quiet_tracks(joint_jump=both), 12, 20)
    assert not both_sides(quiet_tracks(joint_jump=both), 30, 40)
    assert not both_sides(quiet_tracks(joint_jump=both, body_swap=np.full(60, -0.1)), 20, 26)


def test_that_a_leap_of_both_sides_is_a_swap() -> None:
    jumps = of_column(60, 13, {WRIST: {30: 0.3}, JOINTS.index("right_wrist"): {30: 0.3}})
    tracks = quiet_tracks(**leap({30: 0.3}, unexplained=at(60, {30: 3.0}, 1.0)) | {"joint_jump": jumps})
    (found,) = joint_jumps(tracks, TIMES)
    assert found.kind == "swap"
    assert found.text.endswith("both sides leap at once: left and right may have changed places.")


def test_that_frames_that_do_not_belong_are_a_swap_where_only_the_limbs_of_both_sides_leap() -> None:
    splice = Candidate("splice", "jump", 30, 34, 30, 2.0, 1.0, (), ("pictures compared",), "Frames 30 to 33 do not belong here: so it is.")
    jumps = of_column(60, 13, {WRIST: {30: 0.3}, JOINTS.index("right_wrist"): {30: 0.3}})
    (swap,) = sides_for_frames([splice], quiet_tracks(joint_jump=jumps))
    assert (swap.kind, swap.start, swap.stop, swap.value) == ("swap", 30, 34, 2.0)
    assert swap.text.endswith("so it is; only the limbs of both sides leap: left and right may have changed places.")
    assert sides_for_frames([splice], quiet_tracks(joint_jump=0 * jumps)) == [splice]
    assert sides_for_frames([replace(splice, detector="freeze")], quiet_tracks(joint_jump=jumps))[0].kind == "jump"
