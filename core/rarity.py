"""How rare an event is in real motion: from its statistic to the minutes that pass between two like it.

The table is measured by `tools/fit_rarity.py`: the detectors run over real motion that nobody has tampered with, and each row keeps the
highest values of one detector. Beyond the highest value that was ever seen the tail goes on as an exponential of the value's logarithm
(Hill, "A simple general approach to inference about the tail of a distribution", 1975).

Silence is no proof that a value is rare: the next film may bring one. So one more counts as seen than was (Laplace's rule of succession),
and a detector that never spoke counts as having reached the least that it looks at. While fewer than eight values were seen the tail is
not known and is taken to be flat, one that halves for every quarter more and not for every tenth: a row without values once called a
reversal rare that a clean clip reached.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

BUNDLED = Path(__file__).resolve().parent.parent / "resources" / "rarity.json"
_LONGEST = 600.0  # minutes: nothing is called rarer than ten hours, whatever the tail says
_TAIL = 8  # values, from which the tail is drawn
_STEEPEST = float(np.log(1.1) / np.log(2))  # log of the value over log of the minutes: halves for every tenth more
_FLAT = float(np.log(1.25) / np.log(2))  # the steepest while the tail is not known


@dataclass(frozen=True)
class Rarity:
    """minutes: of real motion, in all; least: detector -> the least that it looks at; values: its events' statistics, highest first."""

    minutes: float
    least: Mapping[str, float]
    values: Mapping[str, tuple[float, ...]]

    def between(self, detector: str, value: float) -> float:
        """Minutes of real motion between two events of this detector with at least this value; 0 below the least that it looks at.

        Raises KeyError for an unknown detector.
        """
        least, values = self.least[detector], self.values[detector]
        if value < least:
            return 0.0
        count = sum(other >= value for other in values)
        if count:
            return self.minutes / (count + 1)
        top = np.log(np.array([*values, least][:_TAIL]))
        # The mean excess over the lowest of them: Hill's estimate.
        slope = max(float((top[:-1] - top[-1]).mean()) if len(top) > 1 else 0.0, _STEEPEST if len(values) >= _TAIL else _FLAT)
        return float(min(self.minutes * np.exp((np.log(value) - top[0]) / slope), _LONGEST))


def severity(minutes: float) -> float:
    """0..1 for people and for ranking: 0 for what comes several times a minute, a quarter for each tenfold, 1 for once in ten hours."""
    return float(np.clip((np.log10(max(minutes, 1e-3)) + 1.0) / (np.log10(_LONGEST) + 1.0), 0.0, 1.0))


def rarity_text(minutes: float, measured: float) -> str:
    """In words: `once in 4 minutes of real motion`. measured: minutes that the table knows; beyond them nothing is claimed."""
    if minutes > measured:
        return f"not once in the {measured:.0f} minutes of real motion that were measured"
    if minutes >= 1.5:
        return f"once in {minutes:.0f} minutes of real motion"
    return f"{1 / minutes:.0f} times a minute in real motion"


@lru_cache(maxsize=1)
def bundled_rarity() -> Rarity:
    """The table that comes with Telltale. Raises OSError, ValueError or KeyError when it is missing or damaged."""
    content = json.loads(BUNDLED.read_text("utf-8"))
    return Rarity(content["minutes"], content["least"], {name: tuple(values) for name, values in content["values"].items()})
