from pathlib import Path

import numpy as np
import pytest

from benchmarks.glitches.clips import Clip
from benchmarks.glitches.films import Film, Truth, write_film
from benchmarks.glitches.kinds import Plant
from benchmarks.glitches.matching import Event
from benchmarks.glitches.rates import LEAST_SECONDS, STEPS, RatePlan, make_rate, out_of_order, rates_report, same_event
from core.video import open_video


def truth(step: int, plants: tuple[Plant, ...]) -> Truth:
    return Truth(f"scene_step{step}", Path("scene.mp4"), "rates", "scene", 60 / step, 240 // step, plants)


def event(kind: str, start: int, stop: int, score: float = 0.5) -> Event:
    return Event("scene", kind, start, stop, start, score)


def told(at_15: str) -> str:
    plants = {step: (Plant("freeze", 120 // step, 140 // step),) for step in STEPS}
    kinds = {1: "freeze", 2: "freeze", 4: at_15}
    films = [(truth(step, plants[step]), [event(kinds[step], 120 // step, 140 // step)] if kinds[step] else []) for step in STEPS]
    return rates_report(films)


def test_that_the_same_answer_at_all_rates_is_counted() -> None:
    text = told("freeze")
    assert "| scene | freeze | 2.00 to 2.33 | freeze | freeze | freeze |" in text
    assert "The same answer at all three rates: 1 of 1 plants." in text
    assert "also told at 15, same kind, same time within 0.1 s: 1 of 1." in text


@pytest.mark.parametrize(("kind", "found"), [("jump", 1), ("", 0)])
def test_that_another_answer_at_a_slower_rate_is_told(kind: str, found: int) -> None:
    text = told(kind)
    assert "The same answer at all three rates: 0 of 1 plants." in text
    assert f"Found at 15: {found} of 1." in text
    assert "also told at 60, same kind, same time within 0.1 s: 1 of 1." in text
    assert "also told at 15, same kind, same time within 0.1 s: 0 of 1." in text


def test_that_events_are_compared_in_seconds() -> None:
    assert same_event(event("jump", 60, 62), 60, event("jump", 16, 17), 15)
    assert not same_event(event("jump", 60, 62), 60, event("jump", 60, 62), 15)
    assert not same_event(event("jump", 60, 62), 60, event("freeze", 15, 16), 15)


def test_that_a_shuffle_that_every_fourth_frame_does_not_show_is_none() -> None:
    plant = Plant("shuffle", 40, 56)
    places = np.arange(100)
    assert not out_of_order(places, plant)
    places[40:56] = places[40:56][np.arange(16) ^ 1]  # neighbours have changed places
    assert (np.diff(places) < 0).any()
    assert not out_of_order(places, plant)
    places[40:56] = places[40:56][np.arange(16) ^ 4]
    assert out_of_order(places, plant)


def test_that_a_clip_is_planted_the_same_at_each_rate(tmp_path: Path) -> None:
    frames, fps = 150, 60.0
    shades = np.linspace(20, 220, frames).astype(np.uint8)
    path = write_film(tmp_path, "clip", Film("pixels", "clip", fps), (np.full((48, 64, 3), shade, np.uint8) for shade in shades), (0,)).path
    moved = np.cumsum(np.where(np.arange(frames) < 80, 2.0, 1.0))
    points = np.tile(np.arange(36, dtype=float).reshape(18, 2), (frames, 1, 1)) + moved[:, None, None]
    clip = Clip(path, np.arange(frames), fps, (64, 48), points, np.ones((frames, 18)), 60.0, np.ones(frames, bool))
    truths = [make_rate(RatePlan("rates_clip", step, ("reversal",), (0,), clip=clip), tmp_path, tmp_path) for step in STEPS]
    lengths = [(plant.stop - plant.start) / known.fps for known in truths for plant in known.plants]
    assert len(lengths) == 3 and min(lengths) >= LEAST_SECONDS
    shown = []
    for known in truths:
        with open_video(known.path) as video:
            shown.append([float(picture.mean()) for _, picture in video.frames()])
    assert [len(levels) for levels in shown] == [150, 75, 38]
    np.testing.assert_allclose(shown[1], shown[0][::2], atol=2)
    np.testing.assert_allclose(shown[2], shown[0][::4], atol=2)
    start, stop = truths[0].plants[0].start, truths[0].plants[0].stop
    assert shown[0][start] > shown[0][stop - 1]
