"""How a clip is analysed can be chosen, and the analysis is asked for in just that way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from core.events import AnalysisRequest
from core.manifold import Manifold, encoder_config, save_manifold
from core.tag_data import FeatureFolders, tag_sources
from core.track import Source
from gui.analyse_dialog import AnalyseDialog
from gui.choice import Choice, misfit
from gui.errors import ErrorGateway
from gui.settings import Settings
from gui.window import MainWindow
from tests.gui.conftest import Workers, make_analysis

OWN = (Source("appearance", "hog-lab-1024", 1024), Source("beta", "telltale-cc0", 10))


def written_manifold(path: Path, classes: tuple[str, ...] = ("squat", "jump_high"), sources: tuple[Source, ...] = OWN) -> Path:
    """A manifold file of two dimensions that nothing was trained for."""
    config = encoder_config(sources, d_model=2)
    manifold = Manifold(
        "tiny", sources, 30.0, "corrected", "hands", config, {},
        mean=np.zeros(config.columns, np.float32), std=np.ones(config.columns, np.float32),
        classes=classes, centroids=np.zeros((len(classes), 2), np.float32),
        references=np.zeros((1, 2), np.float32), reference_class=np.zeros(1, np.int32), reference_map=np.zeros((1, 2), np.float32),
        outside_distance=1.0, step_median=np.ones(31, np.float32),
        band_amount=np.ones(1, np.float32), band_low=np.zeros(1, np.float32), band_high=np.ones(1, np.float32),
    )  # fmt: skip
    save_manifold(manifold, path)
    return path


def dialog_of(window: MainWindow) -> AnalyseDialog:
    assert window.asker.dialog is not None
    return window.asker.dialog


def asked(qtbot: QtBot, window: MainWindow, manifold: Path) -> AnalyseDialog:
    """The dialog of the window, with this manifold and its classes read."""
    window.actions_by_id["analyse_with"].trigger()
    dialog = dialog_of(window)
    dialog.manifold.line.setText(str(manifold))
    qtbot.waitUntil(lambda: dialog.action.isEnabled())
    return dialog


def features_of(path: Path) -> Path:
    np.savez(path, frame_idx=np.arange(40), pose=np.zeros((40, 23, 3, 3), np.float32))
    return path


def test_that_the_choice_reaches_the_analysis(qtbot: QtBot, open_window: MainWindow, workers: Workers, clip: Path, tmp_path: Path) -> None:
    manifold = written_manifold(tmp_path / "tiny.manifold")
    dialog = asked(qtbot, open_window, manifold)
    assert [dialog.action.itemText(row) for row in range(1, 3)] == ["squat", "jump high"]
    dialog.action.setCurrentIndex(2)
    qtbot.mouseClick(dialog.analyse, Qt.MouseButton.LeftButton)
    assert workers.made[-1].request == AnalysisRequest(clip, manifold=manifold, action="jump_high")
    assert workers.made[0].cancelled
    assert not dialog.isVisible()


def test_that_the_choice_holds_for_the_clips_opened_after_it(
    qtbot: QtBot, open_window: MainWindow, workers: Workers, clip: Path, tmp_path: Path
) -> None:
    dialog = asked(qtbot, open_window, written_manifold(tmp_path / "tiny.manifold"))
    dialog.action.setCurrentIndex(1)
    dialog.analyse.click()
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes())
    open_window.open_videos([other])
    qtbot.waitUntil(lambda: workers.made[-1].request.path == other)
    assert workers.made[-1].request == replace(workers.made[-2].request, path=other)
    again = asked(qtbot, open_window, tmp_path / "tiny.manifold")
    assert again.action.currentData() == "squat"


def test_that_cancelling_the_dialog_changes_nothing(qtbot: QtBot, open_window: MainWindow, workers: Workers, tmp_path: Path) -> None:
    dialog = asked(qtbot, open_window, written_manifold(tmp_path / "tiny.manifold"))
    dialog.buttons.button(QDialogButtonBox.StandardButton.Cancel).click()
    assert (len(workers.made), open_window.asker.choice, open_window.asker.dialog) == (1, Choice(), None)


def test_that_a_class_is_kept_when_the_next_manifold_knows_it_too(qtbot: QtBot, open_window: MainWindow, tmp_path: Path) -> None:
    dialog = asked(qtbot, open_window, written_manifold(tmp_path / "first.manifold"))
    dialog.action.setCurrentIndex(1)
    dialog.manifold.line.setText(str(written_manifold(tmp_path / "second.manifold", ("run", "squat"))))
    qtbot.waitUntil(lambda: dialog.action.count() == 3)
    assert dialog.action.currentData() == "squat"
    dialog.manifold.line.setText(str(written_manifold(tmp_path / "third.manifold", ("run",))))
    qtbot.waitUntil(lambda: dialog.action.count() == 2)
    assert dialog.action.currentData() is None


def test_that_a_file_that_is_no_manifold_is_refused_in_the_dialog(qtbot: QtBot, open_window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "letter.manifold").write_bytes(b"Dear reader, " * 40)
    open_window.ask_how()
    dialog = dialog_of(open_window)
    dialog.manifold.line.setText(str(tmp_path / "letter.manifold"))
    qtbot.waitUntil(lambda: "letter.manifold is not a manifold" in dialog.problem.text())
    assert not dialog.analyse.isEnabled()


def test_that_folders_are_asked_for_only_where_files_are_read(qtbot: QtBot, open_window: MainWindow, tmp_path: Path) -> None:
    dialog = asked(qtbot, open_window, written_manifold(tmp_path / "tag.manifold", sources=tag_sources(1024)))
    assert not dialog.keypoints.isVisible()
    assert dialog.problem.text().endswith("choose “reference” or “tag-files”.")
    dialog.extractor.setCurrentIndex(dialog.extractor.findData("tag-files"))
    assert dialog.keypoints.isVisible() and dialog.meshes.isVisible() and dialog.alignment.isVisible()
    assert dialog.problem.text() == "Name the folder of key points."
    dialog.keypoints.line.setText(str(tmp_path))
    assert dialog.problem.text() == "Name the folder of meshes."
    dialog.meshes.line.setText(str(tmp_path))
    assert dialog.problem.text() == ""
    assert dialog.analyse.isEnabled()


def test_that_embeddings_are_asked_for_when_the_manifold_has_them(
    qtbot: QtBot, open_window: MainWindow, workers: Workers, tmp_path: Path
) -> None:
    dialog = asked(qtbot, open_window, written_manifold(tmp_path / "more.manifold", sources=tag_sources(1024, ["dino"])))
    dialog.extractor.setCurrentIndex(dialog.extractor.findData("tag-files"))
    assert dialog.embeddings["dino"].isVisible() and not dialog.embeddings["clip"].isVisible()
    dialog.keypoints.line.setText(str(tmp_path / "k"))
    dialog.meshes.line.setText(str(tmp_path / "m"))
    assert dialog.problem.text() == "Name the folder of DINO embeddings."
    assert not dialog.analyse.isEnabled()
    dialog.embeddings["dino"].line.setText(str(tmp_path / "d"))
    assert dialog.problem.text() == ""
    dialog.analyse.click()
    assert workers.made[-1].request.features == FeatureFolders(tmp_path / "k", tmp_path / "m", dino=tmp_path / "d")
    dialog = asked(qtbot, open_window, written_manifold(tmp_path / "tag.manifold", sources=tag_sources(1024)))
    assert not dialog.embeddings["dino"].isVisible()


def test_that_features_without_a_video_are_asked_about_and_then_analysed(
    qtbot: QtBot, empty_window: MainWindow, workers: Workers, tmp_path: Path
) -> None:
    features = features_of(tmp_path / "clip.npz")
    empty_window.open_videos([features])
    qtbot.waitUntil(lambda: empty_window.asker.dialog is not None)
    assert workers.made == []
    dialog = asked(qtbot, empty_window, written_manifold(tmp_path / "tag.manifold", sources=tag_sources(1024)))
    assert dialog.extractor.currentData() == "tag-files"
    assert dialog.keypoints.isVisible() and not dialog.meshes.isVisible()
    dialog.keypoints.line.setText(str(tmp_path))
    dialog.alignment.setCurrentIndex(1)
    dialog.analyse.click()
    request = workers.made[0].request
    assert (request.path, request.extractor) == (features, "tag-files")
    assert request.features == FeatureFolders(tmp_path, None, "authors")
    assert "features without their video" in empty_window.banner.words.text()


def test_that_the_folders_are_proposed_again_after_a_restart(
    qtbot: QtBot, open_window: MainWindow, gateway: ErrorGateway, workers: Workers, tmp_path: Path
) -> None:
    settings = Settings()
    open_window.asker._settings = settings
    folders = FeatureFolders(tmp_path / "kps", tmp_path / "meshes", "authors", tmp_path / "clip", tmp_path / "dino")
    open_window.asker._on_chosen(Choice("tag-files", None, "squat", folders))
    settings.flush()
    later = MainWindow(Settings(), gateway, workers)
    qtbot.addWidget(later)
    assert later.asker.choice == Choice(features=folders)  # the extractor and the class are those of one session


def test_that_the_class_asked_for_is_the_one_the_scores_tell(window: MainWindow, clip: Path) -> None:
    assert window.session is not None
    window.session.set_analysis(replace(make_analysis(clip), action="run"))
    _, value, remark = window.scores.figures.figures[1]
    assert (value, remark) == ("1.100", "to run (asked)")


@pytest.mark.parametrize(
    ("choice", "name", "expected"),
    [
        (Choice(), "a.mp4", ""),
        (Choice(), "a.npz", "a.npz holds features and no pictures: choose “tag-files”."),
        (Choice("tag-files"), "a.npz", "Name the folder of key points."),
        (Choice("tag-files", features=FeatureFolders(Path("k"))), "a.npz", ""),
        (Choice("tag-files", features=FeatureFolders(Path("k"))), "a.mp4", "Name the folder of meshes."),
        (Choice("tag-files", features=FeatureFolders(Path("k"), Path("m"))), "a.mp4", ""),
    ],
)
def test_that_a_choice_knows_what_a_clip_still_needs(choice: Choice, name: str, expected: str) -> None:
    assert choice.lacking(Path(name)) == expected


def test_that_an_extractor_that_cannot_serve_a_manifold_is_told_before_the_analysis() -> None:
    assert misfit("blazepose", OWN) == ""
    assert misfit("tag-files", tag_sources(1024)) == misfit("tag-files", tag_sources(1024, ["clip", "dino"])) == ""
    assert "“clip”" in misfit("tag-files", [*tag_sources(1024), Source("clip", "clip-0123abcd", 512)])
    assert "“clip” as only feature files hold it" in misfit("blazepose", [*OWN, Source("clip", "tag-clip", 512)])
    assert misfit("blazepose", [*OWN, Source("clip", "clip-0123abcd", 512)]) == ""
    assert "“appearance”" in misfit("tag-files", OWN)
    assert "“vit”" in misfit("blazepose", tag_sources(1024))
    assert misfit("reference", tag_sources(1024)) == ""
