import numpy as np
import pytest

from benchmarks.glitches.warps import away_from_body, chain, dye_shirt, grow_person, stretch_limb
from core.skeletons import OPENPOSE_BODY
from tests.benchmarks.figure import HEIGHT, POINTS


def marked(x: int, y: int) -> np.ndarray:
    """A grey picture with one bright square of seven pixels around x, y."""
    picture = np.full((260, 320, 3), 100, np.uint8)
    picture[y - 3 : y + 4, x - 3 : x + 4] = 255
    return picture


def middle(picture: np.ndarray) -> tuple[float, float]:
    """Of what is bright."""
    y, x = np.nonzero(picture[..., 0] > 180)
    return float(x.mean()), float(y.mean())


def test_that_a_longer_forearm_carries_the_hand_along() -> None:
    after = stretch_limb(marked(230, 70), POINTS, "left_forearm", 0.4, HEIGHT)
    assert middle(after) == pytest.approx((230 + 0.4 * 25, 70), abs=1.0)


def test_that_a_longer_upper_arm_moves_the_wrist_as_far_as_the_elbow() -> None:
    for x in (205, 230):
        assert middle(stretch_limb(marked(x, 70), POINTS, "left_upper_arm", 0.4, HEIGHT))[0] == pytest.approx(x + 10, abs=1.5)


def test_that_a_stretched_limb_leaves_the_rest_of_the_picture_alone() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (260, 320, 3), np.uint8)
    after = stretch_limb(noise, POINTS, "left_forearm", 0.5, HEIGHT)
    assert (after[:, :170] == noise[:, :170]).all() and (after[110:] == noise[110:]).all()
    assert (after != noise).any()


def test_that_a_limb_at_the_edge_of_the_picture_can_be_stretched() -> None:
    outside = POINTS.copy()
    outside[chain("left_forearm")] = ((310, 70), (340, 70))
    assert stretch_limb(marked(300, 70), outside, "left_forearm", 0.5, HEIGHT).shape == (260, 320, 3)


def test_that_a_grown_person_stands_in_place_and_is_taller_by_the_scale() -> None:
    anchor = 225 + 0.03 * HEIGHT
    after = grow_person(marked(160, 60), POINTS, 1.15, HEIGHT)
    assert middle(after)[1] == pytest.approx(anchor - 1.15 * (anchor - 60), abs=1.5)
    feet = grow_person(marked(160, 228), POINTS, 1.15, HEIGHT)
    assert middle(feet) == pytest.approx((160, 228), abs=1.5)


def test_that_a_grown_person_leaves_what_is_far_away() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (260, 640, 3), np.uint8)
    after = grow_person(noise, POINTS, 1.15, HEIGHT)
    assert (after[:, 400:] == noise[:, 400:]).all()


def test_that_only_the_shirt_is_dyed() -> None:
    picture = np.full((260, 320, 3), (120, 125, 130), np.uint8)
    picture[68:132, 138:182] = (200, 60, 60)  # the shirt
    picture[132:230, 138:182] = (50, 60, 160)  # the trousers
    after = dye_shirt(picture, POINTS, (0.0, -90.0, 20.0), HEIGHT)
    assert after[100, 160, 0] < after[100, 160, 1]  # no longer red
    assert np.abs(after[200, 145].astype(int) - picture[200, 145]).max() <= 2
    assert np.abs(after[:40].astype(int) - picture[:40]).max() <= 2 and np.abs(after[:, :60].astype(int) - picture[:, :60]).max() <= 2


def test_that_no_shirt_is_dyed_where_the_trunk_is_not_seen() -> None:
    hidden = POINTS.copy()
    hidden[OPENPOSE_BODY.index("left_hip")] = np.nan
    picture = marked(160, 100)
    assert (dye_shirt(picture, hidden, (0, 50, 0), HEIGHT) == picture).all()


def test_that_the_background_is_what_is_away_from_the_body() -> None:
    weight = away_from_body(marked(160, 100), POINTS, HEIGHT)
    assert weight[100, 160] == 0 and weight[70, 230] == 0 and weight[20, 20] == 1
