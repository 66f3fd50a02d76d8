"""Boosted trees that weigh what is measured of a fault of the body: tools/fit_body_faults.py grows them where faults are known.

They are kept as plain arrays: scikit-learn keeps its models as pickles, and nothing here unpickles a file.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

BUNDLED = Path(__file__).resolve().parents[2] / "resources" / "body_faults.npz"
# A joint that leaps, a limb that is longer for a moment or bends as none does, a standing foot that slides, a body that floats.
NAMES = ("leaps", "limbs", "slip", "floats")
_MOST = 13.0  # log of the odds: nothing is surer


@dataclass(frozen=True, eq=False)
class Forest:
    """K trees of N nodes altogether; what they say is added to `bias`: the log of the odds that it is a fault.

    A node sends values up to `threshold` of its feature to the node `left`, others to `right`, and unknown ones left where `unknown_left`.
    A leaf leads to itself. roots int [K]; feature, left, right int [N]; threshold, value float [N]; unknown_left bool [N]; depth: steps
    that lead from any root to a leaf.
    """

    features: tuple[str, ...]
    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    unknown_left: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    bias: float
    depth: int

    def log_odds(self, features: Mapping[str, np.ndarray]) -> np.ndarray:
        """float64 [M], of features [M] each, NaN unknown. Raises KeyError for one missing."""
        values = np.stack([np.asarray(features[name], np.float64) for name in self.features], axis=-1)
        rows, total = np.arange(len(values)), np.full(len(values), self.bias)
        for root in self.roots:
            node = np.full(len(values), root)
            for _ in range(self.depth):
                seen = values[rows, self.feature[node]]
                goes_left = np.where(np.isnan(seen), self.unknown_left[node], seen <= self.threshold[node])
                node = np.where(goes_left, self.left[node], self.right[node])
            total += self.value[node]
        return total


def odds(detector: str, features: Mapping[str, np.ndarray]) -> np.ndarray:
    """float64 [M], of features [M] each: how much likelier a fault is than none. Raises KeyError for an unknown detector."""
    return np.asarray(np.exp(np.minimum(read_forests(BUNDLED)[detector].log_odds(features), _MOST)))


@lru_cache(maxsize=8)
def read_forests(path: Path) -> Mapping[str, Forest]:
    """Those in a file, by name. Raises OSError, ValueError or KeyError when it is missing or damaged."""
    try:
        # numpy leaves the file open when it is none of its own.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            names = [name for name in NAMES if f"{name}_roots" in arrays]
            return {
                name: _forest({key.removeprefix(f"{name}_"): arrays[key] for key in arrays if key.startswith(f"{name}_")}) for name in names
            }
    except (EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error


def forest_arrays(forest: Forest) -> dict[str, np.ndarray]:
    """What `read_forests` reads, without the name."""
    return {
        "features": np.array(forest.features),
        "roots": forest.roots.astype(np.int32),
        "feature": forest.feature.astype(np.int16),
        # Not rounded: thresholds are values that were met, which have to stay on their side.
        "threshold": forest.threshold.astype(np.float64),
        "unknown_left": forest.unknown_left,
        "left": forest.left.astype(np.int32),
        "right": forest.right.astype(np.int32),
        "value": forest.value.astype(np.float32),
        "bias": np.array(forest.bias),
        "depth": np.array(forest.depth),
    }


def _forest(arrays: Mapping[str, np.ndarray]) -> Forest:
    columns = {name: arrays[name] for name in ("roots", "feature", "threshold", "unknown_left", "left", "right", "value")}
    return Forest(tuple(str(name) for name in arrays["features"]), **columns, bias=float(arrays["bias"]), depth=int(arrays["depth"]))
