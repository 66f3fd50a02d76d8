"""The stages that make an Analysis: open, extract, tracks, embed, score, glitches. What is known is taken from the cache by stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from core.analysis import Analysis, Glitch, VideoInfo
from core.cache_keys import Keys, analysis_keys, flips_key, pixels_key
from core.events import AnalysisRequest, Event, Failed, Finished, Partial, Progress, Started
from core.events import Cancelled as CancelledEvent
from core.extraction import Cancelled, ExtractionError, Extractor, create_extractor
from core.extraction.person_weights import PersonWeights
from core.glitches import find_glitches
from core.logs import LOGGER, internal_failure, start_logging
from core.manifold import Manifold, ManifoldError, check_sources, load_manifold
from core.ranges import embedding_over_all_frames, flips_over_all_frames, over_all_frames, pixels_over_all_frames
from core.recall import recall, remember
from core.request_checks import RequestError, check_action, features_to_read, frames_to_judge, weights_to_use
from core.store import EMBEDDING, FLIPS, GLITCHES, PIXELS, TRACK, Store
from core.tag_data import is_mesh_file
from core.tempo import unusual_tempo
from core.track import HumanTrack
from core.version import telltale_version
from core.video import Video, VideoError, file_sha256, open_video

if TYPE_CHECKING:
    from core.tracks.flips import FlipTracks
    from core.tracks.pixels.measure import PixelTracks

T = TypeVar("T")
# Behind `mirror` comes DESCRIBE when the manifold has embeddings of the person crop that the extractor does not give.
STAGES = ("open", "extract", "tracks", "mirror", "embed", "score", "glitches")
DESCRIBE = "describe"
_EVENT_SECONDS = 0.05


@dataclass(frozen=True)
class _Glitches:
    events: tuple[Glitch, ...]
    remarks: tuple[str, ...]


@dataclass
class _Run:
    """What the stages of one analysis share."""

    request: AnalysisRequest
    emit: Callable[[Event], None]
    cancelled: Callable[[], bool]
    store: Store
    job: str
    sha256: str = ""
    timings: dict[str, float] = field(default_factory=dict)
    last_event: float = 0.0

    def check(self) -> None:
        if self.cancelled():
            raise Cancelled

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Times a stage; gives its `progress(done, total)`, which says how much is left and keeps the events few."""
        self.check()
        begun = time.monotonic()

        def progress(done: int, total: int) -> None:
            now = time.monotonic()
            if done < total and now - self.last_event < _EVENT_SECONDS:
                return
            self.last_event = now
            left = (now - begun) / done * (total - done) if done else None
            self.emit(Progress(self.job, name, done, total, left))

        self.emit(Progress(self.job, name, 0, 0, None))
        yield progress
        self.timings[name] = time.monotonic() - begun

    def known(self, kind: str, key: str, value: type[T]) -> T | None:
        return self.store.load(kind, key, value) if self.request.use_cache else None

    def keep(self, kind: str, key: str, value: object) -> None:
        """A cache that cannot be written costs the next run time, not this one its result."""
        if not self.request.use_cache:
            return
        with _forgiven(f"the {kind}"):
            self.store.save(kind, key, value, video=self.request.path.name, sha256=self.sha256)


@contextmanager
def _forgiven(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        LOGGER.warning("%s could not be kept in the cache: %s", what, error)


def run(request: AnalysisRequest, emit: Callable[[Event], None], cancelled: Callable[[], bool], store: Store, job: str) -> Analysis | None:
    """`analyze` with its end told as an event: Finished, Failed or Cancelled. Raises nothing but what `emit` raises."""
    start_logging()
    try:
        analysis = analyze(request, emit, cancelled, store, job)
    except Cancelled:
        emit(CancelledEvent(job))
    except (VideoError, ExtractionError, ManifoldError, RequestError) as error:
        emit(Failed(job, str(error)))
    except MemoryError:
        LOGGER.exception("out of memory on %s", request.path)
        emit(Failed(job, f"{request.path.name} needs more memory than there is: analyse a shorter range of frames."))
    except Exception:
        LOGGER.exception("the analysis of %s failed", request.path)
        emit(Failed(job, internal_failure(request.path), internal=True))
    else:
        emit(Finished(job, analysis))
        return analysis
    return None


def analyze(request: AnalysisRequest, emit: Callable[[Event], None], cancelled: Callable[[], bool], store: Store, job: str) -> Analysis:
    """Everything known about one video.

    Emits Started, Progress (at most twenty a second) and Partial; `cancelled` is asked between frames and between stages.
    Raises VideoError, ExtractionError, ManifoldError, RequestError (their messages are sentences for people) and extraction.Cancelled.
    """
    state = _Run(request, emit, cancelled, store, job)
    emit(Started(job, STAGES))
    with ExitStack() as stack:
        with state.stage("open"):
            manifold = load_manifold(request.manifold)
            check_action(request.action, manifold)
            features = features_to_read(request, manifold)
            video = stack.enter_context(closing(open_video(request.path)))
            frames = frames_to_judge(request, len(video.timebase))
            state.sha256 = store.checksum(request.path, file_sha256) if request.use_cache else file_sha256(request.path)
            extractor = create_extractor(request.extractor, request.device, video, features, request.reference)
            weights = weights_to_use(manifold, extractor, store if request.use_cache else None)
            _check_sources(manifold, extractor, weights)
            keys = analysis_keys(request, state.sha256, manifold, extractor, frames, weights)
            info = _video_info(request.path, state.sha256, video, getattr(extractor, "notes", ()))
            known = recall(store, keys.analysis) if request.use_cache else None
        if known is not None:
            return replace(known, video=info)
        part = _extract(state, extractor, video, frames, keys.extracted)
        pixels = _pixels(state, video, frames, part, pixels_key(keys.extracted))
        flips = _flips(state, video, frames, part, pixels, flips_key(keys.extracted))
        if weights:
            part = _describe(state, part, video, frames, weights, keys.track)
        times = video.timebase.times
    analysis = _judge(state, part, pixels, flips, frames.start, times, manifold, info, keys)
    if request.use_cache:
        with _forgiven("the analysis"):
            remember(store, keys.analysis, analysis, keys.track, frames.start)
    return analysis


def _judge(
    state: _Run,
    part: HumanTrack,
    pixels: PixelTracks | None,
    flips: FlipTracks | None,
    start: int,
    times: np.ndarray,
    manifold: Manifold,
    info: VideoInfo,
    keys: Keys,
) -> Analysis:
    """From the track on: the stages that need torch, which is imported here and not before.

    The range is judged as if it were the whole clip; what is found is told in frames of the video.
    """
    request = state.request
    with state.stage("embed") as progress:
        from core.embedding import Embedding, embed

        embedding = state.known(EMBEDDING, keys.embedding, Embedding)
        if embedding is None:
            embedding = embed(part, manifold, request.allow_many, progress, state.cancelled)
            state.keep(EMBEDDING, keys.embedding, embedding)
        track = over_all_frames(part, start, times)
        embedding = embedding_over_all_frames(embedding, start, len(times))
    with state.stage("score"):
        from core.embedding_map import place
        from core.scores import score

        scores = score(embedding, manifold, request.action)
        positions = place(embedding, manifold)
    with state.stage("glitches") as progress:
        glitches = state.known(GLITCHES, keys.glitches, _Glitches)
        if glitches is None:
            from core.source_shares import explain

            seen = None if pixels is None else pixels_over_all_frames(pixels, start, len(times))
            again = None if flips is None else flips_over_all_frames(flips, start, len(times))
            found = find_glitches(track, state.sha256, request.allow_many, pixels=seen, flips=again)
            events = explain(found, track, manifold, request.allow_many, progress, state.cancelled)
            tempo = unusual_tempo(track, seen, request.allow_many)
            glitches = _Glitches(events, (tempo,) if tempo else ())
            state.keep(GLITCHES, keys.glitches, glitches)
    return Analysis(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        telltale_version=telltale_version(),
        video=info,
        track=track,
        manifold=manifold.info,
        action=request.action,
        scores=scores,
        curves=embedding.curves,
        map=positions,
        glitches=glitches.events,
        timings=state.timings,
        remarks=glitches.remarks,
    )


def _extract(state: _Run, extractor: Extractor, video: Video, frames: range, key: str) -> HumanTrack:
    """The track of the range; its parts are emitted over all frames of the video, the rest unseen."""
    times = video.timebase.times
    with state.stage("extract") as progress:
        track = state.known(TRACK, key, HumanTrack)
        if track is None:

            def partial(track: HumanTrack) -> None:
                seen = np.flatnonzero(track.seen())
                reached = int(seen[-1]) + 1 if len(seen) else 0
                state.emit(Partial(state.job, over_all_frames(track, frames.start, times), reached))

            track = extractor.extract(video, frames, progress=progress, partial=partial, cancelled=state.cancelled)
            state.keep(TRACK, key, track)
        return track


def _pixels(state: _Run, video: Video, frames: range, track: HumanTrack, key: str) -> PixelTracks | None:
    """What only the pictures of the range tell; None where there are none. Needs OpenCV, which is imported here and not before."""
    with state.stage("tracks") as progress:
        if is_mesh_file(state.request.path):
            return None
        from core.tracks.pixels.measure import PixelTracks, measure_pixels

        pixels = state.known(PIXELS, key, PixelTracks)
        if pixels is None:
            pixels = measure_pixels(video, frames, track, progress, state.cancelled)
            state.keep(PIXELS, key, pixels)
        return pixels


def _flips(state: _Run, video: Video, frames: range, track: HumanTrack, pixels: PixelTracks | None, key: str) -> FlipTracks | None:
    """What the mirrored pictures tell of the frames that are worth it; None where there are no pictures."""
    with state.stage("mirror") as progress:
        if pixels is None:
            return None
        from core.second_look import second_look
        from core.tracks.flips import FlipTracks, measure_flips

        flips = state.known(FLIPS, key, FlipTracks)
        if flips is None:
            flips = measure_flips(video, frames, track, second_look(track, pixels), progress, state.cancelled)
            state.keep(FLIPS, key, flips)
        return flips


def _check_sources(manifold: Manifold, extractor: Extractor, weights: tuple[PersonWeights, ...]) -> None:
    """Before minutes are spent on a track that the manifold cannot judge. Raises ManifoldError, with what the extractor has to say."""
    try:
        check_sources(manifold, extractor.info.name, (*extractor.info.sources, *(weight.source for weight in weights)))
    except ManifoldError as error:
        raise ManifoldError(" ".join((str(error), *getattr(extractor, "notes", ())))) from error


def _describe(state: _Run, track: HumanTrack, video: Video, frames: range, weights: tuple[PersonWeights, ...], key: str) -> HumanTrack:
    """The track with embeddings of the person crop. Needs torch, which is imported here and not before."""
    with state.stage(DESCRIBE) as progress:
        described = state.known(TRACK, key, HumanTrack)
        if described is None:
            from core.extraction.person_embedding import PersonDescriber

            describer = PersonDescriber(weights, state.request.device)
            described = describer.describe(track, video, frames, progress, state.cancelled)
            state.keep(TRACK, key, described)
        return described


def _video_info(path: Path, sha256: str, video: Video, extractor_notes: tuple[str, ...]) -> VideoInfo:
    return VideoInfo(
        path=str(path.absolute()),
        sha256=sha256,
        frames=len(video.timebase),
        fps=video.timebase.fps,
        duration=float(video.timebase.duration),
        width=video.size[0],
        height=video.size[1],
        notes=(*video.notes, *extractor_notes),
    )
