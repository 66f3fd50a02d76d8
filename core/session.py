"""Session: one open analysis. It owns the cursor, the selection, the notes and their undo; views show it and send actions.

A session lives in one thread (the window's main thread). It knows no view: whoever subscribes is told what changed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.analysis import Analysis, Glitch
from core.project import Note, Project, ProjectError, new_note, save_project
from core.timebase import FrameIndex
from core.track import HumanTrack
from core.video import Video
from core.whatif import WhatIf


@dataclass(frozen=True)
class CursorMoved:
    frame: FrameIndex


@dataclass(frozen=True, eq=False)
class AnalysisChanged:
    analysis: Analysis | None


@dataclass(frozen=True, eq=False)
class WhatIfChanged:
    """Another what-if is shown beside the analysis, or none."""

    what_if: WhatIf | None


@dataclass(frozen=True, eq=False)
class PartialChanged:
    track: HumanTrack


@dataclass(frozen=True)
class NotesChanged:
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class SelectionChanged:
    selection: range | None


@dataclass(frozen=True)
class SaveFailed:
    """The notes are kept in memory but not on the disk; `sentence` says why."""

    sentence: str


SessionEvent = CursorMoved | AnalysisChanged | WhatIfChanged | PartialChanged | NotesChanged | SelectionChanged | SaveFailed


class Session:
    """One open video with what is known and noted about it.

    path: the project file that every change of a note is saved to at once; None keeps the notes in memory.
    """

    def __init__(self, video: Video, project: Project, path: Path | None = None) -> None:
        self.video = video
        self.project = project
        self.path = path
        self.analysis: Analysis | None = None
        self.what_if: WhatIf | None = None  # of this analysis
        self.cursor = FrameIndex(0)
        self.selection: range | None = None
        self._partial: HumanTrack | None = None
        self._undo: list[tuple[Note, ...]] = []
        self._redo: list[tuple[Note, ...]] = []
        self._callbacks: list[Callable[[SessionEvent], None]] = []
        self._pending: deque[SessionEvent] = deque()
        self._publishing = False

    @property
    def track(self) -> HumanTrack | None:
        """The track of the analysis, or what a running one has extracted so far."""
        return self.analysis.track if self.analysis else self._partial

    # -- the cursor

    def seek(self, frame: int) -> None:
        """Move the cursor to `frame`, or to the nearest frame of the video."""
        frame = FrameIndex(min(max(frame, 0), self._last))
        if frame != self.cursor:
            self.cursor = frame
            self._publish(CursorMoved(frame))

    def step(self, frames: int) -> None:
        """Move the cursor by `frames`, backwards when negative."""
        self.seek(self.cursor + frames)

    def next_glitch(self) -> Glitch | None:
        """Go to the first peak behind the cursor; None when there is none."""
        return self._go(min((g for g in self._glitches() if g.peak > self.cursor), key=lambda g: g.peak, default=None))

    def previous_glitch(self) -> Glitch | None:
        """Go to the last peak before the cursor; None when there is none."""
        return self._go(max((g for g in self._glitches() if g.peak < self.cursor), key=lambda g: g.peak, default=None))

    def select(self, frames: range | None) -> None:
        """Select a range of frames; what lies outside the video is cut off, and nothing left is no selection."""
        selection = range(max(frames.start, 0), min(frames.stop, self._last + 1)) if frames else None
        selection = selection or None
        if selection != self.selection:
            self.selection = selection
            self._publish(SelectionChanged(selection))

    # -- what is known

    def set_analysis(self, analysis: Analysis | None) -> None:
        """Show another analysis, or none; a partial track is forgotten, and so is a what-if."""
        self.analysis, self.what_if, self._partial = analysis, None, None
        self._publish(AnalysisChanged(analysis))

    def set_what_if(self, what_if: WhatIf | None) -> None:
        """Show beside the analysis what would become of it, or nothing."""
        self.what_if = what_if
        self._publish(WhatIfChanged(what_if))

    def set_partial(self, track: HumanTrack) -> None:
        """The frames that a running analysis has extracted so far."""
        self._partial = track
        self._publish(PartialChanged(track))

    # -- notes

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def add_note(self, frames: range, text: str) -> str:
        """Keep a note on `frames` and return its id. Raises ValueError when it has no text or no frame of the video."""
        if not 0 <= frames.start < frames.stop <= self._last + 1:
            raise ValueError(f"A note needs frames between 0 and {self._last}.")
        note = new_note(frames, _text(text))
        self._change(tuple(sorted((*self.project.notes, note), key=lambda n: (n.start, n.stop, n.created))))
        return note.id

    def edit_note(self, id: str, text: str) -> None:
        """Give a note another text. Raises KeyError when there is no such note, ValueError when the text is empty."""
        old = self._note(id)
        new = replace(old, text=_text(text))
        if new != old:
            self._change(tuple(new if note is old else note for note in self.project.notes))

    def delete_note(self, id: str) -> None:
        """Remove a note. Raises KeyError when there is no such note."""
        old = self._note(id)
        self._change(tuple(note for note in self.project.notes if note is not old))

    def undo(self) -> None:
        """Take back the last change of a note, if there is one."""
        if self._undo:
            self._redo.append(self.project.notes)
            self._set_notes(self._undo.pop())

    def redo(self) -> None:
        """Make the change again that was taken back last, if there is one."""
        if self._redo:
            self._undo.append(self.project.notes)
            self._set_notes(self._redo.pop())

    # -- who listens

    def subscribe(self, callback: Callable[[SessionEvent], None]) -> Callable[[], None]:
        """Have `callback` called with every event from now on; the function returned ends that.

        Every subscriber hears of all events in the order in which they happened, even when one of them acts upon an event.
        """
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unsubscribe

    def _publish(self, event: SessionEvent) -> None:
        self._pending.append(event)
        if self._publishing:
            return
        self._publishing = True
        try:
            while self._pending:
                event = self._pending.popleft()
                for callback in tuple(self._callbacks):
                    callback(event)
        finally:
            self._publishing = False
            self._pending.clear()

    @property
    def _last(self) -> int:
        return len(self.video.timebase) - 1

    def _glitches(self) -> tuple[Glitch, ...]:
        return self.analysis.glitches if self.analysis else ()

    def _go(self, glitch: Glitch | None) -> Glitch | None:
        if glitch is not None:
            self.seek(glitch.peak)
        return glitch

    def _note(self, id: str) -> Note:
        for note in self.project.notes:
            if note.id == id:
                return note
        raise KeyError(f"there is no note {id}")

    def _change(self, notes: tuple[Note, ...]) -> None:
        self._undo.append(self.project.notes)
        self._redo.clear()
        self._set_notes(notes)

    def _set_notes(self, notes: tuple[Note, ...]) -> None:
        self.project = replace(self.project, notes=notes)
        failure = self._save()
        self._publish(NotesChanged(notes))
        if failure:
            self._publish(SaveFailed(failure))

    def _save(self) -> str | None:
        if self.path is None:
            return None
        try:
            save_project(self.project, self.path)
        except ProjectError as error:
            return str(error)
        return None


def _text(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("A note needs some text.")
    return text
