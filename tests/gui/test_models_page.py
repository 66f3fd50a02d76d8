"""The page of models: every file with its state in words, looked into beside the window, and a folder that can be changed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from core.user_models import layouts
from core.user_models.folder import choose_models_folder, models_folder, usual_folder
from core.user_models.registry import MODEL_FILES, model_file
from gui.errors import ErrorGateway
from gui.model_card import ModelCard
from gui.models_page import ModelsPage
from gui.window import MainWindow
from tests.model_files import write_checkpoint, write_yolox


@pytest.fixture
def shown() -> list[Path]:
    """The folders that the page has asked the desktop to show."""
    return []


@pytest.fixture
def make_page(qtbot: QtBot, gateway: ErrorGateway, shown: list[Path]) -> Callable[[], ModelsPage]:
    """A page that has looked into the files."""

    def make() -> ModelsPage:
        page = ModelsPage(gateway, lambda folder: not shown.append(folder))
        qtbot.addWidget(page)
        page.show()
        looked(qtbot, page)
        return page

    return make


def looked(qtbot: QtBot, page: ModelsPage) -> None:
    qtbot.waitUntil(page.check_button.isEnabled, timeout=20_000)


def card_of(page: ModelsPage, key: str) -> ModelCard:
    return next(card for card in page.cards if card.accessibleName() == model_file(key).title)


def texts(page: ModelsPage) -> str:
    return "\n".join(label.text() for label in page.findChildren(QLabel))


def test_that_every_model_is_there_with_state_purpose_publisher_licence_and_place(make_page) -> None:
    page = make_page()
    assert [card.accessibleName() for card in page.cards] == [file.title for file in MODEL_FILES]
    for file, card in zip(MODEL_FILES, page.cards, strict=True):
        told = "\n".join(label.text() for label in card.findChildren(QLabel))
        for fact in ("–  missing", file.purpose, file.publisher, file.licence, str(file.folder)):
            assert fact in told
    assert "about 2.72 GB" in texts(page)


def test_that_texts_can_be_copied_and_nothing_can_be_downloaded(make_page) -> None:
    page = make_page()
    card = card_of(page, "tokenhmr")
    for label in card.findChildren(QLabel):
        assert label.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse
        assert label.textFormat() == Qt.TextFormat.PlainText
        assert not label.openExternalLinks()
    assert card.findChildren(QAbstractButton) == []


def test_that_states_are_told_in_words_and_symbols(make_page) -> None:
    folder = models_folder() / "reference"
    write_checkpoint(folder / "tokenizer.pth", "net", layouts.tokenizer())
    write_yolox(folder / "dw-ll_ucoco_384.onnx")
    os.truncate(write_yolox(folder / "yolox_l.onnx"), 500)
    page = make_page()
    states = {key: card_of(page, key).state.text() for key in ("tokenizer", "dwpose-onnx", "yolox", "tokenhmr")}
    assert states == {"tokenizer": "✓  ready", "dwpose-onnx": "✕  swapped", "yolox": "✕  cut short", "tokenhmr": "–  missing"}
    assert "is in truth yolox_l.onnx" in card_of(page, "dwpose-onnx").sentence.text()


def test_that_the_page_says_what_is_possible_and_which_manifolds_are_ruled_out(make_page) -> None:
    models_folder().mkdir(parents=True)
    (models_folder() / "torn.manifold").write_bytes(b"no manifold")
    told = texts(make_page())
    assert "Key points of body and hands (kp2d). DWPose is not ready: dw-ll_ucoco_384.onnx is missing" in told
    assert "Manifold blazepose: for the built-in extractor" in told
    assert "Manifold torn.manifold is ruled out." in told
    assert "onnxruntime" in told


def test_that_checking_again_sees_what_was_put_in_place(qtbot: QtBot, make_page) -> None:
    page = make_page()
    write_yolox(models_folder() / "reference" / "yolox_l.onnx")
    page.check_button.click()
    assert not page.check_button.isEnabled()
    looked(qtbot, page)
    assert card_of(page, "yolox").state.text() == "✓  ready"


def test_that_another_folder_can_be_chosen_and_taken_back(qtbot: QtBot, make_page, tmp_path, monkeypatch) -> None:
    page = make_page()
    assert not page.usual_button.isEnabled()
    mine = tmp_path / "mine"
    write_yolox(mine / "reference" / "yolox_l.onnx")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(mine))
    page.choose_button.click()
    looked(qtbot, page)
    assert models_folder() == mine
    assert page.folder.text() == str(mine)
    assert card_of(page, "yolox").state.text() == "✓  ready"
    page.usual_button.click()
    looked(qtbot, page)
    assert models_folder() == usual_folder()
    assert card_of(page, "yolox").state.text() == "–  missing"


def test_that_the_environment_leaves_no_choice(make_page, tmp_path, monkeypatch) -> None:
    choose_models_folder(tmp_path / "mine")
    monkeypatch.setenv("TELLTALE_MODELS", str(tmp_path / "theirs"))
    page = make_page()
    assert page.folder.text() == str(tmp_path / "theirs")
    assert not page.choose_button.isEnabled()
    assert not page.usual_button.isEnabled()
    assert "TELLTALE_MODELS" in page.folder.toolTip()


def test_that_the_folder_is_made_and_shown(make_page, shown) -> None:
    page = make_page()
    page.open_button.click()
    assert shown == [models_folder()]
    assert (models_folder() / "reference").is_dir()


def test_that_a_folder_that_cannot_be_made_is_told(make_page, gateway, tmp_path, monkeypatch, qtbot) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TELLTALE_MODELS", str(tmp_path / "file" / "models"))
    page = make_page()
    with qtbot.waitSignal(gateway.problem) as told:
        page.open_button.click()
    assert "cannot be made" in told.args[0]


def test_that_the_action_opens_one_page(qtbot: QtBot, empty_window: MainWindow) -> None:
    action = empty_window.actions_by_id["models"]
    assert [key.toString() for key in action.shortcuts()] == ["Ctrl+,"]
    action.trigger()
    action.trigger()
    (page,) = empty_window.findChildren(ModelsPage)
    assert page.isVisible()
    looked(qtbot, page)
    page.close()
