"""Figures of an evaluation: every number that was given is in them, and nothing else is written."""

import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from core.evaluation.convergence import Convergence
from core.evaluation.maps import MapPoint
from core.evaluation.sensitivity import Response
from core.evaluation.win_ratio import WinRatio
from render.drawing import Drawing, figure_bytes, write_figure
from render.evaluation_figures import (
    ScatterPanel,
    agreement_drawing,
    attention_drawing,
    convergence_drawing,
    heat_drawing,
    interval_drawing,
    map_drawing,
    sensitivity_drawing,
    spread_drawing,
    win_drawing,
)

WINS = (WinRatio("A", 3, 0, 4), WinRatio("B & <Co>", 1, 2, 4))
POINTS = tuple(MapPoint(f"c{i}", "Run" if i % 2 else "Walk", f"M{i % 3}", float(i), float(-i)) for i in range(9))
POINTS += (MapPoint(None, "Run", "Class centroid", 3.0, -3.0), MapPoint(None, "Walk", "Class centroid", 4.0, -4.0))
RESPONSES = tuple(
    Response(kind, severity, score, 5, 1.0, 1 + severity, 0.5)
    for kind in ("none", "shuffle", "copy")
    for severity in ((0.0,) if kind == "none" else (0.5, 1.0))
    for score in ("temporal_coherence", "action_consistency")
)
CURVE = tuple(Convergence(k, 9, 1 - 0.3 / k, 0.6, 0.99, 9 if k < 3 else 0, 0.6 if k < 3 else float("nan")) for k in range(1, 6))
DRAWINGS: dict[str, Drawing] = {
    "agreement": agreement_drawing([ScatterPanel("ac", np.arange(6.0), np.arange(6.0), ["A", "B"] * 3, "Spearman 1.000")]),
    "wins": win_drawing({"action consistency": WINS, "temporal coherence": WINS[::-1]}),
    "heat": heat_drawing({"ac": np.array([[0.25, np.nan], [1.5, -2.0]])}, ["Run", "Walk"], ["A", "B"], "Mean score"),
    "sensitivity": sensitivity_drawing(RESPONSES),
    "attention": attention_drawing({"Run": {"pose": 0.75, "beta": 0.25}, "all": {"pose": 0.6, "beta": 0.4}}),
    "map": map_drawing(POINTS),
    "convergence": convergence_drawing({"ac": CURVE}),
    "intervals": interval_drawing([("ac", 0.25, 0.125, 0.5)], "difference"),
    "spread": spread_drawing({"si": (np.arange(20.0), 1.0), "ti": (np.array([1.0, np.nan, 3.0]), 0.3)}),
}


def texts(drawing: Drawing) -> list[str]:
    root = ET.fromstring(figure_bytes(drawing, ".svg"))
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", DRAWINGS)
def test_that_a_figure_is_well_formed_the_same_each_time_and_says_what_it_shows(name: str) -> None:
    svg = figure_bytes(DRAWINGS[name], ".svg")
    root = ET.fromstring(svg)
    assert root.get("aria-label") == DRAWINGS[name].title
    assert figure_bytes(DRAWINGS[name], ".svg") == svg
    numbers = re.findall(rb'[ "](nan|inf)[ "]', svg)
    assert numbers == []


@pytest.mark.parametrize("name", DRAWINGS)
def test_that_a_png_has_the_size_of_the_figure_and_its_text_inside(name: str) -> None:
    drawing = DRAWINGS[name]
    png = figure_bytes(drawing, ".png")
    assert png.startswith(b"\x89PNG")
    picture = imread(io.BytesIO(png))
    assert picture.shape[1::-1] == pytest.approx(tuple(150 * side for side in drawing.size), abs=1)
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert np.ptp(edge[:, :3], axis=0).max() == 0  # nothing is cut off by the border


def test_that_win_counts_stand_beside_the_bars() -> None:
    found = texts(DRAWINGS["wins"])
    assert found.count("3 of 4") == 2
    assert found.count("1 + 2/2 of 4") == 2
    assert "B & <Co>" in found


def test_that_a_heat_table_shows_its_numbers_and_leaves_unknown_cells_empty() -> None:
    found = texts(DRAWINGS["heat"])
    assert {"0.25", "1.50", "-2.00"} <= set(found)
    assert len([text for text in found if re.fullmatch(r"-?\d+\.\d\d", text)]) == 3


def test_that_a_map_names_classes_and_models() -> None:
    found = texts(DRAWINGS["map"])
    assert {"Run", "Walk", "M0", "M1", "M2", "by class", "by model"} <= set(found)


def test_that_attention_below_the_room_for_a_number_has_none() -> None:
    found = texts(attention_drawing({"Run": {"pose": 0.95, "beta": 0.05}}))
    assert "0.95" in found
    assert "0.05" not in found


def test_that_the_suffix_decides_and_others_are_refused(tmp_path: Path) -> None:
    write_figure(tmp_path / "a.PNG", DRAWINGS["intervals"])
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"not '\.pdf'"):
        write_figure(tmp_path / "a.pdf", DRAWINGS["intervals"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.PNG"]
