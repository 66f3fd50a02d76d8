"""video -> HumanTrack. One file per extractor behind one protocol; a registry by name, imported only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Protocol

from core.extraction.reference.settings import ReferenceSettings
from core.tag_data import FeatureFolders
from core.track import ExtractorInfo, HumanTrack
from core.video import Video


class Cancelled(Exception):
    """The person asked to stop; raised between frames."""


class ExtractionError(Exception):
    """The extractor cannot run; the message is one sentence for people."""


class Extractor(Protocol):
    """Turns the frames of one video into a HumanTrack."""

    info: ExtractorInfo
    # Everything that changes the result beyond name and version; part of the cache key. JSON-compatible.
    settings: dict[str, object]

    def extract(
        self,
        video: Video,
        frames: range,
        *,
        progress: Callable[[int, int], None],
        partial: Callable[[HumanTrack], None],
        cancelled: Callable[[], bool],
    ) -> HumanTrack:
        """The track over `frames` (step 1) of `video`.

        progress(done, total) is called for each frame; partial(track so far) a few times on the way, with unseen frames as NaN and
        presence `none`; cancelled() is asked between frames. Raises Cancelled, ExtractionError.
        """
        ...


_MODULES = {
    "blazepose": "core.extraction.blazepose",
    "reference": "core.extraction.reference.extractor",
    "tag-files": "core.extraction.tag_files",
}
# These are made for one video, since the files they read for it are part of their settings.
FILE_READERS = ("tag-files",)


def extractor_names() -> tuple[str, ...]:
    return tuple(_MODULES)


def create_extractor(
    name: str,
    device: str = "auto",
    video: Video | None = None,
    features: FeatureFolders | None = None,
    reference: ReferenceSettings | None = None,
) -> Extractor:
    """The extractor registered as `name`; one of FILE_READERS needs the video it is for, and the folders to look in.

    reference: how `reference` is to run, None for its defaults.

    Raises ExtractionError when there is none of that name or it cannot run here.
    """
    if name not in _MODULES:
        raise ExtractionError(f"There is no extractor named '{name}'; known: {', '.join(_MODULES)}.")
    create = import_module(_MODULES[name]).create
    extractor: Extractor
    if name in FILE_READERS:
        extractor = create(video, features)
    elif name == "reference":
        extractor = create(device, reference or ReferenceSettings())
    else:
        extractor = create(device)
    return extractor
