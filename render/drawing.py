"""A figure for people: drawn to SVG or PNG, with what several figures share. Without pyplot."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from core.files import write_atomically
from render.palette import LIGHT, Palette
from render.svg import label, svg_of

SUFFIXES = (".svg", ".png")
_DPI = 150


@dataclass(frozen=True)
class Drawing:
    """A figure that is not drawn yet: how, its size in inches, and what it shows in words."""

    draw: Callable[[Figure], None]
    size: tuple[float, float]
    title: str


def figure_bytes(drawing: Drawing, suffix: str, palette: Palette = LIGHT) -> bytes:
    """The drawing as the content of an .svg or .png file. Raises ValueError for another suffix."""
    if suffix not in SUFFIXES:
        raise ValueError(f"figures are written as {' or '.join(SUFFIXES)}, not '{suffix}'")

    def on_ground(figure: Figure) -> None:
        figure.set_facecolor(palette.ground)
        drawing.draw(figure)

    if suffix == ".svg":
        return svg_of(on_ground, drawing.size, palette, "figure", drawing.title).encode()
    settings: Any = {
        "font.size": 10,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "text.color": palette.text,
        "axes.labelcolor": palette.text,
        "axes.edgecolor": palette.line,
        "axes.facecolor": "none",
        "xtick.color": palette.muted,
        "ytick.color": palette.muted,
    }
    buffer = io.BytesIO()
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=drawing.size, dpi=_DPI)
        on_ground(figure)
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def write_figure(path: Path, drawing: Drawing, palette: Palette = LIGHT) -> None:
    """Write the drawing, as SVG or PNG by the suffix of `path`. Raises OSError, ValueError for another suffix."""
    write_atomically(path, figure_bytes(drawing, path.suffix.lower(), palette))


def panel_place(place: int, count: int, left: float = 0.12, bottom: float = 0.15, height: float = 0.7) -> tuple[float, float, float, float]:
    """left, bottom, width, height of one of `count` panels side by side; `left` is the share of a panel that its labels take."""
    width = 1 / count
    return (place + left) * width, bottom, (0.97 - left) * width, height


def key(
    figure: Figure,
    palette: Palette,
    entries: Sequence[tuple[str, str, str]],
    where: tuple[float, float] = (0.99, 0.995),
    columns: int = 6,
    anchor: Literal["upper right", "lower center"] = "upper right",
) -> None:
    """A legend: name, colour, marker."""
    if not entries:
        return
    style: dict[str, Any] = {"fontsize": 9, "handletextpad": 0.3, "columnspacing": 1.2, "borderaxespad": 0, "frameon": False}
    handles: Any = [Line2D([], [], marker=marker, color=color, ms=6, mew=0, ls="") for _, color, marker in entries]
    legend = Legend(
        figure,
        handles,
        [label(name) for name, _, _ in entries],
        loc=anchor,
        bbox_to_anchor=where,
        bbox_transform=figure.transFigure,
        ncols=min(columns, len(entries)),
        labelcolor=palette.text,
        **style,
    )
    figure.add_artist(legend)
    for text in legend.get_texts():
        text.set_parse_math(False)
