import os
from pathlib import Path

import numpy as np
import pytest

from core.extraction.holistic import Holistic
from core.extraction.native_output import without_greetings
from core.video import open_video


@pytest.fixture(scope="module")
def pictures(shared: Path) -> list[np.ndarray]:
    with open_video(shared / "clips" / "phalp_running.mp4") as video:
        return [picture for _, picture in video.frames(0, 4)]


def test_that_the_landmarks_are_those_of_mediapipes_own_holistic(pictures: list[np.ndarray]) -> None:
    with without_greetings():
        from mediapipe.python.solutions.holistic import Holistic as Original

        original = Original(model_complexity=1, smooth_landmarks=False)
        theirs = [original.process(picture) for picture in pictures]
        original.close()
    with Holistic() as holistic:
        ours = [holistic.find(picture) for picture in pictures]
    height, width = pictures[0].shape[:2]
    hands = 0
    for mine, his in zip(ours, theirs, strict=True):
        assert mine is not None
        points = np.array([(point.x * width - 0.5, point.y * height - 0.5) for point in his.pose_landmarks.landmark])
        np.testing.assert_allclose(mine.points, points, atol=1e-3)
        np.testing.assert_allclose(mine.world, [(point.x, point.y, point.z) for point in his.pose_world_landmarks.landmark], atol=1e-6)
        np.testing.assert_allclose(mine.visibility, [point.visibility for point in his.pose_landmarks.landmark], atol=1e-6)
        for hand, landmarks in ((mine.left_hand, his.left_hand_landmarks), (mine.right_hand, his.right_hand_landmarks)):
            assert (hand is None) == (landmarks is None)
            if hand is not None:
                hands += 1
                np.testing.assert_allclose(hand, [(p.x * width - 0.5, p.y * height - 0.5) for p in landmarks.landmark], atol=1e-3)
    assert hands > 0


def test_that_nobody_is_found_in_an_empty_picture() -> None:
    with Holistic() as holistic:
        assert holistic.find(np.full((120, 160, 3), 90, np.uint8)) is None


def test_that_loading_the_models_says_nothing_on_the_error_stream(capfd: pytest.CaptureFixture[str]) -> None:
    with Holistic():
        pass
    assert capfd.readouterr().err == ""


def test_that_only_known_greetings_are_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    with without_greetings():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        os.write(2, b"E0000 00:00:1.5 77 calculator_graph.cc:9] the graph is broken\n")
    assert capfd.readouterr().err == "E0000 00:00:1.5 77 calculator_graph.cc:9] the graph is broken\n"
