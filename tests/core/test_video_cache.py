"""What opening costs, what is kept, what is fetched ahead, and access from several threads."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.frame_cache import FrameCache
from core.timebase import FrameIndex
from core.video import Video, file_sha256, open_video
from core.video_opening import open_file

Make = Callable[..., Path]
Read = Callable[[np.ndarray], int]

GROUPS_OF_12 = {"g": "12", "bf": "2", "sc_threshold": "0", "preset": "veryfast"}


@pytest.fixture
def clip(tmp_path: Path, make_clip: Make) -> Path:
    return make_clip(tmp_path / "clip.mp4", options=GROUPS_OF_12)


def until(condition: Callable[[], bool]) -> bool:
    """Whether `condition` comes true within ten seconds."""
    patience = threading.Event()
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        patience.wait(0.005)
    return condition()


def test_that_opening_two_hours_decodes_one_group_of_frames_at_most(tmp_path: Path, make_clip: Make) -> None:
    second = make_clip(tmp_path / "second.mp4", count=25, options={"g": "25", "bf": "0", "preset": "ultrafast"})
    long = tmp_path / "long.mp4"
    with av.open(str(second)) as source, av.open(str(long), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        ticks = 512
        for repeat in range(7200):
            for number, packet in enumerate(packets):
                packet.stream = stream
                packet.time_base = Fraction(1, 12800)
                packet.pts = packet.dts = (repeat * 25 + number) * ticks
                target.mux_one(packet)
    opened = open_file(long)
    assert len(opened.timebase) == 180_000
    assert opened.timebase.duration == pytest.approx(7200)
    assert opened.packets_decoded <= 25 + 32  # the last group, and what the decoder's threads take in before the first frame comes out


def test_that_the_cache_stays_within_its_bytes(clip: Path) -> None:
    room = 10 * 96 * 72 * 3 // 2 * 2
    with open_video(clip, cache_bytes=room) as video:
        for index in range(len(video)):
            video.frame(FrameIndex(index))
            assert 0 < video._cache.used <= room


def test_that_the_cache_lets_go_of_the_frames_farthest_from_the_cursor() -> None:
    frame = av.VideoFrame(64, 64, "gray")
    cache = FrameCache(capacity=3 * frame.planes[0].buffer_size)
    cache.move(10)
    for index in (2, 9, 10, 11, 40):
        cache.put(index, frame)
    assert [index for index in (2, 9, 10, 11, 40) if index in cache] == [9, 10, 11]


def test_that_a_frame_larger_than_the_cache_is_still_given(clip: Path, number_in: Read) -> None:
    with open_video(clip, cache_bytes=1) as video:
        assert [number_in(video.frame(FrameIndex(index))) for index in (39, 3)] == [39, 3]


def test_that_seeking_back_returns_the_same_pixels(clip: Path) -> None:
    with open_video(clip, cache_bytes=1) as video:
        first = [video.frame(FrameIndex(index)) for index in range(40)]
        for index in reversed(range(40)):
            np.testing.assert_array_equal(video.frame(FrameIndex(index)), first[index])


def test_that_stepping_back_within_the_cache_decodes_nothing(clip: Path) -> None:
    with open_video(clip) as video:
        video.frame(FrameIndex(39))
        for index in range(40):
            video.frame(FrameIndex(index))
        decoded = video._reader.packets_decoded
        for index in reversed(range(40)):
            video.frame(FrameIndex(index))
        assert video._reader.packets_decoded == decoded


def test_that_walking_forward_decodes_every_packet_once(clip: Path) -> None:
    with open_video(clip, cache_bytes=1) as video:
        for index in range(40):
            video.frame(FrameIndex(index))
        assert video._reader.packets_decoded == 40


def test_that_a_far_jump_starts_at_the_nearest_key_frame(clip: Path) -> None:
    with open_video(clip) as video:
        video._reader._threads = 1
        video.frame(FrameIndex(37))
        assert video._reader.packets_decoded <= 4 + 3  # key frame 36 and what the decoder holds back to reorder


def test_that_prefetch_brings_the_neighbours_on_both_sides_into_the_cache(clip: Path) -> None:
    with open_video(clip) as video:
        video.prefetch(FrameIndex(24))
        assert until(lambda: all(index in video._cache for index in range(40)))
        decoded = video._reader.packets_decoded
        for index in range(40):
            video.frame(FrameIndex(index))
        assert video._reader.packets_decoded == decoded


def test_that_prefetch_leaves_alone_what_is_out_of_its_reach(tmp_path: Path, make_clip: Make) -> None:
    with open_video(make_clip(tmp_path / "a.mp4", count=300, options=GROUPS_OF_12)) as video:
        video.prefetch(FrameIndex(150))
        assert until(lambda: 198 in video._cache and 102 in video._cache)
        assert not any(index in video._cache for index in (*range(102), *range(200, 300)))


def test_that_several_threads_get_the_right_frames_while_others_are_fetched(clip: Path, number_in: Read) -> None:
    wrong: list[tuple[int, int]] = []

    def visit(video: Video, indices: Iterator[int]) -> None:
        for index in indices:
            video.prefetch(FrameIndex((index * 3) % 40))
            number = number_in(video.frame(FrameIndex(index)))
            if number != index:
                wrong.append((index, number))

    with open_video(clip, cache_bytes=200_000) as video:
        orders = [[(start + step * turn) % 40 for turn in range(60)] for start, step in ((0, 1), (39, 39), (5, 17), (20, 23))]
        threads = [threading.Thread(target=visit, args=(video, iter(order))) for order in orders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_that_iterating_does_not_touch_the_cache(clip: Path) -> None:
    with open_video(clip) as video:
        assert sum(1 for _ in video.frames()) == 40
        assert video._cache.used == 0


def test_that_a_part_can_be_iterated(clip: Path, number_in: Read) -> None:
    with open_video(clip) as video:
        assert [(int(index), number_in(picture)) for index, picture in video.frames(13, 27)] == [(i, i) for i in range(13, 27)]
        assert list(video.frames(20, 20)) == []
        assert [int(index) for index, _ in video.frames(38, 99)] == [38, 39]


def test_that_closing_twice_is_harmless_and_frames_are_refused_after_it(clip: Path) -> None:
    video = open_video(clip)
    video.prefetch(FrameIndex(20))
    video.close()
    video.close()
    with pytest.raises(ValueError, match="closed"):
        video.frame(FrameIndex(0))


def test_that_a_repacked_transport_stream_leaves_no_file_behind(tmp_path: Path, make_clip: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "a.ts", options=GROUPS_OF_12)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    video = open_video(clip)
    assert len(list(temporary.iterdir())) == 1
    video.close()
    assert list(temporary.iterdir()) == []


def test_that_the_hash_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1


def test_that_the_hash_of_a_folder_depends_on_names_and_contents_of_its_images(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"one")
    (tmp_path / "2.png").write_bytes(b"two")
    first = file_sha256(tmp_path)
    (tmp_path / "notes.txt").write_bytes(b"not an image")
    assert file_sha256(tmp_path) == first
    (tmp_path / "2.png").write_bytes(b"TWO")
    assert file_sha256(tmp_path) != first
    (tmp_path / "2.png").write_bytes(b"two")
    (tmp_path / "2.png").rename(tmp_path / "3.png")
    assert file_sha256(tmp_path) != first


def test_that_the_shared_clips_have_the_frames_and_sizes_of_their_manifest(shared: Path) -> None:
    with (shared / "clips" / "manifest.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    found = {}
    for row in rows:
        with open_video(shared / "clips" / row["file"]) as video:
            found[row["file"]] = (len(video), video.size, video.notes)
    assert found == {row["file"]: (int(row["frames"]), (int(row["w"]), int(row["h"])), ()) for row in rows}
