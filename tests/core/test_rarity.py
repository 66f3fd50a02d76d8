"""From a statistic to the minutes between two like it."""

import numpy as np
import pytest

from core.detectors.candidate import LEAST
from core.rarity import Rarity, bundled_rarity, rarity_text, severity

TABLE = Rarity(
    60.0,
    {"often": 1.0, "seldom": 1.0, "never": 1.0},
    {"often": tuple(np.geomspace(4, 2, 8)), "seldom": (2.0, 1.5), "never": ()},
)


def test_that_a_value_that_was_seen_is_as_rare_as_those_above_it_and_one_more() -> None:
    assert TABLE.between("seldom", 1.2) == 60 / 3
    assert TABLE.between("seldom", 1.5) == 60 / 3
    assert TABLE.between("seldom", 1.6) == 60 / 2
    assert TABLE.between("seldom", 2.0) == 60 / 2


def test_that_a_value_below_the_least_is_never_rare() -> None:
    assert TABLE.between("never", 0.99) == 0
    assert TABLE.between("often", 0.5) == 0


def test_that_silence_counts_as_one_value_at_the_least() -> None:
    assert TABLE.between("never", 1.0) == pytest.approx(60)


def test_that_a_tail_that_is_not_known_halves_for_every_quarter_more() -> None:
    assert TABLE.between("never", 1.25) == pytest.approx(120)
    assert TABLE.between("never", 1.25**2) == pytest.approx(240)


def test_that_a_tail_that_was_seen_goes_on_as_it_was() -> None:
    seen = np.log(np.geomspace(4, 2, 8))
    slope = (seen[:-1] - seen[-1]).mean()
    assert TABLE.between("often", 5.0) == pytest.approx(60 * np.exp(np.log(5 / 4) / slope))


def test_that_no_tail_is_steeper_than_halving_for_every_tenth() -> None:
    steep = Rarity(60.0, {"a": 1.0}, {"a": tuple(np.geomspace(2.001, 2, 8))})
    assert steep.between("a", 2.001 * 1.1) == pytest.approx(120)


def test_that_nothing_is_rarer_than_ten_hours() -> None:
    assert TABLE.between("never", 1e9) == 600


def test_that_an_unknown_detector_is_an_error() -> None:
    with pytest.raises(KeyError):
        TABLE.between("nobody", 2.0)


def test_that_severity_grows_with_each_tenfold() -> None:
    assert severity(0) == 0
    assert severity(0.1) == pytest.approx(0)
    assert severity(600) == pytest.approx(1)
    assert severity(10) - severity(1) == pytest.approx(severity(100) - severity(10))


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0.1, "10 times a minute in real motion"),
        (40, "once in 40 minutes of real motion"),
        (61, "not once in the 60 minutes of real motion that were measured"),
        (600, "not once in the 60 minutes of real motion that were measured"),
    ],
)
def test_that_rarity_is_said_in_words(minutes: float, text: str) -> None:
    assert rarity_text(minutes, 60.0) == text


def test_that_the_bundled_table_knows_every_detector_as_it_is() -> None:
    table = bundled_rarity()
    assert table.minutes > 1
    assert table.least == LEAST
    assert set(table.values) == set(LEAST)
    for name, values in table.values.items():
        assert list(values) == sorted(values, reverse=True)
        assert all(value >= LEAST[name] - 0.001 for value in values)
