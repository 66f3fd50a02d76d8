"""What may be asked of a worker, and what a running job says. Every event carries the id of its job, so that a stale one can be dropped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.analysis import Analysis
from core.edited_track import Edit
from core.extraction.reference.settings import ReferenceSettings
from core.tag_data import FeatureFolders
from core.track import HumanTrack

if TYPE_CHECKING:
    from core.whatif import WhatIf


@dataclass(frozen=True)
class AnalysisRequest:
    """What is to be analysed, and how. None means the default: the bundled manifold, every frame, no class."""

    path: Path
    extractor: str = "blazepose"
    manifold: Path | None = None
    action: str | None = None
    frames: tuple[int, int] | None = None  # start, stop (exclusive)
    allow_many: bool = False
    device: str = "auto"
    use_cache: bool = True
    features: FeatureFolders | None = None  # for extractors that read files
    reference: ReferenceSettings | None = None  # for the reference extractor; None means its defaults


@dataclass(frozen=True, eq=False)
class WhatIfRequest:
    """What becomes of an analysed clip when its track is edited. The manifold must still be the one of the analysis."""

    path: Path
    edit: Edit
    track: HumanTrack
    video_sha256: str
    created: str  # of the analysis
    manifold: Path | None
    manifold_sha256: str
    action: str | None = None
    allow_many: bool = False


Request = AnalysisRequest | WhatIfRequest


@dataclass(frozen=True)
class Started:
    job: str
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    job: str
    stage: str
    done: int
    total: int
    remaining: float | None  # seconds, None while unknown


@dataclass(frozen=True, eq=False)
class Partial:
    """The track of the frames extracted so far, over all frames of the clip; the rest is NaN with presence `none`."""

    job: str
    track: HumanTrack
    done: int


@dataclass(frozen=True, eq=False)
class Finished:
    job: str
    analysis: Analysis


@dataclass(frozen=True, eq=False)
class Answered:
    """The end of a WhatIfRequest, as Finished is of an AnalysisRequest."""

    job: str
    result: WhatIf


@dataclass(frozen=True)
class Failed:
    """`sentence` says what went wrong and what to do next; `internal` is set when the fault is ours (it was logged)."""

    job: str
    sentence: str
    internal: bool = False


@dataclass(frozen=True)
class Cancelled:
    job: str


End = Finished | Answered | Failed | Cancelled
Event = Started | Progress | Partial | End
