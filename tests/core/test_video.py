"""Exact access to every kind of file: the frame number burnt into the pixels is the judge."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.timebase import FrameIndex
from core.video import open_video
from core.video_index import build_index

Make = Callable[..., Path]
Read = Callable[[np.ndarray], int]
Check = Callable[..., None]

CLOSED_12 = {"g": "12", "bf": "2", "sc_threshold": "0", "preset": "veryfast"}
OPEN_12 = {"x264-params": "open-gop=1:keyint=12:min-keyint=12:scenecut=0:bframes=3:b-adapt=0", "preset": "veryfast"}
NO_CACHE = 1  # byte: every access has to find its own way


@pytest.fixture
def assert_exact(number_in: Read) -> Check:
    """Every way of getting at a frame gives the right one."""

    def check(path: Path, numbers: range, times: np.ndarray | None = None) -> None:
        expected = list(numbers)
        with open_video(path, cache_bytes=NO_CACHE) as video:
            assert len(video) == len(expected)
            assert video.notes == ()
            if times is not None:
                np.testing.assert_allclose(video.timebase.times, times, atol=1e-9)
            last = len(video) - 1
            assert number_in(video.frame(FrameIndex(last))) == expected[last]
            sequential = [(int(index), number_in(picture)) for index, picture in video.frames()]
            assert sequential == list(enumerate(expected))
            chance = random.Random(7)
            for index in (chance.randrange(len(video)) for _ in range(25)):
                assert number_in(video.frame(FrameIndex(index))) == expected[index]
            for index in range(last, max(last - 30, -1), -1):
                assert number_in(video.frame(FrameIndex(index))) == expected[index]
        forth_and_back = (*range(len(expected)), *range(last, -1, -1))
        for order in (forth_and_back, chance.sample(range(len(expected)), len(expected))):
            with open_video(path) as video:
                for index in order:
                    assert number_in(video.frame(FrameIndex(index))) == expected[index]

    return check


def even(count: int) -> np.ndarray:
    return np.arange(count) / 25


def test_that_h264_with_short_groups_and_b_frames_is_exact(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    assert_exact(make_clip(tmp_path / "a.mp4", options=CLOSED_12), range(40), even(40))


def test_that_h264_with_one_group_of_250_frames_is_exact(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    path = make_clip(
        tmp_path / "a.mp4", count=260, options={"g": "250", "keyint_min": "250", "sc_threshold": "0", "preset": "ultrafast", "bf": "2"}
    )
    assert_exact(path, range(260), even(260))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_that_h264_with_open_groups_is_exact(tmp_path: Path, make_clip: Make, assert_exact: Check, suffix: str) -> None:
    path = make_clip(tmp_path / f"a.{suffix}", options=OPEN_12)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    assert any(packets[key + 1].pts < packets[key].pts for key in keys[1:]), "the clip has no pictures ahead of their key frame"
    assert_exact(path, range(40))


@pytest.mark.parametrize("suffix", ["avi", "mkv", "mp4"])
def test_that_mpeg4_with_b_frames_is_exact(tmp_path: Path, make_clip: Make, assert_exact: Check, suffix: str) -> None:
    assert_exact(make_clip(tmp_path / f"a.{suffix}", "mpeg4", options={"bf": "2", "g": "12", "qscale": "3", "flags": "qscale"}), range(40))


def test_that_h264_in_avi_whose_stored_order_is_not_the_shown_one_is_exact(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    assert_exact(make_clip(tmp_path / "a.avi", options=CLOSED_12), range(40), even(40))


def test_that_a_raw_h264_stream_is_exact(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    assert_exact(make_clip(tmp_path / "a.h264", options=CLOSED_12, container_format="h264"), range(40))


def test_that_variable_frame_rate_keeps_every_time(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    milliseconds = np.cumsum([0, *random.Random(3).choices([20, 33, 40, 100, 700], k=39)])
    path = make_clip(tmp_path / "a.mp4", options=CLOSED_12, times=milliseconds.tolist(), time_base=Fraction(1, 1000))
    assert_exact(path, range(40), milliseconds / 1000)


def test_that_matroska_that_starts_late_counts_time_from_its_first_frame(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    path = make_clip(tmp_path / "a.mkv", options=CLOSED_12, times=[125 + i for i in range(40)])
    assert_exact(path, range(40), even(40))


def test_that_frames_before_the_start_of_an_edit_list_are_not_shown(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    path = make_clip(tmp_path / "a.mp4", options=CLOSED_12)
    data = bytearray(path.read_bytes())
    entry = data.index(b"elst") + 12  # version and flags, number of entries
    _, media_start = struct.unpack_from(">Ii", data, entry)
    ticks = 12800 // 25
    struct.pack_into(">Ii", data, entry, 35 * 1000 // 25, media_start + 5 * ticks)
    path.write_bytes(data)
    assert_exact(path, range(5, 40), even(35))


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_that_webm_is_exact(tmp_path: Path, make_clip: Make, assert_exact: Check, codec: str) -> None:
    options = {"auto-alt-ref": "1", "lag-in-frames": "16", "deadline": "realtime", "cpu-used": "8", "g": "15"}
    assert_exact(make_clip(tmp_path / "a.webm", codec, options=options), range(40), even(40))


def test_that_a_vp8_packet_without_a_picture_of_its_own_is_no_frame(tmp_path: Path, make_clip: Make, number_in: Read) -> None:
    plain = make_clip(tmp_path / "plain.webm", "libvpx", options={"deadline": "realtime", "cpu-used": "8", "g": "15"})
    hidden = tmp_path / "hidden.webm"
    with av.open(str(plain)) as source, av.open(str(hidden), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, original in enumerate(packet for packet in source.demux(video=0) if packet.size):
            data = bytearray(bytes(original))
            if number == 10:
                data[0] &= ~0x10  # show_frame (RFC 6386, 9.1)
            packet = av.Packet(bytes(data))
            packet.stream, packet.time_base = stream, original.time_base
            packet.pts, packet.dts, packet.is_keyframe = original.pts, original.dts, original.is_keyframe
            target.mux_one(packet)
    with open_video(hidden) as video:
        assert video.notes == ()
        assert [number_in(picture) for _, picture in video.frames()] == [number for number in range(40) if number != 10]
        assert number_in(video.frame(FrameIndex(20))) == 21


def test_that_a_picture_ahead_of_its_key_frame_is_decoded_from_the_key_frame_before(tmp_path: Path, make_clip: Make) -> None:
    path = make_clip(tmp_path / "a.mp4", options=OPEN_12)
    with av.open(str(path)) as container:
        index = build_index(container, container.streams.video[0])
    key, before = index.starts[2], index.starts[1]
    assert index.place[key + 1] < index.place[key]
    assert index.start_before(key) == key
    assert index.start_before(key + 1) == before


def test_that_an_animated_png_is_exact(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    assert_exact(make_clip(tmp_path / "a.apng", "apng", count=20, pixels="rgb24"), range(20), even(20))


def test_that_a_gif_is_exact(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    assert_exact(make_clip(tmp_path / "a.gif", "gif", count=20, pixels="rgb8"), range(20), even(20))


@pytest.mark.parametrize(("suffix", "codec"), [("ts", "libx264"), ("ts", "mpeg2video"), ("mpg", "mpeg2video")])
def test_that_transport_and_program_streams_are_exact(
    tmp_path: Path, make_clip: Make, assert_exact: Check, suffix: str, codec: str
) -> None:
    options = CLOSED_12 if codec == "libx264" else {"g": "12", "bf": "2", "b": "2000k"}
    assert_exact(make_clip(tmp_path / f"a.{suffix}", codec, options=options), range(40), even(40))


def test_that_hevc_with_open_groups_is_exact(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    options = {"x265-params": "open-gop=1:keyint=12:min-keyint=12:scenecut=0:bframes=3:log-level=none", "preset": "ultrafast"}
    assert_exact(make_clip(tmp_path / "a.mp4", "libx265", options=options), range(40), even(40))


def test_that_metadata_that_is_not_utf8_is_no_obstacle(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    path = make_clip(tmp_path / "a.mp4", options=CLOSED_12, metadata={"title": "NOTUTF8"})
    data = path.read_bytes()
    assert data.count(b"NOTUTF8") == 1
    path.write_bytes(data.replace(b"NOTUTF8", b"\xff\xfe\xe9\xc3\x28\x80\xff"))
    assert_exact(path, range(40), even(40))


def test_that_a_folder_of_images_is_a_video_in_natural_order_at_25_fps(
    tmp_path: Path, numbered_picture: Callable[[int], np.ndarray], save_image: Callable[[Path, np.ndarray], None], assert_exact: Check
) -> None:
    for number in range(12):
        save_image(tmp_path / f"frame{number}.png", numbered_picture(number))
    (tmp_path / "notes.txt").write_text("not a frame")
    assert_exact(tmp_path, range(12), even(12))


# Display matrices of ISO 14496-12: a, b, c, d, and what they do to the stored picture.
TURNS = {
    "90 clockwise": ((0, 1, -1, 0), lambda picture: np.rot90(picture, -1)),
    "180": ((-1, 0, 0, -1), lambda picture: np.rot90(picture, 2)),
    "270 clockwise": ((0, -1, 1, 0), lambda picture: np.rot90(picture, 1)),
    "mirrored": ((-1, 0, 0, 1), lambda picture: picture[:, ::-1]),
}


@pytest.mark.parametrize("turn", TURNS)
def test_that_the_rotation_tag_is_applied(tmp_path: Path, make_clip: Make, turn: str) -> None:
    plain = make_clip(tmp_path / "plain.mp4", options=CLOSED_12)
    matrix, turned = TURNS[turn]
    data = bytearray(plain.read_bytes())
    a, b, c, d = (value << 16 for value in matrix)
    struct.pack_into(">9i", data, data.index(b"tkhd") + 4 + 40, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    tagged = tmp_path / "tagged.mp4"
    tagged.write_bytes(data)
    with open_video(plain) as straight, open_video(tagged) as video:
        assert len(video) == 40
        for index in (0, 39, 17, 16):
            picture = video.frame(FrameIndex(index))
            assert picture.flags.c_contiguous
            assert video.size == (picture.shape[1], picture.shape[0])
            np.testing.assert_array_equal(picture, turned(straight.frame(FrameIndex(index))))


def test_that_the_sample_aspect_ratio_is_applied(tmp_path: Path, make_clip: Make, assert_exact: Check) -> None:
    path = make_clip(tmp_path / "a.mp4", options=CLOSED_12, sample_aspect=Fraction(4, 3))
    assert_exact(path, range(40), even(40))
    with open_video(path) as video:
        assert video.size == (128, 72)
        assert video.frame(FrameIndex(0)).shape == (72, 128, 3)


@pytest.mark.parametrize(
    ("tags", "stored", "shown"),
    [
        ({"colorspace": "bt709"}, (173, 42, 26), (0, 255, 1)),
        ({"colorspace": "bt470bg"}, (173, 42, 26), (20, 255, 9)),
        ({"color_range": "tv"}, (126, 128, 128), (128, 128, 128)),
        ({"color_range": "pc"}, (126, 128, 128), (126, 126, 126)),
    ],
    ids=["bt709", "bt601", "limited", "full"],
)
def test_that_colours_follow_the_tags_of_the_file(
    tmp_path: Path, tags: dict[str, str], stored: tuple[int, int, int], shown: tuple[int, int, int]
) -> None:
    """Expected values by the equations of ITU-R BT.709-6 (3.2 to 3.5) and BT.601-7 (2.5)."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={**tags, "qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        planes = [np.full((rows, 64), value, np.uint8) for rows, value in zip((64, 16, 16), stored, strict=True)]
        frame = av.VideoFrame.from_ndarray(np.concatenate(planes), format="yuv420p")
        frame.color_range = 2 if tags.get("color_range") == "pc" else 1
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with open_video(path) as video:
        np.testing.assert_allclose(video.frame(FrameIndex(0))[32, 32].astype(int), shown, atol=2)
