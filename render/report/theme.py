"""Light and dark in one page: figures are drawn in stand-in colours that become CSS variables."""

from __future__ import annotations

import re

from render.palette import LIGHT, Palette

_ROLES = ("ground", "text", "muted", "line", "curve", "band", "alert", "other_source")


def _names(palette: Palette) -> dict[str, str]:
    """CSS variable -> colour, for every colour of a palette."""
    names = {role.replace("_", "-"): str(getattr(palette, role)) for role in _ROLES}
    names |= {f"source-{name}": color for name, color in palette.source.items()}
    return names | {f"class-{index}": color for index, color in enumerate(palette.classes)}


# Colours nobody else uses, one for each variable; only for figures that `themed` will see.
_STAND_IN = {name: f"#fe{index:02x}01" for index, name in enumerate(_names(LIGHT))}
VARIABLES = Palette(
    name="variables",
    ground=_STAND_IN["ground"],
    text=_STAND_IN["text"],
    muted=_STAND_IN["muted"],
    line=_STAND_IN["line"],
    curve=_STAND_IN["curve"],
    band=_STAND_IN["band"],
    alert=_STAND_IN["alert"],
    source={name: _STAND_IN[f"source-{name}"] for name in LIGHT.source},
    other_source=_STAND_IN["other-source"],
    classes=tuple(_STAND_IN[f"class-{index}"] for index in range(len(LIGHT.classes))),
)


def themed(svg: str) -> str:
    """A figure drawn with VARIABLES, its stand-in colours replaced by CSS variables (in tags only, never in words)."""
    back = {color: name for name, color in _STAND_IN.items()}
    colors = re.compile("|".join(back))
    return re.sub(r"<[^>]+>", lambda tag: colors.sub(lambda found: f"var(--{back[found[0]]})", tag[0]), svg)


def css_variables(palette: Palette) -> str:
    """The declarations that give a page the colours of a palette."""
    return " ".join(f"--{name}: {color};" for name, color in _names(palette).items())
