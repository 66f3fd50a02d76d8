"""Left and right that change places."""

import numpy as np

from core.tracks.joints import JOINTS
from core.tracks.sides import PAIRS, sides


def walker(frames: int = 40) -> np.ndarray:
    """float [frames, 13, 2] in body heights: sides 0.2 apart, limbs that swing."""
    points = np.zeros((frames, len(JOINTS), 2))
    for joint, name in enumerate(JOINTS):
        side = 0.1 if name.startswith("left") else -0.1 if name.startswith("right") else 0.0
        points[:, joint] = np.stack([np.full(frames, side), joint / 20 + 0.02 * np.sin(np.arange(frames) / 5)], axis=-1)
    return points


def swapped(points: np.ndarray, frames: slice, names: tuple[str, ...]) -> np.ndarray:
    result = points.copy()
    for name in names:
        left, right = JOINTS.index(f"left_{name}"), JOINTS.index(f"right_{name}")
        result[frames, left], result[frames, right] = points[frames, right], points[frames, left]
    return result


def test_that_a_walk_has_no_swap() -> None:
    found = sides(walker())
    assert np.nanmax(found.swap) < 0
    assert np.nanmax(found.pairs) < -0.15
    assert np.isnan(found.swap[0])


def test_that_exchanged_sides_show_where_they_begin_and_end() -> None:
    found = sides(swapped(walker(), slice(20, 26), PAIRS))
    np.testing.assert_array_equal(np.flatnonzero(found.swap > 0.5), [20, 26])
    np.testing.assert_allclose(found.pairs[20], 0.2, atol=0.02)


def test_that_one_exchanged_pair_is_named() -> None:
    found = sides(swapped(walker(), slice(20, 26), ("knee",)))
    knee = PAIRS.index("knee")
    np.testing.assert_array_equal(np.argwhere(found.pairs > 0.1), [[20, knee], [26, knee]])
    assert np.nanmax(found.swap) < 0.2


def test_that_a_body_in_profile_has_sides_that_cannot_be_told_apart() -> None:
    points = walker()
    for name in PAIRS:
        points[:, JOINTS.index(f"right_{name}")] = points[:, JOINTS.index(f"left_{name}")]
    assert np.nanmax(sides(swapped(points, slice(20, 26), PAIRS)).swap) < 0.1
