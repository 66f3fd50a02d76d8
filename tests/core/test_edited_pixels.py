"""Pixel tracks of an edited clip: the same as if its pictures had been measured in their new order."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from core.edited_pixels import edited_pixels, pictures_of
from core.edited_track import Edit, EditKind, edit_track
from core.extraction import Cancelled
from core.ranges import over_all_frames, pixels_over_all_frames
from core.timebase import FrameIndex
from core.track import HumanTrack, slice_track
from core.tracks.pixels.measure import PixelTracks, measure_pictures
from core.video import open_video
from tests.moving_square import film, square_track

FRAMES = 104


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return film(FRAMES)


@pytest.fixture(scope="module")
def track() -> HumanTrack:
    """The square's track with a pose lost for a moment, so that the person's place is not the frame's own box everywhere."""
    track = square_track(FRAMES)
    track.boxes[46] += 40
    return track


@pytest.fixture(scope="module")
def pixels(pictures: list[np.ndarray], track: HumanTrack) -> PixelTracks:
    return measure_pictures(pictures, track)


class Reader:
    """Gives pictures and remembers of which frames."""

    def __init__(self, pictures: list[np.ndarray]) -> None:
        self.pictures, self.read = pictures, 0

    def __call__(self, frames: np.ndarray) -> Iterator[np.ndarray]:
        for frame in frames:
            self.read += 1
            yield self.pictures[frame]


def edit(kind: str, start: int, stop: int) -> Edit:
    return Edit(EditKind(kind), FrameIndex(start), FrameIndex(stop))


@pytest.mark.parametrize(
    ("kind", "start", "stop"),
    [("drop", 50, 52), ("hold", 50, 53), ("drop", 0, 2), ("drop", 100, 104), ("hold", 1, 3)],
)
def test_that_it_is_as_if_all_pictures_were_measured_in_their_new_order(
    pictures: list[np.ndarray], track: HumanTrack, pixels: PixelTracks, kind: str, start: int, stop: int
) -> None:
    edited, frames = edit_track(track, edit(kind, start, stop))
    whole = measure_pictures([pictures[frame] for frame in frames.picture], edited)
    reader = Reader(pictures)
    found = edited_pixels(pixels, frames, edited, reader)
    for name, values in vars(whole).items():
        np.testing.assert_allclose(getattr(found, name), values, rtol=1e-4, atol=1e-4, err_msg=name)
    assert reader.read > 0


def test_that_only_pictures_near_the_edit_are_read(pictures: list[np.ndarray], track: HumanTrack, pixels: PixelTracks) -> None:
    edited, frames = edit_track(track, edit("drop", 100, 104))
    reader = Reader(pictures)
    edited_pixels(pixels, frames, edited, reader)
    assert reader.read < 70


def test_that_a_clip_measured_in_part_is_measured_in_that_part(pictures: list[np.ndarray], track: HumanTrack) -> None:
    part = slice_track(track, slice(30, 80))
    measured = pixels_over_all_frames(measure_pictures(pictures[30:80], part), 30, FRAMES)
    edited, frames = edit_track(over_all_frames(part, 30, track.times), edit("hold", 50, 53))
    found = edited_pixels(measured, frames, edited, Reader(pictures))
    whole = measure_pictures([pictures[frame] for frame in frames.picture[30:80]], slice_track(edited, slice(30, 80)))
    for name, values in vars(whole).items():
        np.testing.assert_allclose(getattr(found, name)[30:80], values, rtol=1e-4, atol=1e-4, err_msg=name)
        assert np.isnan(getattr(found, name)[:30]).all()
        assert np.isnan(getattr(found, name)[80:]).all()


def test_that_what_needs_pictures_of_interpolated_frames_is_unknown(
    pictures: list[np.ndarray], track: HumanTrack, pixels: PixelTracks
) -> None:
    edited, frames = edit_track(track, edit("interpolate", 50, 53))
    reader = Reader(pictures)
    found = edited_pixels(pixels, frames, edited, reader)
    assert reader.read == 0

    def unknown(values: np.ndarray) -> list[int]:
        rows = np.isnan(values) & np.isfinite(values_before[: len(values)])
        return np.flatnonzero(rows.reshape(len(rows), -1).any(axis=1)).tolist()

    for name, expected in {
        "joint_flow": [50, 51, 52, 53], "person_flow": [50, 51, 52, 53], "unexplained": [50, 51, 52, 53], "colours": [50, 51, 52],
        "bone_flow": [50, 51, 52, 53], "bone_unexplained": [50, 51, 52, 53], "bone_colours": [50, 51, 52],
        "sharpness": [50, 51, 52], "flow_turn": [50, 51, 52, 53, 54, 55, 56], "camera": [], "support": [], "light": [], "cut": [],
    }.items():  # fmt: skip
        values_before = getattr(pixels, name)
        assert unknown(getattr(found, name)) == expected, name
    # Frame 55 lies 5, 4 and 3 behind the interpolated ones, and keeps what lies nearer and farther.
    assert np.flatnonzero(np.isnan(found.distance[55, 0])).tolist() == [2, 3, 4]
    assert np.isnan(found.distance[50:53]).all()
    np.testing.assert_array_equal(found.distance[90:], pixels.distance[90:])
    assert np.isfinite(pixels.distance[50:53, 0]).all()


def test_that_it_can_be_cancelled(pictures: list[np.ndarray], track: HumanTrack, pixels: PixelTracks) -> None:
    edited, frames = edit_track(track, edit("drop", 50, 53))
    with pytest.raises(Cancelled):
        edited_pixels(pixels, frames, edited, Reader(pictures), lambda: True)


def test_that_a_video_gives_its_pictures_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "grey.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(12):
            grey = np.full((64, 64, 3), 20 + 18 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    with open_video(path) as video:
        order = np.array([0, 1, 2, 2, 2, 7, 8, 9, 5])
        greys = [int(picture[32, 32, 0]) for picture in pictures_of(video)(order)]
    np.testing.assert_allclose(greys, 20 + 18 * order, atol=2)


def test_that_nothing_is_measured_where_nothing_changes(pictures: list[np.ndarray], track: HumanTrack, pixels: PixelTracks) -> None:
    _, frames = edit_track(track, edit("hold", 50, 51))
    same = replace(frames, picture=frames.old)
    reader = Reader(pictures)
    found = edited_pixels(pixels, same, track, reader)
    assert reader.read == 0
    np.testing.assert_array_equal(found.distance, pixels.distance)
