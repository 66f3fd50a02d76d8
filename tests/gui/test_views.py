"""Each view shows what the session holds, and a click in it moves the session."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from core.analysis import EncoderReaction
from core.limits import ALWAYS, not_detectable, seen_weakly
from core.session import Session
from core.track import Presence
from gui.limits import LimitsDialog
from gui.views.evidence import EvidencePane
from gui.views.map import current_window
from gui.views.progress import remaining_text
from gui.views.scores import statements
from gui.views.seek_bar import heat_values
from gui.views.time_plot import TimePlot
from gui.window import MainWindow
from gui.words import frames_text, kind_text
from tests.gui.conftest import FRAMES, make_analysis, without_scores


def session_of(window: MainWindow) -> Session:
    assert window.session is not None
    return window.session


def pixels_of(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4).copy()


def middle_of(plot: TimePlot, frame: int) -> QPoint:
    return QPoint(round(plot.x_of(frame + 0.5)), plot.height() // 2)


@pytest.mark.parametrize("name", ["seek_bar", "step_plot", "attention_plot"])
@pytest.mark.parametrize("frame", [0, 13, FRAMES - 1])
def test_that_a_click_in_a_time_plot_seeks_to_the_frame_under_it(qtbot: QtBot, window: MainWindow, name: str, frame: int) -> None:
    plot = getattr(window, name)
    session_of(window).seek(5)
    qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=middle_of(plot, frame))
    assert session_of(window).cursor == frame


def test_that_dragging_scrubs_and_shift_selects(qtbot: QtBot, window: MainWindow) -> None:
    plot = window.seek_bar
    qtbot.mousePress(plot, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, middle_of(plot, 8))
    qtbot.mouseMove(plot, middle_of(plot, 21))
    qtbot.mouseRelease(plot, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, middle_of(plot, 21))
    assert session_of(window).cursor == 21
    assert session_of(window).selection == range(8, 22)


def test_that_the_three_time_plots_stand_in_one_line(window: MainWindow) -> None:
    plots = (window.seek_bar, window.step_plot, window.attention_plot)
    lines = {plot.mapTo(window, middle_of(plot, 30)).x() for plot in plots}
    assert max(lines) - min(lines) <= 1


def test_that_moving_the_cursor_paints_the_curves_only_once(window: MainWindow) -> None:
    plot = window.step_plot
    plot.grab()
    still = plot._cache
    session_of(window).seek(20)
    plot.grab()
    assert plot._cache is still


def test_that_zooming_the_plots_keeps_the_frame_under_the_pointer_and_follows_the_cursor(window: MainWindow) -> None:
    axis = window.axis
    before = axis.start + 0.25 * axis.span
    axis.zoom(0.5, before)
    assert axis.span == FRAMES / 2
    assert axis.start + 0.25 * axis.span == pytest.approx(before)
    session_of(window).seek(FRAMES - 1)
    assert axis.start <= FRAMES - 1 < axis.stop
    window.commands.fit()
    assert (axis.start, axis.stop) == (0, FRAMES)


def test_that_heat_is_half_at_the_edge_of_the_band_and_unknown_stays_unknown() -> None:
    values = heat_values(np.array([np.nan, 0.0, 1.8, 3.6, 9.0]), np.full(5, 1.8))
    np.testing.assert_allclose(values, [np.nan, 0.0, 0.5, 1.0, 1.0])


def test_that_a_far_step_is_brighter_in_the_seek_bar_than_a_usual_one(window: MainWindow) -> None:
    bar = window.seek_bar
    image = pixels_of(bar.grab().toImage())
    line = int(bar.plot_rect().center().y())
    far, usual = (image[line, middle_of(bar, frame).x(), :3].astype(int).sum() for frame in (11, 25))
    assert far > usual + 100


def test_that_a_picked_glitch_is_gone_to(qtbot: QtBot, window: MainWindow) -> None:
    rows = window.glitches.list
    assert [rows.item(row).data(Qt.ItemDataRole.UserRole).kind for row in range(2)] == ["joint_jump", "teleport"]
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualItemRect(rows.item(1)).center())
    assert session_of(window).cursor == 11


def test_that_no_glitch_is_not_called_good(window: MainWindow, clip: Path) -> None:
    session_of(window).set_analysis(replace(make_analysis(clip), glitches=()))
    assert window.glitches._empty.isVisible()
    assert "does not mean that the motion is good" in window.glitches._empty.text()


def test_that_the_map_shows_the_window_whose_middle_is_nearest() -> None:
    ranges = np.array([[0, 32], [8, 40], [16, 48]])
    assert [current_window(ranges, frame) for frame in (0, 19, 20, 24, 40, 48)] == [0, 0, 1, 1, 2, None]


def test_that_true_distances_stand_beside_the_map_nearest_first(window: MainWindow) -> None:
    session_of(window).seek(24)
    rows = window.map._distances.rows
    assert [name for name, _ in rows] == ["jump", "squat", "run"]
    np.testing.assert_allclose([value for _, value in rows], [0.2, 0.4, 1.1], rtol=1e-6)


def test_that_a_cell_of_the_tray_goes_to_its_window(qtbot: QtBot, window: MainWindow) -> None:
    tray = window.map._tray
    qtbot.mouseClick(tray, Qt.MouseButton.LeftButton, pos=QPoint(tray.width() - 4, tray.height() - 5))
    assert session_of(window).cursor == 31
    assert window.map._ring is not None
    assert len(window.map._ring.data) == 0  # a window outside is never put on the map


def test_that_why_there_are_no_scores_is_said(window: MainWindow, clip: Path) -> None:
    session_of(window).set_analysis(without_scores(make_analysis(clip), "only 61 % of the frames show one person."))
    assert window.scores.statements.isVisible()
    assert "only 61 % of the frames show one person." in window.scores.statements.text()
    assert window.scores.figures.figures[0][1] == "–"


@pytest.mark.parametrize(("field", "words"), [("padded", "its last frame was repeated"), ("outside", "Outside what this manifold knows")])
def test_that_doubts_about_the_scores_stand_beside_them(clip: Path, field: str, words: str) -> None:
    analysis = make_analysis(clip)
    assert statements(analysis) == []
    doubtful = replace(analysis, scores=replace(analysis.scores, **{field: True}))
    assert len(statements(doubtful)) == 1
    assert words in statements(doubtful)[0]


def test_that_a_clip_outside_gets_no_verdict(window: MainWindow, clip: Path) -> None:
    analysis = make_analysis(clip)
    manifold = replace(analysis.manifold, clip_accuracy=0.24)
    outside = replace(analysis, manifold=manifold, action="jump", scores=replace(analysis.scores, outside=True))
    session_of(window).set_analysis(outside)
    assert [value for _, value, _ in window.scores.figures.figures] == ["0.143", "–", "0.83", "25"]
    assert window.scores.figures.figures[1][2] == "not told: outside"
    assert window.scores.statements.text().startswith("⚠ Outside what this manifold knows: this motion")
    assert "nearest class" not in window.scores.statements.text()


def test_that_a_window_outside_has_no_nearest_classes(window: MainWindow) -> None:
    session_of(window).seek(2)
    assert window.map._distances.rows[0] == ("squat", pytest.approx(0.3))
    session_of(window).seek(FRAMES - 1)
    assert window.map._distances.rows == []
    assert window.map._distances.instead == "Outside what this manifold knows: no class is near this window."


def test_that_a_remark_about_the_clip_is_no_warning(window: MainWindow, clip: Path) -> None:
    assert not window.scores.remarks.isVisible()
    session_of(window).set_analysis(replace(make_analysis(clip), remarks=("Unusual tempo: half speed.",)))
    assert window.scores.remarks.isVisible()
    assert window.scores.remarks.text() == "ℹ Unusual tempo: half speed."
    assert not window.scores.statements.isVisible()


def test_that_what_cannot_be_seen_is_told_with_its_figures_on_demand(window: MainWindow) -> None:
    assert window.findChildren(LimitsDialog) == []
    window.scores.info.click()
    (dialog,) = window.findChildren(LimitsDialog)
    assert dialog.isVisible()
    assert not_detectable()
    for sentence in (*not_detectable(), *seen_weakly(), *ALWAYS):
        assert sentence in dialog.words.text()


def told(window: MainWindow, **changes: Any) -> EvidencePane:
    """The evidence of the stronger glitch with these changes, when it is selected."""
    session = session_of(window)
    assert session.analysis is not None
    strong, weak = session.analysis.glitches
    session.set_analysis(replace(session.analysis, glitches=(replace(strong, **changes), weak)))
    session.seek(strong.peak)
    return window.glitches.evidence


def test_that_the_selected_event_tells_its_joints_and_shares(window: MainWindow) -> None:
    session_of(window).seek(0)
    assert not window.glitches.evidence.isVisible()
    reaction = EncoderReaction(2.31, 0.4, 1.2)
    pane = told(window, encoder=reaction, sources={"pose": 0.3, "kp2d": 0.664, "beta": 0.001, "global": 0.035})
    assert pane.isVisible()
    assert pane.joints.text() == "Joints: left knee 7.0×."
    assert pane.encoder.text() == "The encoder sees this event: 2.3 usual steps above the healed clip (ordinary: up to 1.2)."
    assert "across it, it steps 2.3 usual steps farther than across the same frames healed" in pane.encoder.toolTip()
    assert "located on local tracks" in pane.encoder.toolTip()
    assert pane.shares.labels == ["key points 66 %", "pose 30 %", "orientation 4 %"]
    assert pane.remark.text() == "Pose, orientation, shape and key points come from one detector: not four witnesses."


def test_that_an_event_the_encoder_does_not_see_has_no_shares(window: MainWindow) -> None:
    pane = told(window, encoder=EncoderReaction(-0.31, 0.4, 1.2), sources={}, joints=())
    assert pane.encoder.text() == "The encoder does not see this event: −0.3 usual steps above the healed clip (ordinary: up to 1.2)."
    assert not pane.shares.isVisible()
    assert not pane.remark.isVisible()
    assert not pane.joints.isVisible()


def test_that_a_small_window_cuts_no_evidence_off(qtbot: QtBot, window: MainWindow) -> None:
    shares = dict.fromkeys(("appearance", "global", "pose", "beta", "kp2d"), 0.2)
    pane = told(window, encoder=EncoderReaction(2.3, 0.4, 1.2), sources=shares)
    window.resize(1100, 720)
    layout = pane.layout()
    assert layout is not None
    qtbot.waitUntil(lambda: pane.height() >= layout.heightForWidth(pane.width()))
    assert window.height() == 720


def test_that_shares_fit_into_the_panel_and_stand_in_more_lines_when_it_is_narrow(window: MainWindow) -> None:
    shares = dict.fromkeys(("appearance", "global", "pose", "beta", "kp2d"), 0.2)
    bar = told(window, encoder=EncoderReaction(2.3, 0.4, 1.2), sources=shares).shares
    assert bar.heightForWidth(150) > bar.heightForWidth(800)
    assert bar.height() >= bar.heightForWidth(bar.width())


def test_that_the_nearest_class_stands_beside_how_often_it_is_right(clip: Path) -> None:
    analysis = make_analysis(clip)
    measured = replace(analysis, manifold=replace(analysis.manifold, clip_accuracy=0.24))
    assert statements(measured) == ["The nearest class is a hint: it was right for 24% of the clips held out from training."]


def test_that_an_unjudged_frame_says_why_over_the_picture(qtbot: QtBot, window: MainWindow) -> None:
    for name in ("mesh", "skeleton", "keypoints"):
        window.set_layer(name, visible=False)
    shown = {}
    for frame in (19, 20):
        session_of(window).seek(frame)
        qtbot.waitUntil(lambda: window.video_view.picture is not None and window.video_view.picture.frame == session_of(window).cursor)
        corner = window.video_view.grab().toImage().copy(10, 10, 160, 24)
        shown[frame] = len(np.unique(pixels_of(corner).reshape(-1, 4), axis=0))
    assert shown[20] > shown[19] + 5  # text has many shades, the plain frame few


def test_that_frames_nobody_has_looked_at_yet_are_not_called_empty(window: MainWindow) -> None:
    session = session_of(window)
    track = session.track
    assert track is not None
    assert window.seek_bar.extracted == FRAMES
    rest = FRAMES - 30
    half = replace(track, presence=track.presence[:30] + (Presence.NONE,) * rest, reasons=track.reasons[:30] + ("not yet",) * rest)
    session.set_analysis(None)
    session.set_partial(half)
    assert window.seek_bar.extracted == 30
    bar = window.seek_bar
    image, line = pixels_of(bar.grab().toImage()), int(bar.plot_rect().bottom()) - 4
    marked = [
        len(np.unique(image[line - 2 : line + 2, int(bar.x_of(f)) + 2 : int(bar.x_of(f + 1)) - 2].reshape(-1, 4), axis=0)) for f in (20, 40)
    ]
    assert marked[0] > 1  # frame 20, several people, carries a pattern
    assert marked[1] == 1  # frame 40 is plain


def test_that_zooming_keeps_the_pixel_under_the_pointer_and_fit_shows_all(window: MainWindow) -> None:
    view = window.video_view
    point = QPointF(view.width() * 0.6, view.height() * 0.4)
    before = view.picture_rect()
    share = (point.x() - before.left()) / before.width()
    view.zoom_about(3.0, point)
    after = view.picture_rect()
    assert after.width() == pytest.approx(3 * before.width())
    assert (point.x() - after.left()) / after.width() == pytest.approx(share)
    view.fit()
    assert view.picture_rect() == before


def test_that_notes_are_edited_in_place_and_deleted(qtbot: QtBot, window: MainWindow) -> None:
    session_of(window).add_note(range(2, 4), "first")
    item = window.notes.tree.topLevelItem(0)
    item.setText(1, "second")
    assert [note.text for note in session_of(window).project.notes] == ["second"]
    window.notes.tree.topLevelItem(0).setSelected(True)
    qtbot.mouseClick(window.notes.delete, Qt.MouseButton.LeftButton)
    assert session_of(window).project.notes == ()


def test_that_an_emptied_note_keeps_its_words(window: MainWindow) -> None:
    session_of(window).add_note(range(2, 4), "first")
    item = window.notes.tree.topLevelItem(0)
    item.setText(1, "  ")
    assert item.text(1) == "first"
    assert [note.text for note in session_of(window).project.notes] == ["first"]


def test_that_ranges_are_told_with_inclusive_ends() -> None:
    assert (frames_text(range(47, 48)), frames_text(range(47, 53))) == ("frame 47", "frames 47–52")
    assert kind_text("limb_stretch") == "Limb stretch"


def test_that_time_left_is_told_as_people_say_it() -> None:
    assert [remaining_text(seconds) for seconds in (3, 42, 200)] == ["under 5 s", "about 40 s", "about 3 min"]


@pytest.mark.parametrize("name", ["light", "dark"])
def test_that_plots_are_painted_in_the_colours_of_the_theme(window: MainWindow, name: str) -> None:
    getattr(window.commands, f"theme_{name}")()
    plot = window.attention_plot
    x = middle_of(plot, 25).x()
    image = plot.grab().toImage()
    expected = plot.theme.source_color("appearance")
    assert QColor(image.pixel(x, int(plot.plot_rect().top()) + 6)).name() == expected.name()


def test_that_labels_of_the_map_cover_neither_each_other_nor_its_edge(window: MainWindow, clip: Path) -> None:
    analysis = make_analysis(clip)
    names = tuple(f"class_number_{index}" for index in range(25))
    rng = np.random.default_rng(2)
    crowded = replace(
        analysis.map,
        classes=names,
        centroids=rng.uniform(-5, 25, (25, 2)).astype(np.float32),
        centroid_distance=np.tile(np.arange(25, dtype=np.float32)[::-1], (3, 1)),
    )
    session_of(window).set_analysis(replace(analysis, map=crowded))
    labels = window.map._labels
    shown = [label.sceneBoundingRect() for label in labels if label.isVisible()]
    assert 5 < len(shown) < 25
    assert labels[0].textItem.toPlainText() == "class number 24"  # the nearest to this clip comes first
    assert labels[0].isVisible()
    for index, label in enumerate(shown):
        covered = sum(label.intersected(other).width() * label.intersected(other).height() for other in shown[:index])
        inside = label.intersected(window.map._plot.sceneRect())
        outside = label.width() * label.height() - inside.width() * inside.height()
        assert covered + outside <= 0.12 * label.width() * label.height()


def test_that_the_map_shows_reference_points_by_class_and_every_centroid(window: MainWindow, clip: Path) -> None:
    analysis = make_analysis(clip)
    classes = analysis.map.reference_class.copy()
    classes[:5] = -1
    session_of(window).set_analysis(replace(analysis, map=replace(analysis.map, reference_class=classes)))
    session_of(window).seek(24)
    window.commands.theme_dark()  # everything is built anew, and nothing is left of what was there
    found = [item for item in window.map._plot.scene().items() if isinstance(item, pg.ScatterPlotItem)]
    # The line through the windows has a scatter item of its own, without points.
    assert sorted(len(item.data) for item in found) == [0, 1, 2, 3, 55]  # current window, windows, centroids, references of a class
