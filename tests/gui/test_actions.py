"""The table of actions is what menus, keys and the cheat sheet show."""

from collections import Counter

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from gui.actions import ACTIONS, MOUSE
from gui.cheat_sheet import CheatSheet
from gui.commands import Commands
from gui.window import MainWindow


def test_that_every_action_has_a_handler_of_its_own() -> None:
    assert [action.id for action in ACTIONS if not callable(getattr(Commands, action.handler, None))] == []
    assert len({action.handler for action in ACTIONS}) == len(ACTIONS)


def test_that_no_two_actions_share_an_id_or_a_key() -> None:
    ids = Counter(action.id for action in ACTIONS)
    keys = Counter(QKeySequence(key).toString() for action in ACTIONS for key in action.keys)
    assert [name for name, count in (ids + keys).items() if count > 1] == []


def test_that_every_key_is_one_that_qt_knows() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert [key for key in keys if QKeySequence(key).toString() == ""] == []


def test_that_the_keys_of_the_design_are_bound() -> None:
    bound = {key: action.id for action in ACTIONS for key in action.keys}
    expected = {
        "Space": "play", "Left": "back", "Right": "forward", ",": "back", ".": "forward", "Home": "first", "End": "last",
        "N": "next_glitch", "Shift+N": "previous_glitch", "Ctrl+O": "open", "Ctrl+Z": "undo", "Ctrl+Shift+Z": "redo", "M": "note",
        "Ctrl+E": "export", "Ctrl+Q": "quit", "F1": "cheat_sheet", "1": "mesh", "2": "skeleton", "3": "keypoints", "4": "box",
    }  # fmt: skip
    assert {key: bound.get(key) for key in expected} == expected


def test_that_the_menus_show_every_action_with_its_keys(empty_window: MainWindow) -> None:
    shown = {
        item.objectName(): [key.toString() for key in item.shortcuts()]
        for menu in empty_window.menuBar().actions()
        for item in menu.menu().actions()
        if not item.isSeparator()
    }
    assert shown == {action.id: [QKeySequence(key).toString() for key in action.keys] for action in ACTIONS}


def test_that_without_a_video_only_what_needs_none_can_be_done(empty_window: MainWindow) -> None:
    enabled = {name for name, action in empty_window.actions_by_id.items() if action.isEnabled()}
    assert enabled == {action.id for action in ACTIONS if not action.needs_video}


def test_that_the_cheat_sheet_shows_all_keys_and_gestures(qtbot: QtBot) -> None:
    sheet = CheatSheet()
    qtbot.addWidget(sheet)
    words = {label.text() for label in sheet.findChildren(QLabel)}
    expected = {key for action in ACTIONS for key in action.keys} | {word for gesture in MOUSE for word in gesture}
    assert expected <= words
