"""The settings of the window, declared once with type, default and description; kept as an ini file in the configuration folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from platformdirs import user_config_path
from PySide6.QtCore import QByteArray, QSettings

from core.tag_data import ALIGNMENTS
from gui.theme import CHOICES


@dataclass(frozen=True)
class Setting:
    """One setting. `choices` closes the set of strings, `bounds` limit a number."""

    key: str
    default: bool | float | str | bytes
    description: str
    choices: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None


SETTINGS = (
    Setting("theme", "system", "Colours of the window: those of the desktop, light, or dark.", choices=CHOICES),
    Setting("loop", False, "Start again at the first frame when playback reaches the last one."),
    Setting("allow_many", False, "Let frames that show several people take part in the scores."),
    Setting("layer.mesh.visible", True, "Show the body mesh."),
    Setting("layer.mesh.opacity", 0.65, "Opacity of the body mesh.", bounds=(0.0, 1.0)),
    Setting("layer.skeleton.visible", True, "Show the skeleton."),
    Setting("layer.skeleton.opacity", 0.9, "Opacity of the skeleton.", bounds=(0.0, 1.0)),
    Setting("layer.keypoints.visible", True, "Show the key points."),
    Setting("layer.keypoints.opacity", 0.9, "Opacity of the key points.", bounds=(0.0, 1.0)),
    Setting("layer.box.visible", False, "Show the box around the person."),
    Setting("layer.box.opacity", 0.9, "Opacity of the box.", bounds=(0.0, 1.0)),
    Setting("folder", "", "Where the open dialog starts."),
    Setting("features.keypoints", "", "The folder of key points that “Analyse with” proposes."),
    Setting("features.meshes", "", "The folder of meshes that “Analyse with” proposes."),
    Setting("features.clip", "", "The folder of CLIP embeddings that “Analyse with” proposes."),
    Setting("features.dino", "", "The folder of DINO embeddings that “Analyse with” proposes."),
    Setting("features.alignment", ALIGNMENTS[0], "How key points and meshes are put together.", choices=ALIGNMENTS),
    Setting("geometry", b"", "Size and place of the window."),
    Setting("splitters", b"", "How the panels share the window."),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}


class Settings:
    """Reads and writes `SETTINGS`. In safe mode the file is neither read nor written: every value starts at its default."""

    def __init__(self, safe_mode: bool = False) -> None:
        self._memory: dict[str, Any] = {}
        self._file: QSettings | None = None
        if not safe_mode:
            path = user_config_path("telltale") / "telltale.ini"
            self._file = QSettings(str(path), QSettings.Format.IniFormat)

    def get(self, key: str) -> Any:
        """The value of a declared setting; a missing or malformed one gives its default. Raises KeyError when it is not declared."""
        setting = _BY_KEY[key]
        if self._file is None:
            return self._memory.get(key, setting.default)
        return _parse(setting, self._file.value(key))

    def set(self, key: str, value: Any) -> None:
        """Keep a value. Raises KeyError when the setting is not declared."""
        setting = _BY_KEY[key]
        if self._file is None:
            self._memory[key] = value
        else:
            self._file.setValue(key, QByteArray(value) if isinstance(setting.default, bytes) else value)

    def flush(self) -> None:
        """Write to disk now."""
        if self._file is not None:
            self._file.sync()


def _parse(setting: Setting, raw: Any) -> Any:
    """What an ini file gives back (often a string), as the declared type."""
    kind = type(setting.default)
    if raw is None:
        return setting.default
    try:
        if kind is bytes:
            return bytes(raw.data()) if isinstance(raw, QByteArray) else setting.default
        if kind is bool:
            return raw if isinstance(raw, bool) else {"true": True, "false": False}[str(raw).lower()]
        value = kind(raw)
    except (ValueError, TypeError, KeyError):
        return setting.default
    if setting.choices and value not in setting.choices:
        return setting.default
    if setting.bounds is not None and not setting.bounds[0] <= float(value) <= setting.bounds[1]:
        return setting.default
    return value
