"""Light and dark can be read."""

from itertools import combinations

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from core.encoder_words import source_name
from gui import theme
from gui.views.map import SYMBOLS
from gui.window import MainWindow

BOTH = pytest.mark.parametrize("shown", theme.THEMES, ids=lambda t: t.name)


def test_that_the_contrast_of_black_and_white_is_21_and_of_grey_119_is_4_48() -> None:
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@BOTH
@pytest.mark.parametrize("surface", ["window", "panel", "raised"])
@pytest.mark.parametrize("words", ["text", "muted", "caution", "alert"])
def test_that_text_reads_on_every_surface(shown: theme.Theme, surface: str, words: str) -> None:
    assert theme.contrast(shown.color(words), shown.color(surface)) >= 4.5


@BOTH
def test_that_text_reads_on_the_ground_around_the_video(shown: theme.Theme) -> None:
    assert theme.contrast(shown.color("text"), shown.color("canvas")) >= 4.5


@BOTH
@pytest.mark.parametrize("mark", ["curve", "alert", "accent", "text", "band"])
def test_that_marks_stand_out_from_the_panel(shown: theme.Theme, mark: str) -> None:
    assert theme.contrast(shown.color(mark), shown.color("panel")) >= 3.0


@BOTH
def test_that_the_sources_of_one_manifold_have_distinct_colours_and_labels(shown: theme.Theme) -> None:
    sources = ("appearance", "global", "pose", "beta", "kp2d")
    distances = [_distance(shown.source_color(a), shown.source_color(b)) for a, b in combinations(sources, 2)]
    assert min(distances) > 60
    assert len({source_name(source) for source in sources}) == len(sources)


@BOTH
def test_that_classes_differ_by_shape_where_colours_repeat(shown: theme.Theme) -> None:
    marks = {(shown.class_color(index).name(), SYMBOLS[index % len(SYMBOLS)]) for index in range(8)}
    assert len(marks) == 8


def test_that_switching_the_theme_repaints_every_view_even_hidden_ones(empty_window: MainWindow) -> None:
    empty_window.glitches.hide()
    for command, shown in ((empty_window.commands.theme_dark, theme.DARK), (empty_window.commands.theme_light, theme.LIGHT)):
        command()
        assert {view.theme.name for view in empty_window.views} == {shown.name}
        assert empty_window.settings.get("theme") == shown.name


def test_that_a_chosen_theme_wins_over_the_desktop(qapp: QApplication) -> None:
    assert theme.chosen(qapp, "dark") is theme.DARK
    assert theme.chosen(qapp, "light") is theme.LIGHT
    assert theme.chosen(qapp, "system") in theme.THEMES


def _distance(first: QColor, second: QColor) -> float:
    pairs = zip(first.getRgb()[:3], second.getRgb()[:3], strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5
