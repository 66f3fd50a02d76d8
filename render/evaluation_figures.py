"""Figures of an evaluation: agreement, win ratios, tables as heat, sensitivity, attention, maps, convergence, intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from core.evaluation.convergence import Convergence
from core.evaluation.maps import MapPoint
from core.evaluation.win_ratio import WinRatio
from render.drawing import Drawing, key, panel_place
from render.palette import LIGHT, Palette, heat
from render.svg import label

if TYPE_CHECKING:  # its module loads torch
    from core.evaluation.sensitivity import Response

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")


@dataclass(frozen=True, eq=False)
class ScatterPanel:
    """Scores [N] and human ratings [N] of N clips, the model of each, and what to write above."""

    title: str
    scores: np.ndarray
    human: np.ndarray
    models: Sequence[str]
    text: str


def agreement_drawing(panels: Sequence[ScatterPanel], palette: Palette = LIGHT) -> Drawing:
    """Scatter of scores against human ratings, one panel an axis, the models by colour and marker."""
    names = list(dict.fromkeys(model for panel in panels for model in panel.models))

    def draw(figure: Figure) -> None:
        for place, panel in enumerate(panels):
            axes = figure.add_axes(panel_place(place, len(panels), left=0.17, bottom=0.14, height=0.62))
            for number, name in enumerate(names):
                mine = np.array([model == name for model in panel.models])
                color, marker = palette.class_color(number), _MARKERS[number % 8]
                axes.plot(panel.scores[mine], panel.human[mine], marker, color=color, ms=4, mew=0, alpha=0.75)
            axes.set_xlabel(label(panel.title))
            axes.set_ylabel("human rating")
            axes.set_title(panel.text, fontsize=9, color=palette.muted, loc="left")
        marks = [(name, palette.class_color(i), _MARKERS[i % 8]) for i, name in enumerate(names)]
        key(figure, palette, marks if len(names) > 1 else [])

    return Drawing(draw, (max(5.0, 4.2 * len(panels)), 4.2), f"Scores against human ratings on {len(panels)} axes")


def win_drawing(panels: Mapping[str, Sequence[WinRatio]], palette: Palette = LIGHT) -> Drawing:
    """Win ratios as bars, one panel an axis, models in the same order in all, with wins of comparisons beside each bar."""
    models = list(dict.fromkeys(ratio.model for ratios in panels.values() for ratio in ratios))
    width, inches = 1.6 + 4.0 * len(panels), 1.2 + 0.42 * len(models)

    def draw(figure: Figure) -> None:
        for place, (axis, ratios) in enumerate(panels.items()):
            axes = figure.add_axes(((1.5 + 4.0 * place) / width, 0.6 / inches, 3.7 / width, 0.42 * len(models) / inches))
            axes.axvline(0.5, color=palette.muted, lw=0.8, ls=":", zorder=0)
            for ratio in ratios:
                y = len(models) - 1 - models.index(ratio.model)
                axes.barh(y, ratio.ratio, color=palette.class_color(models.index(ratio.model)), height=0.62)
                ties = f" + {ratio.ties}/2" if ratio.ties else ""
                text = axes.annotate(f"{ratio.wins}{ties} of {ratio.comparisons}", (ratio.ratio + 0.02, y), va="center", fontsize=9)
                text.set_bbox({"facecolor": palette.ground, "lw": 0, "pad": 1})
            axes.set_xlim(0, 1.25)
            axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
            axes.set_ylim(-0.6, len(models) - 0.4)
            axes.set_yticks(range(len(models)), [label(model) for model in reversed(models)] if place == 0 else [""] * len(models))
            axes.set_xlabel("win ratio")
            axes.set_title(label(axis), fontsize=10, loc="left")

    return Drawing(draw, (width, inches), f"Win ratios of {len(models)} models")


def heat_drawing(
    panels: Mapping[str, np.ndarray], rows: Sequence[str], columns: Sequence[str], title: str, digits: int = 2, palette: Palette = LIGHT
) -> Drawing:
    """Tables [R, C] side by side as heat with their numbers written in; NaN cells stay empty."""
    width, inches = 0.75 * len(columns) + 0.4, 1.7 + 0.36 * len(rows)
    total = 1.7 + width * len(panels)

    def draw(figure: Figure) -> None:
        for place, (name, values) in enumerate(panels.items()):
            axes = figure.add_axes(((1.6 + place * width) / total, 1.15 / inches, (width - 0.3) / total, 0.36 * len(rows) / inches))
            known = values[np.isfinite(values)]
            low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
            span = high - low if high > low else 1.0
            axes.imshow(values, cmap=_heat_map(), aspect="auto", vmin=low, vmax=low + span)
            for (row, column), value in np.ndenumerate(values):
                if np.isfinite(value):
                    color = "#1b1d20" if (value - low) / span > 0.5 else "#ffffff"
                    axes.text(column, row, f"{value:.{digits}f}", ha="center", va="center", fontsize=8, color=color)
            axes.set_xticks(range(len(columns)), [label(one) for one in columns], rotation=35, ha="right", rotation_mode="anchor")
            axes.set_yticks(range(len(rows)), [label(one) for one in rows] if place == 0 else [""] * len(rows))
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
            axes.set_title(label(name), fontsize=10, loc="left")

    return Drawing(draw, (total, inches), title)


def sensitivity_drawing(responses: Sequence[Response], palette: Palette = LIGHT) -> Drawing:
    """Each score over its clean mean, by severity, one line a distortion."""
    scores = list(dict.fromkeys(response.score for response in responses))
    kinds = [kind for kind in dict.fromkeys(response.distortion for response in responses) if kind != "none"]

    def draw(figure: Figure) -> None:
        for place, score in enumerate(scores):
            axes = figure.add_axes(panel_place(place, len(scores), left=0.17, bottom=0.15, height=0.68))
            for number, kind in enumerate(kinds):
                mine = [response for response in responses if response.score == score and response.distortion == kind]
                x, y = [0.0, *(r.severity for r in mine)], [1.0, *(r.ratio for r in mine)]
                axes.plot(x, y, color=palette.class_color(number), marker=_MARKERS[number], ms=4, lw=1.5)
            axes.axhline(1, color=palette.muted, lw=0.8, ls=":")
            axes.set_xlabel("severity (share of the window)")
            axes.set_ylabel("mean / mean of clean windows")
            axes.ticklabel_format(useOffset=False)
            axes.set_title(score.replace("_", " "), fontsize=10, loc="left")
        key(figure, palette, [(kind, palette.class_color(i), _MARKERS[i]) for i, kind in enumerate(kinds)])

    return Drawing(draw, (4.4 * len(scores), 3.8), "Response of the scores to shuffled, reversed and copied frames")


def attention_drawing(shares: Mapping[str, Mapping[str, float]], palette: Palette = LIGHT) -> Drawing:
    """Mean attention by class as stacked bars, one colour a source."""
    classes, sources = list(shares), list(next(iter(shares.values())))
    inches = 1.0 + 0.36 * len(classes)

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.24, 0.6 / inches, 0.73, 0.36 * len(classes) / inches))
        left = np.zeros(len(classes))
        y = np.arange(len(classes))[::-1]
        for source in sources:
            width = np.array([shares[name][source] for name in classes])
            axes.barh(y, width, left=left, color=palette.source_color(source), height=0.7)
            for row, (start, share) in enumerate(zip(left, width, strict=True)):
                if share >= 0.08:
                    axes.text(start + share / 2, y[row], f"{share:.2f}", ha="center", va="center", fontsize=8, color="#1b1d20")
            left = left + width
        axes.set_yticks(y, [label(name) for name in classes])
        axes.set_ylim(-0.6, len(classes) - 0.4)
        axes.set_xlim(0, 1)
        axes.set_xlabel("share of attention")
        key(figure, palette, [(source, palette.source_color(source), "s") for source in sources])

    return Drawing(draw, (7.0, inches), f"Mean attention by source for {len(classes) - ('all' in classes)} classes")


def map_drawing(points: Sequence[MapPoint], palette: Palette = LIGHT) -> Drawing:
    """Clips on the t-SNE map twice, coloured by class and by model, with the class centroids as stars."""
    clips, centroids = [p for p in points if not p.is_centroid], [p for p in points if p.is_centroid]
    classes = sorted({point.action for point in points})
    models = list(dict.fromkeys(point.model for point in clips))
    low, high = min(point.x for point in points), max(point.x for point in points)

    def draw(figure: Figure) -> None:
        views: tuple[tuple[str, list[str], Callable[[MapPoint], str]], ...] = (
            ("by class", classes, lambda point: point.action),
            ("by model", models, lambda point: point.model),
        )
        for place, (title, names, group) in enumerate(views):
            left = 0.015 + 0.5 * place
            axes = figure.add_axes((left, 0.2, 0.47, 0.73))
            for number, name in enumerate(names):
                mine = [point for point in clips if group(point) == name]
                # Beyond the palette's colours the marker tells two classes apart.
                marker = _MARKERS[(number + number // len(palette.classes)) % 8]
                axes.plot(
                    [p.x for p in mine], [p.y for p in mine], marker, color=palette.class_color(number), ms=4.5, mew=0, alpha=0.8, ls=""
                )
            for point in centroids:
                color = palette.class_color(classes.index(point.action)) if place == 0 else palette.ground
                axes.plot([point.x], [point.y], "*", color=color, ms=13, mec=palette.text, mew=0.9)
                if place == 0:
                    right = point.x > low + 0.8 * (high - low)  # a label to the right would leave the panel
                    offset, side = ((-7, 5), "right") if right else ((7, 5), "left")
                    axes.annotate(label(point.action), (point.x, point.y), offset, textcoords="offset points", fontsize=8, ha=side)
            for spine in axes.spines.values():
                spine.set(visible=True, color=palette.line)
            axes.margins(0.07)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_title(title, fontsize=10, loc="left")
            marks = [(name, palette.class_color(i), _MARKERS[(i + i // len(palette.classes)) % 8]) for i, name in enumerate(names)]
            key(figure, palette, marks, where=(left + 0.235, 0.005), columns=4, anchor="lower center")
        figure.text(0.985, 0.965, "stars: class centroids of real motion", ha="right", color=palette.muted, fontsize=9)

    return Drawing(draw, (11.5, 6.2), f"t-SNE of {len(clips)} clips of {len(models)} models with {len(centroids)} class centroids")


def convergence_drawing(curves: Mapping[str, Sequence[Convergence]], palette: Palette = LIGHT) -> Drawing:
    """Spearman correlation of the mean of k ratings with all ratings (band: 5 to 95 %) and with k others (dashed), one colour an axis."""

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.11, 0.16, 0.86, 0.68))
        for number, curve in enumerate(curves.values()):
            color, k = palette.class_color(number), [point.ratings for point in curve]
            axes.fill_between(k, [p.low for p in curve], [p.high for p in curve], color=color, alpha=0.18, lw=0)
            axes.plot(k, [p.with_all for p in curve], color=color, marker="o", ms=3.5, lw=1.5)
            axes.plot(k, [p.with_others for p in curve], color=color, ls="--", lw=1.3)
        axes.set_xlabel("ratings of each clip, k")
        axes.set_ylabel("Spearman correlation")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        text = "solid: mean of k ratings with that of all (band 5 to 95 %); dashed: with that of k others"
        figure.text(0.11, 0.89, text, color=palette.muted, fontsize=9)
        key(figure, palette, [(name, palette.class_color(i), "o") for i, name in enumerate(curves)])

    return Drawing(draw, (7.2, 4.2), "Agreement of opinions with the number of ratings")


def interval_drawing(rows: Sequence[tuple[str, float, float, float]], quantity: str, palette: Palette = LIGHT) -> Drawing:
    """Values with intervals (name, value, low, high), one a line, with a line at 0."""
    inches = 1.0 + 0.36 * len(rows)

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.34, 0.6 / inches, 0.63, 0.36 * len(rows) / inches))
        for number, (_, value, low, high) in enumerate(reversed(rows)):
            axes.plot([low, high], [number, number], color=palette.curve, lw=2.2, alpha=0.55, solid_capstyle="butt")
            axes.plot([value], [number], "o", color=palette.curve, ms=6)
            axes.annotate(f"{value:.3f}", (value, number), (0, 7), textcoords="offset points", ha="center", fontsize=8)
        axes.axvline(0, color=palette.muted, lw=0.8, ls=":")
        axes.set_yticks(range(len(rows)), [label(name) for name, *_ in reversed(rows)])
        axes.set_ylim(-0.6, len(rows) - 0.3)
        axes.set_xlabel(quantity)

    return Drawing(draw, (7.2, inches), quantity)


def _heat_map() -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("heat", [tuple(c / 255 for c in heat(v)) for v in np.linspace(0, 1, 17)])


def spread_drawing(measures: Mapping[str, tuple[np.ndarray, float]], palette: Palette = LIGHT) -> Drawing:
    """A histogram of 10 bins of each measure's values over the clips, with its uniformity: (values [N], uniformity)."""
    columns = 3
    lines = -(-len(measures) // columns)
    inches = 0.3 + 1.75 * lines

    def draw(figure: Figure) -> None:
        for place, (name, (values, uniformity)) in enumerate(measures.items()):
            row, column = divmod(place, columns)
            bottom = (inches - 0.3 - 1.75 * (row + 1) + 0.5) / inches
            axes = figure.add_axes((column / columns + 0.035, bottom, 0.27, 0.95 / inches))
            axes.hist(values[np.isfinite(values)], 10, color=palette.curve, alpha=0.8, lw=0)
            axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.set_title(f"{name}, uniformity {uniformity:.2f}", fontsize=9, loc="left")

    return Drawing(draw, (9.5, inches), f"Distribution of {len(measures)} measures of the pictures")
