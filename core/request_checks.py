"""What an analysis is asked for, checked against the video, the manifold and the extractor before any work is done."""

from __future__ import annotations

from core.embedding_sources import EMBEDDINGS
from core.events import AnalysisRequest
from core.extraction import FILE_READERS, Extractor
from core.extraction.person_weights import PersonWeights, needed_weights
from core.manifold import Manifold
from core.store import Store
from core.tag_data import FeatureFolders, is_mesh_file
from core.video import file_sha256


class RequestError(Exception):
    """The request does not fit the video or the manifold; the message is one sentence for people."""


def frames_to_judge(request: AnalysisRequest, total: int) -> range:
    """The frames of a video of `total` frames that are asked for. Raises RequestError when it has not got them."""
    if request.frames is None:
        return range(total)
    start, stop = request.frames
    if not 0 <= start < stop <= total:
        raise RequestError(
            f"The range {start}:{stop} does not lie in {request.path.name}, which has {total} frames: give A:B with 0 <= A < B <= {total}."
        )
    return range(start, stop)


def features_to_read(request: AnalysisRequest, manifold: Manifold) -> FeatureFolders | None:
    """The folders to read, of embeddings only those that the manifold needs. Raises RequestError when one of them is not named."""
    if is_mesh_file(request.path) and request.extractor not in FILE_READERS:
        raise RequestError(f"{request.path.name} holds features and no pictures: choose the extractor '{FILE_READERS[0]}'.")
    if request.features is None or request.extractor not in FILE_READERS:
        return None
    needed = [name for name in EMBEDDINGS if name in manifold.source_names]
    for name in needed:
        if name not in request.features.embeddings:
            raise RequestError(
                f"The manifold '{manifold.name}' needs the source '{name}': name the folder of its embeddings with --{name}."
            )
    return request.features.reading(needed)


def weights_to_use(manifold: Manifold, extractor: Extractor, store: Store | None) -> tuple[PersonWeights, ...]:
    """The weights for what the manifold needs beyond the extractor's sources.

    store: remembers the checksums of big files. Raises ExtractionError when weights are missing.
    """
    given = {source.name for source in extractor.info.sources}
    return needed_weights(manifold.sources, given, lambda path: store.checksum(path, file_sha256) if store else file_sha256(path))


def check_action(action: str | None, manifold: Manifold) -> None:
    """Raise RequestError for a class that the manifold does not know."""
    if action is not None and action not in manifold.classes:
        raise RequestError(
            f"The manifold '{manifold.name}' does not know the class '{action}': choose one of {', '.join(manifold.classes)}."
        )
