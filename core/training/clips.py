"""Class folders of videos or of the TAG authors' feature files -> labelled clips, with a count of what is left out and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.cache_keys import track_key
from core.evaluation.clip_names import canonical
from core.extraction import ExtractionError, create_extractor
from core.extraction.person_embedding import PersonDescriber
from core.extraction.person_weights import PersonWeights, described_key
from core.feature_video import FPS, SIZE
from core.store import TRACK, Store
from core.tag_data import FeatureFolders, TagDataError, find_clip, list_clips, read_clip
from core.tag_track import tag_track
from core.track import HumanTrack, Presence
from core.training.dataset import LabelledClip
from core.training.errors import DatasetError
from core.video import Video, VideoError, file_sha256, open_video
from core.windows import refusal

_GROUP = re.compile(r"(?:^|_)(g\d+)(?:_|$)", re.IGNORECASE)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ClipSource:
    """One clip of a class folder: a video, or a file of meshes (then `features` says where the rest of it lies)."""

    action: str
    path: Path
    features: FeatureFolders | None = None

    @property
    def name(self) -> str:
        return f"{self.action}/{self.path.stem}"


@dataclass
class LeftOut:
    """What took no part: `several` and `nobody` count clips, `unreadable` says why, `excluded` names those on the person's list, `empty`
    class folders without a clip."""

    several: list[str] = field(default_factory=list)
    nobody: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    excluded: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def group_of(name: str) -> str | None:
    """The group that a UCF name states (`v_PushUps_g01_c02`: g01); its clips share the actor. None when it states none."""
    found = _GROUP.search(name)
    return found[1].lower() if found else None


def feature_clips(meshes: Path, features: FeatureFolders) -> list[ClipSource]:
    """The clips of `<class>/<clip>.npz`. Raises TagDataError, DatasetError when they lie in no class folders."""
    found = list_clips(meshes, features.keypoints, features.embeddings)
    if any(clip.action is None for clip in found):
        raise DatasetError(f"The folder {meshes} has no class folders: put the clips of each class into a folder of its name.")
    return [ClipSource(str(clip.action), clip.meshes, features) for clip in found]


def name_on_list(clip: ClipSource) -> str:
    """The form in which a list of names is matched with this clip."""
    return canonical(clip.path.name.removesuffix(".npz"))


def without_excluded(clips: Sequence[ClipSource], names: Collection[str], left_out: LeftOut) -> list[ClipSource]:
    """The clips whose names, in the form of `canonical`, are not on the list."""
    kept = []
    for clip in clips:
        if name_on_list(clip) in names:
            left_out.excluded.append(clip.name)
        else:
            kept.append(clip)
    return kept


def read_clips(
    clips: Sequence[ClipSource],
    store: Store,
    device: str,
    left_out: LeftOut,
    progress: Progress,
    weights: Sequence[PersonWeights] = (),
) -> Iterator[LabelledClip]:
    """The clips that can be used, one after the other; videos are extracted, or their tracks taken from the cache, and get an embedding of
    the person crop for each of the weights.

    A clip with fewer than 80 % frames of exactly one person is left out (TAG's rule). progress(stage, done, total). Raises DatasetError
    when weights cannot be used.
    """
    stage = "read" if clips and clips[0].features else "extract"
    videos = _Videos(store, device, weights)
    for done, clip in enumerate(clips):
        progress(stage, done, len(clips))
        try:
            track = videos.track(clip.path) if clip.features is None else _feature_track(clip.path, clip.features)
        except (VideoError, ExtractionError, TagDataError) as error:
            left_out.unreadable[clip.name] = str(error)
            continue
        if clip.features is None and refusal(track) is not None:
            several = any(value is Presence.MANY for value in track.presence)
            (left_out.several if several else left_out.nobody).append(clip.name)
            continue
        yield LabelledClip(clip.name, clip.action, group_of(clip.path.stem) or "", track)
    progress(stage, len(clips), len(clips))


def _feature_track(path: Path, features: FeatureFolders) -> HumanTrack:
    """Frames without exactly one person are missing from such files already."""
    content = read_clip(find_clip(path, features))
    if not content.usable().any():
        raise TagDataError(f"{path.name} has no frame with all features: extract the clip again.")
    times = np.arange(int(content.frames[-1]) + 1) / FPS
    return tag_track(content, times, SIZE, content.sources())


class _Videos:
    """Tracks of videos, from the cache where they are known."""

    def __init__(self, store: Store, device: str, weights: Sequence[PersonWeights]) -> None:
        self._store, self._device = store, device
        self._describer = PersonDescriber(weights, device)

    def track(self, path: Path) -> HumanTrack:
        """The track of all frames; with its embeddings, unless too few of them show exactly one person."""
        sha256 = self._store.checksum(path, file_sha256)
        with closing(open_video(path)) as video:
            frames = range(len(video.timebase))
            extractor = create_extractor("blazepose", self._device, video)

            def extract() -> HumanTrack:
                return extractor.extract(video, frames, progress=_ignore, partial=_ignore, cancelled=lambda: False)

            key = track_key(sha256, extractor, frames)
            track = self._known(key, extract, path.name, sha256)
            if not self._describer.weights or refusal(track) is not None:
                return track
            key = described_key(key, self._describer.weights)
            return self._known(key, lambda: self._described(track, video, frames), path.name, sha256)

    def _described(self, track: HumanTrack, video: Video, frames: range) -> HumanTrack:
        try:
            self._describer.load()
        except ExtractionError as error:  # no clip could be used
            raise DatasetError(str(error)) from error
        return self._describer.describe(track, video, frames)

    def _known(self, key: str, make: Callable[[], HumanTrack], name: str, sha256: str) -> HumanTrack:
        track = self._store.load(TRACK, key, HumanTrack)
        if track is None:
            track = make()
            self._store.save(TRACK, key, track, video=name, sha256=sha256)
        return track


def _ignore(*_: object) -> None:
    pass
