"""What can be opened: a project leads to its video, features stand for one."""

import shutil
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from core.project import Project, new_note, new_project, open_project, save_project
from core.video import file_sha256
from gui.window import MainWindow
from tests.gui.conftest import FRAMES, Workers


def saved_project(clip: Path, path: Path) -> Path:
    """A project of the clip with one note on the frames 4 to 8."""
    project = new_project(clip, file_sha256(clip), FRAMES)
    save_project(Project(project.video, (new_note(range(4, 9), "look here"),)), path)
    return path


def opened(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    window.open_videos([path])
    qtbot.waitUntil(lambda: window.session is not None and not window.opener.busy)


def refusal(qtbot: QtBot, window: MainWindow, path: Path) -> str:
    with qtbot.waitSignal(window.gateway.problem) as told:
        window.open_videos([path])
    sentence: str = told.args[0]
    return sentence


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    window.dropEvent(QDropEvent(QPointF(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier))


def test_that_a_project_opens_its_video_with_its_notes(
    qtbot: QtBot, empty_window: MainWindow, workers: Workers, clip: Path, tmp_path: Path
) -> None:
    project = saved_project(clip, tmp_path / "elsewhere" / "mine.telltale")
    opened(qtbot, empty_window, project)
    assert empty_window.video_path == clip
    assert empty_window.windowTitle() == "tiny.mp4 – Telltale"
    assert workers.made[0].request.path == clip
    assert empty_window.notes.tree.topLevelItem(0).text(0) == "frames 4–8"


def test_that_further_notes_are_saved_in_the_project_that_was_opened(
    qtbot: QtBot, empty_window: MainWindow, clip: Path, tmp_path: Path
) -> None:
    project = saved_project(clip, tmp_path / "elsewhere" / "mine.telltale")
    opened(qtbot, empty_window, project)
    assert empty_window.session is not None
    empty_window.session.add_note(range(2), "another")
    assert {note.text for note in open_project(project)[0].notes} == {"look here", "another"}
    assert not clip.with_name("tiny.mp4.telltale").exists()


def test_that_a_dropped_project_is_opened(qtbot: QtBot, empty_window: MainWindow, clip: Path, tmp_path: Path) -> None:
    drop(empty_window, saved_project(clip, tmp_path / "mine.telltale"))
    qtbot.waitUntil(lambda: empty_window.notes.tree.topLevelItemCount() == 1)
    assert empty_window.video_path == clip


def test_that_a_project_whose_video_is_gone_says_where_it_should_be(
    qtbot: QtBot, empty_window: MainWindow, clip: Path, tmp_path: Path
) -> None:
    project = saved_project(clip, tmp_path / "mine.telltale")
    clip.unlink()
    sentence = refusal(qtbot, empty_window, project)
    assert sentence == f"The video of mine.telltale is not at {clip}: put it back there, then open the project again."
    assert empty_window.session is None
    assert empty_window.banner.words.text() == sentence


def test_that_notes_of_another_video_are_neither_shown_nor_overwritten(
    qtbot: QtBot, empty_window: MainWindow, clip: Path, tmp_path: Path
) -> None:
    project = saved_project(clip, tmp_path / "mine.telltale")
    clip.write_bytes(clip.read_bytes() + b"more")
    before = project.read_bytes()
    sentence = refusal(qtbot, empty_window, project)
    assert sentence.startswith("tiny.mp4 has changed since the notes in mine.telltale were written")
    assert empty_window.session is not None
    assert empty_window.session.project.notes == ()
    empty_window.session.add_note(range(2), "not saved")
    assert project.read_bytes() == before


def test_that_a_project_moved_with_its_video_finds_it_twice(qtbot: QtBot, empty_window: MainWindow, clip: Path, tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    first.mkdir()
    saved_project(Path(shutil.move(clip, first)), first / "mine.telltale")
    first.rename(second)
    opened(qtbot, empty_window, second / "mine.telltale")
    assert empty_window.session is not None
    empty_window.session.add_note(range(2), "after the first move")
    empty_window.open_videos([])
    second.rename(third)
    opened(qtbot, empty_window, third / "mine.telltale")
    qtbot.waitUntil(lambda: empty_window.video_path == third / "tiny.mp4" and empty_window.notes.tree.topLevelItemCount() == 2)


def test_that_a_damaged_project_says_so(qtbot: QtBot, empty_window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "broken.telltale").write_bytes(b"no zip")
    assert refusal(qtbot, empty_window, tmp_path / "broken.telltale").startswith("broken.telltale is damaged or is no Telltale project")


def test_that_one_can_walk_between_projects_and_videos(qtbot: QtBot, empty_window: MainWindow, clip: Path, tmp_path: Path) -> None:
    project = saved_project(clip, tmp_path / "mine.telltale")
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes())
    empty_window.open_videos([project, other])
    for expected in (clip, other, clip):
        qtbot.waitUntil(lambda path=expected: empty_window.video_path == path and not empty_window.opener.busy)
        empty_window.show_neighbour(1)


def test_that_dropped_features_are_shown_as_black_pictures(qtbot: QtBot, empty_window: MainWindow, tmp_path: Path) -> None:
    np.savez(tmp_path / "clip.npz", frame_idx=np.arange(40), pose=np.zeros((40, 23, 3, 3), np.float32))
    drop(empty_window, tmp_path / "clip.npz")
    qtbot.waitUntil(lambda: empty_window.video_view.picture is not None)
    assert empty_window.session is not None
    assert len(empty_window.session.video) == 40
    assert "features without their video" in empty_window.banner.words.text()
