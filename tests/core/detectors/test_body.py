"""What the body tells, from tracks with known values."""

from dataclasses import replace

import numpy as np
import pytest

from core.detectors.body import both_sides, exchanged, joint_jumps, sides_for_frames, stretch_value, stretches, swaps
from core.detectors.candidate import Candidate
from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from tests.quiet_tracks import at, of_column, quiet_tracks

TIMES = np.arange(60) / 30
WRIST, ELBOW = JOINTS.index("left_wrist"), JOINTS.index("left_elbow")
FOREARM = [name for name, _, _ in BONES].index("left_forearm")


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
        assert [*joint_jumps(tracks, TIMES), *stretches(tracks, TIMES), *swaps(tracks)] == []


def test_that_a_leap_that_the_pictures_show_is_told_with_its_joint() -> None:
    (found,) = joint_jumps(quiet_tracks(**leap({30: 0.3}), unexplained=at(60, {30: 3.0}, 1.0)), TIMES)
    assert told([found]) == [("joints", "jump", 30, 31, 30)]
    assert found.value == 20
    assert found.confidence == pytest.approx(0.9)
    assert [(joint.name, joint.share) for joint in found.joints] == [("left_wrist", 1.0)]
    assert found.text == "The left wrist leaps by 0.30 body heights between frames 29 and 30, unlike the motion around."


def test_that_a_leap_while_the_picture_goes_on_is_the_pose_estimates() -> None:
    assert joint_jumps(quiet_tracks(**leap({30: 0.3})), TIMES) == []


def test_that_a_leap_the_pictures_half_support_counts_for_half() -> None:
    (found,) = joint_jumps(quiet_tracks(**leap({30: 0.3}), unexplained=at(60, {30: 1.5}, 1.0)), TIMES)
    assert found.value == pytest.approx(10)


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


def exchange(support: float) -> dict[str, np.ndarray]:
    """Both wrists leap by 0.3 body heights into frame 30, to where the other one was."""
    sides = [JOINTS.index("left_wrist"), JOINTS.index("right_wrist")]
    tracks = {name: np.maximum(*(leap({30: 0.3}, joint)[name] for joint in sides)) for name in leap({30: 0.3})}
    pairs = of_column(60, 6, {2: {30: 0.3}}, usual=-0.1)
    return {**tracks, "swap_pairs": pairs, "unexplained": at(60, {30: support}, 1.0)}


def test_that_sides_that_change_places_are_a_swap_and_no_leap() -> None:
    tracks = quiet_tracks(**exchange(3.0))
    assert [JOINTS[joint] for joint in np.flatnonzero(exchanged(tracks)[30])] == ["left_wrist", "right_wrist"]
    assert joint_jumps(tracks, TIMES) == []
    (found,) = swaps(tracks)
    assert told([found]) == [("sides", "swap", 30, 31, 30)]
    assert [joint.name for joint in found.joints] == ["left_wrist", "right_wrist"]
    assert found.value == pytest.approx(0.3)
    assert found.text == "Left and right wrists change places between frames 29 and 30."


def test_that_sides_that_change_places_while_the_picture_goes_on_were_mistaken() -> None:
    tracks = quiet_tracks(**exchange(1.0))
    assert swaps(tracks) == []
    assert joint_jumps(tracks, TIMES) == []


def test_that_without_pictures_sides_that_change_places_are_not_told() -> None:
    tracks = quiet_tracks(pictures=False, **{**exchange(3.0), "unexplained": np.full(60, np.nan)})
    assert swaps(tracks) == []
    assert joint_jumps(tracks, TIMES) == []


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


def longer(frames: range, ratio: float, bones: tuple[int, ...] = (FOREARM,)) -> dict[str, np.ndarray]:
    return {
        "bone_picture": of_column(60, 8, {bone: dict.fromkeys(frames, ratio) for bone in bones}, usual=1.0),
        "bone_bump": of_column(60, 8, {bone: dict.fromkeys(frames, float(np.log(ratio))) for bone in bones}),
    }


def test_that_a_limb_that_is_longer_for_a_moment_is_told_with_its_frames() -> None:
    (found,) = stretches(quiet_tracks(**longer(range(20, 32), 1.4)), TIMES)
    assert told([found])[0][:4] == ("bones", "stretch", 20, 32)
    assert [joint.name for joint in found.joints] == ["left_wrist", "left_elbow"]
    assert found.text == "Left forearm is up to 40% longer than it is usually seen in frames 20 to 31."


def test_that_a_stretch_is_worth_the_mean_of_its_length_and_of_its_suddenness() -> None:
    value = stretch_value(quiet_tracks(**longer(range(20, 32), 1.4)), TIMES)
    # A bone that never trembles: one hundredth counts as its trembling.
    assert value[25, FOREARM] == pytest.approx(np.log(1.4) / np.sqrt(0.01), rel=1e-5)
    assert value[:, [bone for bone in range(8) if bone != FOREARM]].max() == 0


def test_that_a_limb_that_is_longer_for_three_frames_is_none() -> None:
    assert stretches(quiet_tracks(**longer(range(20, 23), 1.4)), TIMES) == []


def test_that_how_long_a_limb_is_longer_counts_in_seconds() -> None:
    quick = np.arange(60) / 60
    assert stretches(quiet_tracks(fps=60.0, **longer(range(20, 27), 1.4)), quick) == []
    (found,) = stretches(quiet_tracks(fps=60.0, **longer(range(20, 32), 1.4)), quick)
    assert told([found])[0][:4] == ("bones", "stretch", 20, 32)
    (slow,) = stretches(quiet_tracks(fps=15.0, **longer(range(20, 23), 1.4)), np.arange(60) / 15)
    assert told([slow])[0][:4] == ("bones", "stretch", 20, 23)


def test_that_bones_that_all_grow_are_a_mistaken_scale() -> None:
    assert stretches(quiet_tracks(**longer(range(20, 32), 1.4, tuple(range(8)))), TIMES) == []


def test_that_a_stretch_counts_for_less_while_all_bones_change() -> None:
    calm = longer(range(20, 32), 1.4)
    turning = {**calm, "bone_picture": calm["bone_picture"].copy()}
    for bone in range(8):
        if bone != FOREARM:
            turning["bone_picture"][20:32, bone] = 0.8
    values = [stretch_value(quiet_tracks(**tracks), TIMES)[25, FOREARM] for tracks in (calm, turning)]
    assert values[1] < 0.5 * values[0]


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
