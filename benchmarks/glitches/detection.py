"""What the tool says of a film: `core.pipeline.analyze` through a cache of its own, so that tracks are extracted once.

The key of a cached list of glitches knows only the detector's version and settings; here every change of the code counts. Lists and
finished analyses are therefore thrown away as soon as any file of `core` is another than when they were made, embeddings and
pixel tracks when one of those that make them is; extracted tracks stay until the extractor's version is raised.
"""

from __future__ import annotations

import hashlib
import shutil
import warnings
from itertools import pairwise
from pathlib import Path

from benchmarks.glitches.kinds import NO_FAULT, UNUSUAL_TEMPO
from benchmarks.glitches.matching import Event
from core.analysis import Analysis, Glitch
from core.events import AnalysisRequest
from core.pipeline import analyze
from core.store import ANALYSIS, EMBEDDING, GLITCHES, PIXELS, Store

_CORE = Path(__file__).resolve().parents[2] / "core"
_EMBEDDING_CODE = ("embedding", "encoder", "manifold", "motion", "windows")


def open_store(work: Path) -> Store:
    """The cache in the work folder, without what an earlier state of the code concluded."""
    folder = work / "store"
    _forget(folder, "core", (ANALYSIS, GLITCHES), sorted(_CORE.rglob("*.py")))
    _forget(folder, "encoder", (EMBEDDING,), [_CORE / f"{name}.py" for name in _EMBEDDING_CODE])
    _forget(folder, "pixels", (PIXELS,), sorted((_CORE / "tracks" / "pixels").glob("*.py")))
    return Store(folder)


def _forget(folder: Path, name: str, kinds: tuple[str, ...], code: list[Path]) -> None:
    """Throw entries of these kinds away if the code that made them has changed."""
    digest = hashlib.sha256()
    for path in code:
        digest.update(path.relative_to(_CORE).as_posix().encode() + b"\0" + path.read_bytes())
    mark = folder / f"{name}.txt"
    if mark.exists() and mark.read_text(encoding="utf-8") == digest.hexdigest():
        return
    for kind in kinds:
        shutil.rmtree(folder / kind, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(digest.hexdigest(), encoding="utf-8")


def analyse(path: Path, store: Store) -> Analysis:
    """Everything the tool knows about a film. Raises what `core.pipeline.analyze` raises."""
    return analyze(AnalysisRequest(path), emit=lambda event: None, cancelled=lambda: False, store=store, job=path.stem)


def ranking_score(glitch: Glitch) -> float:
    """What the tool ranks its events by; the list must be in this order (`tool_events` checks it)."""
    return glitch.severity * glitch.confidence


def tool_events(analysis: Analysis, video: str) -> list[Event]:
    """The tool's events, and its remark on the tempo as one over all frames.

    Warns when its own order is not that of the ranking score: then the threshold is swept over something else.
    """
    faults = [ranking_score(g) for g in analysis.glitches if g.kind not in NO_FAULT]
    if any(later > earlier + 1e-9 for earlier, later in pairwise(faults)):
        warnings.warn(f"{video}: the tool's order is not that of severity times confidence", stacklevel=2)
    remarks = [Event(video, UNUSUAL_TEMPO, 0, len(analysis), 0, 0.0) for text in analysis.remarks if text.lower().startswith(UNUSUAL_TEMPO)]
    events = [
        Event(video, g.kind, g.start, g.stop, g.peak, ranking_score(g), max(g.joints, key=lambda j: j.share).name if g.joints else None)
        for g in analysis.glitches
    ]
    return events + remarks
