from pathlib import Path

import cv2
import numpy as np
import pytest

from core.extraction.following import Follower, trunk
from core.extraction.holistic import Holistic
from core.video import open_video


@pytest.fixture(scope="module")
def runner(shared: Path) -> list[np.ndarray]:
    with open_video(shared / "clips" / "sports2d_demo.mp4") as video:
        return [picture for _, picture in video.frames(6, 10)]


def test_that_the_first_pose_lies_where_it_lies_when_looked_at_again(runner: list[np.ndarray]) -> None:
    with Holistic() as holistic:
        first = holistic.find(runner[0])
    with Holistic() as holistic:
        followed = Follower(holistic).find(runner[0])
        again = holistic.find(runner[0])
    assert first is not None
    assert followed is not None
    assert again is not None
    assert followed.settled

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.median(np.linalg.norm(a - b, axis=1))) / trunk(again.points)

    assert apart(followed.pose.points, again.points) < 0.05
    assert apart(first.points, again.points) > 0.1  # what a first look alone would have given


def test_that_a_person_who_is_followed_is_looked_at_once(runner: list[np.ndarray]) -> None:
    with Holistic() as holistic:
        follower = Follower(holistic)
        follower.find(runner[0])
        followed = follower.find(runner[1])
    with Holistic() as holistic:
        other = Follower(holistic)
        other.find(runner[0])
        once = holistic.find(runner[1])
    assert followed is not None
    assert once is not None
    np.testing.assert_array_equal(followed.pose.points, once.points)


def test_that_what_is_too_small_for_a_person_is_nobody(runner: list[np.ndarray]) -> None:
    tiny = np.full((1080, 1080, 3), 128, np.uint8)
    small = cv2.resize(runner[0], (160, 90), interpolation=cv2.INTER_AREA)
    tiny[500:590, 500:660] = small
    with Holistic() as holistic:
        follower = Follower(holistic)
        assert all(follower.find(tiny) is None for _ in range(3))


def test_that_nobody_is_found_in_an_empty_picture_after_a_person(runner: list[np.ndarray]) -> None:
    with Holistic() as holistic:
        follower = Follower(holistic)
        assert follower.find(runner[0]) is not None
        assert follower.find(np.full_like(runner[0], 128)) is None
        assert follower.find(runner[0]) is not None
