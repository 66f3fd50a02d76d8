"""Bodies that stand still where there are no pictures."""

import numpy as np
import pytest

from core.detectors.still import still_bodies
from tests.quiet_tracks import quiet_tracks

SPEED = 0.9  # body heights a second


@pytest.mark.parametrize(("fps", "still", "told"), [(15.0, 2, 1), (30.0, 2, 0), (30.0, 3, 1), (60.0, 4, 0), (60.0, 5, 1), (8.0, 2, 0)])
def test_that_a_body_must_stand_still_for_about_a_tenth_of_a_second(fps: float, still: int, told: int) -> None:
    speed = np.full((60, 13), SPEED)
    speed[30 : 30 + still] = 0.001
    found = still_bodies(quiet_tracks(pictures=False, fps=fps, joint_speed=speed), np.arange(60) / fps)
    assert [(c.start, c.stop, c.kind) for c in found] == [(30, 30 + still, "freeze")] * told


def test_that_pictures_say_more_than_a_body_that_stands_still() -> None:
    speed = np.full((60, 13), SPEED)
    speed[30:40] = 0.001
    assert still_bodies(quiet_tracks(joint_speed=speed), np.arange(60) / 30) == []
