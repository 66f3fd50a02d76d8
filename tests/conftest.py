"""What every test may use."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared test material; tests that need it are skipped in a checkout that has none of it."""
    folder = os.environ.get("TELLTALE_SHARED")
    if not folder:
        pytest.skip("TELLTALE_SHARED is not set: the shared test material is not here")
    path = Path(folder)
    if not (path / "clips" / "manifest.csv").exists():
        pytest.fail(f"TELLTALE_SHARED is set to {folder}, but the material is not there")
    return path


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cache, settings and projects of a test never touch those of the person."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
