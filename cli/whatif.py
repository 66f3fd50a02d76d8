"""main.py whatif: a range of frames dropped, held or interpolated, and what that does to scores, steps, local tracks and events."""

from __future__ import annotations

import argparse
import json
import queue
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cli.analyze import frame_range
from cli.progress import ProgressLine
from cli.report import NotAnalysedError, ReportError, gather
from cli.status import DONE, INTERNAL, REFUSED, refuse
from cli.tables import Cell, Table, show
from core.analysis import Analysis
from core.analysis_file import AnalysisFileError
from core.edited_track import Edit, EditError, EditKind, check_range
from core.events import AnalysisRequest, Event, Failed, Finished, Progress
from core.files import write_atomically
from core.limits import outside_text
from core.manifold import Manifold, ManifoldError, load_manifold
from core.project import ProjectError
from core.store import Store
from core.timebase import FrameIndex
from core.video import VideoError, open_video
from core.worker import AnalysisWorker

if TYPE_CHECKING:  # --help does without the measurements
    from core.whatif import WhatIf

_DONE_TO = {EditKind.DROP: "dropped", EditKind.HOLD: "held", EditKind.INTERPOLATE: "interpolated"}


class WhatIfError(Exception):
    """There is nothing to edit; the message is one sentence for people."""

    def __init__(self, sentence: str, status: int = REFUSED) -> None:
        super().__init__(sentence)
        self.status = status


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="main.py whatif",
        description="Drop, hold or interpolate a range of frames and see scores, steps, local tracks and events answer. "
        "The range A:B holds the frames A to B - 1; the first frame is 0. "
        "Both versions are judged alike. No picture is made: where frames are dropped or held, those that there are are measured in their "
        "new order.",
    )
    result.add_argument("input", metavar="INPUT", type=Path, help="a video (analysed first when it was not) or a .telltale project")
    ways = result.add_mutually_exclusive_group(required=True)
    ways.add_argument("--drop", metavar="A:B", type=frame_range, help="without these frames, the times closed up")
    ways.add_argument("--hold", metavar="A:B", type=frame_range, help="with the frame before them in their place")
    ways.add_argument("--interpolate", metavar="A:B", type=frame_range, help="with what lies between the frames on either side")
    result.add_argument("--manifold", metavar="FILE", type=Path, help="the space of real motion (default: the bundled one)")
    result.add_argument("--action", metavar="CLASS", help="the class that the action is meant to be (default: that of the analysis)")
    result.add_argument("--allow-many", action="store_true", help="score frames with several people too")
    result.add_argument("--out", metavar="FILE.json", type=Path, help="write both versions whole: curves, tracks, scores, events")
    return result


def run(options: argparse.Namespace) -> int:
    """Print both versions side by side, or say in one line why that cannot be."""
    path, edit = options.input, _edit(options)
    progress = ProgressLine(1)
    try:
        analysis, video = _analysis(options, edit, progress)
        manifold = _manifold(options, analysis)
        result = _judged(options, analysis, video, manifold, edit, progress)
    except WhatIfError as error:
        refuse(f"{path}: {error}")
        return error.status
    except (EditError, ReportError, ProjectError, VideoError, AnalysisFileError, ManifoldError) as error:
        refuse(f"{path}: {error}")
        return REFUSED
    finally:
        progress.close()
    for table in _tables(result, analysis):
        show(table)
    for sentence in _sentences(result):
        print(sentence)
    return _write(options.out, result, analysis, manifold)


def _edit(options: argparse.Namespace) -> Edit:
    kind = next(kind for kind in EditKind if getattr(options, kind.value) is not None)
    start, stop = getattr(options, kind.value)
    return Edit(kind, FrameIndex(start), FrameIndex(stop))


def _analysis(options: argparse.Namespace, edit: Edit, progress: ProgressLine) -> tuple[Analysis, Path | None]:
    """The analysis that is known of the input, else a new one; and its video, if it is there. Raises what `run` tells."""
    if options.input.suffix == ".json":
        raise WhatIfError("an exported analysis holds no body to edit: give the video or its .telltale project.")
    try:
        material = gather(options.input, Store())
    except NotAnalysedError:
        with open_video(options.input) as video:
            check_range(edit, len(video.timebase))
        return _analysed(options, progress), options.input
    return material.analysis, material.video


def _analysed(options: argparse.Namespace, progress: ProgressLine) -> Analysis:
    """A new analysis, in a process of its own. Raises WhatIfError."""
    events: queue.Queue[Event] = queue.Queue()
    request = AnalysisRequest(path=options.input, manifold=options.manifold, action=options.action, allow_many=options.allow_many)
    worker = AnalysisWorker(request, events.put)
    worker.start()
    try:
        while True:
            event = events.get()
            if isinstance(event, Progress):
                progress.show(1, options.input.name, event)
            elif isinstance(event, Finished):
                return event.analysis
            elif isinstance(event, Failed):
                raise WhatIfError(event.sentence, INTERNAL if event.internal else REFUSED)
    except KeyboardInterrupt:
        progress.close()
        refuse("Stopping ...")
        worker.cancel()
        worker.join()
        raise


def _manifold(options: argparse.Namespace, analysis: Analysis) -> Manifold:
    """The manifold to judge by. Raises ManifoldError, and WhatIfError when the one of the analysis has to be named."""
    manifold = load_manifold(options.manifold)
    if options.manifold is None and manifold.sha256 != analysis.manifold.sha256:
        name = analysis.manifold.name
        raise WhatIfError(f"it was analysed with the manifold '{name}', which is not the bundled one: name its file with --manifold.")
    return manifold


def _judged(
    options: argparse.Namespace, analysis: Analysis, video: Path | None, manifold: Manifold, edit: Edit, progress: ProgressLine
) -> WhatIf:
    from core.film import film_of
    from core.whatif import what_if

    def tell(done: int, total: int) -> None:
        progress.show(1, options.input.name, Progress("", "embed", done, total, None))

    action = options.action or analysis.action
    track, sha256 = analysis.track, analysis.video.sha256
    with film_of(Store(), video, sha256, analysis.created, len(track)) if video else nullcontext() as film:
        return what_if(track, manifold, edit, sha256, action, options.allow_many, film, tell)


def _tables(result: WhatIf, analysis: Analysis) -> list[Table]:
    edit, around = result.edit, result.around
    before, after = result.before.scores, result.after.scores
    what = f"{Path(analysis.video.path).name}, {_frames(edit.start, edit.stop)} {_DONE_TO[edit.kind]}"
    title = f"{what}. Both scores are distances, lower is better; {analysis.video.fps:.4g} frames a second."
    rows = [_row("Temporal coherence", before.temporal_coherence, after.temporal_coherence)]
    for name in dict.fromkeys((result.action, before.nearest_class, after.nearest_class)):
        if name is not None and not (before.outside or after.outside):
            label = f"Action consistency with {name}{' (meant)' if name == result.action else ''}"
            rows.append(_row(label, before.action_consistency.get(name), after.action_consistency.get(name)))
    rows.append(_row("Motion amount (body heights a second)", before.motion_amount, after.motion_amount))
    scores = Table(title, ("", "before", "after", "change"), tuple(rows))
    return [scores, _highest(result, around), *_events(result)]


def _highest(result: WhatIf, around: slice) -> Table:
    from core.whatif import TRACKS

    before, after, place = result.before, result.after, result.frames.on_original
    rows = [_row("Step of the encoder (1 is the real median)", _peak(before.curves.step[around]), _peak(place(after.curves.step)[around]))]
    for name, label in TRACKS.items():
        one, other = _peak(before.tracks[name][around]), _peak(place(after.tracks[name])[around])
        if one is not None or other is not None:
            rows.append(_row(label, one, other))
    return Table(f"Highest in {_frames(around.start, around.stop)}", ("", "before", "after", "change"), tuple(rows))


def _events(result: WhatIf) -> list[Table]:
    """The events, in frames of the clip as it is."""
    if not result.events:
        return []
    rows = tuple(
        (
            change.fate.value,
            change.before.kind if change.before else change.after.kind if change.after else "",
            _frames(change.start, change.stop),
            change.before.severity if change.before else None,
            change.after.severity if change.after else None,
        )
        for change in result.events
    )
    return [Table("Events and their severity, in frames of the clip as it is", ("", "kind", "where", "before", "after"), rows, digits=2)]


def _sentences(result: WhatIf) -> list[str]:
    """What stands in no table."""
    reasons = (("before", result.before.scores.reason), ("after", result.after.scores.reason))
    missing = [f"No scores {when}: {reason}" for when, reason in reasons if reason is not None]
    far = (("Before", outside_text(result.before.scores)), ("After", outside_text(result.after.scores)))
    missing += [f"{when}: {sentence[:1].lower()}{sentence[1:]}" for when, sentence in far if sentence is not None]
    nothing = [] if result.events else ["No event was found, neither before nor after."]
    return [*missing, *nothing, *result.notes]


def _row(label: str, before: float | None, after: float | None) -> tuple[Cell, ...]:
    return (label, before, after, None if before is None or after is None else after - before)


def _peak(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.max()) if known.size else None


def _frames(start: int, stop: int) -> str:
    return f"frame {start}" if stop - start == 1 else f"frames {start} to {stop - 1}"


def _write(path: Path | None, result: WhatIf, analysis: Analysis, manifold: Manifold) -> int:
    if path is None:
        return DONE
    from core.whatif import to_json

    text = json.dumps(to_json(result, analysis.video, manifold.info), ensure_ascii=False, allow_nan=False, indent=1)
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        refuse(f"{path} cannot be written ({error.strerror or error}): choose another --out or make room.")
        return REFUSED
    print(path)
    return DONE
