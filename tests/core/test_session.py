from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.analysis import Analysis
from core.project import new_project, open_project
from core.session import (
    AnalysisChanged,
    CursorMoved,
    NotesChanged,
    PartialChanged,
    SaveFailed,
    SelectionChanged,
    Session,
    SessionEvent,
)
from core.timebase import FrameIndex
from core.video import Video, open_video

Maker = Callable[..., Analysis]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Video]:
    folder = tmp_path_factory.mktemp("frames")
    for frame in range(60):
        cv2.imwrite(str(folder / f"{frame:03d}.png"), np.full((16, 16, 3), frame, np.uint8))
    video = open_video(folder)
    yield video
    video.close()


@pytest.fixture
def session(video: Video) -> Session:
    return Session(video, new_project(video.path, "5e" * 32, len(video)))


@pytest.fixture
def heard(session: Session) -> list[SessionEvent]:
    events: list[SessionEvent] = []
    session.subscribe(events.append)
    return events


def texts(session: Session) -> list[str]:
    return [note.text for note in session.project.notes]


def test_that_a_session_starts_at_the_first_frame_knowing_nothing(session: Session) -> None:
    assert (session.cursor, session.selection, session.analysis, session.track) == (0, None, None, None)


@pytest.mark.parametrize(("wanted", "shown"), [(7, 7), (-3, 0), (59, 59), (60, 59), (10**9, 59)])
def test_that_the_cursor_stays_within_the_video(session: Session, wanted: int, shown: int) -> None:
    session.seek(20)
    session.seek(wanted)
    assert session.cursor == shown


def test_that_steps_count_from_the_cursor(session: Session) -> None:
    session.step(5)
    session.step(-2)
    assert session.cursor == 3
    session.step(-10)
    assert session.cursor == 0


def test_that_a_seek_is_told_once_and_only_when_the_cursor_moves(session: Session, heard: list[SessionEvent]) -> None:
    session.seek(7)
    session.seek(7)
    session.seek(99)
    session.step(1)
    assert heard == [CursorMoved(FrameIndex(7)), CursorMoved(FrameIndex(59))]


def test_that_glitches_are_visited_in_the_order_of_time(session: Session, make_analysis: Maker) -> None:
    session.set_analysis(make_analysis())
    assert [glitch.peak for glitch in make_analysis().glitches] == [40, 10]
    first, second, none = session.next_glitch(), session.next_glitch(), session.next_glitch()
    assert (first and first.peak, second and second.peak, none) == (10, 40, None)
    assert session.cursor == 40
    back, none = session.previous_glitch(), session.previous_glitch()
    assert (back and back.peak, none) == (10, None)
    assert session.cursor == 10


def test_that_without_an_analysis_there_is_no_glitch_to_visit(session: Session, heard: list[SessionEvent]) -> None:
    assert session.next_glitch() is None
    assert session.previous_glitch() is None
    assert heard == []


def test_that_a_partial_track_is_shown_until_the_analysis_is_there(
    session: Session, make_analysis: Maker, heard: list[SessionEvent]
) -> None:
    analysis = make_analysis()
    partial = replace(analysis.track)
    session.set_partial(partial)
    assert session.track is partial
    session.set_analysis(analysis)
    assert session.track is analysis.track
    session.set_analysis(None)
    assert session.track is None
    assert [type(event) for event in heard] == [PartialChanged, AnalysisChanged, AnalysisChanged]


def test_that_a_selection_is_cut_to_the_video(session: Session, heard: list[SessionEvent]) -> None:
    session.select(range(-5, 10))
    assert session.selection == range(10)
    session.select(range(10))
    session.select(range(70, 80))
    assert session.selection is None
    assert heard == [SelectionChanged(range(10)), SelectionChanged(None)]


def test_that_notes_are_kept_in_the_order_of_time(session: Session) -> None:
    session.add_note(range(30, 40), "late")
    session.add_note(range(3, 4), " early\n")
    assert [(note.start, note.stop, note.text) for note in session.project.notes] == [(3, 4, "early"), (30, 40, "late")]


def test_that_a_note_is_edited_and_deleted_by_its_id(session: Session, heard: list[SessionEvent]) -> None:
    first, second = session.add_note(range(1), "a"), session.add_note(range(1, 2), "b")
    assert first != second
    session.edit_note(first, "c")
    session.delete_note(second)
    assert [(note.id, note.text) for note in session.project.notes] == [(first, "c")]
    assert [len(event.notes) for event in heard if isinstance(event, NotesChanged)] == [1, 2, 2, 1]


def test_that_an_unknown_note_is_an_error(session: Session) -> None:
    with pytest.raises(KeyError):
        session.edit_note("gone", "x")
    with pytest.raises(KeyError):
        session.delete_note("gone")


@pytest.mark.parametrize("frames", [range(5, 5), range(-1, 3), range(58, 61)])
def test_that_a_note_needs_frames_of_the_video(session: Session, frames: range) -> None:
    with pytest.raises(ValueError, match="needs frames between 0 and 59"):
        session.add_note(frames, "x")
    assert not session.can_undo


def test_that_a_note_needs_text(session: Session) -> None:
    with pytest.raises(ValueError, match="needs some text"):
        session.add_note(range(1), "  ")


def test_that_every_change_of_a_note_can_be_taken_back_and_made_again(session: Session) -> None:
    note = session.add_note(range(1), "a")
    session.edit_note(note, "b")
    session.delete_note(note)
    states = [texts(session)]
    while session.can_undo:
        session.undo()
        states.append(texts(session))
    assert states == [[], ["b"], ["a"], []]
    again = []
    while session.can_redo:
        session.redo()
        again.append(texts(session))
    assert again == [["a"], ["b"], []]


def test_that_a_new_change_ends_the_way_forward(session: Session) -> None:
    session.add_note(range(1), "a")
    session.undo()
    session.add_note(range(1), "b")
    assert not session.can_redo
    session.redo()
    assert texts(session) == ["b"]


def test_that_an_edit_that_changes_nothing_is_no_step_of_undo(session: Session, heard: list[SessionEvent]) -> None:
    note = session.add_note(range(1), "a")
    session.edit_note(note, "a ")
    session.undo()
    assert texts(session) == []
    assert len(heard) == 2


def test_that_every_change_of_a_note_is_on_the_disk_at_once(video: Video, tmp_path: Path) -> None:
    path = tmp_path / "clip.telltale"
    session = Session(video, new_project(video.path, "5e" * 32, len(video)), path)

    def saved() -> list[str]:
        return [note.text for note in open_project(path)[0].notes]

    note = session.add_note(range(1), "a")
    assert saved() == ["a"]
    session.edit_note(note, "b")
    assert saved() == ["b"]
    session.undo()
    assert saved() == ["a"]
    session.redo()
    session.delete_note(note)
    assert saved() == []


def test_that_looking_around_writes_no_file(video: Video, tmp_path: Path, make_analysis: Maker) -> None:
    session = Session(video, new_project(video.path, "5e" * 32, len(video)), tmp_path / "clip.telltale")
    session.seek(5)
    session.select(range(3))
    session.set_analysis(make_analysis())
    assert list(tmp_path.iterdir()) == []


def test_that_a_note_that_cannot_be_saved_is_kept_and_the_person_is_told(video: Video, tmp_path: Path) -> None:
    (tmp_path / "clip.telltale").mkdir()
    session = Session(video, new_project(video.path, "5e" * 32, len(video)), tmp_path / "clip.telltale")
    heard: list[SessionEvent] = []
    session.subscribe(heard.append)
    session.add_note(range(1), "a")
    assert texts(session) == ["a"]
    assert [type(event) for event in heard] == [NotesChanged, SaveFailed]
    assert isinstance(heard[1], SaveFailed)
    assert heard[1].sentence.startswith("The project clip.telltale could not be saved")


def test_that_who_no_longer_listens_hears_nothing(session: Session) -> None:
    events: list[SessionEvent] = []
    unsubscribe = session.subscribe(events.append)
    session.seek(1)
    unsubscribe()
    unsubscribe()
    session.seek(2)
    assert events == [CursorMoved(FrameIndex(1))]


def test_that_all_hear_events_in_the_order_they_happened_even_when_one_acts(session: Session) -> None:
    events: list[SessionEvent] = []

    def eager(event: SessionEvent) -> None:
        if event == CursorMoved(FrameIndex(1)):
            session.seek(2)

    session.subscribe(eager)
    session.subscribe(events.append)
    session.seek(1)
    assert events == [CursorMoved(FrameIndex(1)), CursorMoved(FrameIndex(2))]


def test_that_a_listener_that_fails_does_not_silence_the_session(session: Session) -> None:
    def broken(event: SessionEvent) -> None:
        raise RuntimeError("a view is broken")

    unsubscribe = session.subscribe(broken)
    with pytest.raises(RuntimeError):
        session.seek(1)
    unsubscribe()
    events: list[SessionEvent] = []
    session.subscribe(events.append)
    session.seek(2)
    assert events == [CursorMoved(FrameIndex(2))]
