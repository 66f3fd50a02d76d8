"""The window asks what if some frames were other, and shows the answer beside the analysis."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from core.edited_track import Edit, EditKind, FrameMap
from core.events import Answered, Cancelled, Failed, Progress, WhatIfRequest
from core.session import Session
from core.timebase import FrameIndex
from core.whatif import EventChange, Fate, Judged, WhatIf
from gui.errors import ErrorGateway
from gui.views.whatif import events_text, question, scores_text
from gui.window import MainWindow
from tests.gui.conftest import FRAMES, Workers, make_analysis, without_scores


def session_of(window: MainWindow) -> Session:
    assert window.session is not None
    return window.session


def answer(clip: Path, dropped: slice = slice(30, 34), coherence: float = 0.12) -> WhatIf:
    """The frames of the stronger glitch dropped: its event vanishes, another one appears, the other stays."""
    analysis = make_analysis(clip)
    before = Judged(analysis.track.times, analysis.scores, analysis.curves, analysis.glitches, {})
    old = np.delete(np.arange(FRAMES, dtype=np.int32), dropped)
    new = np.full(FRAMES, -1, np.int32)
    new[old] = np.arange(len(old), dtype=np.int32)
    curves = replace(analysis.curves, step=np.full(len(old), 1.5, np.float32))
    scores = replace(analysis.scores, temporal_coherence=coherence, action_consistency={"squat": 0.29, "jump": 0.9, "run": 1.1})
    after = Judged(analysis.track.times[old], scores, curves, analysis.glitches[1:], {})
    strong, weak = analysis.glitches
    events = (
        EventChange(Fate.STAYS, weak.start, weak.stop, weak.peak, weak, weak),
        EventChange(Fate.APPEARS, 20, 21, 20, None, replace(weak, kind="freeze")),
        EventChange(Fate.VANISHES, strong.start, strong.stop, strong.peak, strong, None),
    )
    edit = Edit(EditKind.DROP, FrameIndex(dropped.start), FrameIndex(dropped.stop))
    return WhatIf(edit, None, FrameMap(old, old, new), before, after, events, ("The pictures are not measured again.",))


def asked(workers: Workers) -> WhatIfRequest:
    request = workers.made[-1].request
    assert isinstance(request, WhatIfRequest)
    return request


@pytest.fixture
def ready(window: MainWindow, workers: Workers) -> MainWindow:
    """The window with its analysis, which has come to its end."""
    worker = workers.made[-1]
    worker.emit(Cancelled(worker.job))
    return window


@pytest.fixture
def idle(qtbot: QtBot, ready: MainWindow) -> MainWindow:
    qtbot.waitUntil(lambda: not ready.jobs.running)
    return ready


KEYS = [("I", EditKind.INTERPOLATE), ("H", EditKind.HOLD), ("D", EditKind.DROP)]


@pytest.mark.parametrize(("key", "kind"), KEYS)
def test_that_a_key_asks_about_the_glitch_under_the_cursor(
    qtbot: QtBot, idle: MainWindow, workers: Workers, clip: Path, key: str, kind: EditKind
) -> None:
    session_of(idle).seek(32)
    qtbot.keyClick(idle, key)
    request = asked(workers)
    assert request.edit == Edit(kind, FrameIndex(30), FrameIndex(34))
    assert (request.path, request.video_sha256, request.manifold_sha256) == (clip, "ab" * 32, "cd" * 32)
    assert request.track is session_of(idle).analysis.track
    assert workers.made[-1].started
    assert "What if frames 30–33" in idle.progress.words.text()


def test_that_the_selection_comes_before_the_glitch(idle: MainWindow, workers: Workers) -> None:
    session_of(idle).seek(32)
    session_of(idle).select(range(5, 9))
    idle.actions_by_id["hold"].trigger()
    assert asked(workers).edit == Edit(EditKind.HOLD, FrameIndex(5), FrameIndex(9))


def test_that_without_frames_it_says_what_to_select(idle: MainWindow, workers: Workers) -> None:
    session_of(idle).seek(0)
    idle.glitches.list.clearSelection()
    made = len(workers.made)
    idle.actions_by_id["drop"].trigger()
    assert len(workers.made) == made
    assert "Select frames" in {label.text()[:13] for label in idle.progress.findChildren(QLabel)}


def test_that_a_glitch_has_the_questions_as_its_context_menu(idle: MainWindow) -> None:
    assert idle.glitches.list.contextMenuPolicy() == Qt.ContextMenuPolicy.ActionsContextMenu
    assert [action.objectName() for action in idle.glitches.list.actions()] == ["interpolate", "hold", "drop"]


def test_that_nothing_can_be_asked_before_the_analysis_and_while_a_job_runs(
    qtbot: QtBot, open_window: MainWindow, workers: Workers, clip: Path
) -> None:
    def enabled() -> list[bool]:
        return [open_window.actions_by_id[name].isEnabled() for name in ("interpolate", "hold", "drop")]

    assert enabled() == [False] * 3
    session_of(open_window).set_analysis(make_analysis(clip))
    assert enabled() == [False] * 3
    workers.made[-1].emit(Cancelled(workers.made[-1].job))
    qtbot.waitUntil(lambda: enabled() == [True] * 3)


def test_that_the_answer_is_shown_and_can_be_forgotten(qtbot: QtBot, idle: MainWindow, workers: Workers, clip: Path) -> None:
    assert not idle.what_if.isVisible()
    session_of(idle).seek(32)
    idle.actions_by_id["drop"].trigger()
    worker = workers.made[-1]
    worker.emit(Progress(worker.job, "embed", 1, 2, None))
    worker.emit(Answered(worker.job, answer(clip)))
    qtbot.waitUntil(idle.what_if.isVisible)
    assert idle.what_if.question.text() == "What if frames 30–33 were dropped?"
    assert idle.what_if.notes.text() == "The pictures are not measured again."
    assert not idle.progress.button.isVisible()
    qtbot.mouseClick(idle.what_if.close_button, Qt.MouseButton.LeftButton)
    assert session_of(idle).what_if is None
    assert not idle.what_if.isVisible()
    assert not idle.actions_by_id["forget_what_if"].isEnabled()


def test_that_another_analysis_ends_the_what_if(idle: MainWindow, clip: Path) -> None:
    session_of(idle).set_what_if(answer(clip))
    assert idle.what_if.isVisible()
    session_of(idle).set_analysis(make_analysis(clip))
    assert not idle.what_if.isVisible()


def test_that_a_refusal_is_told_in_its_own_words(qtbot: QtBot, idle: MainWindow, workers: Workers, gateway: ErrorGateway) -> None:
    session_of(idle).seek(32)
    idle.actions_by_id["interpolate"].trigger()
    worker = workers.made[-1]
    with qtbot.waitSignal(gateway.problem):
        worker.emit(Failed(worker.job, "There is no frame behind the range."))
    assert idle.progress.words.text() == "The what-if failed."
    assert idle.banner.words.text() == "There is no frame behind the range."


def test_that_it_can_be_cancelled(qtbot: QtBot, idle: MainWindow, workers: Workers) -> None:
    session_of(idle).seek(32)
    idle.actions_by_id["interpolate"].trigger()
    idle.actions_by_id["cancel"].trigger()
    worker = workers.made[-1]
    assert worker.cancelled
    worker.emit(Cancelled(worker.job))
    qtbot.waitUntil(lambda: idle.progress.words.text() == "What-if cancelled.")


def painted(window: MainWindow) -> np.ndarray:
    image = window.step_plot.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width()).copy()


def test_that_the_step_plot_has_a_second_line_but_not_over_dropped_frames(idle: MainWindow, clip: Path) -> None:
    session_of(idle).seek(0)
    before = painted(idle)
    session_of(idle).set_what_if(answer(clip))
    changed = painted(idle) != before
    plot = idle.step_plot
    ratio = plot.devicePixelRatioF()

    def columns(first: float, stop: float) -> slice:
        return slice(int(plot.x_of(first) * ratio), int(plot.x_of(stop) * ratio))

    assert changed[:, columns(20, 29)].any()
    assert not changed[:, columns(30.6, 33.4)].any()
    # Dotted, at 1.5 times the real median, halfway between 0 and the top of the scale at 3.24.
    rows = np.flatnonzero(changed[:, columns(20, 29)].any(axis=1)) / ratio
    inside = plot.plot_rect()
    assert np.median(rows) == pytest.approx(inside.bottom() - 1.5 / 3.24 * inside.height(), abs=2)


def test_that_the_question_names_the_frames_as_people_count_them() -> None:
    def of(kind: EditKind, start: int, stop: int) -> str:
        return question(Edit(kind, FrameIndex(start), FrameIndex(stop)))

    assert of(EditKind.INTERPOLATE, 47, 50) == "What if frames 47–49 were interpolated?"
    assert of(EditKind.HOLD, 47, 48) == "What if frame 47 was held?"


def test_that_scores_and_events_are_told_before_and_after(clip: Path) -> None:
    result = answer(clip)
    assert scores_text(result) == (
        "Temporal coherence 0.143 → 0.120 (−0.023)  ·  action consistency (squat) 0.310 → 0.290 (−0.020)  ·  "
        "motion amount 0.83 → 0.83 (±0.00)"
    )
    assert events_text(result) == (
        "− Vanishes: joint jump (frames 30–33).    + Appears: freeze (frame 20).    = Stays: teleport (frames 10–12)."
    )
    assert events_text(replace(result, events=())) == "No event, neither before nor after."
    unscored = replace(result, after=replace(result.after, scores=without_scores(make_analysis(clip), "Too short.").scores))
    assert scores_text(unscored) == "Too short."


def test_that_no_action_is_named_where_one_version_lies_outside(clip: Path) -> None:
    result = answer(clip)
    after = replace(result.after, scores=replace(result.after.scores, outside=True, nearest_class=None))
    text = scores_text(replace(result, after=after))
    assert "action consistency – (outside what this manifold knows, after)" in text
    assert "squat" not in text
