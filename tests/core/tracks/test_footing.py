"""What a body stands on."""

import numpy as np
import pytest

from core.tracks.footing import MEASURES, footing
from core.tracks.joints import JOINTS

TIMES = np.arange(90) / 30
SCALE = np.full(90, 300.0)
ANKLES = [JOINTS.index(f"{side}_ankle") for side in ("left", "right")]


def standing(carried: np.ndarray) -> np.ndarray:
    """Paths [T, J, 2] of a body that stands upright and is carried along [T, 2]."""
    body = np.zeros((len(JOINTS), 2))
    for place, name in enumerate(JOINTS):
        part = name.split("_")[-1]
        body[place] = 0.1 * name.startswith("left"), {"nose": 0, "shoulder": 0.2, "hip": 0.5, "knee": 0.75, "ankle": 1.0}.get(part, 0.4)
    return np.asarray(body[None] + carried[:, None])


def of(found: np.ndarray, name: str, frame: int = 45) -> float:
    return float(found[frame, MEASURES.index(name)])


def test_that_a_standing_body_rests() -> None:
    found = footing(standing(np.zeros((90, 2))), SCALE, np.zeros((90, 4)), TIMES)
    assert found.shape == (90, len(MEASURES))
    assert of(found, "foot") == pytest.approx(np.log(0.03))
    assert of(found, "trunk") == pytest.approx(np.log(0.03))
    assert of(found, "steady") == 0


def test_that_a_body_that_slides_sideways_moves_as_one() -> None:
    found = footing(standing(np.stack([0.4 * TIMES, 0 * TIMES], axis=1)), SCALE, None, TIMES)
    for name in ("foot", "foot_lower", "faster_foot", "trunk"):
        assert of(found, name) == pytest.approx(np.log(0.43))
    assert of(found, "apart") == pytest.approx(np.log(0.03))
    assert of(found, "together") == pytest.approx(1.0, abs=0.01)
    assert of(found, "sideways") == pytest.approx(0.4 / 0.43)
    assert np.isnan(of(found, "camera"))


def test_that_one_foot_that_rests_is_the_foot() -> None:
    paths = standing(np.stack([0.4 * TIMES, 0 * TIMES], axis=1))
    paths[:, ANKLES[1]] = paths[0, ANKLES[1]]
    found = footing(paths, SCALE, None, TIMES)
    assert of(found, "foot") == pytest.approx(np.log(0.03))
    assert of(found, "faster_by") == pytest.approx(np.log(0.43 / 0.03))


def test_that_a_leap_leaves_the_ground() -> None:
    up = -0.1 * np.maximum(0, 1 - ((np.arange(90) - 45) / 8) ** 2)
    found = footing(standing(np.stack([0 * up, up], axis=1)), SCALE, None, TIMES)
    assert of(found, "highest") == pytest.approx(np.log(0.13), abs=0.02)
    assert of(found, "highest", 15) == pytest.approx(np.log(0.03))


def test_that_too_few_frames_are_unknown() -> None:
    assert np.isnan(footing(standing(np.zeros((5, 2))), SCALE[:5], None, TIMES[:5])).all()
