"""One cursor moves everything; what the person does arrives in the session."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent
from pytestqt.qtbot import QtBot

from core.events import Cancelled, Failed, Finished, Partial, Progress, Started
from core.project import open_project
from core.session import Session
from gui.errors import ErrorGateway
from gui.window import MainWindow
from tests.gui.conftest import FRAMES, Workers, grey_of, make_analysis, make_track


def session_of(window: MainWindow) -> Session:
    assert window.session is not None
    return window.session


def shown_grey(window: MainWindow) -> float:
    """The grey of the picture's corner, where no overlay lies."""
    picture = window.video_view.picture
    assert picture is not None
    return QColor(picture.image.pixel(2, 2)).lightness()


def test_that_opening_shows_the_first_frame_before_the_analysis_speaks(open_window: MainWindow, workers: Workers, clip: Path) -> None:
    assert abs(shown_grey(open_window) - grey_of(0)) <= 3
    assert [worker.request.path for worker in workers.made] == [clip]
    assert workers.made[0].started
    assert open_window.windowTitle() == "tiny.mp4 – Telltale"
    assert "160 × 120" in open_window.header.facts.text()


def test_that_the_cursor_starts_at_the_frame_asked_for(qtbot: QtBot, empty_window: MainWindow, clip: Path) -> None:
    empty_window.open_videos([clip], frame=17)
    qtbot.waitUntil(lambda: empty_window.video_view.picture is not None and not empty_window.opener.busy)
    assert session_of(empty_window).cursor == 17
    qtbot.waitUntil(lambda: abs(shown_grey(empty_window) - grey_of(17)) <= 3)


KEYS = [
    ("Right", 5, 6), ("Period", 5, 6), ("Left", 5, 4), ("Comma", 5, 4), ("Home", 5, 0), ("End", 5, FRAMES - 1), ("N", 5, 11), ("N", 11, 32),
]  # fmt: skip


@pytest.mark.parametrize(("key", "start", "end"), KEYS)
def test_that_a_key_moves_the_cursor(qtbot: QtBot, window: MainWindow, key: str, start: int, end: int) -> None:
    session_of(window).seek(start)
    qtbot.keyClick(window, getattr(Qt.Key, f"Key_{key}"))
    assert session_of(window).cursor == end


def test_that_shift_n_goes_to_the_glitch_before(qtbot: QtBot, window: MainWindow) -> None:
    session_of(window).seek(40)
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert session_of(window).cursor == 32


def test_that_one_cursor_moves_all_views(qtbot: QtBot, window: MainWindow) -> None:
    session_of(window).seek(31)
    qtbot.waitUntil(lambda: abs(shown_grey(window) - grey_of(31)) <= 3)
    assert window.transport.frame.text() == "31"
    assert window.transport.time.text() == "0:01.240 / 0:01.920"
    assert (window.seek_bar._cursor, window.step_plot._cursor, window.attention_plot._cursor) == (31, 31, 31)
    assert window.map.window_index == 2
    assert window.glitches.list.currentRow() == 0
    assert "frame 31" in window.notes.line.placeholderText()


def test_that_a_hidden_view_works_only_when_it_is_shown_again(window: MainWindow) -> None:
    window.glitches.hide()
    session_of(window).seek(11)
    assert window.glitches.list.currentRow() == -1
    window.glitches.show()
    assert window.glitches.list.currentRow() == 1


@pytest.mark.parametrize("key", ["1", "2", "3", "4"])
def test_that_a_layer_key_changes_what_is_painted_over_the_frame(qtbot: QtBot, window: MainWindow, key: str) -> None:
    for name in ("mesh", "skeleton", "keypoints", "box"):
        window.set_layer(name, visible=False)
    qtbot.waitUntil(lambda: overlay_alpha(window) is None)
    qtbot.keyClick(window, key)
    qtbot.waitUntil(lambda: (overlay_alpha(window) or 0) > 0, timeout=20_000)
    qtbot.keyClick(window, key)
    qtbot.waitUntil(lambda: overlay_alpha(window) is None)


def test_that_opacity_fades_a_layer(qtbot: QtBot, window: MainWindow) -> None:
    for name in ("mesh", "skeleton", "keypoints"):
        window.set_layer(name, visible=False)
    window.set_layer("box", visible=True, opacity=1.0)
    qtbot.waitUntil(lambda: (overlay_alpha(window) or 0) > 0)
    strong = overlay_alpha(window) or 0
    window.layers.sliders["box"].setValue(30)
    qtbot.waitUntil(lambda: 0 < (overlay_alpha(window) or 0) < 0.4 * strong)
    assert window.settings.get("layer.box.opacity") == 0.3


def overlay_alpha(window: MainWindow) -> int | None:
    """The sum of the overlay's alpha, None when there is no overlay."""
    picture = window.video_view.picture
    if picture is None or picture.overlay is None:
        return None
    image = picture.overlay
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return int(pixels[..., 3].sum(dtype=np.int64))


def test_that_a_dropped_video_is_opened(qtbot: QtBot, empty_window: MainWindow, clip: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(clip))])
    drop = QDropEvent(QPointF(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    empty_window.dropEvent(drop)
    qtbot.waitUntil(lambda: empty_window.video_view.picture is not None)
    assert empty_window.video_path == clip


def test_that_several_videos_can_be_walked_through(qtbot: QtBot, empty_window: MainWindow, clip: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(clip.read_bytes())
    empty_window.open_videos([clip, other])
    qtbot.waitUntil(lambda: empty_window.session is not None)
    qtbot.keyClick(empty_window, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: empty_window.session is not None and not empty_window.opener.busy)
    assert empty_window.video_path == other
    assert empty_window.header.choice.currentText() == "other.mp4"


def test_that_a_long_name_is_shortened_in_its_middle(qtbot: QtBot, empty_window: MainWindow, clip: Path) -> None:
    long = clip.with_name("a" * 60 + "_the_end.mp4")
    clip.rename(long)
    empty_window.open_videos([long])
    qtbot.waitUntil(lambda: empty_window.session is not None)
    assert empty_window.header.name.text() == "a" * 24 + "…" + "a" * 12 + "_the_end.mp4"
    assert empty_window.header.name.toolTip() == str(long)


def test_that_a_broken_file_says_one_sentence_and_stops_nobody(qtbot: QtBot, empty_window: MainWindow, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is no video" * 50)
    with qtbot.waitSignal(empty_window.gateway.problem) as told:
        empty_window.open_videos([broken])
    assert told.args[0].startswith("broken.mp4") or "broken.mp4" in told.args[0]
    assert told.args[0].count(". ") <= 1
    assert empty_window.banner.isVisible()
    assert empty_window.banner.words.text() == told.args[0]
    assert empty_window.isEnabled()
    assert empty_window.session is None


def test_that_partial_events_fill_the_views_before_the_end(qtbot: QtBot, open_window: MainWindow, workers: Workers) -> None:
    worker, track = workers.made[0], make_track()
    worker.emit(Started(worker.job, ("extract", "embed")))
    worker.emit(Partial(worker.job, track, 30))
    qtbot.waitUntil(lambda: session_of(open_window).track is track)
    qtbot.waitUntil(lambda: (overlay_alpha(open_window) or 0) > 0, timeout=20_000)
    assert session_of(open_window).analysis is None


def test_that_progress_says_stage_count_and_time_left(qtbot: QtBot, open_window: MainWindow, workers: Workers) -> None:
    worker = workers.made[0]
    worker.emit(Started(worker.job, ("extract", "embed")))
    worker.emit(Progress(worker.job, "extract", 12, 48, 42.0))
    qtbot.waitUntil(lambda: open_window.progress.words.text() == "Extract (1 of 2): 12 of 48, about 40 s left")
    assert (open_window.progress.bar.value(), open_window.progress.bar.maximum()) == (12, 48)


def test_that_the_finished_analysis_fills_the_window(qtbot: QtBot, open_window: MainWindow, workers: Workers, clip: Path) -> None:
    worker = workers.made[0]
    worker.emit(Finished(worker.job, make_analysis(clip)))
    qtbot.waitUntil(lambda: session_of(open_window).analysis is not None)
    assert open_window.glitches.list.count() == 2
    assert [figure[1] for figure in open_window.scores.figures.figures] == ["0.143", "0.310", "0.83", "25"]
    assert not open_window.jobs.running


def test_that_cancel_answers_at_once_and_ends_when_the_worker_has_stopped(qtbot: QtBot, open_window: MainWindow, workers: Workers) -> None:
    worker = workers.made[0]
    qtbot.keyClick(open_window, Qt.Key.Key_Escape)
    assert open_window.progress.words.text() == "stopping ..."
    assert worker.cancelled
    worker.emit(Progress(worker.job, "extract", 13, 48, None))
    worker.emit(Cancelled(worker.job))
    qtbot.waitUntil(lambda: not open_window.jobs.running)
    assert open_window.progress.words.text().startswith("Analysis cancelled.")


def test_that_a_failed_analysis_says_its_sentence(qtbot: QtBot, open_window: MainWindow, workers: Workers) -> None:
    worker = workers.made[0]
    worker.emit(Failed(worker.job, "Nobody is visible in this clip; choose another one."))
    qtbot.waitUntil(lambda: open_window.banner.isVisible())
    assert open_window.banner.words.text() == "Nobody is visible in this clip; choose another one."


def test_that_events_of_an_earlier_job_are_dropped(qtbot: QtBot, open_window: MainWindow, workers: Workers, clip: Path) -> None:
    open_window.analyze()
    first, second = workers.made
    first.emit(Finished(first.job, make_analysis(clip)))
    second.emit(Progress(second.job, "embed", 1, 2, None))
    qtbot.waitUntil(lambda: "1 of 2" in open_window.progress.words.text())
    assert first.cancelled
    assert session_of(open_window).analysis is None


def test_that_a_note_is_saved_beside_the_video_and_can_be_undone(qtbot: QtBot, window: MainWindow, clip: Path) -> None:
    session_of(window).seek(9)
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert window.notes.line.hasFocus()
    qtbot.keyClicks(window.notes.line, "the wrist flickers")
    qtbot.keyClick(window.notes.line, Qt.Key.Key_Return)
    file = clip.with_name("tiny.mp4.telltale")
    saved, _ = open_project(file)
    assert [(note.start, note.stop, note.text) for note in saved.notes] == [(9, 10, "the wrist flickers")]
    assert window.notes.tree.topLevelItem(0).text(0) == "frame 9"
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert open_project(file)[0].notes == ()
    assert window.notes.tree.topLevelItemCount() == 0
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert window.notes.tree.topLevelItemCount() == 1


def test_that_notes_come_back_with_the_video(qtbot: QtBot, window: MainWindow, clip: Path) -> None:
    session_of(window).add_note(range(4, 9), "look here")
    window.open_videos([clip])
    qtbot.waitUntil(lambda: window.notes.tree.topLevelItemCount() == 1)
    assert window.notes.tree.topLevelItem(0).text(0) == "frames 4–8"


def test_that_a_note_written_before_the_project_is_known_is_kept(qtbot: QtBot, empty_window: MainWindow, clip: Path) -> None:
    empty_window.opener.opened.connect(lambda _: session_of(empty_window).add_note(range(2), "early"))
    empty_window.open_videos([clip])
    qtbot.waitUntil(lambda: empty_window.session is not None and empty_window.session.path is not None)
    saved, _ = open_project(clip.with_name("tiny.mp4.telltale"))
    assert [note.text for note in saved.notes] == ["early"]


def test_that_brackets_select_frames(qtbot: QtBot, window: MainWindow) -> None:
    session_of(window).seek(6)
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    session_of(window).seek(14)
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    assert session_of(window).selection == range(6, 15)
    assert "frames 6–14" in window.notes.line.placeholderText()
    qtbot.keyClick(window, Qt.Key.Key_Backspace)
    assert session_of(window).selection is None


def test_that_the_report_is_written_and_announced(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    window.exporter.write(session_of(window), target)
    qtbot.waitUntil(lambda: window.banner.isVisible(), timeout=20_000)
    assert window.banner.words.text() == f"The report is written to {target}."
    assert "tiny.mp4" in target.read_text(encoding="utf-8")


def test_that_a_report_that_cannot_be_written_says_what_to_do(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "taken.html").mkdir()
    window.exporter.write(session_of(window), tmp_path / "taken.html")
    qtbot.waitUntil(lambda: window.banner.isVisible(), timeout=20_000)
    assert window.banner.words.text().endswith("choose another folder.")


def test_that_exporting_before_the_end_of_the_analysis_says_what_to_wait_for(open_window: MainWindow) -> None:
    open_window.commands.export_report()
    assert "wait until the analysis has finished" in open_window.banner.words.text()


def test_that_a_fault_of_ours_becomes_one_sentence(empty_window: MainWindow, gateway: ErrorGateway) -> None:
    error = ValueError("inner detail")
    gateway.on_exception(ValueError, error, None)
    assert empty_window.banner.isVisible()
    assert "inner detail" not in empty_window.banner.words.text()
    assert "ValueError" in empty_window.banner.words.text()


def test_that_the_frame_field_goes_to_a_typed_frame(qtbot: QtBot, window: MainWindow) -> None:
    window.transport.frame.setFocus()
    window.transport.frame.setText("33")
    qtbot.keyClick(window.transport.frame, Qt.Key.Key_Return)
    assert session_of(window).cursor == 33
    window.transport.frame.setText("900")
    qtbot.keyClick(window.transport.frame, Qt.Key.Key_Return)
    assert session_of(window).cursor == FRAMES - 1
    assert window.transport.frame.text() == str(FRAMES - 1)


def test_that_closing_the_window_ends_the_analysis_and_the_video(open_window: MainWindow, workers: Workers) -> None:
    open_window.close()
    assert workers.made[0].cancelled
    assert open_window.session is None
