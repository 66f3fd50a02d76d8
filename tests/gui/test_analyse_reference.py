"""The reference extractor in “Analyse with ...”: its models are looked into, its settings reach the analysis."""

from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from core.events import AnalysisRequest
from core.extraction.reference.settings import ReferenceSettings
from core.tag_data import tag_sources
from core.user_models import packages
from core.user_models.folder import models_folder
from gui import reference_fields
from gui.analyse_dialog import AnalyseDialog
from gui.choice import Choice
from gui.models_page import ModelsPage
from gui.window import MainWindow
from tests.gui.conftest import Workers
from tests.gui.test_analyse_with import asked, written_manifold
from tests.model_files import write_dwpose

KEY_POINTS = tag_sources(1024)[4:]


@pytest.fixture(autouse=True)
def onnxruntime_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the packages, only this one counts as installed."""

    def spec(name: str) -> ModuleSpec | None:
        return find_spec("json") if name == "onnxruntime" else None

    monkeypatch.setattr(packages.importlib.util, "find_spec", spec)


@pytest.fixture
def dialog(qtbot: QtBot, open_window: MainWindow, tmp_path: Path) -> AnalyseDialog:
    """With a manifold of key points, and the reference extractor chosen."""
    dialog = asked(qtbot, open_window, written_manifold(tmp_path / "points.manifold", sources=KEY_POINTS))
    dialog.extractor.setCurrentIndex(dialog.extractor.findData("reference"))
    looked(qtbot, dialog)
    return dialog


def looked(qtbot: QtBot, dialog: AnalyseDialog) -> None:
    qtbot.waitUntil(lambda: dialog._sources is not None and dialog._looking is None, timeout=20_000)


def put_pose() -> None:
    write_dwpose(models_folder() / "reference" / "dw-ll_ucoco_384.onnx")


def test_that_a_manifold_is_refused_with_what_its_models_lack(qtbot: QtBot, dialog: AnalyseDialog, tmp_path: Path) -> None:
    assert dialog.problem.text() == (
        f"Needs “kp2d”. DWPose is not ready: dw-ll_ucoco_384.onnx is missing: put it into {models_folder() / 'reference'}."
    )
    assert not dialog.analyse.isEnabled()
    dialog.manifold.line.setText(str(written_manifold(tmp_path / "tag.manifold", sources=tag_sources(1024))))
    looked(qtbot, dialog)
    assert dialog.problem.text().startswith("Needs “vit”, “global”, “pose” and “beta”. TokenHMR is not ready: ")


def test_that_ready_models_are_told_and_their_settings_reach_the_analysis(
    qtbot: QtBot, dialog: AnalyseDialog, workers: Workers, clip: Path, tmp_path: Path
) -> None:
    put_pose()
    dialog._look()
    looked(qtbot, dialog)
    assert dialog.problem.text().startswith("There is no person detector, so the whole frame is taken for one person: ")
    fields = dialog.reference
    assert fields.every.currentText() == "in every frame"
    fields.every.setCurrentIndex(fields.every.findText("in one of 3 frames"))
    fields.variant.setCurrentIndex(fields.variant.findData("corrected"))
    fields.precision.setCurrentIndex(fields.precision.findData("bfloat16"))
    qtbot.mouseClick(dialog.analyse, Qt.MouseButton.LeftButton)
    settings = ReferenceSettings("corrected", 3, "bfloat16")
    assert workers.made[-1].request == AnalysisRequest(clip, "reference", tmp_path / "points.manifold", reference=settings)


def test_that_the_settings_are_shown_for_this_extractor_only(dialog: AnalyseDialog) -> None:
    fields = (dialog.reference.variant, dialog.reference.every, dialog.reference.precision, dialog.reference.models)
    assert all(field.isVisible() for field in fields)
    assert not dialog.keypoints.isVisible()
    dialog.extractor.setCurrentIndex(dialog.extractor.findData("blazepose"))
    assert not any(field.isVisible() for field in fields)
    assert dialog.problem.text() == ""


def test_that_models_put_in_place_meanwhile_are_seen(qtbot: QtBot, dialog: AnalyseDialog) -> None:
    dialog.reference.models.click()
    (page,) = dialog.findChildren(ModelsPage)  # another one could not be used while the dialog is open
    qtbot.waitUntil(page.check_button.isEnabled, timeout=20_000)
    put_pose()
    assert not dialog.analyse.isEnabled()
    page.close()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.analyse.isEnabled, timeout=20_000)


def test_that_the_choice_is_proposed_again(qtbot: QtBot, dialog: AnalyseDialog, open_window: MainWindow) -> None:
    put_pose()
    dialog._look()
    looked(qtbot, dialog)
    dialog.reference.every.setCurrentIndex(3)
    dialog.analyse.click()
    open_window.ask_how()
    again = open_window.asker.dialog
    assert again is not None
    assert (again.extractor.currentData(), again.reference.every.currentData()) == ("reference", 5)


def test_that_the_device_is_asked_for_only_beside_a_gpu(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for there in (False, True):
        monkeypatch.setattr(reference_fields, "has_gpu", lambda there=there: there)
        dialog = AnalyseDialog(tmp_path / "clip.mp4", Choice("reference", device="cuda"))
        qtbot.addWidget(dialog)
        dialog.show()
        looked(qtbot, dialog)
        assert dialog.reference.device.isVisible() is there
        assert dialog.choice.device == ("cuda" if there else "auto")
        assert (dialog.reference.precision.findData("float16") >= 0) is there


def test_that_this_process_needs_no_torch_to_know_whether_there_is_a_gpu() -> None:
    assert reference_fields.has_gpu() in (True, False)
