"""What the actions do: one method a handler of `gui.actions.ACTIONS`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from core.edited_track import Edit, EditKind
from core.logs import log_file
from core.session import Session
from core.timebase import FrameIndex
from core.training.errors import DatasetError
from core.training.log import LOG_SUFFIX, log_beside, read_run
from gui import theme
from gui.cheat_sheet import CheatSheet
from gui.limits import LimitsDialog
from gui.models_page import ModelsPage
from gui.views.training import TrainingDialog

if TYPE_CHECKING:
    from gui.window import MainWindow

_FILTER = (
    "Videos, projects, features (*.mp4 *.mov *.mkv *.webm *.avi *.m4v *.gif *.ts *.mpg *.mpeg *.telltale *.npz);;"
    "Projects (*.telltale);;Features of a clip (*.npz);;All files (*)"
)
_TRAINING_FILTER = f"Trainings (*{LOG_SUFFIX} *.manifold);;All files (*)"


def open_outside(path: Path) -> bool:
    """Show a file in the program that the desktop has for it; False when there is none."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


class Commands(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    @property
    def _session(self) -> Session | None:
        return self._window.session

    # -- File

    def open_dialog(self) -> None:
        settings = self._window.settings
        names, _ = QFileDialog.getOpenFileNames(self._window, "Open", settings.get("folder"), _FILTER)
        if names:
            settings.set("folder", str(Path(names[0]).parent))
            self._window.open_videos([Path(name) for name in names])

    def open_folder_dialog(self) -> None:
        settings = self._window.settings
        name = QFileDialog.getExistingDirectory(self._window, "Open folder of images", settings.get("folder"))
        if name:
            settings.set("folder", str(Path(name).parent))
            self._window.open_videos([Path(name)])

    def export_report(self) -> None:
        session, banner = self._session, self._window.banner
        if session is None or session.analysis is None:
            banner.problem("There is nothing to report yet: wait until the analysis has finished, then export again.")
            return
        path = self._window.video_path
        start = str(path.with_name(f"{path.stem}_report.html")) if path else ""
        name, _ = QFileDialog.getSaveFileName(self._window, "Export HTML report", start, "HTML (*.html)")
        if name:
            target = Path(name)
            self._window.say(f"Writing {target.name} ...")
            self._window.exporter.write(session, target if target.suffix else target.with_suffix(".html"))

    def analyse_with(self) -> None:
        self._window.ask_how()

    def analyze_again(self) -> None:
        self._window.analyze(use_cache=False)

    def toggle_allow_many(self, checked: bool) -> None:
        self._window.settings.set("allow_many", checked)
        if self._session is not None:
            self._window.analyze()

    def watch_training(self) -> None:
        settings = self._window.settings
        name, _ = QFileDialog.getOpenFileName(self._window, "Watch a training", settings.get("folder"), _TRAINING_FILTER)
        if not name:
            return
        settings.set("folder", str(Path(name).parent))
        log = log_beside(Path(name))
        try:
            read_run(log)
        except DatasetError as error:
            self._window.gateway.report(str(error), error)
        else:
            TrainingDialog(log, self._window).show()

    def show_models(self) -> None:
        # A dialog that is open lets only its own children be used.
        parent = QApplication.activeModalWidget() or self._window
        page = parent.findChild(ModelsPage)
        if page is None:
            page = ModelsPage(self._window.gateway, open_outside, parent)
            page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            page.show()
        page.activateWindow()

    def cancel(self) -> None:
        self._window.jobs.cancel()

    def quit(self) -> None:
        self._window.close()

    # -- Edit

    def undo(self) -> None:
        self._with(lambda session: session.undo())

    def redo(self) -> None:
        self._with(lambda session: session.redo())

    def add_note(self) -> None:
        if self._session is not None:
            self._window.playback.stop()
            self._window.notes.start_note()

    def mark_start(self) -> None:
        def mark(session: Session) -> None:
            old = session.selection
            stop = old.stop if old and old.stop > session.cursor else session.cursor + 1
            session.select(range(session.cursor, stop))

        self._with(mark)

    def mark_stop(self) -> None:
        def mark(session: Session) -> None:
            old = session.selection
            start = old.start if old and old.start <= session.cursor else session.cursor
            session.select(range(start, session.cursor + 1))

        self._with(mark)

    def clear_selection(self) -> None:
        self._with(lambda session: session.select(None))

    def what_if_interpolated(self) -> None:
        self._what_if(EditKind.INTERPOLATE)

    def what_if_held(self) -> None:
        self._what_if(EditKind.HOLD)

    def what_if_dropped(self) -> None:
        self._what_if(EditKind.DROP)

    def forget_what_if(self) -> None:
        self._with(lambda session: session.set_what_if(None))

    # -- Go

    def play_pause(self) -> None:
        self._window.playback.toggle()

    def toggle_loop(self, checked: bool) -> None:
        self._window.settings.set("loop", checked)
        self._window.playback.loop = checked

    def step_forward(self) -> None:
        self._step(1)

    def step_back(self) -> None:
        self._step(-1)

    def step_forward_10(self) -> None:
        self._step(10)

    def step_back_10(self) -> None:
        self._step(-10)

    def first_frame(self) -> None:
        self._go(lambda session: session.seek(FrameIndex(0)))

    def last_frame(self) -> None:
        self._go(lambda session: session.seek(FrameIndex(len(session.video) - 1)))

    def next_glitch(self) -> None:
        self._glitch(lambda session: session.next_glitch() is not None, "No further glitch behind the cursor.")

    def previous_glitch(self) -> None:
        self._glitch(lambda session: session.previous_glitch() is not None, "No earlier glitch before the cursor.")

    def next_video(self) -> None:
        self._window.show_neighbour(1)

    def previous_video(self) -> None:
        self._window.show_neighbour(-1)

    # -- View

    def toggle_mesh(self, checked: bool) -> None:
        self._window.set_layer("mesh", visible=checked)

    def toggle_skeleton(self, checked: bool) -> None:
        self._window.set_layer("skeleton", visible=checked)

    def toggle_keypoints(self, checked: bool) -> None:
        self._window.set_layer("keypoints", visible=checked)

    def toggle_box(self, checked: bool) -> None:
        self._window.set_layer("box", visible=checked)

    def fit(self) -> None:
        self._window.video_view.fit()
        self._window.axis.reset()

    def zoom_in(self) -> None:
        self._zoom(1.25)

    def zoom_out(self) -> None:
        self._zoom(0.8)

    def toggle_full_screen(self, checked: bool) -> None:
        self._window.setWindowState(
            self._window.windowState() | Qt.WindowState.WindowFullScreen
            if checked
            else self._window.windowState() & ~Qt.WindowState.WindowFullScreen
        )

    def theme_system(self) -> None:
        self._theme("system")

    def theme_light(self) -> None:
        self._theme("light")

    def theme_dark(self) -> None:
        self._theme("dark")

    # -- Help

    def show_limits(self) -> None:
        LimitsDialog(self._window).show()

    def show_cheat_sheet(self) -> None:
        CheatSheet(self._window).show()

    def show_log(self) -> None:
        if not open_outside(log_file()):
            self._window.banner.done(f"The log lies at {log_file()}.")

    def show_about(self) -> None:
        box = QMessageBox(
            QMessageBox.Icon.NoIcon,
            "About Telltale",
            f"<b>Telltale {QApplication.applicationVersion()}</b><br>"
            "See when, where and why the human motion in a video stops being human.<br><br>"
            "Scores after “Generative Action Tell-Tales” (arXiv 2512.01803), from Telltale’s own extractor and manifold. Apache-2.0.",
            QMessageBox.StandardButton.Close,
            self._window,
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    # -- shared

    def _with(self, act: Callable[[Session], object]) -> None:
        if self._session is not None:
            act(self._session)

    def _what_if(self, kind: EditKind) -> None:
        """Of the selected frames, else of the glitch that is selected in the list."""
        session = self._session
        if session is None:
            return
        glitch = self._window.glitches.selected
        if session.selection is not None:
            frames = session.selection
        elif glitch is not None:
            frames = range(glitch.start, glitch.stop)
        else:
            self._window.say("Select frames (Shift + drag in a time plot) or a glitch first.")
            return
        self._window.ask_what_if(Edit(kind, FrameIndex(frames.start), FrameIndex(frames.stop)))

    def _go(self, act: Callable[[Session], object]) -> None:
        """A jump by hand ends playback."""
        self._window.playback.stop()
        self._with(act)

    def _step(self, frames: int) -> None:
        self._go(lambda session: session.step(frames))

    def _glitch(self, jump: Callable[[Session], bool], none_left: str) -> None:
        session = self._session
        if session is None:
            return
        self._window.playback.stop()
        if not jump(session):
            self._window.say(none_left if session.analysis else "Glitches are known when the analysis has finished.")

    def _zoom(self, factor: float) -> None:
        view = self._window.video_view
        view.zoom_about(view.zoom * factor, QPointF(view.width() / 2, view.height() / 2))

    def _theme(self, choice: str) -> None:
        self._window.settings.set("theme", choice)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, theme.chosen(app, choice))
