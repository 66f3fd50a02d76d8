"""The main window: lays out the views, and tells all of them what happens to the one session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow

from core import session as sessions
from core.edited_track import Edit
from core.events import Answered, Event, Failed, Finished, Partial, WhatIfRequest
from core.own_body import display_body
from core.project import Project
from core.session import Session
from core.timebase import FrameIndex
from core.worker import AnalysisWorker
from gui import actions, layout
from gui.asking import Asker
from gui.commands import Commands, open_outside
from gui.errors import ErrorGateway
from gui.exporting import Exporter
from gui.frames import FrameLoader
from gui.jobs import Jobs, MakeWorker
from gui.opening import Opened, Opener, first_session, with_project
from gui.playback import Playback
from gui.settings import Settings
from gui.time_axis import TimeAxis
from gui.views.attention import AttentionPlot
from gui.views.banner import Banner
from gui.views.base import Panel, View
from gui.views.curves import StepPlot
from gui.views.glitches import GlitchList
from gui.views.header import Header
from gui.views.layers import LAYERS, LayerBar
from gui.views.map import MapView
from gui.views.notes import NotesView
from gui.views.progress import ProgressStrip
from gui.views.scores import ScoresView
from gui.views.seek_bar import SeekBar
from gui.views.transport import TransportBar
from gui.views.video import VideoView
from gui.views.whatif import WhatIfStrip, question
from render.compose import Layer, Layers, Painter


class MainWindow(QMainWindow):
    """Owns the session, the jobs and the views. Views move the session's cursor; the window passes every event on to all views."""

    def __init__(self, settings: Settings, gateway: ErrorGateway, make_worker: MakeWorker = AnalysisWorker) -> None:
        super().__init__()
        self.resize(1600, 1000)
        self.settings, self.gateway = settings, gateway
        self.session: Session | None = None
        self.videos: list[Path] = []
        self.video_path: Path | None = None  # of the video itself, also when a project was opened
        self._shown = 0  # which of `videos`
        self._first_frame: int | None = None
        self._loader: FrameLoader | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self.axis = TimeAxis(self)
        self.playback = Playback(self)
        self.playback.loop = settings.get("loop")
        self.jobs = Jobs(self, make_worker)
        self.opener = Opener(self, gateway)
        self.exporter = Exporter(self, gateway)
        self.asker = Asker(self, settings)
        self.commands = Commands(self)
        self.actions_by_id = actions.build(self, self.commands)
        self._make_views()
        self._connect()
        self._arrange()
        self._show_settings()
        self._attach(None)
        self.setAcceptDrops(True)
        self.video_view.setFocus()
        self.setWindowTitle("Telltale")

    # -- making

    def _make_views(self) -> None:
        get = self.settings.get
        layers = {name: Layer(get(f"layer.{name}.visible"), get(f"layer.{name}.opacity")) for name in LAYERS}
        self.banner, self.header, self.progress = Banner(), Header(), ProgressStrip()
        self.video_view = VideoView(Layers(**layers))
        self.transport = TransportBar(self.actions_by_id)
        self.layers = LayerBar(self.actions_by_id, {name: layer.opacity for name, layer in layers.items()})
        self.seek_bar, self.step_plot, self.attention_plot = SeekBar(self.axis), StepPlot(self.axis), AttentionPlot(self.axis)
        self.what_if = WhatIfStrip()
        self.scores, self.map, self.glitches, self.notes = ScoresView(), MapView(), GlitchList(), NotesView()
        self.glitches.offer([self.actions_by_id[name] for name in actions.OF_GLITCH])
        self.views: tuple[View, ...] = (
            self.video_view, self.transport, self.seek_bar, self.what_if, self.step_plot, self.attention_plot,
            self.scores, self.map, self.glitches, self.notes,
        )  # fmt: skip

    def _connect(self) -> None:
        self.gateway.problem.connect(self.banner.problem)
        self.opener.opened.connect(self._on_opened)
        self.opener.project.connect(self._on_project)
        self.opener.refused.connect(self._on_refused)
        self.exporter.written.connect(self._on_exported)
        self.asker.chosen.connect(self.analyze)
        self.asker.models_wanted.connect(self.actions_by_id["models"].trigger)
        self.jobs.spoke.connect(self._on_job_event)
        self.jobs.stopping.connect(self.progress.stop)
        self.jobs.stopping.connect(self._show_state)
        self.progress.cancel.connect(self.jobs.cancel)
        self.playback.changed.connect(self.transport.set_playing)
        self.layers.opacity_changed.connect(lambda name, opacity: self.set_layer(name, opacity=opacity))
        self.header.picked.connect(self._show_video)
        self.scores.limits_wanted.connect(self.actions_by_id["limits"].trigger)
        self.what_if.closed.connect(self.commands.forget_what_if)

    def _arrange(self) -> None:
        self.splitters = layout.arrange(
            self,
            banner=self.banner,
            header=(self.header, self.layers),
            video=(self.video_view, self.transport, self.seek_bar, self.what_if),
            plots=(
                Panel("Step from frame to frame", self.step_plot, "multiples of the real median"),
                Panel("Attention", self.attention_plot, "where the encoder looked, no proof of a cause"),
            ),
            scores=Panel("Scores", self.scores, "distances: lower is better"),
            side=(
                Panel("Map of human action", self.map),
                Panel("Glitches", self.glitches, "located on local tracks, strongest first"),
                Panel("Notes", self.notes, "saved as you write"),
            ),
            status=self.progress,
        )

    def _show_settings(self) -> None:
        get = self.settings.get
        for name in LAYERS:
            self.actions_by_id[name].setChecked(get(f"layer.{name}.visible"))
        self.actions_by_id[f"theme_{get('theme')}"].setChecked(True)
        for name in ("loop", "allow_many"):
            self.actions_by_id[name].setChecked(get(name))
        if get("geometry"):
            self.restoreGeometry(QByteArray(get("geometry")))
        layout.restore(self.splitters, get("splitters"))

    # -- opening

    def open_videos(self, paths: list[Path], frame: int | None = None) -> None:
        """Open videos: the first is shown, the others stand in the list. `frame` is where the cursor starts."""
        if paths:
            self.videos = list(paths)
            self._show_video(0, frame)

    def show_neighbour(self, step: int) -> None:
        """The next or previous one of the videos that are open."""
        if len(self.videos) > 1:
            self._show_video((self._shown + step) % len(self.videos))

    def _show_video(self, index: int, frame: int | None = None) -> None:
        self._close_video()
        self._shown, self._first_frame = index, frame
        self.video_path = self.videos[index]
        self.header.show_list(self.videos, index)
        self.header.show_video(self.video_path, None)
        self.banner.hide()
        self.progress.begin("Opening ...")
        self.opener.open(self.video_path)

    def _close_video(self) -> None:
        self.opener.forget()
        self.jobs.abandon()
        self.asker.close()
        self._attach(None)
        self.video_view.attach_loader(None, None)
        if self._loader is not None:
            self._loader.close()
            self._loader = None

    def _on_opened(self, opened: Opened) -> None:
        self._loader = FrameLoader(opened.video, lambda: Painter(display_body()), self)
        self._loader.failed.connect(self.gateway.caught, Qt.ConnectionType.QueuedConnection)
        self.video_path = opened.path
        session = first_session(opened)
        if self._first_frame is not None:
            session.seek(FrameIndex(self._first_frame))
        self.header.show_video(opened.path, opened.video)
        self.setWindowTitle(f"{opened.path.name} – Telltale")
        self.axis.reset(len(opened.video))
        self.video_view.attach_loader(session, self._loader)
        self._attach(session)
        if opened.video.notes:
            self.banner.problem(" ".join(opened.video.notes))
        self.analyze()

    def _on_project(self, project: Project, path: Path) -> None:
        if self.session is not None:
            self._attach(with_project(self.session, project, path))

    def _on_refused(self) -> None:
        self.progress.idle("")
        self.header.show_video(self.video_path, None)
        self.header.facts.setText("not opened")

    def _attach(self, session: Session | None) -> None:
        """Make `session` the one that everything shows."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.session = session
        self._unsubscribe = session.subscribe(self._on_session_event) if session else None
        playing = self.playback.playing
        self.playback.attach(session)
        if playing and session is not None:
            self.playback.start()
        for view in self.views:
            view.attach(session)
        self._show_state()

    # -- events

    def _on_session_event(self, event: sessions.SessionEvent) -> None:
        match event:
            case sessions.CursorMoved(frame):
                self.axis.reveal(frame)
                for view in self.views:
                    view.seek(frame)
            case sessions.SaveFailed(sentence):
                self.gateway.report(sentence)
            case _:
                for view in self.views:
                    view.refresh(self.session.analysis if self.session else None)
                self._show_state()

    def _on_job_event(self, event: Event) -> None:
        self.progress.show_event(event)
        if self.session is None:
            return
        match event:
            case Partial(track=track):
                self.session.set_partial(track)
            case Finished(analysis=analysis):
                self.session.set_analysis(analysis)
            case Answered(result=result):
                self.session.set_what_if(result)
            case Failed(sentence=sentence):
                self.gateway.report(sentence)
            case _:
                pass
        self._show_state()

    def _on_exported(self, path: Path) -> None:
        self.say("")
        self.banner.done(f"The report is written to {path}.", "Open", lambda: open_outside(path))

    def _show_state(self) -> None:
        """Enable what can be done now."""
        for action in actions.ACTIONS:
            self.actions_by_id[action.id].setEnabled(self.session is not None or not action.needs_video)
        session, by_id = self.session, self.actions_by_id
        by_id["undo"].setEnabled(session is not None and session.can_undo)
        by_id["redo"].setEnabled(session is not None and session.can_redo)
        by_id["cancel"].setEnabled(self.jobs.running)
        for name in actions.OF_GLITCH:
            by_id[name].setEnabled(session is not None and session.analysis is not None and not self.jobs.running)
        by_id["forget_what_if"].setEnabled(session is not None and session.what_if is not None)
        for name in ("next_video", "previous_video"):
            by_id[name].setEnabled(len(self.videos) > 1)

    # -- what the commands ask for

    def analyze(self, use_cache: bool = True) -> None:
        """Start the analysis of the video, or ask for what it lacks; what is in the cache is not computed again."""
        if self.session is None or self.video_path is None:
            return
        if self.asker.choice.lacking(self.video_path):
            self.progress.idle("Not analysed: Ctrl+Shift+A chooses how.")
            self.ask_how()
        else:
            self.progress.begin("Starting the analysis ...")
            self.jobs.start(self.asker.choice.request(self.video_path, self.settings.get("allow_many"), use_cache))
            self._show_state()

    def ask_what_if(self, edit: Edit) -> None:
        """Ask what becomes of the analysis that is shown when its track is edited."""
        analysis = self.session.analysis if self.session else None
        if analysis is None or self.video_path is None:
            return
        request = WhatIfRequest(
            self.video_path,
            edit,
            analysis.track,
            analysis.video.sha256,
            analysis.created,
            self.asker.choice.manifold,
            analysis.manifold.sha256,
            analysis.action,
            self.settings.get("allow_many"),
        )
        self.progress.begin(question(edit), failed="The what-if failed.", cancelled="What-if cancelled.")
        self.jobs.start(request)
        self._show_state()

    def ask_how(self) -> None:
        """Ask how the clip is to be analysed; the answer starts the analysis and holds for the clips opened after it."""
        if self.session is not None and self.video_path is not None:
            self.asker.ask(self.video_path)

    def set_layer(self, name: str, visible: bool | None = None, opacity: float | None = None) -> None:
        """Show, hide or fade one layer over the video."""
        old: Layer = getattr(self.video_view.layers, name)
        new = Layer(old.visible if visible is None else visible, old.opacity if opacity is None else opacity)
        self.video_view.set_layers(replace(self.video_view.layers, **{name: new}))
        self.actions_by_id[name].setChecked(new.visible)
        self.settings.set(f"layer.{name}.visible", new.visible)
        self.settings.set(f"layer.{name}.opacity", new.opacity)

    def say(self, words: str) -> None:
        """A passing remark in the status area."""
        self.progress.remark(words)

    # -- Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.open_videos(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.settings.set("geometry", bytes(self.saveGeometry().data()))
        self.settings.set("splitters", layout.save(self.splitters))
        self.settings.flush()
        self._close_video()
        super().closeEvent(event)
