"""Crops, distributions and their way back into the picture, with a small function in the place of the network."""

import numpy as np
import pytest

from core.extraction.reference.dwpose.estimator import SimccEstimator
from core.extraction.reference.dwpose.simcc import crop_person, decode_simcc

SIZE = (288, 384)
MEAN, STD = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
NOBODY = np.zeros((0, 4), np.float32)


def brightest(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A network that sees each of the 133 points at the brightest pixel of the crop; the score tells how many crops it was given."""
    count, _, height, width = images.shape
    light = images.sum(axis=1)
    x, y = np.zeros((count, 133, 2 * width), np.float32), np.zeros((count, 133, 2 * height), np.float32)
    for n in range(count):
        row, column = np.unravel_index(light[n].argmax(), light[n].shape)
        x[n, :, 2 * column], y[n, :, 2 * row] = count, count
    return x, y


def picture_with_dots(*dots: tuple[int, int]) -> np.ndarray:
    """480 x 640, dark, with a soft white dot at each (x, y)."""
    rows, columns = np.mgrid[:480, :640]
    light = sum(np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18) for x, y in dots)
    return np.repeat(np.clip(light * 255, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def test_that_a_point_comes_back_where_it_is_in_the_picture() -> None:
    picture = picture_with_dots((150, 100), (450, 400))
    boxes = np.array([[100, 20, 220, 200], [400, 300, 600, 440]], np.float32)
    found = SimccEstimator(brightest, SIZE, "cpu").estimate(picture, boxes)
    assert found.keypoints.shape == (2, 133, 2) and found.keypoints.dtype == np.float64 and found.scores.dtype == np.float32
    np.testing.assert_allclose(found.keypoints[:, 7], [[150, 100], [450, 400]], atol=0.8)


def test_that_without_boxes_the_whole_frame_is_searched() -> None:
    found = SimccEstimator(brightest, SIZE, "cpu").estimate(picture_with_dots((600, 30)), NOBODY)
    np.testing.assert_allclose(found.keypoints[0, 0], [600, 30], atol=1.5)


def test_that_crops_of_many_pictures_give_what_each_gives_alone() -> None:
    estimator = SimccEstimator(brightest, SIZE, "cpu", batch=2)
    pictures = [picture_with_dots((100, 100)), picture_with_dots((200, 50))[:300, :500], picture_with_dots((320, 240))]
    boxes = np.array([[50, 50, 150, 200], [120, 20, 300, 150], [300, 200, 400, 300]], np.float32)
    together = estimator.locate([estimator.crop(picture, box) for picture, box in zip(pictures, boxes, strict=True)])
    for found, picture, box in zip(together.keypoints, pictures, boxes, strict=True):
        np.testing.assert_array_equal(found, estimator.estimate(picture, box[None]).keypoints[0])
    assert together.scores[:, 0].tolist() == [2.0, 2.0, 1.0]  # three crops went through in twos


def test_that_a_crop_shows_the_box_grown_by_a_quarter_in_the_shape_of_the_input() -> None:
    crop = crop_person(np.zeros((480, 640, 3), np.uint8), np.array([100, 100, 300, 200], np.float32), SIZE)
    np.testing.assert_allclose(crop.extent, [250, 250 / 0.75], rtol=1e-6)
    np.testing.assert_array_equal(crop.center, [200, 150])
    narrow = crop_person(np.zeros((480, 640, 3), np.uint8), np.array([100, 100, 120, 400], np.float32), SIZE)
    np.testing.assert_allclose(narrow.extent, [375 * 0.75, 375], rtol=1e-6)


def test_that_colours_are_normalised_and_the_outside_is_black() -> None:
    picture = np.full((480, 640, 3), (200, 100, 50), np.uint8)
    crop = crop_person(picture, np.array([0, 0, 640, 480], np.float32), SIZE)
    assert crop.image.shape == (3, 384, 288) and crop.image.dtype == np.float32
    np.testing.assert_allclose(crop.image[:, 192, 144], ((200, 100, 50) - MEAN) / STD, rtol=1e-5)
    np.testing.assert_allclose(crop.image[:, 0, 0], -MEAN / STD, rtol=1e-5)


def test_that_bgr_swaps_the_colours_but_not_their_mean() -> None:
    picture = np.full((480, 640, 3), (200, 100, 50), np.uint8)
    crop = crop_person(picture, np.array([0, 0, 640, 480], np.float32), SIZE, swap_colours=True)
    np.testing.assert_allclose(crop.image[:, 192, 144], ((50, 100, 200) - MEAN) / STD, rtol=1e-5)


def test_that_the_estimator_feeds_the_colours_it_was_told() -> None:
    seen: dict[str, np.ndarray] = {}
    picture = np.full((480, 640, 3), (200, 100, 50), np.uint8)
    for colour in ("rgb", "bgr"):

        def network(images: np.ndarray, colour: str = colour) -> tuple[np.ndarray, np.ndarray]:
            seen[colour] = images[0, :, 192, 144]
            return brightest(images)

        SimccEstimator(network, SIZE, "cpu", colour).estimate(picture, NOBODY)
    np.testing.assert_allclose(seen["bgr"] * STD + MEAN, (seen["rgb"] * STD + MEAN)[::-1], rtol=1e-5)
    with pytest.raises(ValueError, match="grb"):
        SimccEstimator(brightest, SIZE, "cpu", "grb")


def test_that_the_score_is_the_smaller_maximum_and_the_point_lies_at_both() -> None:
    x, y = np.zeros((1, 2, 576), np.float32), np.zeros((1, 2, 768), np.float32)
    x[0, 0, 101], y[0, 0, 7] = 0.9, 0.4
    points, scores = decode_simcc(x, y)
    np.testing.assert_array_equal(points[0, 0], [50.5, 3.5])
    assert scores[0].tolist() == [pytest.approx(0.4), 0.0]
    np.testing.assert_array_equal(points[0, 1], [-0.5, -0.5])  # nothing is above zero
