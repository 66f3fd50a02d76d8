from pathlib import Path

import numpy as np
import pytest

from core.extraction.people import People, PeopleDetector, regions
from core.video import open_video


@pytest.fixture(scope="module")
def detector() -> PeopleDetector:
    return PeopleDetector()


def people(detector: PeopleDetector, clip: Path, frame: int) -> People:
    with open_video(clip) as video:
        return detector.find(next(picture for _, picture in video.frames(frame, frame + 1)))


def test_that_a_single_person_is_one_likely_candidate_on_their_hips(detector: PeopleDetector, shared: Path) -> None:
    found = people(detector, shared / "clips" / "phalp_running.mp4", 44)
    assert (found.scores >= 0.7).sum() == 1
    assert found.centres[0] == pytest.approx((712, 510), abs=40)
    assert found.radii[0] == pytest.approx(310, abs=60)


def test_that_three_people_are_three_likely_candidates_from_left_to_right(detector: PeopleDetector, shared: Path) -> None:
    found = people(detector, shared / "clips" / "felixchenfy_exercise_3p.avi", 98)
    across = np.sort(found.centres[found.scores >= 0.7, 0])
    assert across == pytest.approx((103, 187, 263), abs=15)


def test_that_a_small_bystander_is_found_beside_a_large_person(detector: PeopleDetector, shared: Path) -> None:
    found = people(detector, shared / "clips" / "pose2sim_single_cam01.mp4", 24)
    likely = found.centres[found.scores >= 0.7]
    assert np.linalg.norm(likely - (76, 518), axis=1).min() < 60
    assert np.linalg.norm(likely - (435, 751), axis=1).min() < 80


def test_that_an_empty_picture_holds_nobody(detector: PeopleDetector) -> None:
    grey = np.full((360, 640, 3), 128, np.uint8)
    assert len(detector.find(grey)) == 0


def test_that_candidates_come_best_first_and_apart(detector: PeopleDetector, shared: Path) -> None:
    found = people(detector, shared / "clips" / "sports2d_demo.mp4", 84)
    assert (np.diff(found.scores) <= 0).all()
    for index in range(len(found)):
        for other in range(index):
            apart = np.linalg.norm(found.centres[index] - found.centres[other])
            assert apart >= 0.4 * max(found.radii[index], found.radii[other]) - 1e-3


@pytest.mark.parametrize("size", [(1280, 720), (608, 1080), (384, 288), (512, 512), (64, 2000)])
def test_that_the_squares_cover_every_pixel(size: tuple[int, int]) -> None:
    covered = np.zeros((size[1], size[0]), int)
    for x, y, side in regions(*size):
        covered[max(y, 0) : y + side, max(x, 0) : x + side] += 1
    assert covered.min() >= 2  # by the whole, and by a smaller square
