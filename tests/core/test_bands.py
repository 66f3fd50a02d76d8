"""Bands of real motion: looked up by rate, amount and joint; the bundled ones know every track and do not shrink where motion grows."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from core.bands import (
    AMOUNTS,
    HIGH,
    LOW,
    MIDDLE,
    NO_MOTION,
    QUANTILES,
    RARE,
    RATE_EDGES,
    TRACKS,
    Bands,
    banded,
    bundled_bands,
    frame_rate,
    load_bands,
    motion_amount,
    rate_group,
    save_bands,
)
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks
from tests.flat_bands import flat_bands
from tests.quiet_tracks import quiet_tracks


def test_that_every_local_track_has_a_band_or_is_said_to_be_no_motion() -> None:
    assert {field.name for field in fields(LocalTracks)} == {track.name for track in TRACKS} | set(NO_MOTION)


@pytest.mark.parametrize(("fps", "group"), [(8.0, 0), (15.0, 0), (24.0, 1), (29.97, 1), (50.0, 2), (120.0, 2)])
def test_that_rates_fall_into_three_groups(fps: float, group: int) -> None:
    assert rate_group(fps) == group


def test_that_the_rate_is_that_of_the_usual_step() -> None:
    assert frame_rate(quiet_tracks(fps=25.0)) == pytest.approx(25)
    assert np.isnan(frame_rate(quiet_tracks(duration=np.full(60, np.nan))))


def test_that_the_amount_of_motion_is_the_mean_speed_and_ignores_a_leap() -> None:
    speed = np.full((60, len(JOINTS)), 0.2)
    speed[:, 0] = 1.5
    speed[30:40] = 9.0
    speed[:, 5] = np.nan
    assert motion_amount(quiet_tracks(joint_speed=speed)) == pytest.approx((11 * 0.2 + 1.5) / 12)


def test_that_a_quantile_is_that_of_the_joint_whichever_its_side_and_lies_between_the_amounts() -> None:
    bands = flat_bands()
    wrist = banded("joint_jump").classes.index("wrist")
    bands.limits["joint_jump"][1, 2:4, wrist, QUANTILES.index(RARE)] = 2.0, 4.0
    middle = float(np.sqrt(AMOUNTS[2] * AMOUNTS[3]))
    found = bands.quantile("joint_jump", RARE, np.array([AMOUNTS[2], middle, AMOUNTS[3]]), 30.0)
    for side in ("left_wrist", "right_wrist"):
        assert found[:, JOINTS.index(side)] == pytest.approx([2, 3, 4])
    assert found[:, JOINTS.index("nose")] == pytest.approx([1, 1, 1])
    assert bands.quantile("joint_jump", RARE, np.array([AMOUNTS[2]]), 60.0) == pytest.approx(1)
    assert bands.quantile("joint_jump", HIGH, np.array([AMOUNTS[2]]), 30.0) == pytest.approx(1)


def test_that_beyond_the_amounts_and_where_the_amount_is_unknown_a_band_still_stands() -> None:
    bands = flat_bands()
    bands.limits["slip"][1, :, 0, QUANTILES.index(RARE)] = np.arange(len(AMOUNTS)) + 1
    found = bands.quantile("slip", RARE, np.array([0.0, np.nan, 99.0]), 30.0)
    assert found[:, 0] == pytest.approx([1, (len(AMOUNTS) + 1) / 2, len(AMOUNTS)])


def test_that_the_highest_column_has_a_band_of_its_own() -> None:
    bands = flat_bands()
    bands.limits["joint_jump"][:, :, -1, QUANTILES.index(RARE)] = 7.0
    assert bands.quantile_of_any("joint_jump", RARE, np.array([0.3]), 30.0) == pytest.approx([7])
    assert bands.quantile("joint_jump", RARE, np.array([0.3]), 30.0) == pytest.approx(1)


def test_that_values_are_measured_from_what_is_ordinary() -> None:
    tracks = quiet_tracks(bone_picture=np.full((60, 8), 1.25), size_drift=np.full(60, -0.2), swap=np.full(60, -0.7))
    assert banded("bone_picture").values(tracks) == pytest.approx(0.25)
    assert banded("size_drift").values(tracks) == pytest.approx(0.2)
    assert banded("swap").values(tracks) == pytest.approx(0)


def test_that_bands_come_back_as_they_were_written_and_of_another_grid_are_refused(tmp_path: Path) -> None:
    bands = Bands(flat_bands(slip=3.0).limits, {"footage": "two films"})
    np.savez(tmp_path / "bands.npz", **save_bands(bands))
    back = load_bands(tmp_path / "bands.npz")
    assert back.about["footage"] == "two films"
    assert back.quantile("slip", RARE, np.array([0.3]), 30.0) == pytest.approx(3)
    arrays = save_bands(bands)
    arrays["about"] = np.frombuffer(bytes(arrays["about"]).replace(b"42.0", b"50.0"), np.uint8)
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(ValueError, match=r"other\.npz was fitted for other groups of rates"):
        load_bands(tmp_path / "other.npz")


def test_that_the_bundled_bands_know_every_track_and_their_quantiles_rise() -> None:
    bands = bundled_bands()
    assert set(bands.limits) == {track.name for track in TRACKS}
    for track in TRACKS:
        limits = bands.limits[track.name]
        assert limits.shape == (len(RATE_EDGES) + 1, len(AMOUNTS), len(track.classes), len(QUANTILES))
        # Films of 24 to 30 frames a second are the most: there every quantile is known.
        assert np.isfinite(limits[1]).all()
        known = limits[np.isfinite(limits).all(axis=-1)]
        assert (np.diff(known, axis=-1) >= 0).all()


def test_that_more_motion_and_lower_rates_allow_larger_steps() -> None:
    bands = bundled_bands()
    slow, fast = bands.quantile("joint_jump", RARE, np.array([0.1, 0.8]), 30.0)
    assert (fast > slow).all()
    assert (bands.quantile("joint_jump", RARE, np.array([0.3]), 60.0) < bands.quantile("joint_jump", RARE, np.array([0.3]), 15.0)).all()


def test_that_the_bundled_bands_hold_what_they_must_of_held_out_motion() -> None:
    held = bundled_bands().about["held-out clips"]
    assert 0.97 <= held["steps"] <= 0.997
    for name in ("joint_speed", "root_speed"):
        assert 0.97 <= held["99 % band"][name] <= 0.997
    assert held["lowest clip"] >= 0.9
    assert LOW < MIDDLE < HIGH < RARE
