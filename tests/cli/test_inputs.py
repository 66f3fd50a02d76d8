"""Which videos are meant, and where their results go."""

from pathlib import Path

from cli.inputs import find_videos, output_folders


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_that_a_folder_is_searched_through_for_videos_and_image_sequences(tmp_path: Path) -> None:
    touch(
        tmp_path / "b.MP4",
        tmp_path / "notes.txt",
        tmp_path / "cover.png",
        tmp_path / "deep" / "er" / "a.webm",
        tmp_path / "frames" / "2.png",
        tmp_path / "frames" / "10.png",
        tmp_path / ".hidden" / "c.mp4",
        tmp_path / "deep" / ".d.mp4",
    )
    videos, refusals = find_videos([tmp_path])
    assert videos == [tmp_path / "b.MP4", tmp_path / "deep" / "er" / "a.webm", tmp_path / "frames"]
    assert refusals == []


def test_that_a_file_is_taken_whatever_its_name_is_and_each_video_once(tmp_path: Path) -> None:
    touch(tmp_path / "clip.bin", tmp_path / "a.mp4")
    videos, _ = find_videos([tmp_path / "clip.bin", tmp_path / "a.mp4", tmp_path, tmp_path / "clip.bin"])
    assert videos == [tmp_path / "clip.bin", tmp_path / "a.mp4"]


def test_that_what_holds_nothing_is_refused_by_name(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    videos, refusals = find_videos([empty, tmp_path / "gone.mp4"])
    assert videos == []
    assert [str(empty) in refusals[0], str(tmp_path / "gone.mp4") in refusals[1]] == [True, True]


def test_that_equal_stems_get_distinct_folders() -> None:
    videos = [Path("a/x.mp4"), Path("b/x.avi"), Path("c/X.mp4"), Path("x-2.mp4"), Path("y.mp4")]
    assert output_folders(videos, Path("out")) == [Path("out") / name for name in ("x", "x-2", "X-3", "x-2-2", "y")]
