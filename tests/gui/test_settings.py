"""Settings are declared once, survive a restart, and never break a start."""

from pathlib import Path

import pytest
from platformdirs import user_config_path
from PySide6.QtCore import QSettings

from gui.settings import SETTINGS, Settings


def ini() -> Path:
    return user_config_path("telltale") / "telltale.ini"


def test_that_a_fresh_start_gives_the_declared_defaults() -> None:
    settings = Settings()
    assert {s.key: settings.get(s.key) for s in SETTINGS} == {s.key: s.default for s in SETTINGS}


def test_that_every_setting_says_what_it_is_for() -> None:
    assert [s.key for s in SETTINGS if not s.description.endswith(".")] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("theme", "dark"), ("loop", True), ("layer.mesh.opacity", 0.25), ("layer.box.visible", True), ("splitters", b"[[1, 2]]")],
)
def test_that_a_value_and_its_type_survive_a_restart(key: str, value: object) -> None:
    first = Settings()
    first.set(key, value)
    first.flush()
    second = Settings().get(key)
    assert (type(second), second) == (type(value), value)


@pytest.mark.parametrize(
    ("key", "raw"), [("theme", "purple"), ("loop", "perhaps"), ("layer.mesh.opacity", "thick"), ("layer.mesh.opacity", "7.5")]
)
def test_that_a_malformed_value_gives_the_default(key: str, raw: str) -> None:
    file = QSettings(str(ini()), QSettings.Format.IniFormat)
    file.setValue(key, raw)
    file.sync()
    assert Settings().get(key) == next(s.default for s in SETTINGS if s.key == key)


def test_that_safe_mode_neither_reads_nor_writes_the_file() -> None:
    kept = Settings()
    kept.set("theme", "dark")
    kept.flush()
    safe = Settings(safe_mode=True)
    assert safe.get("theme") == "system"
    safe.set("theme", "light")
    safe.flush()
    assert safe.get("theme") == "light"
    assert Settings().get("theme") == "dark"


def test_that_a_setting_nobody_declared_is_refused() -> None:
    with pytest.raises(KeyError):
        Settings().get("colour")
    with pytest.raises(KeyError):
        Settings().set("colour", "red")
