"""The names under which the stages of an analysis lie in the cache: each from what went into it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from core.bands import BUNDLED as BUNDLED_BANDS
from core.detectors.forests import BUNDLED as BUNDLED_FORESTS
from core.events import AnalysisRequest
from core.extraction import Extractor
from core.extraction.person_weights import PersonWeights, described_key
from core.glitches import DETECTOR, GlitchSettings
from core.manifold import Manifold
from core.pose_failure import BUNDLED as BUNDLED_POSE_FAILURE
from core.rarity import BUNDLED as BUNDLED_RARITY
from core.store import make_key
from core.tempo import BUNDLED as BUNDLED_TEMPO
from core.tempo import VERSION as TEMPO_VERSION
from core.version import telltale_version
from core.video import file_sha256

# Part of the keys of what they make: raise when core.tracks.pixels, core.tracks.flips, core.embedding, core.scores or core.source_shares
# computes something else from the same input.
PIXELS_VERSION, FLIPS_VERSION, EMBEDDING_VERSION, SCORES_VERSION, SHARES_VERSION = 2, 1, 2, 2, 1


@dataclass(frozen=True)
class Keys:
    """The names under which the stages lie in the cache. `extracted` is the track without embeddings, `track` the one with."""

    extracted: str
    track: str
    embedding: str
    glitches: str
    analysis: str


def track_key(sha256: str, extractor: Extractor, frames: range) -> str:
    """The name in the cache of the track that an extractor makes of these frames of the video with this SHA-256."""
    info = extractor.info
    return make_key(
        video=sha256,
        # One subject: the largest and longest present. Choosing another will name it here.
        subject="largest",
        extractor=info.name,
        version=info.version,
        sources=[[source.name, source.space, source.size] for source in info.sources],
        settings=extractor.settings,
        frames=[frames.start, frames.stop],
    )


def pixels_key(track: str) -> str:
    """The name in the cache of the pixel tracks of the frames whose extracted track has this name."""
    return make_key(track=track, pixels=PIXELS_VERSION)


def flips_key(track: str) -> str:
    """The name of their flip tracks: which frames are looked at depends on what may be told of them."""
    return make_key(pixels=pixels_key(track), flips=FLIPS_VERSION, detector=DETECTOR, **_event_tables())


def analysis_keys(
    request: AnalysisRequest, sha256: str, manifold: Manifold, extractor: Extractor, frames: range, weights: tuple[PersonWeights, ...]
) -> Keys:
    """The names of everything that one analysis keeps."""
    extracted = track_key(sha256, extractor, frames)
    track = described_key(extracted, weights)
    embedding = make_key(
        track=track, manifold=manifold.sha256, variant=manifold.variant, allow_many=request.allow_many, version=EMBEDDING_VERSION
    )
    settings = asdict(GlitchSettings())
    tables = {**_event_tables(), "bands": file_sha256(BUNDLED_BANDS), "tempo_table": file_sha256(BUNDLED_TEMPO)}
    glitches = make_key(embedding=embedding, detector=DETECTOR, settings=settings, shares=SHARES_VERSION, tempo=TEMPO_VERSION, **tables)
    analysis = make_key(glitches=glitches, action=request.action, scores=SCORES_VERSION, telltale=telltale_version())
    return Keys(extracted, track, embedding, glitches, analysis)


def _event_tables() -> dict[str, str]:
    """What decides which events may be told."""
    return {
        "rarity": file_sha256(BUNDLED_RARITY),
        "pose_failure": file_sha256(BUNDLED_POSE_FAILURE),
        "body_faults": file_sha256(BUNDLED_FORESTS),
    }
