"""133 points -> OpenPose's order -> 60 key points -> the authors' 120 numbers, against what the authors' code gave for five cases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.extraction.reference.dwpose.estimator import WholeBody
from core.extraction.reference.dwpose.layout import (
    BODY,
    FACE,
    LEFT_HAND,
    RIGHT_HAND,
    keypoint_vector,
    normalised,
    openpose_order,
    to_keypoints,
)
from core.skeletons import BODY_SLICE, KEYPOINTS, LEFT_HAND_SLICE, RIGHT_HAND_SLICE

CASES = "ABCDE"


@pytest.fixture(scope="module")
def recorded(shared: Path) -> Callable[[str], dict[str, Any]]:
    with np.load(shared / "oracle" / "tokenhmr" / "dwpose_layout.npz", allow_pickle=False) as arrays:
        values = dict(arrays)

    def case(letter: str) -> dict[str, Any]:
        found = {name[2:]: value for name, value in values.items() if name.startswith(f"{letter}_")}
        whole = WholeBody(found["keypoints133"], found["scores133"])
        return {**found, "whole": whole, "size": (int(found["W"]), int(found["H"]))}

    return case


@pytest.mark.parametrize("letter", CASES)
def test_that_the_order_and_the_neck_are_the_recorded_ones(recorded: Callable[[str], dict[str, Any]], letter: str) -> None:
    case = recorded(letter)
    points, scores = openpose_order(case["whole"])
    np.testing.assert_array_equal(points, case["kp134"])
    np.testing.assert_array_equal(scores, case["scores134"])
    assert points.dtype == scores.dtype == np.float64
    np.testing.assert_array_equal(scores[:, BODY], case["raw_score"])


@pytest.mark.parametrize("letter", CASES)
def test_that_body_faces_and_hands_are_the_recorded_ones(recorded: Callable[[str], dict[str, Any]], letter: str) -> None:
    case = recorded(letter)
    points, scores = openpose_order(case["whole"])
    unmasked, masked = points / np.array(case["size"], np.float64), normalised(points, scores, case["size"])
    np.testing.assert_array_equal(unmasked[:, BODY].reshape(-1, 2), case["body_candidate"])
    numbers = np.arange(18 * len(points)).reshape(-1, 18)
    np.testing.assert_array_equal(np.where((masked[:, BODY] != -1).any(axis=-1), numbers, -1), case["body_subset"])
    np.testing.assert_array_equal(masked[:, FACE], case["faces"])
    np.testing.assert_array_equal(np.concatenate([masked[:, LEFT_HAND], masked[:, RIGHT_HAND]]), case["hands"])


@pytest.mark.parametrize("letter", CASES)
def test_that_the_authors_numbers_are_the_recorded_ones(recorded: Callable[[str], dict[str, Any]], letter: str) -> None:
    case = recorded(letter)
    vector = keypoint_vector(*to_keypoints(case["whole"], variant="authors"), case["size"], mask="hands")
    np.testing.assert_array_equal(vector, case["vec120"])
    np.testing.assert_array_equal(vector.astype(np.float32), case["vec120_f32"])


@pytest.mark.parametrize("letter", "ABCE")
def test_that_one_person_alone_reads_the_same_in_both_variants(recorded: Callable[[str], dict[str, Any]], letter: str) -> None:
    whole = recorded(letter)["whole"]
    for ours, authors in zip(to_keypoints(whole), to_keypoints(whole, variant="authors"), strict=True):
        np.testing.assert_array_equal(ours, authors)


def two_persons() -> WholeBody:
    """Point k of person n at (1000 n + k, k); everything is seen."""
    k = np.arange(133.0)
    return WholeBody(np.stack([np.stack([1000 * n + k, k], axis=-1) for n in range(2)]), np.full((2, 133), 0.9, np.float32))


@pytest.mark.parametrize("person", [0, 1])
def test_that_each_person_has_hands_of_their_own(person: int) -> None:
    points, scores = to_keypoints(two_persons(), person)
    assert points.shape == (len(KEYPOINTS), 2) and scores.shape == (len(KEYPOINTS),)
    np.testing.assert_array_equal(points[LEFT_HAND_SLICE, 0], 1000 * person + np.arange(91, 112))
    np.testing.assert_array_equal(points[RIGHT_HAND_SLICE, 0], 1000 * person + np.arange(112, 133))


@pytest.mark.parametrize("person", [0, 1])
def test_that_the_authors_give_the_left_hand_of_the_next_person_for_the_right_one(person: int) -> None:
    points, _ = to_keypoints(two_persons(), person, "authors")
    np.testing.assert_array_equal(points[LEFT_HAND_SLICE, 0], 1000 * person + np.arange(91, 112))
    np.testing.assert_array_equal(points[RIGHT_HAND_SLICE, 0], 1000 * (1 - person) + np.arange(91, 112))


def test_that_names_mean_what_they_say() -> None:
    points, _ = to_keypoints(two_persons())
    coco = {"nose": 0, "left_eye": 1, "right_ear": 4, "left_wrist": 9, "right_wrist": 10, "right_ankle": 16, "left_hand_wrist": 91}
    assert {name: int(points[KEYPOINTS.index(name), 0]) for name in coco} == coco
    assert points[KEYPOINTS.index("neck"), 0] == 5.5  # between the shoulders 5 and 6


def test_that_the_neck_counts_as_seen_with_both_shoulders_only() -> None:
    whole = two_persons()
    whole.scores[0, 6], whole.scores[1, 5:7] = 0.2, 0.31
    assert [to_keypoints(whole, person)[1][1] for person in (0, 1)] == [0.0, 1.0]


def test_that_a_mask_takes_the_hands_or_everything() -> None:
    points = np.full((60, 2), 50.0)
    scores = np.full(60, 0.9)
    scores[[0, 20, 45]] = 0.29
    scores[[1, 21]] = 0.3
    hands, everything = (keypoint_vector(points, scores, (100, 200), mask).reshape(60, 2) for mask in ("hands", "all"))
    assert np.flatnonzero((hands == -1).all(axis=1)).tolist() == [20, 45]
    assert np.flatnonzero((everything == -1).all(axis=1)).tolist() == [0, 20, 45]
    assert hands[BODY_SLICE].tolist() == [[0.5, 0.25]] * 18


@pytest.mark.parametrize(
    "wrong", [lambda: to_keypoints(two_persons(), 0, "typo"), lambda: keypoint_vector(np.zeros((60, 2)), np.zeros(60), (1, 1), "typo")]
)
def test_that_an_unknown_variant_or_mask_is_named(wrong: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="typo"):
        wrong()
