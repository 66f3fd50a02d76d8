"""Left and right that change places."""

import numpy as np

from core.tracks.joints import JOINTS
from core.tracks.sides import PAIRS, body_swap, sides


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


def stepping(frames: int = 40) -> np.ndarray:
    """float [frames, 13, 3] in body heights, hips at 0, y down: the left leg and the right arm forward."""
    heights = {"nose": -0.45, "shoulder": -0.3, "elbow": -0.15, "wrist": 0.0, "hip": 0.0, "knee": 0.25, "ankle": 0.5}
    points = np.zeros((frames, len(JOINTS), 3))
    for joint, name in enumerate(JOINTS):
        side = 1 if name.startswith("left") else -1 if name.startswith("right") else 0
        part = name.split("_")[-1]
        ahead = side * {"knee": 0.1, "ankle": 0.2, "elbow": -0.05, "wrist": -0.15}.get(part, 0.0)
        points[:, joint] = (0.1 * side, heights[part], ahead)
    return points


def test_that_a_body_that_becomes_its_mirror_image_has_changed_sides() -> None:
    points = stepping()
    mirrored = points.copy()
    mirrored[20:, :, 2] *= -1  # the other leg and the other arm are ahead
    found = body_swap(mirrored)
    # Two knees, ankles, elbows and wrists of 13 joints go from ahead to behind.
    np.testing.assert_allclose(found[20], 2 * (0.2 + 0.4 + 0.1 + 0.3) / 13, atol=1e-9)
    np.testing.assert_allclose(np.delete(found[1:], 19), -2 * (0.2 + 0.4 + 0.1 + 0.3) / 13, atol=1e-9)
    assert np.isnan(found[0])


def test_that_a_body_that_turns_has_not_changed_sides() -> None:
    points, angle = stepping(), np.linspace(0, 2, 40)
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    turned = np.stack([c * points[..., 0] + s * points[..., 2], points[..., 1], c * points[..., 2] - s * points[..., 0]], axis=-1)
    assert np.nanmax(body_swap(turned)) < -0.1


def test_that_a_body_of_which_few_joints_are_known_has_no_sides() -> None:
    points = stepping()
    points[:, [JOINTS.index(name) for name in JOINTS if name.endswith(("elbow", "wrist", "knee", "ankle"))]] = np.nan
    assert np.isnan(body_swap(points)).all()
