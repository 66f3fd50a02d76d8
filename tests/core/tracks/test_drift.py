"""Slow changes of size and looks."""

import numpy as np
import pytest

from core.tracks.drift import change, colour_drift, size_drift, steps
from core.tracks.joints import JOINTS

TIMES = np.arange(240) / 30


def body(growth: np.ndarray) -> np.ndarray:
    """float [240, 13, 2]: points that swing to and fro in two seconds, `growth` times as large."""
    base = np.random.default_rng(0).normal(size=(13, 2))
    swing = np.random.default_rng(1).normal(size=(13, 2))
    phase = np.sin(2 * np.pi * TIMES / 2)[:, None, None]
    return np.asarray(100 + 20 * growth[:, None, None] * (base + 0.5 * phase * swing))


STILL = np.zeros(240)
FEET = np.tile([[0.0, 0.0], [0.2, 0.0]], (240, 1, 1))  # paths in body heights, y down
GROWN = 1 + 0.15 * np.clip((np.arange(240) - 120) / 45, 0, 1)


def drift_of(growth: np.ndarray, feet: np.ndarray = FEET, zoom: np.ndarray = STILL, depth: np.ndarray | None = None) -> np.ndarray:
    """The size drift of the swinging body; its depth as its growth in the picture tells it, unless given."""
    return size_drift(body(growth), 4 / growth if depth is None else depth, feet, zoom, TIMES)


def test_that_a_body_that_swings_keeps_its_size() -> None:
    assert np.nanmax(np.abs(drift_of(np.ones(240)))) < 0.02


def test_that_growth_by_fifteen_percent_in_a_second_and_a_half_shows_whole_where_it_happens() -> None:
    found = drift_of(GROWN)
    assert np.nanmax(found) > 0.9 * np.log(1.15)
    assert 115 <= int(np.nanargmax(found)) <= 170
    assert np.nanmax(np.abs(found[:45])) < 0.02


def test_that_who_comes_nearer_moves_their_feet_down_and_has_not_grown() -> None:
    feet = FEET.copy()
    feet[..., 1] += 0.25 * np.log(GROWN)[:, None]  # a camera a quarter of a body height above the ground
    assert np.nanmax(np.abs(drift_of(GROWN, feet))) < 0.02


def test_that_a_body_that_goes_elsewhere_is_not_compared() -> None:
    feet = FEET.copy()
    feet[..., 0] += np.clip((np.arange(240) - 120) / 45, 0, 1)[:, None]
    found = drift_of(GROWN, feet)
    assert np.isnan(found[130:155]).all()


def test_that_a_depth_that_does_not_change_speaks_against_growth() -> None:
    found = drift_of(GROWN, depth=np.full(240, 4.0))
    assert np.nanmax(np.abs(found)) < 0.02


def test_that_a_zoom_of_the_camera_is_no_growth() -> None:
    zoom = np.full(240, 0.001)
    assert np.nanmax(np.abs(drift_of(np.exp(np.cumsum(zoom)), zoom=zoom))) < 0.02


def test_that_slow_growth_over_the_whole_clip_reaches_less_than_growth_within_a_moment() -> None:
    slow = drift_of(1 + 0.15 * np.arange(240) / 240)
    assert np.nanmax(np.abs(slow)) < 0.75 * np.nanmax(np.abs(drift_of(GROWN)))


def test_that_joints_or_feet_that_are_not_seen_leave_the_size_unknown() -> None:
    hidden = body(np.ones(240))
    hidden[:, :10] = np.nan
    assert np.isnan(size_drift(hidden, np.full(240, 4.0), FEET, STILL, TIMES)).all()
    assert np.isnan(drift_of(np.ones(240), np.full((240, 2, 2), np.nan))).all()


def test_that_a_change_of_colour_has_its_length_where_it_happens() -> None:
    colour = np.where(np.arange(240)[:, None] < 120, (120.0, 130.0), (123.0, 134.0))
    found = change(colour, TIMES)
    np.testing.assert_allclose(found[118:122], 5.0)
    np.testing.assert_allclose(found[40:80], 0.0)


def test_that_one_strange_frame_is_no_change() -> None:
    colour = np.tile((120.0, 130.0), (240, 1))
    colour[100] = 250.0
    np.testing.assert_allclose(np.nan_to_num(change(colour, TIMES)), 0.0)


def test_that_a_step_of_a_feature_is_the_distance_of_unit_vectors() -> None:
    found = steps(np.array([[3.0, 4.0], [4.0, 3.0], [8.0, 6.0]]))
    assert np.isnan(found[0])
    np.testing.assert_allclose(found[1:], [np.hypot(0.2, 0.2), 0.0], atol=1e-12)


def standing(frames: int = 240) -> np.ndarray:
    """The 13 joints of somebody who stands with the arms held out."""
    half = {"nose": (0, -8), "shoulder": (2, -6), "elbow": (5, -6), "wrist": (8, -6), "hip": (1.5, 0), "knee": (1.5, 5), "ankle": (1.5, 10)}
    points = []
    for name in JOINTS:
        x, y = half[name.split("_")[-1]]
        points.append((-x if name.startswith("right") else x, y))
    return np.tile(np.array(points, float), (frames, 1, 1))


REST = np.tile([[20.0, 100.0, 100.0], [200.0, 140.0, 90.0]], (240, 1, 1))  # colours of the other parts


def test_that_a_colour_that_changes_is_told_by_how_much() -> None:
    colours = np.tile([90.0, 128.0, 128.0], (240, 1))
    colours[120:] += (5, 30, 40)
    found = colour_drift(colours, REST, standing(), TIMES)
    assert np.nanmax(found) == pytest.approx(50.0)
    assert found[120] == pytest.approx(50.0)
    assert found[40] == pytest.approx(0.0)


def test_that_an_arm_over_the_trunk_is_no_change_of_its_colour() -> None:
    colours, positions = np.tile([90.0, 128.0, 128.0], (240, 1)), standing()
    positions[100:140, JOINTS.index("left_wrist")] = (0, -3)
    colours[100:140] += 60
    assert np.nanmax(colour_drift(colours, REST, positions, TIMES)) == pytest.approx(0.0)


def test_that_the_colour_of_a_trunk_that_lies_down_is_not_compared_with_one_that_stood() -> None:
    colours, positions = np.tile([90.0, 128.0, 128.0], (240, 1)), standing()
    colours[120:] += (5, 30, 40)
    positions[120:] = positions[120:, :, ::-1] * (1, -1)
    assert np.isnan(colour_drift(colours, REST, positions, TIMES)[118:123]).all()


def test_that_a_trunk_that_takes_the_colour_of_the_legs_is_covered_unless_they_change_as_well() -> None:
    colours, legs = np.tile([90.0, 168.0, 158.0], (240, 1)), np.tile([[90.0, 128.0, 128.0]], (240, 1, 1))
    colours[120:] = (90, 128, 128)
    assert colour_drift(colours, legs, standing(), TIMES)[120] == 0
    legs[:120] = (90, 168, 158)
    assert colour_drift(colours, legs, standing(), TIMES)[120] == pytest.approx(50.0)
