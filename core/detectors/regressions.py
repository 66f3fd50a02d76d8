"""Logistic regressions that weigh what is measured of a fault of the body: tools/fit_body_faults.py fits them where faults are known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.pose_failure import Regression

BUNDLED = Path(__file__).resolve().parents[2] / "resources" / "body_faults.json"
# Rows in the table of rarities: a bone that is longer for a moment, a hinge that bends as none does, a standing foot that slides.
NAMES = ("limbs", "hinges", "slip")
_MOST = 1e6


def odds(detector: str, features: Mapping[str, np.ndarray]) -> np.ndarray:
    """float64, of the features' common shape: how much likelier a fault is than none. Raises KeyError for an unknown detector."""
    chance = bundled_regressions()[detector].probability(features)
    return np.asarray(chance / np.maximum(1 - chance, 1 / _MOST))


@lru_cache(maxsize=1)
def bundled_regressions() -> Mapping[str, Regression]:
    """Those that come with Telltale, by name. Raises OSError, ValueError or KeyError when they are missing or damaged."""
    return regressions_from(json.loads(BUNDLED.read_text("utf-8")))


def regressions_from(content: Mapping[str, Any]) -> dict[str, Regression]:
    """From what tools/fit_body_faults.py wrote. Raises KeyError or ValueError when something is missing."""
    return {name: _regression(content["regressions"][name]) for name in NAMES}


def _regression(content: Mapping[str, Any]) -> Regression:
    columns = {name: np.asarray([row[name] for row in content["features"]]) for name in ("mean", "deviation", "low", "high", "weight")}
    return Regression(tuple(row["name"] for row in content["features"]), **columns, bias=float(content["bias"]))
