"""Plots of an analysis as SVG text, for reports. Deterministic, without pyplot, text kept as text.

Frames stand on the lower axis, seconds on the upper one. Every figure takes its colours from a Palette.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.ticker import MaxNLocator

from core.analysis import Analysis, EmbeddingMap
from core.encoder_words import source_name
from core.track import Presence
from render.palette import LIGHT, Palette
from render.svg import label, svg_of

MAX_NUMBERED = 10  # events that carry their rank in the step plot
_MAX_POINTS = 3000  # more frames than this are drawn in groups
_TIME_PLOT = (0.085, 0.185, 0.9, 0.575)  # left, bottom, width, height: the same for all, so that times stand below each other
_MARKERS = ("o", "s", "^", "D", "v", "P")


def step_figure(analysis: Analysis, palette: Palette = LIGHT) -> str:
    """The step curve with its spread, the band of real motion, glitches (numbered by rank) and frames that are not clear."""
    title = f"Step curve over {len(analysis)} frames with the band of real motion and {len(analysis.glitches)} events"
    return svg_of(lambda figure: _draw_step(figure, analysis, palette), (8.8, 2.9), palette, "step", title)


def attention_figure(analysis: Analysis, palette: Palette = LIGHT) -> str:
    """The encoder's attention as stacked areas, one colour a source."""
    title = f"Attention of the encoder over {len(analysis)} frames, by source"
    return svg_of(lambda figure: _draw_attention(figure, analysis, palette), (8.8, 2.4), palette, "attention", title)


def map_figure(placed: EmbeddingMap, palette: Palette = LIGHT) -> str:
    """The map of real motion with its class centroids, and the windows of this clip; windows that fit nowhere lie in a tray below."""
    title = f"Map of {len(placed.classes)} classes of real motion with {len(placed.windows)} windows of this clip"
    return svg_of(lambda figure: _draw_map(figure, placed, palette), (8.8, 5.6), palette, "map", title)


def _draw_step(figure: Figure, analysis: Analysis, palette: Palette) -> None:
    curves, axes = analysis.curves, figure.add_axes(_TIME_PLOT)
    where = _peaks(curves.step)
    step, spread, low, high = (
        values[where].astype(float) for values in (curves.step, curves.disagreement, curves.band_low, curves.band_high)
    )
    axes.fill_between(where, low, high, color=palette.band, alpha=0.22, lw=0)
    axes.fill_between(where, step - spread, step + spread, color=palette.curve, alpha=0.25, lw=0)
    axes.plot(where, step, color=palette.curve, lw=1.6)
    known = np.concatenate([[False], np.isfinite(step), [False]])
    alone = known[1:-1] & ~known[:-2] & ~known[2:]  # a line needs two points
    axes.plot(where[alone], step[alone], ".", color=palette.curve, ms=4)
    top = 1.25 * float(np.nanmax(np.concatenate([step, high, [1.0]])))
    for start, stop in _runs(np.array([value is not Presence.OK for value in analysis.track.presence])):
        axes.axvspan(start - 0.5, stop - 0.5, ymax=0.06, color=palette.muted, alpha=0.8, lw=0)
    for rank, glitch in enumerate(analysis.glitches, 1):
        axes.axvspan(glitch.start - 0.5, glitch.stop - 0.5, color=palette.alert, alpha=0.18, lw=0)
        if rank <= MAX_NUMBERED:
            place = (glitch.peak, 0.92 * top)
            axes.plot(*([value] for value in place), "v", color=palette.alert, ms=5)
            axes.annotate(str(rank), place, (6, 0), textcoords="offset points", color=palette.alert, weight="bold", va="center")
    axes.set_ylim(0, top)
    axes.set_ylabel("step\n(1 = median of real motion)")
    _time_axes(axes, analysis, palette)
    shown = [("step", palette.curve, 1.0), ("spread over windows", palette.curve, 0.3), ("band of real motion", palette.band, 0.3)]
    _key(axes, palette, [*shown, ("event", palette.alert, 0.3), ("unclear frames", palette.muted, 0.8)])


def _draw_attention(figure: Figure, analysis: Analysis, palette: Palette) -> None:
    attention, axes = analysis.curves.attention, figure.add_axes(_TIME_PLOT)
    where = np.arange(0, len(analysis), -(-len(analysis) // _MAX_POINTS))
    below = np.zeros(len(where))
    for name, values in attention.items():
        share = values[where]
        known = np.isfinite(share).tolist()
        axes.fill_between(where, below, below + share, where=known, color=palette.source_color(name), lw=0, step="mid")
        below = below + share
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel("share of attention\n(sums to 1)")
    _time_axes(axes, analysis, palette)
    _key(axes, palette, [(source_name(name), palette.source_color(name), 1.0) for name in attention])


def _draw_map(figure: Figure, placed: EmbeddingMap, palette: Palette) -> None:
    some_outside = bool(placed.outside.any())
    axes = figure.add_axes((0.01, 0.24, 0.98, 0.71) if some_outside else (0.01, 0.06, 0.98, 0.89))
    _frame(axes, palette)
    if some_outside:
        _tray(figure.add_axes((0.01, 0.1, 0.98, 0.07)), placed, palette)
    for index in range(len(placed.classes)):
        axes.add_patch(_dots(placed.reference[placed.reference_class == index], palette.class_color(index)))
    for index, name in enumerate(placed.classes):
        x, y = placed.centroids[index]
        marker = _MARKERS[index % len(_MARKERS)]
        axes.plot([x], [y], marker, color=palette.class_color(index), ms=9, mec=palette.text, mew=1.0)
        axes.annotate(label(name), (x, y), (8, 5), textcoords="offset points", parse_math=False, weight="bold")
    on_map = placed.windows[np.isfinite(placed.windows).all(1)]
    axes.plot(on_map[:, 0], on_map[:, 1], "-", color=palette.text, lw=1, alpha=0.7)
    axes.plot(on_map[:, 0], on_map[:, 1], "o", color=palette.text, ms=5, mec=palette.ground, mew=0.8)
    if len(on_map):
        axes.annotate("start", on_map[0], (-6, -13), textcoords="offset points", weight="bold")
    _show_all(axes, np.concatenate([placed.reference, placed.centroids, on_map]))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel("t-SNE (no unit): neighbours mean something, the distance between islands does not", color=palette.muted)
    _key(axes, palette, [("windows of this clip", palette.text, 1.0)])


def _tray(axes: Axes, placed: EmbeddingMap, palette: Palette) -> None:
    numbers = np.flatnonzero(placed.outside)
    axes.plot(numbers, np.zeros(len(numbers)), "o", color=palette.text, ms=6, mfc="none", mew=1.4)
    _frame(axes, palette)
    axes.set_xlim(-0.5, len(placed.outside) - 0.5)
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    starts = placed.window_range[:, 0]
    ticks = np.unique(np.linspace(0, len(starts) - 1, min(len(starts), 8)).round().astype(int))
    axes.set_xticks(ticks, [str(starts[tick]) for tick in ticks])
    axes.set_xlabel(
        f"outside tray: {len(numbers)} of {len(placed.outside)} windows are unlike all real motion of the map (first frame of the window)",
        color=palette.text,
    )


def _dots(points: np.ndarray, color: str) -> PathPatch:
    """Many small discs as one path: round caps of strokes without length. Points [N, 2]."""
    ends = np.repeat(points, 2, axis=0).astype(float)
    ends[1::2, 0] += 1e-3
    codes = np.tile(np.array([Outline.MOVETO, Outline.LINETO], Outline.code_type), len(points))
    outline = Outline(ends, codes)
    outline.should_simplify = False
    return PathPatch(outline, fill=False, edgecolor=color, lw=3.2, capstyle="round", alpha=0.45)


def _frame(axes: Axes, palette: Palette) -> None:
    for spine in axes.spines.values():
        spine.set(visible=True, color=palette.line)


def _show_all(axes: Axes, points: np.ndarray) -> None:
    low, high = points.min(0), points.max(0)
    pad = 0.06 * (high - low) + 1e-6
    axes.set_xlim(low[0] - pad[0], high[0] + 2 * pad[0])  # names stand to the right of their marks
    axes.set_ylim(low[1] - pad[1], high[1] + pad[1])


def _time_axes(axes: Axes, analysis: Analysis, palette: Palette) -> None:
    frames, times = np.arange(len(analysis)), analysis.track.times
    axes.set_xlim(-0.5, max(len(analysis) - 0.5, 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.set_xlabel("frame", color=palette.text)
    if len(analysis) < 2:
        return
    # The time stamps themselves, extended beyond both ends: no average rate, and an axis that can be turned back.
    x = np.concatenate([[-1], frames, [len(frames)]])
    t = np.concatenate([[2 * times[0] - times[1]], times, [2 * times[-1] - times[-2]]])

    def to_seconds(values: Any) -> np.ndarray:
        return np.interp(values, x, t)

    def to_frames(values: Any) -> np.ndarray:
        return np.interp(values, t, x)

    seconds = axes.secondary_xaxis("top", functions=(to_seconds, to_frames))
    seconds.set_xlabel("time (s)", color=palette.muted, loc="left")  # the legend stands on the right
    seconds.tick_params(colors=palette.muted)
    seconds.spines["top"].set_color(palette.line)


def _key(axes: Axes, palette: Palette, entries: list[tuple[str, str, float]]) -> None:
    """A legend in one row above the plot: name, colour, opacity."""
    handles = [axes.fill_between([], [], color=color, alpha=alpha, lw=0) for _, color, alpha in entries]
    legend = axes.figure.legend(
        handles,
        [label(name) for name, _, _ in entries],
        loc="upper right",
        borderaxespad=0.2,
        ncols=max(1, len(entries)),
        frameon=False,
        fontsize=9,
        handlelength=1.2,
        columnspacing=1.4,
        labelcolor=palette.text,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """start, stop (exclusive) of the runs of True in bool [T]."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def _peaks(curve: np.ndarray) -> np.ndarray:
    """The frames [N] at which a curve [T] is drawn: all, or in a long clip the highest of each group, so that no peak is lost."""
    size = -(-len(curve) // _MAX_POINTS)
    padded = np.concatenate([np.nan_to_num(curve, nan=-np.inf), np.full(-len(curve) % size, -np.inf)])
    first = np.arange(0, len(padded), size)
    peaks: np.ndarray = np.minimum(first + padded.reshape(-1, size).argmax(1), len(curve) - 1)
    return peaks
