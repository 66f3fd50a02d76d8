"""What stands before and behind the YOLOX network; no onnxruntime is needed here."""

import numpy as np

from core.extraction.reference.yolox import letterbox, read_persons

SIDE = 64
# A side of 64 has 8 x 8 cells of 8 pixels, 4 x 4 of 16 and 2 x 2 of 32.
CELLS = 64 + 16 + 4


def row(place: int, box: tuple[float, float, float, float], anything: float, person: float, other: float = 0.0) -> tuple[int, np.ndarray]:
    return place, np.array([*box, anything, person, other, *[0.0] * 78], np.float32)


def rows(*some: tuple[int, np.ndarray]) -> np.ndarray:
    whole = np.zeros((CELLS, 85), np.float32)
    for place, values in some:
        whole[place] = values
    return whole


def test_that_a_cell_of_each_grid_is_read_in_pixels_of_the_picture() -> None:
    doubled = np.log(2.0)
    found = read_persons(
        rows(
            row(8 * 1 + 2, (0.5, 0.25, 0, doubled), 1, 0.9),  # finest grid: column 2, row 1
            row(64 + 4 * 3 + 1, (0, 0, 0, 0), 1, 0.8),  # middle grid: column 1, row 3
            row(64 + 16 + 1, (0.5, 0.5, 0, 0), 1, 0.7),  # coarsest grid: column 1, row 0
        ),
        SIDE,
        0.5,
    )
    # Middles (20, 10), (16, 48), (48, 16), sizes (8, 16), (16, 16), (32, 32) in the network's pixels: twice that in the picture.
    assert found.boxes.tolist() == [[32, 4, 48, 36], [16, 80, 48, 112], [64, 0, 128, 64]]
    np.testing.assert_allclose(found.scores, [0.9, 0.8, 0.7])
    assert found.boxes.dtype == found.scores.dtype == np.float32


def test_that_only_likely_persons_count() -> None:
    found = read_persons(
        rows(
            row(0, (0, 0, 0, 0), 0.5, 0.59),
            row(20, (0, 0, 0, 0), 1, 0.0, other=0.9),
            row(40, (0, 0, 0, 0), 0.31, 1),
        ),
        SIDE,
        1.0,
    )
    np.testing.assert_allclose(found.scores, [0.31])


def test_that_the_surest_of_overlapping_boxes_stays_and_comes_first() -> None:
    big = np.log(4.0)
    found = read_persons(
        rows(
            row(8 * 3 + 3, (0, 0, big, big), 1, 0.6),
            row(8 * 3 + 4, (-0.9, 0, big, big), 1, 0.8),
            row(0, (0, 0, 0, 0), 1, 0.5),
            row(8 * 6 + 6, (0, 0, 0, 0), 1, 0.7),
        ),
        SIDE,
        1.0,
    )
    np.testing.assert_allclose(found.scores, [0.8, 0.7, 0.5])


def test_that_boxes_without_bounds_are_left_out() -> None:
    assert len(read_persons(rows(row(0, (0, 0, 1000, 0), 1, 1)), SIDE, 1.0)) == 0


def test_that_nobody_gives_no_boxes() -> None:
    found = read_persons(rows(), SIDE, 1.0)
    assert found.boxes.shape == (0, 4) and found.scores.shape == (0,)


def test_that_a_picture_is_fitted_into_the_top_left_corner_with_blue_first() -> None:
    picture = np.full((100, 200, 3), (10, 20, 30), np.uint8)
    image, scale = letterbox(picture, SIDE)
    assert scale == 0.32 and image.shape == (3, SIDE, SIDE) and image.dtype == np.float32
    assert image[:, 0, 0].tolist() == image[:, 31, 63].tolist() == [30, 20, 10]
    assert image[:, 32, 0].tolist() == [114, 114, 114]


def test_that_a_small_picture_is_enlarged() -> None:
    image, scale = letterbox(np.full((16, 32, 3), 200, np.uint8), SIDE)
    assert scale == 2.0 and image[0, 31, 63] == 200 and image[0, 32, 0] == 114
