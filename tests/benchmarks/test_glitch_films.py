from pathlib import Path

import numpy as np
import pytest

from benchmarks.glitches.clips import body_height, carried, distinct_frames, read_labels, real_clips
from benchmarks.glitches.films import GRAIN, Film, film_size, find_film, grainy, write_film
from benchmarks.glitches.kinds import Plant
from core.video import open_video

GREY = np.full((48, 64, 3), 120, np.uint8)


def test_that_a_film_is_found_again_with_its_truth(tmp_path: Path) -> None:
    film = Film("pixels", "clip.mp4", 25.0, (Plant("limb", 3, 5, "left_arm", "longer"),), edit=(1, 2), origin=(4, 5, 6, 7))
    written = write_film(tmp_path, "one", film, [GREY] * 4, (0, 1))
    found = find_film(tmp_path, "one")
    assert found == written and found.plants == film.plants and found.edit == (1, 2) and found.origin == (4, 5, 6, 7)
    with open_video(found.path) as video:
        assert len(video) == found.frames == 4 and video.size == (64, 48) and video.timebase.fps == pytest.approx(25.0)


def test_that_a_film_that_was_not_finished_is_not_found(tmp_path: Path) -> None:
    def broken():
        yield GREY
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        write_film(tmp_path, "one", Film("pixels", "clip.mp4", 25.0), broken(), (0,))
    assert find_film(tmp_path, "one") is None and not (tmp_path / "one.mp4").exists()


def test_that_grain_is_fresh_in_every_frame_and_of_its_strength() -> None:
    frames = [picture.astype(int) for picture in grainy([np.full((200, 200, 3), 120, np.uint8)] * 6, np.random.default_rng(0))]
    for number, frame in enumerate(frames):
        assert frame.std() == pytest.approx(GRAIN, rel=0.1) and frame.mean() == pytest.approx(120, abs=0.1)
        assert all((frame != other).mean() > 0.5 for other in frames[:number])


@pytest.mark.parametrize(
    ("size", "expected"), [((640, 480), (640, 480)), ((1920, 1080), (1280, 720)), ((1080, 1920), (720, 1280)), ((1920, 1088), (1270, 720))]
)
def test_that_films_are_at_most_720p_and_even(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert film_size(size) == expected


def test_that_labels_are_carried_to_the_frames_that_show_them() -> None:
    order = [*range(10, 20), 15, 16, *range(20, 30)]
    found = carried([Plant("jump", 15, 17), Plant("repeated frames", 0, 1 << 30), Plant("unusual tempo", 0, 1 << 30)], order)
    assert [(p.start, p.stop) for p in found] == [(5, 7), (10, 12)]
    assert carried([Plant("jump", 50, 60)], order) == ()


def test_that_the_committed_labels_can_be_read() -> None:
    labels = read_labels()
    assert labels["cgi_squat_60fps.mp4"][0].stop > 1000
    assert all(label.start < label.stop and label.detail for rows in labels.values() for label in rows)


def test_that_the_manifest_says_which_clips_show_one_real_person(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(
        "file,expected_single_person,real_or_generated\na.mp4,yes,real\nb.mp4,yes,generated (looks so)\nc.mp4,no,real\n"
        "d.mp4,yes (upper body),CGI render\n"
    )
    assert [path.name for path in real_clips(tmp_path)] == ["a.mp4", "d.mp4"]


def test_that_a_folder_without_manifest_gives_all_its_videos(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MKV", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in real_clips(tmp_path)] == ["a.MKV", "b.mp4"]


def test_that_a_folder_without_clips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--clips"):
        real_clips(tmp_path)


def test_that_body_height_comes_from_the_longest_views_of_the_limbs() -> None:
    points = np.zeros((40, 18, 2))
    points[:, 9, 1], points[:, 10, 1] = 24.5, 24.5 + 24.6  # right thigh and shank of a person of 100 pixels
    points[:20, 10] = points[:20, 9]  # the shank seen from its end for a while
    scores = np.zeros((40, 18))
    scores[:, 8:11] = 1.0
    assert body_height(points, scores) == pytest.approx(100.0, rel=0.01)


def test_that_repeated_frames_are_left_out(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    shown = [generator.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(5)]
    film = write_film(tmp_path, "one", Film("pixels", "clip.mp4", 25.0), [shown[i] for i in (0, 0, 1, 2, 2, 2, 3, 4)], (0,))
    with open_video(film.path) as video:
        assert distinct_frames(video).tolist() == [0, 2, 3, 6, 7]
