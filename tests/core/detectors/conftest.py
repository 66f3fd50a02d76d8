"""Trees that a test plants itself."""

from pathlib import Path

import pytest

from tests.planted_trees import Plant, planting


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    return planting(tmp_path, monkeypatch)
