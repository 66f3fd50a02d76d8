"""A what-if as a job: its request checked, its progress and its end told as events."""

from __future__ import annotations

from collections.abc import Callable

from core.edited_track import EditError
from core.events import Answered, Event, Failed, Progress, Started, WhatIfRequest
from core.events import Cancelled as CancelledEvent
from core.extraction import Cancelled
from core.film import film_of
from core.logs import LOGGER, internal_failure, start_logging
from core.manifold import ManifoldError, load_manifold
from core.store import Store
from core.video import VideoError
from core.whatif import what_if

STAGES = ("embed",)


def run(request: WhatIfRequest, emit: Callable[[Event], None], cancelled: Callable[[], bool], store: Store, job: str) -> None:
    """Emits Started, Progress and an end: Answered, Failed or Cancelled. Raises nothing but what `emit` raises."""
    start_logging()
    emit(Started(job, STAGES))

    def progress(done: int, total: int) -> None:
        emit(Progress(job, STAGES[0], done, total, None))

    try:
        manifold = load_manifold(request.manifold)
        if manifold.sha256 != request.manifold_sha256:
            raise ManifoldError(f"{request.path.name} was analysed with another manifold: analyse it again, then ask what if.")
        with film_of(store, request.path, request.video_sha256, request.created, len(request.track)) as film:
            result = what_if(
                request.track, manifold, request.edit, request.video_sha256, request.action, request.allow_many, film, progress, cancelled
            )
    except Cancelled:
        emit(CancelledEvent(job))
    except (EditError, ManifoldError, VideoError) as error:
        emit(Failed(job, str(error)))
    except Exception:
        LOGGER.exception("the what-if of %s failed", request.path)
        emit(Failed(job, internal_failure(request.path), internal=True))
    else:
        emit(Answered(job, result))
