"""main.py analyze: videos in, a folder of results for each out."""

from __future__ import annotations

import argparse
import queue
from dataclasses import dataclass, field
from pathlib import Path

from cli.formats import format_list, write_formats
from cli.inputs import find_videos, output_folders
from cli.progress import ProgressLine
from cli.status import CANCELLED, DONE, INTERNAL, REFUSED, USAGE, refuse
from core.analysis import Analysis
from core.embedding_sources import EMBEDDINGS, embeddings_file
from core.events import AnalysisRequest, Cancelled, Event, Failed, Finished, Progress
from core.extraction.reference.settings import PRECISIONS, ReferenceSettings
from core.limits import outside_text
from core.logs import LOGGER, internal_failure
from core.motion import VARIANTS
from core.tag_data import ALIGNMENTS, FeatureFolders
from core.video import VideoError, open_video
from core.worker import AnalysisWorker

_ENGINES = ("local",)


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="main.py analyze", description="Analyse videos without a window.")
    result.add_argument("inputs", metavar="INPUT", nargs="+", type=Path, help="videos, folders (searched through), folders of images")
    result.add_argument("--out", metavar="DIR", required=True, type=Path, help="results go to DIR/<name of the video>/")
    result.add_argument("--extractor", default="blazepose", help="what sees the body (default: %(default)s)")
    result.add_argument(
        "--meshes", metavar="DIR", type=Path, help="for tag-files: [<class>/]<clip>.npz; not needed when INPUT is such a file"
    )
    result.add_argument("--keypoints", metavar="DIR", type=Path, help="for tag-files: [<class>/]<clip>/keypoints.npy")
    for source in EMBEDDINGS:
        layout = f"[<class>/]<clip>/{embeddings_file(source)}"
        result.add_argument(f"--{source}", metavar="DIR", type=Path, help=f"for tag-files and a manifold with '{source}': {layout}")
    result.add_argument("--alignment", choices=ALIGNMENTS, default=ALIGNMENTS[0], help="for tag-files: see 'tag score --help'")
    result.add_argument("--manifold", metavar="FILE", type=Path, help="the space of real motion (default: the bundled one)")
    result.add_argument("--action", metavar="CLASS", help="the class that the action is meant to be")
    result.add_argument("--range", metavar="A:B", type=frame_range, help="only the frames from A to B - 1; the first frame is 0")
    result.add_argument("--allow-many", action="store_true", help="score frames with several people too")
    result.add_argument("--format", default=("json",), type=format_list, help="comma-separated: json, html, csv (default: json)")
    result.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    _add_reference(result)
    result.add_argument("--jobs", metavar="N", type=_whole, default=1, help="videos at a time (default: %(default)s)")
    result.add_argument("--engine", choices=("local", "ray"), default="local", help="this version runs on this machine: local")
    result.add_argument("--no-cache", action="store_true", help="compute everything anew and remember nothing")
    return result


def _add_reference(result: argparse.ArgumentParser) -> None:
    usual = ReferenceSettings()
    group = result.add_argument_group("for the extractor 'reference'", "Its models are found in the folder that 'main.py doctor' names.")
    group.add_argument(
        "--reference-variant",
        choices=VARIANTS,
        default=usual.variant,
        help="authors: as the TAG scripts feed the networks, what published numbers rest on; corrected: as they were trained "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--detect-every",
        metavar="N",
        type=_whole,
        default=usual.detect_every,
        help="search persons in each N-th frame (default: %(default)s)",
    )
    group.add_argument("--precision", choices=PRECISIONS, default=usual.precision, help="of the mesh network (default: %(default)s)")
    group.add_argument("--detector", metavar="FILE", type=Path, help="weights of another Detectron2 model, with its --detector-config")
    group.add_argument("--detector-config", metavar="FILE", type=Path, help="the YAML file of that model")


def frame_range(text: str) -> tuple[int, int]:
    """`A:B`, for argparse."""
    start, colon, stop = text.partition(":")
    if not colon or not start.isdecimal() or not stop.isdecimal() or int(start) >= int(stop):
        raise argparse.ArgumentTypeError(f"'{text}' is no range A:B with 0 <= A < B; it holds the frames A to B - 1")
    return int(start), int(stop)


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)


@dataclass
class _Batch:
    """The state of one run over several videos."""

    options: argparse.Namespace
    waiting: list[tuple[int, Path, Path]]  # number from 1, video, folder
    progress: ProgressLine
    events: queue.Queue[tuple[int, Event]] = field(default_factory=queue.Queue)
    workers: dict[int, tuple[AnalysisWorker, Path, Path]] = field(default_factory=dict)
    status: int = DONE

    def fail(self, sentence: str, status: int) -> None:
        self.progress.clear()
        refuse(sentence)
        self.status = max(self.status, status)


def run(options: argparse.Namespace) -> int:
    """Analyse every input that can be analysed; the others get one line each on stderr."""
    if options.engine not in _ENGINES:
        refuse(f"The engine '{options.engine}' is not a part of this version: use --engine {_ENGINES[0]}.")
        return USAGE
    from core.extraction import extractor_names

    if options.extractor not in extractor_names():
        refuse(f"The extractor '{options.extractor}' is unknown: use one of {', '.join(extractor_names())}.")
        return USAGE
    videos, refusals = find_videos(options.inputs)
    folders = output_folders(videos, options.out)
    waiting = [(number, video, folder) for number, (video, folder) in enumerate(zip(videos, folders, strict=True), start=1)]
    batch = _Batch(options, waiting, ProgressLine(len(videos)))
    for sentence in refusals:
        batch.fail(sentence, REFUSED)
    try:
        _work_through(batch)
    except KeyboardInterrupt:
        batch.progress.close()
        refuse("Stopping ...")
        return _stop(batch)
    finally:
        batch.progress.close()
    return batch.status


def _work_through(batch: _Batch) -> None:
    while batch.waiting or batch.workers:
        while batch.waiting and len(batch.workers) < batch.options.jobs:
            _start(batch, *batch.waiting.pop(0))
        try:
            number, event = batch.events.get(timeout=0.5)
        except queue.Empty:
            continue
        _, video, folder = batch.workers[number]
        if isinstance(event, Progress):
            batch.progress.show(number, video.name, event)
        elif isinstance(event, Finished | Failed | Cancelled):
            del batch.workers[number]
            if isinstance(event, Finished):
                _write(batch, event.analysis, video, folder)
            elif isinstance(event, Failed):
                batch.fail(f"{video}: {event.sentence}", INTERNAL if event.internal else REFUSED)


def _start(batch: _Batch, number: int, video: Path, folder: Path) -> None:
    options = batch.options
    request = AnalysisRequest(
        path=video,
        extractor=options.extractor,
        manifold=options.manifold,
        action=options.action,
        frames=options.range,
        allow_many=options.allow_many,
        device=options.device,
        use_cache=not options.no_cache,
        features=_features(options),
        reference=ReferenceSettings(
            options.reference_variant, options.detect_every, options.precision, options.detector, options.detector_config
        ),
    )

    def emit(event: Event) -> None:
        batch.events.put((number, event))

    worker = AnalysisWorker(request, emit)
    batch.workers[number] = (worker, video, folder)
    worker.start()


def _features(options: argparse.Namespace) -> FeatureFolders | None:
    if options.keypoints is None:
        return None
    return FeatureFolders(options.keypoints, options.meshes, options.alignment, options.clip, options.dino)


def _write(batch: _Batch, analysis: Analysis, video: Path, folder: Path) -> None:
    """The results of one video; one that cannot be written does not stop the others."""
    try:
        if "html" in batch.options.format:
            with open_video(video) as pictures:
                written = write_formats(analysis, pictures, None, folder, batch.options.format)
        else:
            written = write_formats(analysis, None, None, folder, batch.options.format)
    except VideoError as error:
        batch.fail(f"{video}: {error}", REFUSED)
    except OSError as error:
        batch.fail(f"{folder} cannot be written ({error.strerror or error}): choose another --out or make room.", REFUSED)
    except Exception:
        LOGGER.exception("writing the results of %s failed", video)
        batch.fail(internal_failure(video), INTERNAL)
    else:
        batch.progress.clear()
        for path in written:
            print(path, flush=True)
        for sentence in (outside_text(analysis.scores), *analysis.remarks):
            if sentence is not None:
                refuse(f"{video}: {sentence}")


def _stop(batch: _Batch) -> int:
    """Cancel what runs and wait for it; a second Ctrl-C ends it at once."""
    try:
        for worker, _, _ in batch.workers.values():
            worker.cancel()
        for worker, _, _ in batch.workers.values():
            worker.join()
    except KeyboardInterrupt:
        for worker, _, _ in batch.workers.values():
            worker.kill()
    return CANCELLED
