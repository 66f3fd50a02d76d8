"""Clips are matched by exact name, and by nothing else unless it is asked for."""

import pytest

from core.evaluation.clip_names import (
    ClipName,
    canonical,
    match_names,
    match_slots,
    parse_clip_name,
    parse_clip_names,
    slot,
    suffix_pairs,
)
from core.evaluation.errors import EvaluationError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Hunyuan_videos_PushUps_01_ab.mp4", "hunyuan_pushups_01_ab"),
        ("videos_PushUps_01.MOV", "pushups_01"),
        ("wan21_video_HulaHoop_02", "wan21_hulahoop_02"),
        ("Wan2.2_PushUps_01_00001b63", "wan2.2_pushups_01_00001b63"),
        ("Wan2.2_PushUps_01_00001b63.mp4", "wan2.2_pushups_01_00001b63"),
        ("folder/sub/Clip_a_1.webm", "clip_a_1"),
        ("myvideos_run_1", "myvideos_run_1"),
    ],
)
def test_that_only_known_extensions_and_the_videos_token_are_removed(name: str, expected: str) -> None:
    assert canonical(name) == expected


def test_that_names_are_matched_without_regard_to_case_and_never_by_their_end() -> None:
    left = ["Hunyuan_videos_PushUps_01_ab.mp4", "Wan2.2_WallPushups_01_cd"]
    right = ["hunyuan_pushups_01_AB", "x_PushUps_01_cd", "wan21_WallPushups_01_cd"]
    matching = match_names(left, right)
    assert matching.pairs == (("Hunyuan_videos_PushUps_01_ab.mp4", "hunyuan_pushups_01_AB"),)
    assert matching.left_only == ("Wan2.2_WallPushups_01_cd",)
    assert matching.right_only == ("x_PushUps_01_cd", "wan21_WallPushups_01_cd")


def test_that_two_names_of_one_clip_in_one_file_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"'a_Run_1.mp4' and 'A_Run_1.avi' in one file mean the same clip"):
        match_names(["a_Run_1.mp4", "A_Run_1.avi"], ["a_Run_1"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Wan2.2_TennisSwing_06_g18_c02.mp4", ClipName("Wan2.2", "TennisSwing", 6)),
        ("Opensora_768_PushUps_01_6c42.mp4", ClipName("Opensora_768", "PushUps", 1)),
        ("Hunyuan_videos_PullUps_05_2b", ClipName("Hunyuan", "PullUps", 5)),
        ("M_Run_3", ClipName("M", "Run", 3)),
        ("squat.mp4", None),
        ("a_b_c", None),
    ],
)
def test_that_a_name_states_model_class_and_number(name: str, expected: ClipName | None) -> None:
    assert parse_clip_name(name) == expected


def test_that_the_most_frequent_spelling_of_a_class_stands_for_all() -> None:
    names, unnamed = parse_clip_names(["A_TennisSwing_01", "B_Tennisswing_01", "C_TennisSwing_02", "clip"])
    assert {parts.action for parts in names.values()} == {"TennisSwing"}
    assert unnamed == ["clip"]


def test_that_releases_which_name_files_differently_are_matched_by_slot_only_when_asked() -> None:
    old, new = ["Wan2p2_Soccerjuggling_03_ae4069ae.mp4"], ["Wan2.2_SoccerJuggling_03_g07_c05.mp4"]
    assert match_names(old, new).pairs == ()
    assert match_slots(old, new).pairs == ((old[0], new[0]),)
    assert slot(ClipName("wan21", "HulaHoop", 2)) == slot(ClipName("Wan2p1", "hulahoop", 2))


def test_that_a_slot_needs_a_name_that_states_it() -> None:
    with pytest.raises(EvaluationError, match=r"'squat.mp4' does not state model, class and number"):
        match_slots(["squat.mp4"], ["A_Run_1"])


def test_that_the_released_codes_matching_by_the_end_of_names_is_known() -> None:
    assert suffix_pairs(["Wan2p1_HulaHoop_06_0010"], ["wan21_HulaHoop_06_0010", "other"]) == [
        ("Wan2p1_HulaHoop_06_0010", "wan21_HulaHoop_06_0010")
    ]
