import cv2
import numpy as np
import pytest

from core.extraction.appearance import SIZE, describe
from core.skeletons import OPENPOSE_BODY

POINTS = {
    "nose": (100, 40), "neck": (100, 70), "right_shoulder": (75, 70), "right_elbow": (65, 110), "right_wrist": (60, 150),
    "left_shoulder": (125, 70), "left_elbow": (135, 110), "left_wrist": (140, 150), "right_hip": (85, 160), "right_knee": (83, 220),
    "right_ankle": (80, 280), "left_hip": (115, 160), "left_knee": (117, 220), "left_ankle": (120, 280), "right_eye": (95, 35),
    "left_eye": (105, 35), "right_ear": (88, 40), "left_ear": (112, 40),
}  # fmt: skip
BODY = np.array([POINTS[name] for name in OPENPOSE_BODY], np.float32)
BOX = np.array([40, 10, 160, 300], np.float32)
SEEN = np.ones(18, np.float32)
SKIN, BACKGROUND = (200, 160, 140), (90, 110, 90)


def person(shirt: tuple[int, int, int], trousers: tuple[int, int, int], background: tuple[int, int, int] = BACKGROUND) -> np.ndarray:
    picture = np.full((320, 200, 3), background, np.uint8)
    for chain, colour in (
        (("right_hip", "right_knee", "right_ankle"), trousers),
        (("left_hip", "left_knee", "left_ankle"), trousers),
        (("right_shoulder", "right_elbow", "right_wrist"), shirt),
        (("left_shoulder", "left_elbow", "left_wrist"), shirt),
    ):
        cv2.polylines(picture, [np.array([POINTS[name] for name in chain], np.int32)], False, colour, 22)
    cv2.rectangle(picture, (72, 62), (128, 165), shirt, -1)
    cv2.circle(picture, (100, 42), 26, SKIN, -1)
    return picture


RED, BLUE, WHITE = (200, 30, 30), (30, 40, 200), (230, 230, 230)


def test_that_the_vector_has_1024_numbers_and_length_one() -> None:
    vector = describe(person(RED, BLUE), BOX, BODY, SEEN)
    assert vector.shape == (SIZE,) == (1024,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_that_another_shirt_changes_the_colours_of_trunk_and_arms_only() -> None:
    first, second = describe(person(RED, BLUE), BOX, BODY, SEEN), describe(person(WHITE, BLUE), BOX, BODY, SEEN)
    head, trunk, arms, legs = (np.linalg.norm((first - second)[768 + 64 * part : 832 + 64 * part]) for part in range(4))
    assert trunk > 0.3
    assert arms > 0.2
    assert head < 0.05
    assert legs < trunk / 2  # the shirt hangs over the hips


def test_that_the_background_stays_out_of_the_colours() -> None:
    first = describe(person(RED, BLUE), BOX, BODY, SEEN)
    second = describe(person(RED, BLUE, background=(20, 20, 60)), BOX, BODY, SEEN)
    assert np.linalg.norm((first - second)[768:]) < 0.1


def test_that_the_size_of_the_person_in_the_picture_hardly_matters() -> None:
    picture = person(RED, BLUE)
    twice = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    first = describe(picture, BOX, BODY, SEEN)
    second = describe(twice, BOX * 2 + 0.5, BODY * 2 + 0.5, SEEN)
    assert first @ second > 0.98


def test_that_a_person_who_moves_with_their_box_looks_the_same() -> None:
    picture = person(RED, BLUE)
    moved = np.full((320, 260, 3), BACKGROUND, np.uint8)
    moved[:, 60:] = picture
    shift = np.array([60, 0], np.float32)
    assert describe(picture, BOX, BODY, SEEN) @ describe(moved, BOX + np.tile(shift, 2), BODY + shift, SEEN) > 0.99


def test_that_another_posture_changes_the_gradients() -> None:
    upright = describe(person(RED, BLUE), BOX, BODY, SEEN)
    lying = describe(np.ascontiguousarray(person(RED, BLUE)[::-1]), BOX, BODY, SEEN)
    assert np.linalg.norm((upright - lying)[:768]) > 0.2


def test_that_a_body_outside_the_picture_or_unseen_gives_finite_numbers() -> None:
    picture = person(RED, BLUE)
    unseen = describe(picture, BOX, BODY, np.zeros(18, np.float32))
    assert (unseen[768:] == 0).all()
    assert np.isfinite(describe(picture, BOX - 1000, BODY - 1000, SEEN)).all()
    assert np.isfinite(describe(picture, np.array([5, 5, 5, 5], np.float32), BODY, SEEN)).all()
