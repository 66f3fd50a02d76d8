import io
import json
import logging
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.analysis import Analysis, to_json
from core.autosave import project_of
from core.files import write_atomically
from core.project import (
    Note,
    Project,
    ProjectError,
    VideoLink,
    find_video,
    migrate,
    new_note,
    new_project,
    open_project,
    save_project,
)

Maker = Callable[..., Analysis]
SHA = "5e" * 32


@pytest.fixture
def project(tmp_path: Path) -> Project:
    notes = (Note("n1", 3, 5, "Die Hand „zittert“ <b>", "2026-01-02T03:04:05+00:00"),)
    return replace(new_project(tmp_path / "clip.mp4", SHA, 60), notes=notes, marks={"a1b2c3d4": "dismissed"})


def content(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        data: dict[str, Any] = json.loads(archive.read("project.json"))
    return data


def rewrite(path: Path, data: Any, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.json", json.dumps(data))
        for name, value in members.items():
            archive.writestr(name.replace("_", "."), value)


def test_that_a_project_comes_back_as_it_was_saved(project: Project, tmp_path: Path) -> None:
    save_project(project, tmp_path / "a.telltale")
    again, analysis = open_project(tmp_path / "a.telltale")
    assert again == replace(project, video=replace(project.video, relative="clip.mp4"))
    assert analysis is None


def test_that_a_video_whose_name_is_not_unicode_has_a_project(tmp_path: Path) -> None:
    project = new_project(tmp_path / "clip\udce9.mp4", SHA, 60)
    save_project(project, tmp_path / "a.telltale")
    assert open_project(tmp_path / "a.telltale")[0].video.path == str(tmp_path / "clip\udce9.mp4")


def test_that_an_analysis_travels_with_the_project_when_asked(project: Project, make_analysis: Maker, tmp_path: Path) -> None:
    analysis = make_analysis()
    save_project(project, tmp_path / "a.telltale", analysis)
    _, again = open_project(tmp_path / "a.telltale")
    assert again is not None
    assert to_json(again) == to_json(analysis)
    np.testing.assert_array_equal(again.track.keypoints, analysis.track.keypoints)


def test_that_saving_notes_leaves_the_analysis_in_the_file(project: Project, make_analysis: Maker, tmp_path: Path) -> None:
    save_project(project, tmp_path / "a.telltale", make_analysis())
    save_project(replace(project, notes=()), tmp_path / "a.telltale")
    again, analysis = open_project(tmp_path / "a.telltale")
    assert again.notes == ()
    assert analysis is not None
    assert analysis.glitches == make_analysis().glitches


def test_that_fields_and_parts_of_others_survive_a_round_trip(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "a.telltale"
    save_project(project, path)
    data = content(path)
    data["mood"] = {"colour": "blue"}
    data["video"]["camera"] = 3
    data["notes"][0]["author"] = "Ada"
    rewrite(path, data, drawing_svg=b"<svg/>")
    again, _ = open_project(path)
    save_project(again, path)
    assert content(path) == data
    with zipfile.ZipFile(path) as archive:
        assert archive.read("drawing.svg") == b"<svg/>"


def test_that_a_project_of_a_newer_version_is_refused_with_a_sentence(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "a.telltale"
    save_project(project, path)
    rewrite(path, {**content(path), "schema": 2})
    with pytest.raises(ProjectError, match=r"^a\.telltale was written by a newer Telltale \(schema 2, known: 1\); update .*\.$"):
        open_project(path)


def test_that_an_older_project_is_migrated_step_by_step() -> None:
    steps = {1: lambda data: {**data, "b": data["a"] + 1}, 2: lambda data: {**data, "c": data["b"] + 1}}
    assert migrate({"schema": 1, "a": 1}, "x", 3, steps) == {"schema": 3, "a": 1, "b": 2, "c": 3}
    assert migrate({"schema": 2, "b": 5}, "x", 3, steps) == {"schema": 3, "b": 5, "c": 6}


@pytest.mark.parametrize(
    "damage",
    [
        {"notes": [{"id": "n", "start": 3, "stop": 5, "text": 7, "created": ""}]},
        {"notes": [{"id": "n", "start": 3, "stop": 61, "text": "a", "created": ""}]},
        {"notes": 4},
        {"video": {"path": "x"}},
        {"schema": "one"},
        {"schema": 0},
        {"marks": {"a": 1}},
    ],
)
def test_that_a_damaged_project_is_refused_with_a_sentence(project: Project, tmp_path: Path, damage: dict[str, Any]) -> None:
    path = tmp_path / "a.telltale"
    save_project(project, path)
    rewrite(path, {**content(path), **damage})
    with pytest.raises(ProjectError, match=r"^a\.telltale is damaged or is no Telltale project; open another copy of it\.$"):
        open_project(path)


@pytest.mark.parametrize("bytes_", [b"", b"hello", b"PK\x03\x04"])
def test_that_a_file_of_another_kind_is_refused_with_a_sentence(tmp_path: Path, bytes_: bytes) -> None:
    (tmp_path / "a.telltale").write_bytes(bytes_)
    with pytest.raises(ProjectError, match="is damaged or is no Telltale project"):
        open_project(tmp_path / "a.telltale")


def test_that_a_truncated_project_is_refused(project: Project, make_analysis: Maker, tmp_path: Path) -> None:
    path = tmp_path / "a.telltale"
    save_project(project, path, make_analysis())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ProjectError, match="is damaged"):
        open_project(path)


def test_that_a_missing_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="There is no project"):
        open_project(tmp_path / "a.telltale")


def test_that_notes_survive_a_damaged_analysis(project: Project, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.telltale"
    save_project(project, path)
    rewrite(path, content(path), analysis_npz=b"broken")
    with caplog.at_level(logging.WARNING):
        again, analysis = open_project(path)
    assert again.notes == project.notes
    assert analysis is None
    assert "cannot be read" in caplog.text


def test_that_an_analysis_of_pickled_objects_is_never_loaded(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "a.telltale"
    save_project(project, path)
    buffer = io.BytesIO()
    np.savez(buffer, meta=np.array([{"evil": 1}], object))
    rewrite(path, content(path), analysis_npz=buffer.getvalue())
    assert open_project(path)[1] is None


def test_that_a_project_that_cannot_be_saved_says_so_and_leaves_the_old_one(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "a.telltale"
    folder.mkdir()
    with pytest.raises(ProjectError, match=r"^The project a\.telltale could not be saved"):
        save_project(project, folder)
    assert list(tmp_path.iterdir()) == [folder]


def test_that_a_write_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.mkdir()
    with pytest.raises(OSError):
        write_atomically(target, b"x")
    assert list(tmp_path.iterdir()) == [target]


def test_that_the_video_is_found_when_project_and_video_moved_together(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "videos").mkdir(parents=True)
    (old / "videos" / "clip.mp4").write_bytes(b"v")
    save_project(new_project(old / "videos" / "clip.mp4", SHA, 60), old / "a.telltale")
    old.rename(new)
    project, _ = open_project(new / "a.telltale")
    assert find_video(project, new / "a.telltale") == new / "videos" / "clip.mp4"


def test_that_the_video_is_found_when_only_the_project_moved(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"v")
    save_project(new_project(tmp_path / "clip.mp4", SHA, 60), tmp_path / "a.telltale")
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "a.telltale").rename(tmp_path / "far" / "away" / "a.telltale")
    project, _ = open_project(tmp_path / "far" / "away" / "a.telltale")
    assert find_video(project, tmp_path / "far" / "away" / "a.telltale") == tmp_path / "clip.mp4"


def test_that_a_lost_video_is_not_found(tmp_path: Path) -> None:
    assert find_video(Project(VideoLink(str(tmp_path / "gone.mp4"), SHA, 60, "gone.mp4")), tmp_path / "a.telltale") is None


def test_that_notes_are_kept_beside_the_video(tmp_path: Path) -> None:
    project, path = project_of(tmp_path / "clip.mp4", SHA, 60)
    assert path == tmp_path / "clip.mp4.telltale"
    assert project == new_project(tmp_path / "clip.mp4", SHA, 60)
    assert list(tmp_path.iterdir()) == []


def test_that_the_notes_of_a_video_are_found_again(tmp_path: Path) -> None:
    project, path = project_of(tmp_path / "clip.mp4", SHA, 60)
    save_project(replace(project, notes=(new_note(range(3, 5), "hm"),)), path)
    again, same = project_of(tmp_path / "clip.mp4", SHA, 60)
    assert same == path
    assert [note.text for note in again.notes] == ["hm"]


def test_that_notes_on_another_video_of_the_same_name_are_left_alone(tmp_path: Path) -> None:
    project, path = project_of(tmp_path / "clip.mp4", SHA, 60)
    save_project(replace(project, notes=(new_note(range(3, 5), "old"),)), path)
    fresh, other = project_of(tmp_path / "clip.mp4", "aa" * 32, 60)
    assert fresh.notes == ()
    assert other == tmp_path / "clip.mp4.aaaaaaaa.telltale"
    save_project(fresh, other)
    assert project_of(tmp_path / "clip.mp4", "aa" * 32, 60)[1] == other
    assert [note.text for note in open_project(path)[0].notes] == ["old"]


def test_that_notes_go_to_the_person_s_folder_when_the_video_s_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    missing = tmp_path / "unplugged disk"
    project, path = project_of(missing / "clip.mp4", SHA, 60)
    assert path == tmp_path / "data" / "telltale" / "projects" / f"clip.mp4.{SHA[:12]}.telltale"
    save_project(replace(project, notes=(new_note(range(1), "kept"),)), path)
    assert [note.text for note in project_of(missing / "clip.mp4", SHA, 60)[0].notes] == ["kept"]
