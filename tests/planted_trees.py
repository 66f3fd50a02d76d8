"""Trees of one branch each in place of the bundled ones: what a detector makes of odds is tested apart from what the odds are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.detectors.forests import Forest, forest_arrays

Branch = tuple[str, float, float, float]
Plant = Callable[..., None]


def stump(feature: str, threshold: float, below: float, above: float) -> Forest:
    """The odds are `below` for values of the feature up to the threshold and where it is unknown, and `above` for those beyond."""
    return Forest(
        features=(feature,),
        roots=np.array([0]),
        feature=np.zeros(3, int),
        threshold=np.array([threshold, 0.0, 0.0]),
        unknown_left=np.ones(3, bool),
        left=np.array([1, 1, 2]),
        right=np.array([2, 1, 2]),
        value=np.array([0.0, np.log(below), np.log(above)]),
        bias=0.0,
        depth=1,
    )


def planting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """A function that puts branches (feature, threshold, odds below, odds above), by the detector's name, in place of the bundled trees."""

    def plant(**branches: Branch) -> None:
        path = folder / f"trees_{len(list(folder.iterdir()))}.npz"
        arrays = {f"{name}_{key}": values for name, branch in branches.items() for key, values in forest_arrays(stump(*branch)).items()}
        np.savez(path, **arrays)
        monkeypatch.setattr("core.detectors.forests.BUNDLED", path)

    return plant
