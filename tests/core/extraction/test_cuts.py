from pathlib import Path

import cv2
import numpy as np
import pytest

from core.extraction.cuts import LOOK, CutFinder, distances
from core.video import open_video


def scene(seed: int, frames: int) -> list[np.ndarray]:
    """A picture of coloured patches under a slow pan, with a little noise."""
    generator = np.random.default_rng(seed)
    patches = cv2.resize(generator.integers(0, 256, (9, 24, 3), np.uint8), (480, 180), interpolation=cv2.INTER_NEAREST)
    noise = generator.integers(0, 12, (frames, 180, 320, 3), np.uint8)
    return [np.minimum(patches[:, 2 * index : 2 * index + 320], 240) + noise[index] for index in range(frames)]


def cuts(frames: list[np.ndarray]) -> list[int]:
    finder = CutFinder()
    for frame in frames:
        finder.take(frame)
    return finder.cuts


def test_that_a_hard_cut_is_called_at_the_first_frame_behind_it() -> None:
    assert cuts(scene(1, 20) + scene(2, 20) + scene(3, 20)) == [20, 40]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_that_a_strange_picture_of_up_to_three_frames_is_no_cut(length: int) -> None:
    assert LOOK == 4
    shot = scene(1, 40)
    shot[20 : 20 + length] = scene(2, length)
    assert cuts(shot) == []


def test_that_a_pan_and_a_flash_are_no_cuts() -> None:
    shot = scene(1, 60)
    shot[30] = np.full_like(shot[30], 255)
    assert cuts(shot) == []


def test_that_a_fade_of_the_light_is_no_cut() -> None:
    shot = [np.clip(frame * (1 - index / 80), 0, 255).astype(np.uint8) for index, frame in enumerate(scene(1, 60))]
    assert cuts(shot) == []


def test_that_a_change_just_before_the_end_is_not_called_because_it_may_be_a_glitch() -> None:
    assert cuts(scene(1, 20) + scene(2, 3)) == []
    assert cuts(scene(1, 20) + scene(2, 4)) == [20]


def test_that_equal_frames_are_not_apart_and_different_ones_are() -> None:
    first, second = scene(1, 1)[0], scene(2, 1)[0]
    assert distances(first, first) == pytest.approx((0, 0), abs=1e-6)
    assert min(distances(first, second)) > 0.1


def test_that_real_shots_joined_give_the_joints_and_no_more(shared: Path) -> None:
    shots = []
    for name, start in (("gen_burpee.mp4", 0), ("phalp_running.mp4", 60), ("gen_push_up.mp4", 0)):
        with open_video(shared / "clips" / name) as video:
            shots.append([cv2.resize(picture, (320, 180)) for _, picture in video.frames(start, start + 30)])
    assert cuts([frame for shot in shots for frame in shot]) == [30, 60]
