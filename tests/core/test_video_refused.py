"""What is refused, in one clear sentence, and what is opened with a note."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from core.timebase import FrameIndex
from core.video import VideoError, open_video

Make = Callable[..., Path]
Read = Callable[[np.ndarray], int]

GROUPS_OF_12 = {"g": "12", "bf": "0", "sc_threshold": "0", "preset": "veryfast"}


def refusal(path: Path) -> str:
    with pytest.raises(VideoError) as caught:
        open_video(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_that_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "nowhere.mp4")


def test_that_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    assert refusal(tmp_path / "a.mp4") == "a.mp4 is empty (0 bytes): export or download it again."


@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4", "notes"])
def test_that_text_is_refused_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("these are my notes\n" * 100)
    assert "not a video" in refusal(tmp_path / name)


def test_that_a_play_list_does_not_open_other_files(tmp_path: Path, make_clip: Make) -> None:
    make_clip(tmp_path / "a.ts", options=GROUPS_OF_12)
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.6,\na.ts\n#EXT-X-ENDLIST\n")
    assert "not a video" in refusal(tmp_path / "list.m3u8")


def test_that_sound_without_pictures_is_refused(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    assert "no video stream" in refusal(tmp_path / "a.wav")


def test_that_a_stream_without_frames_is_refused(tmp_path: Path, make_clip: Make) -> None:
    assert "no frames" in refusal(make_clip(tmp_path / "a.avi", "mpeg4", count=0))


def test_that_a_file_cut_before_its_table_of_contents_is_refused(tmp_path: Path, make_clip: Make) -> None:
    path = make_clip(tmp_path / "a.mp4", options=GROUPS_OF_12)
    path.write_bytes(path.read_bytes()[:200])
    assert "beginning or end is missing" in refusal(path)


def test_that_a_file_with_a_table_of_contents_but_no_frame_is_refused(tmp_path: Path, make_clip: Make) -> None:
    path = make_clip(tmp_path / "a.mp4", options=GROUPS_OF_12, container_options={"movflags": "faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 40])
    refusal(path)


def test_that_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "contains no images" in refusal(tmp_path)


def test_that_a_folder_of_unreadable_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"no picture")
    assert "No image" in refusal(tmp_path)


@pytest.mark.parametrize("kept", range(5, 40, 6))
def test_that_a_file_cut_at_its_end_opens_with_the_frames_that_decode_and_says_so(
    tmp_path: Path, make_clip: Make, number_in: Read, kept: int
) -> None:
    path = make_clip(tmp_path / "a.mp4", options=GROUPS_OF_12, container_options={"movflags": "faststart"})
    with av.open(str(path)) as container:
        position = [packet.pos for packet in container.demux(video=0) if packet.size][kept]
    path.write_bytes(path.read_bytes()[: position + 3])
    with open_video(path) as video:
        assert len(video) == kept
        assert video.notes == (f"The file is damaged at its end: {kept} of its 40 frames can be read.",)
        assert [number_in(video.frame(FrameIndex(index))) for index in range(kept)] == list(range(kept))


def test_that_every_frame_shown_of_a_cut_file_with_b_frames_is_right(tmp_path: Path, make_clip: Make, number_in: Read) -> None:
    path = make_clip(tmp_path / "a.mp4", options={"g": "12", "bf": "3"}, container_options={"movflags": "faststart"})
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        position, whole = packets[30].pos, sorted(int(packet.pts // 512) for packet in packets[:30])
    path.write_bytes(path.read_bytes()[: position + 3])
    with open_video(path) as video:
        assert [number_in(picture) for _, picture in video.frames()] == whole
        assert number_in(video.frame(FrameIndex(29))) == whole[29]
        np.testing.assert_allclose(video.timebase.times, np.array(whole) / 25)


def test_that_a_cut_matroska_file_says_so(tmp_path: Path, make_clip: Make, number_in: Read) -> None:
    path = make_clip(tmp_path / "a.mkv", options=GROUPS_OF_12)
    with av.open(str(path)) as container:
        position = [packet.pos for packet in container.demux(video=0) if packet.size][33]
    path.write_bytes(path.read_bytes()[: position + 20])
    with open_video(path) as video:
        assert [number_in(picture) for _, picture in video.frames()] == list(range(len(video)))
        assert len(video) == 33
        assert video.notes == ("The file is damaged at its end: only 33 frames are left of it.",)


def test_that_a_cut_avi_file_says_so(tmp_path: Path, make_clip: Make, number_in: Read) -> None:
    path = make_clip(tmp_path / "a.avi", "mpeg4", options={"g": "12", "qscale": "3", "flags": "qscale"})
    with av.open(str(path)) as container:
        position = [packet.pos for packet in container.demux(video=0) if packet.size][33]
    path.write_bytes(path.read_bytes()[: position + 20])
    with open_video(path) as video:
        assert [number_in(picture) for _, picture in video.frames()] == list(range(33))
        assert "damaged at its end" in video.notes[0]


def test_that_a_cut_transport_stream_shows_no_wrong_frame(tmp_path: Path, make_clip: Make, number_in: Read) -> None:
    path = make_clip(tmp_path / "a.ts", options={"g": "12", "bf": "0", "qp": "5"})
    path.write_bytes(path.read_bytes()[: 188 * (path.stat().st_size * 3 // 4 // 188)])
    with open_video(path) as video:
        numbers = [number_in(picture) for _, picture in video.frames()]
    assert 20 < len(numbers) < 40
    assert numbers == list(range(len(numbers)))


def test_that_damage_in_the_middle_does_not_raise_or_shift_later_frames(tmp_path: Path, make_clip: Make, number_in: Read) -> None:
    path = make_clip(tmp_path / "a.mp4", options=GROUPS_OF_12)
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for position, size in packets[12:15]:
        data[position : position + size] = b"\xff" * size
    path.write_bytes(data)
    with open_video(path) as video:
        assert len(video) == 40
        jumped = [number_in(video.frame(FrameIndex(index))) for index in reversed(range(40))][::-1]
        walked = [number_in(picture) for _, picture in video.frames()]
    for numbers in (jumped, walked):
        assert numbers[:12] == list(range(12))
        assert numbers[24:] == list(range(24, 40))


def test_that_the_index_is_checked_before_a_frame_is_sought(tmp_path: Path, make_clip: Make) -> None:
    with open_video(make_clip(tmp_path / "a.mp4", options=GROUPS_OF_12)) as video:
        for index in (-1, 40):
            with pytest.raises(IndexError):
                video.frame(FrameIndex(index))


def test_that_a_file_that_disappears_while_it_is_open_does_not_raise(tmp_path: Path, make_clip: Make, number_in: Read) -> None:
    path = make_clip(tmp_path / "a.mp4", options=GROUPS_OF_12)
    with open_video(path) as video:
        path.unlink()
        assert video.frame(FrameIndex(30)).shape == (72, 96, 3)
        assert sum(1 for _ in video.frames()) == 40


def test_that_unreadable_images_are_held_inside_a_folder_and_left_out_at_its_ends(
    tmp_path: Path, numbered_picture: Callable[[int], np.ndarray], number_in: Read, save_image: Callable[[Path, np.ndarray], None]
) -> None:
    for number in range(6):
        save_image(tmp_path / f"{number}.png", numbered_picture(number))
    for number in (0, 3, 5):
        (tmp_path / f"{number}.png").write_bytes(b"no picture")
    with open_video(tmp_path) as video:
        assert video.notes == ("2 of the 6 images cannot be read and are left out.",)
        assert [number_in(picture) for _, picture in video.frames()] == [1, 2, 2, 4]
        assert [number_in(video.frame(FrameIndex(index))) for index in range(4)] == [1, 2, 2, 4]
