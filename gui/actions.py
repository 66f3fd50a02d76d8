"""The actions of the window, declared once: menus, shortcuts, the cheat sheet and the tests read this table."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow


@dataclass(frozen=True)
class Action:
    """One thing the person can do. `handler` is a method of `gui.commands.Commands`; `group` makes checkable actions exclude each other."""

    id: str
    menu: str
    text: str
    keys: tuple[str, ...]
    handler: str
    checkable: bool = False
    group: str = ""
    needs_video: bool = True
    separator: bool = False  # a line above it in the menu


ACTIONS = (
    Action("open", "File", "Open video, project or features ...", ("Ctrl+O",), "open_dialog", needs_video=False),
    Action("open_folder", "File", "Open folder of images ...", ("Ctrl+Shift+O",), "open_folder_dialog", needs_video=False),
    Action("export", "File", "Export HTML report ...", ("Ctrl+E",), "export_report"),
    Action("analyse_with", "File", "Analyse with ...", ("Ctrl+Shift+A",), "analyse_with", separator=True),
    Action("analyze", "File", "Analyse again", ("Ctrl+R",), "analyze_again"),
    Action("allow_many", "File", "Score frames with several people", (), "toggle_allow_many", checkable=True, needs_video=False),
    Action("cancel", "File", "Cancel the analysis", ("Escape",), "cancel"),
    Action("watch_training", "File", "Watch a training ...", ("Ctrl+T",), "watch_training", needs_video=False, separator=True),
    Action("models", "File", "Models on this computer ...", ("Ctrl+,",), "show_models", needs_video=False),
    Action("quit", "File", "Quit", ("Ctrl+Q",), "quit", needs_video=False, separator=True),
    Action("undo", "Edit", "Undo", ("Ctrl+Z",), "undo"),
    Action("redo", "Edit", "Redo", ("Ctrl+Shift+Z",), "redo"),
    Action("note", "Edit", "Add a note at the cursor", ("M",), "add_note", separator=True),
    Action("mark_start", "Edit", "Start the selection here", ("[",), "mark_start", separator=True),
    Action("mark_stop", "Edit", "End the selection here", ("]",), "mark_stop"),
    Action("clear_selection", "Edit", "Clear the selection", ("Backspace",), "clear_selection"),
    Action("interpolate", "Edit", "What if these frames were interpolated?", ("I",), "what_if_interpolated", separator=True),
    Action("hold", "Edit", "What if these frames were held?", ("H",), "what_if_held"),
    Action("drop", "Edit", "What if these frames were dropped?", ("D",), "what_if_dropped"),
    Action("forget_what_if", "Edit", "Forget the what-if", ("Shift+Backspace",), "forget_what_if"),
    Action("play", "Go", "Play or pause", ("Space",), "play_pause"),
    Action("loop", "Go", "Play in a loop", ("L",), "toggle_loop", checkable=True, needs_video=False),
    Action("forward", "Go", "One frame forward", ("Right", "."), "step_forward", separator=True),
    Action("back", "Go", "One frame back", ("Left", ","), "step_back"),
    Action("forward_10", "Go", "Ten frames forward", ("Shift+Right",), "step_forward_10"),
    Action("back_10", "Go", "Ten frames back", ("Shift+Left",), "step_back_10"),
    Action("first", "Go", "First frame", ("Home",), "first_frame"),
    Action("last", "Go", "Last frame", ("End",), "last_frame"),
    Action("next_glitch", "Go", "Next glitch", ("N",), "next_glitch", separator=True),
    Action("previous_glitch", "Go", "Previous glitch", ("Shift+N",), "previous_glitch"),
    Action("next_video", "Go", "Next video", ("Ctrl+PgDown",), "next_video", separator=True),
    Action("previous_video", "Go", "Previous video", ("Ctrl+PgUp",), "previous_video"),
    Action("mesh", "View", "Mesh", ("1",), "toggle_mesh", checkable=True, needs_video=False),
    Action("skeleton", "View", "Skeleton", ("2",), "toggle_skeleton", checkable=True, needs_video=False),
    Action("keypoints", "View", "Key points", ("3",), "toggle_keypoints", checkable=True, needs_video=False),
    Action("box", "View", "Box", ("4",), "toggle_box", checkable=True, needs_video=False),
    Action("fit", "View", "Fit the picture and the time plots", ("0",), "fit", separator=True),
    Action("zoom_in", "View", "Zoom into the picture", ("+", "="), "zoom_in"),
    Action("zoom_out", "View", "Zoom out of the picture", ("-",), "zoom_out"),
    Action("full_screen", "View", "Full screen", ("F11",), "toggle_full_screen", checkable=True, needs_video=False, separator=True),
    Action("theme_system", "View", "Colours of the desktop", (), "theme_system", True, "theme", False, True),
    Action("theme_light", "View", "Light", (), "theme_light", True, "theme", False),
    Action("theme_dark", "View", "Dark", (), "theme_dark", True, "theme", False),
    Action("limits", "Help", "What this tool cannot see", (), "show_limits", needs_video=False),
    Action("cheat_sheet", "Help", "Keys and mouse", ("F1",), "show_cheat_sheet", needs_video=False),
    Action("log", "Help", "Show the log", (), "show_log", needs_video=False),
    Action("about", "Help", "About Telltale", (), "show_about", needs_video=False),
)

# What can be asked about the frames of a glitch, as its context menu.
OF_GLITCH = ("interpolate", "hold", "drop")
# What the mouse does; the cheat sheet shows it beside the keys.
MOUSE = (
    ("Drop videos, projects or features on the window", "open them"),
    ("Click or drag in a time plot", "move the cursor"),
    ("Shift + drag in a time plot", "select frames"),
    ("Wheel over a plot", "zoom in time; Shift + wheel scrolls"),
    ("Wheel over the picture", "zoom; drag to move, double click to fit"),
    ("Right click on a glitch", "ask what if its frames were other"),
    ("Click a glitch, a note or a window on the map", "go there"),
)


def build(window: QMainWindow, commands: object) -> dict[str, QAction]:
    """Make the menus of `window` from the table and connect every action to its handler on `commands`. Returns id -> QAction."""
    made: dict[str, QAction] = {}
    menus = {name: window.menuBar().addMenu(name) for name in dict.fromkeys(action.menu for action in ACTIONS)}
    groups: dict[str, QActionGroup] = {}
    for action in ACTIONS:
        if action.separator:
            menus[action.menu].addSeparator()
        item = QAction(action.text, window)
        item.setObjectName(action.id)
        item.setShortcuts([QKeySequence(key) for key in action.keys])
        item.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        item.setToolTip(with_keys(action))
        item.setCheckable(action.checkable)
        if action.group:
            groups.setdefault(action.group, QActionGroup(window)).addAction(item)
        item.triggered.connect(getattr(commands, action.handler))
        menus[action.menu].addAction(item)
        window.addAction(item)
        made[action.id] = item
    return made


def with_keys(action: Action) -> str:
    """The text of a tool tip: what it does and its keys."""
    return f"{action.text}  ({' or '.join(action.keys)})" if action.keys else action.text
