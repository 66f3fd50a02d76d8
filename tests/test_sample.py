"""The clip that Telltale opens with."""

import itertools
import json
from pathlib import Path

import numpy as np

from core.extraction.blazepose import extract_frames
from core.track import Presence
from core.video import open_video

SAMPLE = Path(__file__).parent.parent / "resources" / "sample" / "telltale_sample.mp4"


def listing() -> dict:
    return json.loads(SAMPLE.with_suffix(".json").read_text(encoding="utf-8"))


def test_that_the_sample_is_the_film_its_list_describes() -> None:
    with open_video(SAMPLE) as video:
        assert len(video.timebase) == listing()["frames"] == 240
        assert video.size == (1280, 720)
        assert abs(video.timebase.fps - listing()["fps"]) < 1e-6
    assert SAMPLE.stat().st_size < 2_000_000


def test_that_three_tell_tales_are_planted_well_apart() -> None:
    plants = sorted(listing()["plants"], key=lambda plant: plant["start"])
    assert {plant["kind"] for plant in plants} == {"stretch", "freeze", "teleport"}
    assert all(0 <= plant["start"] < plant["stop"] <= listing()["frames"] for plant in plants)
    gaps = [after["start"] - before["stop"] for before, after in itertools.pairwise(plants)]
    assert min(gaps) >= 30


def test_that_the_picture_stands_still_in_the_freeze_and_nowhere_else() -> None:
    with open_video(SAMPLE) as video:
        pictures = np.stack([picture[::4, ::4].astype(np.int16) for _, picture in video.frames(60, 120)])
    changed = np.abs(np.diff(pictures, axis=0)).max(-1) > 24
    moving = changed.mean((1, 2)) > 5e-4
    freeze = next(plant for plant in listing()["plants"] if plant["kind"] == "freeze")
    still = {60 + 1 + int(step) for step in np.flatnonzero(~moving)}
    assert still == set(range(freeze["start"], freeze["stop"]))


def test_that_the_teleported_body_is_found_beside_itself() -> None:
    teleport = next(plant for plant in listing()["plants"] if plant["kind"] == "teleport")
    start, stop = teleport["start"] - 12, teleport["stop"] + 6
    with open_video(SAMPLE) as video:
        pictures = (picture for _, picture in video.frames(start, stop))
        track = extract_frames(pictures, video.timebase.times[start:stop] - video.timebase.times[start], video.size)
    assert sum(value == Presence.OK for value in track.presence) >= 0.95 * (stop - start)
    neck = track.keypoints[:, 1, 0]
    beside = slice(12, 12 + teleport["stop"] - teleport["start"])
    jump = np.abs(neck[beside] - np.median(neck)) / np.median(np.ptp(track.boxes[:, 1::2], axis=1))
    np.testing.assert_allclose(jump, 0.3, atol=0.05)
