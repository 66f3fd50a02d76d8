import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.analysis import Analysis
from render.figures import attention_figure, map_figure, step_figure
from render.palette import DARK, LIGHT

Maker = Callable[..., Analysis]
SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> str:
    return "\n".join("".join(element.itertext()) for element in ET.fromstring(svg).iter(f"{SVG}text"))


def all_figures(analysis: Analysis) -> list[str]:
    assert analysis.map is not None
    return [step_figure(analysis), attention_figure(analysis), map_figure(analysis.map)]


def map_of(analysis: Analysis, **changes: object) -> str:
    assert analysis.map is not None
    return map_figure(replace(analysis.map, **changes))


def test_that_figures_are_whole_svg_with_a_description(make_analysis: Maker) -> None:
    for svg in all_figures(make_analysis()):
        root = ET.fromstring(svg)
        assert root.tag == f"{SVG}svg"
        assert root.get("role") == "img"
        assert "of" in str(root.get("aria-label"))
        assert "width" not in root.attrib
        assert "<!--" not in svg


def test_that_the_same_analysis_gives_the_same_figures(make_analysis: Maker) -> None:
    assert all_figures(make_analysis()) == all_figures(make_analysis())


def test_that_figures_of_one_page_share_no_id_and_lose_none(make_analysis: Maker) -> None:
    figures = all_figures(make_analysis())
    ids = [one for svg in figures for one in re.findall(r' id="([^"]+)"', svg)]
    assert ids
    assert len(ids) == len(set(ids))
    assert {one for svg in figures for one in re.findall(r'(?:url\(#|href="#)([^")]+)', svg)} == set(ids)


def test_that_axes_are_named_with_their_units(make_analysis: Maker) -> None:
    step = words(step_figure(make_analysis()))
    assert all(part in step for part in ("frame", "time (s)", "1 = median of real motion", "band of real motion", "unclear frames"))
    attention = words(attention_figure(make_analysis()))
    assert all(part in attention for part in ("frame", "time (s)", "share of attention", "appearance", "pose", "key points"))
    assert "no unit" in words(map_figure(make_analysis().map))


def test_that_no_text_is_smaller_than_nine_units(make_analysis: Maker) -> None:
    for svg in all_figures(make_analysis()):
        sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)]
        assert sizes
        assert min(sizes) >= 9


def test_that_events_carry_their_rank(make_analysis: Maker) -> None:
    analysis = make_analysis()
    lines = words(step_figure(analysis)).splitlines()
    without = words(step_figure(replace(analysis, glitches=()))).splitlines()
    assert lines.count("1") == without.count("1") + 1
    assert lines.count("2") == without.count("2") + 1


def test_that_the_time_axis_follows_the_time_stamps(make_analysis: Maker) -> None:
    analysis = make_analysis()
    late = np.concatenate([np.arange(30) * 0.04, 100 + np.arange(30) * 0.04])
    uneven = replace(analysis, track=replace(analysis.track, times=late))
    assert "100" in words(step_figure(uneven)).splitlines()
    assert "100" not in words(step_figure(analysis)).splitlines()


def test_that_the_outside_tray_tells_how_many_windows_lie_in_it(make_analysis: Maker) -> None:
    analysis = make_analysis()
    assert "outside tray: 1 of 4 windows" in words(map_figure(analysis.map))
    assert "outside tray" not in words(map_of(analysis, outside=np.zeros(4, bool), windows=np.zeros((4, 2), np.float32)))


def test_that_a_map_with_all_windows_outside_is_drawn(make_analysis: Maker) -> None:
    svg = map_of(make_analysis(), outside=np.ones(4, bool), windows=np.full((4, 2), np.nan, np.float32))
    assert "outside tray: 4 of 4 windows" in words(svg)
    assert "start" not in words(svg)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a & b --> c", "$x^$ \\frac", "体操", "a\x1b\nb", '"url(#x)"'])
def test_that_names_from_files_stay_words(make_analysis: Maker, name: str) -> None:
    analysis = make_analysis()
    named = map_of(analysis, classes=(name, "wave", "walk"))
    shown = name.replace("\x1b", "\N{REPLACEMENT CHARACTER}").replace("\n", "\N{REPLACEMENT CHARACTER}")
    assert shown in words(named)
    attention = {name: analysis.curves.attention["pose"], "pose": analysis.curves.attention["kp2d"]}
    assert shown in words(attention_figure(replace(analysis, curves=replace(analysis.curves, attention=attention))))


def test_that_a_long_name_is_cut(make_analysis: Maker) -> None:
    shown = words(map_of(make_analysis(), classes=("x" * 500, "wave", "walk")))
    assert "x" * 27 + "…" in shown
    assert "x" * 28 not in shown


def test_that_unknown_values_leave_gaps_and_no_nan(make_analysis: Maker) -> None:
    analysis = make_analysis()
    nothing = np.full(60, np.nan, np.float32)
    curves = replace(analysis.curves, step=nothing, disagreement=nothing, band_low=nothing, band_high=nothing, attention={"pose": nothing})
    empty = replace(analysis, curves=curves)
    for svg in (step_figure(empty), attention_figure(empty), step_figure(analysis)):
        assert "nan" not in svg.lower()


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_that_the_shortest_clips_are_drawn(make_analysis: Maker, frames: int) -> None:
    for svg in all_figures(make_analysis(frames=frames)):
        ET.fromstring(svg)


def test_that_a_long_clip_stays_small_and_keeps_its_peak(make_analysis: Maker) -> None:
    long = make_analysis(frames=9_000)
    assert long.curves.step[2 * 9_000 // 3] == np.float32(3.5)
    svg = step_figure(long)
    assert len(svg) < 400_000
    flat = long.curves.step.copy()
    flat[2 * 9_000 // 3] = 1.0
    lower = step_figure(replace(long, curves=replace(long.curves, step=flat)))
    assert "4" in words(svg).splitlines()
    assert "4" not in words(lower).splitlines()
    assert len(attention_figure(long)) < 900_000


def test_that_the_palette_colours_the_figures(make_analysis: Maker) -> None:
    light, dark = step_figure(make_analysis(), LIGHT), step_figure(make_analysis(), DARK)
    assert LIGHT.alert in light
    assert LIGHT.alert not in dark
    assert DARK.alert in dark
