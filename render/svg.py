"""A matplotlib figure as SVG text that can stand inside an HTML page: small, deterministic, with ids that are its own."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from html import escape
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from render.palette import Palette

_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "telltale",
    "font.size": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
}
_FONTS = "system-ui, 'DejaVu Sans', sans-serif"
_LONGEST_LABEL = 28


def svg_of(draw: Callable[[Figure], None], size: tuple[float, float], palette: Palette, name: str, title: str) -> str:
    """The SVG text of a figure of `size` (inches) that `draw` fills.

    name: starts every id, so that several figures can stand on one page. title: what the picture shows, for those who cannot see it.
    """
    settings: Any = _SETTINGS | {
        "text.color": palette.text,
        "axes.labelcolor": palette.text,
        "axes.edgecolor": palette.line,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "xtick.color": palette.muted,
        "ytick.color": palette.muted,
    }
    buffer = io.StringIO()
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # Only the width of a label is estimated with matplotlib's font; the browser has the glyph.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=size)
        draw(figure)
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _embeddable(buffer.getvalue(), name, title)


def label(text: str) -> str:
    """A name that comes from a file, fit to stand in a figure: printable and not too long."""
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"


def _embeddable(svg: str, name: str, title: str) -> str:
    """Without prologue, comments, fixed size and ids that nobody refers to; other ids start with `name`; coordinates rounded."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    view = re.search(r'viewBox="([^"]+)"', body)
    body = body[body.index(">") + 1 :]
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', body))

    def tidy(tag: re.Match[str]) -> str:
        text = re.sub(r' id="([^"]*)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", tag[0])
        text = re.sub(r'(url\(#|href="#)([^")]+)', rf"\1{name}-\2", text)
        text = re.sub(r"font-family: [^;\"]*(; )?", "", text)
        text = text.replace("xlink:href", "href")
        return re.sub(r"(\.\d\d)\d+", r"\1", text)

    # Tags only: what stands between them may be the words of a person.
    body = re.sub(r"<[^>]+>", tidy, body)
    body = re.sub(r">\s*\n\s*<", ">\n<", body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view[1] if view else ""}" role="img" aria-label="{escape(title)}" '
        f'font-family="{_FONTS}">{body.strip()}\n'
    )
