"""Dataclasses as arrays and JSON, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pytest

from core.packing import PackingError, pack, unpack
from core.timebase import FrameIndex


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    name: str
    share: float
    frame: FrameIndex


@dataclass(frozen=True, eq=False)
class Outer:
    curve: np.ndarray
    pairs: tuple[Inner, ...]
    box: tuple[float, float] | None
    curves: Mapping[str, np.ndarray]
    colour: Colour
    distances: Mapping[str, float]
    note: str | None


def sample() -> Outer:
    return Outer(
        curve=np.array([1.5, np.nan], np.float32),
        pairs=(Inner("left wrist", 0.1, FrameIndex(3)), Inner("nose", float("nan"), FrameIndex(4))),
        box=(1.0, 2.5),
        curves={"pose": np.arange(6).reshape(2, 3)},
        colour=Colour.RED,
        distances={"Squat": np.float32(0.5)},
        note=None,
    )


def test_that_a_nested_value_comes_back_with_equal_content_and_types() -> None:
    before = sample()
    after = unpack(Outer, pack(before))
    np.testing.assert_array_equal(after.curve, before.curve)
    assert after.curve.dtype == np.float32
    assert after.pairs[0] == before.pairs[0]
    assert np.isnan(after.pairs[1].share)
    assert after.box == (1.0, 2.5)
    np.testing.assert_array_equal(after.curves["pose"], [[0, 1, 2], [3, 4, 5]])
    assert after.colour is Colour.RED
    assert dict(after.distances) == {"Squat": 0.5}
    assert after.note is None


def test_that_a_missing_array_is_refused() -> None:
    arrays = pack(sample())
    del arrays["a0"]
    with pytest.raises(PackingError, match="Outer"):
        unpack(Outer, arrays)


def test_that_another_type_is_refused() -> None:
    with pytest.raises(PackingError, match="Outer"):
        unpack(Outer, pack(Inner("nose", 0.5, FrameIndex(0))))


def test_that_a_text_is_not_taken_for_a_number() -> None:
    with pytest.raises(PackingError, match="no float"):
        unpack(Inner, pack({"name": "nose", "share": "0.5", "frame": 1}))


def test_that_an_array_of_objects_is_refused() -> None:
    with pytest.raises(TypeError, match="objects"):
        pack({"x": np.array([object()])})


@dataclass(frozen=True)
class Later(Inner):
    remark: str = "none"


def test_that_a_field_that_came_later_has_its_default() -> None:
    inner = Inner("nose", 0.5, FrameIndex(0))
    assert unpack(Later, pack(inner)) == Later("nose", 0.5, FrameIndex(0))
    assert unpack(Later, pack(Later("nose", 0.5, FrameIndex(0), "seen"))).remark == "seen"
    with pytest.raises(PackingError, match="Inner"):
        unpack(Inner, pack({"name": "nose", "frame": 0}))
