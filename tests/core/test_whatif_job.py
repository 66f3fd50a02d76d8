"""A what-if asked of the supervised process: its events and its end."""

import queue
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.edited_track import Edit, EditKind
from core.events import Answered, Cancelled, End, Event, Failed, Progress, Started, WhatIfRequest
from core.manifold import load_manifold
from core.store import Store
from core.timebase import FrameIndex
from core.track import HumanTrack
from core.whatif import what_if
from core.whatif_job import run
from core.worker import AnalysisWorker
from tests.synthetic_tracks import SMALL_SOURCES, moving_track
from tests.tiny_extractor import write_manifold
from tests.walking import walking_track

LONG = 60.0  # seconds that a waiting test allows a loaded machine


@pytest.fixture(scope="module")
def manifold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_manifold(tmp_path_factory.mktemp("manifold") / "test.manifold")


def track() -> HumanTrack:
    walk, features = walking_track(40, swing=0.3), moving_track(1, 3, 40, 30.0, SMALL_SOURCES)
    return replace(features, size=walk.size, keypoints=walk.keypoints, points3d=walk.points3d)


def request(manifold: Path, start: int = 10, stop: int = 14) -> WhatIfRequest:
    edit = Edit(EditKind.INTERPOLATE, FrameIndex(start), FrameIndex(stop))
    return WhatIfRequest(Path("walk.mp4"), edit, track(), "v", "2026-01-01", manifold, load_manifold(manifold).sha256, "Walk")


def events_of(asked: WhatIfRequest, cancelled: bool = False) -> list[Event]:
    told: list[Event] = []
    run(asked, told.append, lambda: cancelled, Store(), "job")
    assert {event.job for event in told} == {"job"}
    assert [isinstance(event, End) for event in told] == [False] * (len(told) - 1) + [True]
    return told


def test_that_the_worker_answers_with_what_the_function_gives(manifold: Path) -> None:
    asked = request(manifold)
    events: queue.Queue[Event] = queue.Queue()
    worker = AnalysisWorker(asked, events.put)
    worker.start()
    told = [events.get(timeout=LONG)]
    while not isinstance(told[-1], End):
        told.append(events.get(timeout=LONG))
    assert worker.join(LONG)
    last = told[-1]
    assert isinstance(last, Answered)
    assert isinstance(told[0], Started)
    assert any(isinstance(event, Progress) for event in told)
    assert {event.job for event in told} == {worker.job}
    direct = what_if(asked.track, load_manifold(manifold), asked.edit, "v", "Walk")
    assert (last.result.edit, last.result.action, last.result.events) == (direct.edit, "Walk", direct.events)
    # Another process may add up in another order.
    np.testing.assert_allclose(last.result.after.curves.step, direct.after.curves.step, rtol=1e-4)
    assert last.result.after.scores.temporal_coherence == pytest.approx(direct.after.scores.temporal_coherence, rel=1e-4)


def test_that_a_range_that_cannot_be_edited_is_said(manifold: Path) -> None:
    last = events_of(request(manifold, 0, 4))[-1]
    assert isinstance(last, Failed)
    assert not last.internal
    assert last.sentence.startswith("There is no frame before the range 0:4 to interpolate from")


def test_that_another_manifold_than_that_of_the_analysis_is_refused(manifold: Path) -> None:
    last = events_of(replace(request(manifold), manifold_sha256="other"))[-1]
    assert isinstance(last, Failed)
    assert last.sentence == "walk.mp4 was analysed with another manifold: analyse it again, then ask what if."


def test_that_it_can_be_cancelled(manifold: Path) -> None:
    assert isinstance(events_of(request(manifold), cancelled=True)[-1], Cancelled)


def test_that_a_fault_of_ours_is_told_as_one(manifold: Path) -> None:
    broken = replace(request(manifold), track=replace(track(), features={}))
    last = events_of(broken)[-1]
    assert isinstance(last, Failed)
    assert last.internal
