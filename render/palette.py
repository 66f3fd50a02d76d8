"""The colours that carry meaning, once for window, report and movie.

Qualitative colours are those of Okabe and Ito, which colour-blind people can tell apart; none speaks alone, a marker, a word or a place
stands beside it. The heat ramp is cividis (Nunez, Anderton and Renslow 2018), which reads the same with and without colour vision.
Colours are #rrggbb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEFT, RIGHT, MIDDLE = "#56b4e9", "#e69f00", "#f5f5f5"  # the sides of the body, as drawn over pictures


@dataclass(frozen=True)
class Palette:
    """Colours for drawings on a light or a dark ground."""

    name: str
    ground: str
    text: str
    muted: str
    line: str  # grids and borders
    curve: str  # the step curve
    band: str  # the band of real motion
    alert: str  # glitches
    source: Mapping[str, str]
    other_source: str
    classes: tuple[str, ...]

    def source_color(self, source: str) -> str:
        """The fixed colour of a source of features; unknown ones share one."""
        return self.source.get(source, self.other_source)

    def class_color(self, index: int) -> str:
        """The colour of the class with this index; they repeat, so that a label must stand beside."""
        return self.classes[index % len(self.classes)]


_LOOKS = ("appearance", "vit", "clip", "dino")  # one of them fills the place of the appearance
LIGHT = Palette(
    name="light",
    ground="#fcfcfb",
    text="#1b1d20",
    muted="#595e64",
    line="#d3d0c9",
    curve="#0072b2",
    band="#009e73",
    alert="#b03a00",
    source=dict.fromkeys(_LOOKS, "#e69f00") | {"global": "#0072b2", "pose": "#56b4e9", "beta": "#cc79a7", "kp2d": "#009e73"},
    other_source="#8a8f95",
    classes=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#3f9bd1", "#8a7a00", "#6b6f75"),
)
DARK = Palette(
    name="dark",
    ground="#1b1e22",
    text="#e8e8e4",
    muted="#a2a8ae",
    line="#363b42",
    curve="#56b4e9",
    band="#2fbf94",
    alert="#ff9257",
    source=dict.fromkeys(_LOOKS, "#e69f00") | {"global": "#2f8ecb", "pose": "#7cc7f2", "beta": "#d992b6", "kp2d": "#12a97e"},
    other_source="#8f959c",
    classes=("#56b4e9", "#f0803c", "#2fbf94", "#e09bc1", "#f0b43c", "#3d8fd6", "#e3d94a", "#a2a8ae"),
)
# Cividis at 0, 1/16, ... 1.
_CIVIDIS = (
    (0, 34, 78), (0, 46, 106), (26, 56, 111), (50, 67, 109), (67, 78, 108), (83, 90, 109), (97, 101, 111), (111, 112, 115),
    (125, 124, 120), (140, 136, 120), (155, 148, 118), (171, 160, 114), (188, 174, 108), (205, 187, 99), (222, 201, 88),
    (240, 216, 70), (254, 232, 56),
)  # fmt: skip


def rgb(color: str) -> tuple[int, int, int]:
    """`#rrggbb` as three numbers 0..255."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def heat(value: float) -> tuple[int, int, int]:
    """The colour of a value in [0, 1] on the heat ramp, RGB 0..255; values outside give its ends."""
    place = min(max(value, 0.0), 1.0) * (len(_CIVIDIS) - 1)
    low = min(int(place), len(_CIVIDIS) - 2)
    part = place - low
    first, second = _CIVIDIS[low], _CIVIDIS[low + 1]
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(first, second, strict=True))
    return red, green, blue
