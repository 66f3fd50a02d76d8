"""The stages from a video to an Analysis, with a small real extractor on a generated clip."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.analysis import Analysis, to_json
from core.cache_keys import flips_key, pixels_key
from core.events import AnalysisRequest, Cancelled, Event, Failed, Finished, Partial, Progress, Started
from core.extraction import Cancelled as Stopped
from core.logs import log_file
from core.manifold import ManifoldError
from core.pipeline import STAGES, RequestError, analyze, run
from core.ranges import pixels_over_all_frames
from core.recall import recall_latest
from core.store import ANALYSIS, EMBEDDING, FLIPS, GLITCHES, PIXELS, TRACK, Store
from core.tracks.flips import FlipTracks
from core.tracks.joints import JOINTS
from core.tracks.pixels.measure import PixelTracks
from core.video import VideoError
from tests.tiny_extractor import TinyRequest, write_clip, write_manifold


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "swing.mp4")


@pytest.fixture(scope="module")
def manifold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_manifold(tmp_path_factory.mktemp("manifold") / "test.manifold")


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the extractor notes each of its runs."""
    path = tmp_path / "extractor.log"
    path.touch()
    monkeypatch.setenv("TINY_LOG", str(path))
    return path


def runs(log: Path) -> int:
    return len(log.read_text().splitlines())


def never() -> bool:
    return False


def collect(request: AnalysisRequest, store: Store) -> tuple[Analysis, list[Event]]:
    events: list[Event] = []
    return analyze(request, events.append, never, store, "job"), events


def test_that_an_analysis_is_complete_and_speaks_of_every_frame(clip: Path, manifold: Path, tmp_path: Path) -> None:
    analysis, _ = collect(TinyRequest(clip, manifold=manifold, action="Walk"), Store(tmp_path))
    assert len(analysis.track) == analysis.video.frames == 60
    assert (analysis.video.width, analysis.video.height) == (96, 64)
    assert analysis.action == "Walk"
    assert set(analysis.scores.action_consistency) == {"Squat", "Walk"}
    assert [(w.start, w.stop) for w in analysis.scores.windows] == [(0, 32), (8, 40), (16, 48), (24, 56)]
    assert np.isfinite(analysis.curves.step[1:]).all()
    assert list(analysis.timings) == list(STAGES)
    exported = to_json(analysis)
    assert len(exported["step_curve"]) == 60
    assert exported["video"]["sha256"] == analysis.video.sha256


def test_that_the_events_tell_the_stages_in_order_with_progress_and_parts(clip: Path, manifold: Path, tmp_path: Path) -> None:
    _, events = collect(TinyRequest(clip, manifold=manifold), Store(tmp_path))
    assert events[0] == Started("job", STAGES)
    stages = list(dict.fromkeys(event.stage for event in events if isinstance(event, Progress)))
    assert stages == list(STAGES)
    extraction = [event for event in events if isinstance(event, Progress) and event.stage == "extract"]
    assert (extraction[0].done, extraction[-1].done, extraction[-1].total) == (0, 60, 60)
    assert extraction[-1].remaining == 0
    partials = [event for event in events if isinstance(event, Partial)]
    assert [event.done for event in partials] == [10, 20, 30, 40, 50, 60]
    assert partials[1].track.seen().tolist() == [True] * 20 + [False] * 40


def test_that_nothing_known_is_computed_again(clip: Path, manifold: Path, tmp_path: Path, log: Path) -> None:
    store = Store(tmp_path / "cache")
    first, _ = collect(TinyRequest(clip, manifold=manifold), store)
    again, events = collect(TinyRequest(clip, manifold=manifold), store)
    assert runs(log) == 1
    assert {event.stage for event in events if isinstance(event, Progress)} == {"open"}
    assert to_json(again) == to_json(first)
    np.testing.assert_array_equal(again.track.keypoints, first.track.keypoints)


def test_that_another_class_reuses_track_and_embedding(clip: Path, manifold: Path, tmp_path: Path, log: Path) -> None:
    store = Store(tmp_path / "cache")
    collect(TinyRequest(clip, manifold=manifold), store)
    analysis, _ = collect(TinyRequest(clip, manifold=manifold, action="Squat"), store)
    assert analysis.action == "Squat"
    assert runs(log) == 1
    kinds = [entry.kind for entry in store.entries()]
    assert [kinds.count(kind) for kind in (TRACK, PIXELS, FLIPS, EMBEDDING, GLITCHES, ANALYSIS)] == [1, 1, 1, 1, 1, 2]


def test_that_allow_many_reuses_the_track_alone(clip: Path, manifold: Path, tmp_path: Path, log: Path) -> None:
    store = Store(tmp_path / "cache")
    collect(TinyRequest(clip, manifold=manifold), store)
    collect(TinyRequest(clip, manifold=manifold, allow_many=True), store)
    assert runs(log) == 1
    kinds = [entry.kind for entry in store.entries()]
    assert [kinds.count(kind) for kind in (TRACK, EMBEDDING)] == [1, 2]


def test_that_the_pixel_tracks_of_the_range_are_kept(clip: Path, manifold: Path, tmp_path: Path) -> None:
    store = Store(tmp_path)
    collect(TinyRequest(clip, manifold=manifold, frames=(10, 50)), store)
    (entry,) = store.entries(PIXELS)
    (track,) = store.entries(TRACK)
    assert entry.key == pixels_key(track.key)
    pixels = store.load(PIXELS, entry.key, PixelTracks)
    assert pixels is not None
    assert len(pixels) == 40
    assert np.isfinite(pixels.distance[1:, 0, 0]).all()
    over_all = pixels_over_all_frames(pixels, 10, 60)
    np.testing.assert_array_equal(over_all.distance[11:50, 0, 0], pixels.distance[1:, 0, 0])
    assert np.isnan(over_all.distance[:10]).all()
    assert np.isnan(over_all.distance[50:]).all()


def test_that_the_flip_tracks_of_the_range_are_kept(clip: Path, manifold: Path, tmp_path: Path) -> None:
    """Of an extractor whose failures are not known nothing is looked at again."""
    store = Store(tmp_path)
    collect(TinyRequest(clip, manifold=manifold, frames=(10, 50)), store)
    (entry,) = store.entries(FLIPS)
    (track,) = store.entries(TRACK)
    assert entry.key == flips_key(track.key)
    flips = store.load(FLIPS, entry.key, FlipTracks)
    assert flips is not None
    assert flips.picture.shape == flips.space.shape == (40, len(JOINTS))
    assert np.isnan(flips.picture).all()


def test_that_a_broken_track_in_the_cache_is_extracted_again(clip: Path, manifold: Path, tmp_path: Path, log: Path) -> None:
    store = Store(tmp_path / "cache")
    first, _ = collect(TinyRequest(clip, manifold=manifold), store)
    (path,) = (tmp_path / "cache" / TRACK).glob("*.npz")
    path.write_bytes(path.read_bytes()[:1000])
    again, _ = collect(TinyRequest(clip, manifold=manifold), store)
    assert runs(log) == 2
    np.testing.assert_array_equal(again.track.keypoints, first.track.keypoints)


def test_that_without_the_cache_nothing_is_read_or_written(clip: Path, manifold: Path, tmp_path: Path, log: Path) -> None:
    store = Store(tmp_path / "cache")
    for _ in range(2):
        collect(TinyRequest(clip, manifold=manifold, use_cache=False), store)
    assert runs(log) == 2
    assert not (tmp_path / "cache").exists()


def test_that_a_copy_of_the_video_is_known_under_its_own_name(clip: Path, manifold: Path, tmp_path: Path, log: Path) -> None:
    store = Store(tmp_path / "cache")
    collect(TinyRequest(clip, manifold=manifold), store)
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clip.read_bytes())
    analysis, _ = collect(TinyRequest(copy, manifold=manifold), store)
    assert runs(log) == 1
    assert analysis.video.path == str(copy)


def test_that_the_latest_analysis_of_a_video_is_the_one_asked_for_last(clip: Path, manifold: Path, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for action in ("Squat", "Walk", "Squat"):
        analysis, _ = collect(TinyRequest(clip, manifold=manifold, action=action), store)
    latest = recall_latest(store, analysis.video.sha256)
    assert latest is not None
    assert latest.action == "Squat"
    assert recall_latest(store, "of another file") is None


def test_that_a_range_leaves_the_other_frames_unseen_and_in_their_places(clip: Path, manifold: Path, tmp_path: Path) -> None:
    store = Store(tmp_path)
    analysis, events = collect(TinyRequest(clip, manifold=manifold, frames=(12, 52)), store)
    assert len(analysis.track) == 60
    assert analysis.track.seen().tolist() == [False] * 12 + [True] * 40 + [False] * 8
    assert analysis.track.reasons[0] == analysis.track.reasons[59] == "outside the analysed range"
    assert [(w.start, w.stop) for w in analysis.scores.windows] == [(12, 44), (20, 52)]
    assert all(len(event.track) == 60 for event in events if isinstance(event, Partial))
    whole, _ = collect(TinyRequest(clip, manifold=manifold), store)
    np.testing.assert_array_equal(whole.track.keypoints[12:52], analysis.track.keypoints[12:52])
    recalled, _ = collect(TinyRequest(clip, manifold=manifold, frames=(12, 52)), store)
    np.testing.assert_array_equal(recalled.track.keypoints, analysis.track.keypoints)


@pytest.mark.parametrize("frames", [(0, 61), (10, 10), (-1, 5)])
def test_that_a_range_outside_the_video_is_refused(clip: Path, manifold: Path, tmp_path: Path, frames: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match="which has 60 frames"):
        collect(TinyRequest(clip, manifold=manifold, frames=frames), Store(tmp_path))


def test_that_an_unknown_class_is_refused_with_the_known_ones(clip: Path, manifold: Path, tmp_path: Path, log: Path) -> None:
    with pytest.raises(RequestError, match="'Fly': choose one of Squat, Walk"):
        collect(TinyRequest(clip, manifold=manifold, action="Fly"), Store(tmp_path))
    assert runs(log) == 0


def test_that_cancelling_stops_between_frames(clip: Path, manifold: Path, tmp_path: Path) -> None:
    events: list[Event] = []

    def after_thirty_frames() -> bool:
        return any(isinstance(event, Partial) and event.done >= 30 for event in events)

    with pytest.raises(Stopped):
        analyze(TinyRequest(clip, manifold=manifold), events.append, after_thirty_frames, Store(tmp_path), "job")
    assert max(event.done for event in events if isinstance(event, Partial)) == 30
    assert list(tmp_path.rglob("track/*")) == []


def last_event(request: AnalysisRequest, store: Store) -> Event:
    events: list[Event] = []
    run(request, events.append, never, store, "job")
    assert sum(isinstance(event, Finished | Failed | Cancelled) for event in events) == 1
    return events[-1]


def test_that_a_finished_run_ends_with_its_analysis(clip: Path, manifold: Path, tmp_path: Path) -> None:
    event = last_event(TinyRequest(clip, manifold=manifold), Store(tmp_path))
    assert isinstance(event, Finished)
    assert event.analysis.video.frames == 60


def test_that_sentences_for_people_pass_through(clip: Path, manifold: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all")
    with pytest.raises(VideoError) as refusal:
        collect(TinyRequest(broken, manifold=manifold), Store(tmp_path))
    assert last_event(TinyRequest(broken, manifold=manifold), Store(tmp_path)) == Failed("job", str(refusal.value))
    with pytest.raises(ManifoldError) as missing:
        collect(TinyRequest(clip, manifold=tmp_path / "none.manifold"), Store(tmp_path))
    assert last_event(TinyRequest(clip, manifold=tmp_path / "none.manifold"), Store(tmp_path)) == Failed("job", str(missing.value))
    refusing = TinyRequest(clip, extractor="tiny-refusing", manifold=manifold)
    assert last_event(refusing, Store(tmp_path)) == Failed("job", "There is nobody in this clip: choose another.")


def test_that_a_fault_of_ours_is_logged_and_the_log_named(clip: Path, manifold: Path, tmp_path: Path) -> None:
    event = last_event(TinyRequest(clip, extractor="tiny-broken", manifold=manifold), Store(tmp_path))
    assert isinstance(event, Failed)
    assert event.internal
    assert str(log_file()) in event.sentence
    assert "ZeroDivisionError: made to fail" in log_file().read_text()


def test_that_a_manifold_of_other_sources_is_refused_by_name(clip: Path, manifold: Path, tmp_path: Path) -> None:
    from core.manifold import save_manifold
    from tests.synthetic_tracks import blank_manifold

    wide = tmp_path / "wide.manifold"
    save_manifold(replace(blank_manifold(), name="wide"), wide)
    with pytest.raises(ManifoldError, match="'appearance'"):
        collect(TinyRequest(clip, manifold=wide), Store(tmp_path))


def test_that_a_cache_that_cannot_be_written_costs_no_result(clip: Path, manifold: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    analysis, _ = collect(TinyRequest(clip, manifold=manifold), Store(blocked))
    assert analysis.video.frames == 60


def test_that_flip_tracks_of_another_detector_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    before = flips_key("track")
    monkeypatch.setattr("core.cache_keys.DETECTOR", -1)
    assert flips_key("track") != before


def test_that_nothing_that_other_trees_found_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = flips_key("track")
    other = tmp_path / "body_faults.npz"
    other.write_bytes(b"other trees")
    monkeypatch.setattr("core.cache_keys.BUNDLED_FORESTS", other)
    assert flips_key("track") != before
