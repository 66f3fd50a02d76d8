"""Pictures, playback, jobs and errors: what happens off the window's thread comes back in order."""

import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from core.body import load_body
from core.logs import log_file
from core.timebase import FrameIndex
from core.video import open_video
from gui.background import Background
from gui.errors import ErrorGateway
from gui.frames import FrameLoader, Picture, frame_image, overlay_image
from gui.window import MainWindow
from render.compose import Layers, Painter
from tests.gui.conftest import FRAMES, grey_of, make_track

ROOT = Path(__file__).parents[2]


def test_that_the_window_never_imports_torch() -> None:
    code = "import sys, gui.app, gui.window; print(sorted({'torch', 'mediapipe', 'jax', 'smplx'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_that_colours_arrive_in_the_right_channels() -> None:
    frame = np.zeros((2, 3, 3), np.uint8)
    frame[0, 1] = (200, 100, 50)
    image = frame_image(frame)
    assert QColor(image.pixel(1, 0)).getRgb() == (200, 100, 50, 255)
    overlay = np.zeros((2, 3, 4), np.uint8)
    overlay[1, 2] = (60, 30, 10, 128)
    raw = np.frombuffer(overlay_image(overlay).constBits(), np.uint8).reshape(2, 3, 4)
    assert raw[1, 2].tolist() == [10, 30, 60, 128]  # ARGB32 is blue, green, red, alpha in memory


def test_that_of_many_requests_the_latest_is_shown_and_old_ones_are_dropped(qtbot: QtBot, clip: Path) -> None:
    loader = FrameLoader(open_video(clip), lambda: Painter(load_body()))
    shown: list[Picture] = []
    loader.ready.connect(shown.append)
    for frame in range(FRAMES):
        loader.request(FrameIndex(frame), None, Layers())
    qtbot.waitUntil(lambda: bool(shown) and shown[-1].frame == FRAMES - 1)
    loader.close()
    assert len(shown) < FRAMES
    assert abs(QColor(shown[-1].image.pixel(5, 5)).lightness() - grey_of(FRAMES - 1)) <= 3


def test_that_a_frame_is_shown_when_its_overlay_cannot_be_drawn(qtbot: QtBot, clip: Path) -> None:
    def no_painter() -> Painter:
        raise RuntimeError("no body")

    loader = FrameLoader(open_video(clip), no_painter)
    shown: list[Picture] = []
    loader.ready.connect(shown.append)
    with qtbot.waitSignal(loader.failed) as failed:
        loader.request(FrameIndex(7), make_track(), Layers())
    qtbot.waitUntil(lambda: bool(shown))
    loader.close()
    assert str(failed.args[0]) == "no body"
    assert (shown[0].frame, shown[0].overlay) == (7, None)


def test_that_playback_follows_the_clock_to_the_last_frame_and_stops(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    assert session is not None
    session.seek(FRAMES - 11)
    started = time.perf_counter()
    window.playback.start()
    assert window.playback.playing
    with qtbot.waitSignal(window.playback.changed, check_params_cb=lambda playing: not playing):
        pass
    elapsed = time.perf_counter() - started
    assert session.cursor == FRAMES - 1
    assert 11 / 25 <= elapsed < 11 / 25 + 0.5


def test_that_space_plays_and_pauses(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_by_id["play"].trigger()
    assert window.playback.playing
    window.actions_by_id["play"].trigger()
    assert not window.playback.playing
    assert "Space" in [key.toString() for key in window.actions_by_id["play"].shortcuts()]


def test_that_playing_in_a_loop_starts_again(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    assert session is not None
    window.actions_by_id["loop"].trigger()
    session.seek(FRAMES - 3)
    window.playback.start()
    qtbot.waitUntil(lambda: session.cursor < 20)
    assert window.playback.playing
    window.playback.stop()


def test_that_a_step_by_hand_ends_playback(window: MainWindow) -> None:
    window.playback.start()
    window.commands.step_forward()
    assert not window.playback.playing


def test_that_a_background_result_comes_back_to_the_thread_that_asked(qtbot: QtBot) -> None:
    owner, seen = QObject(), []
    Background(owner, threading.get_ident, done=lambda ident: seen.append((ident, threading.get_ident())), failed=seen.append)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0][0] != threading.get_ident()
    assert seen[0][1] == threading.get_ident()


def test_that_a_forgotten_result_is_handed_to_nobody_but_the_cleaner(qtbot: QtBot) -> None:
    owner, delivered, cleaned = QObject(), [], []
    task = Background(owner, lambda: 5, done=delivered.append, failed=delivered.append, stale=cleaned.append)
    task.forget()
    qtbot.waitUntil(lambda: cleaned == [5])
    assert delivered == []


def test_that_the_end_of_an_owner_forgets_what_its_thread_still_brings(qtbot: QtBot) -> None:
    owner, go = QObject(), threading.Event()
    delivered: list[object] = []
    cleaned: list[object] = []
    Background(owner, go.wait, done=delivered.append, failed=delivered.append, stale=cleaned.append)
    shiboken6.delete(owner)
    go.set()
    qtbot.waitUntil(lambda: cleaned == [True])
    assert delivered == []


def test_that_an_owner_whom_only_its_task_holds_goes_when_it_was_told(qtbot: QtBot) -> None:
    told: list[object] = []

    class Owner(QObject):
        def hear(self, result: object) -> None:
            told.append(result)

    for number in range(20):
        owner = Owner()
        owner.destroyed.connect(lambda *_, number=number: told.append(f"end of {number}"))
        Background(owner, lambda number=number: number, done=owner.hear, failed=told.append)
        del owner
    qtbot.waitUntil(lambda: len(told) == 40)
    assert sorted(value for value in told if isinstance(value, int)) == list(range(20))


def test_that_faults_of_threads_warnings_and_exceptions_end_in_one_log(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((sys, "excepthook"), (threading, "excepthook"), (warnings, "showwarning")):
        monkeypatch.setattr(module, name, getattr(module, name))
    gateway = ErrorGateway()
    told: list[str] = []
    gateway.problem.connect(told.append)
    gateway.install()

    def fail() -> None:
        raise RuntimeError("inside a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(told) == 1)
    warnings.showwarning(UserWarning("something is odd"), UserWarning, "file.py", 3)
    sys.excepthook(ValueError, ValueError("in the main thread"), None)
    assert len(told) == 2
    log = log_file().read_text(encoding="utf-8")
    assert all(words in log for words in ("inside a thread", "something is odd", "in the main thread"))
