"""The `tag-files` extractor: nothing is computed, the features are read from the files that the TAG authors' scripts wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from core.extraction import Cancelled, ExtractionError
from core.tag_data import FeatureFolders, TagDataError, find_clip, is_mesh_file, read_clip
from core.tag_track import VERSION, tag_track
from core.track import ExtractorInfo, HumanTrack, slice_track
from core.video import Video

_MOST_BEHIND = 5


class TagFiles:
    """See `core.extraction.Extractor`. Made for one clip, whose files are read at once; `notes` say what is odd about them."""

    def __init__(self, video: Video, folders: FeatureFolders) -> None:
        try:
            files = find_clip(video.path, folders)
            self._clip = read_clip(files, folders.alignment)
        except TagDataError as error:
            raise ExtractionError(str(error)) from error
        if not self._clip.usable().any():
            raise ExtractionError(f"The features of {video.path.name} have no frame with all of them: extract the clip again.")
        self._sources = self._clip.sources()
        self.info = ExtractorInfo("tag-files", VERSION, "cpu", self._sources)
        digest = hashlib.sha256()
        for path in (files.meshes, files.keypoints, *files.embeddings.values()):
            digest.update(hashlib.sha256(path.read_bytes() if path else b"").digest())
        # What the files say is all that decides the result.
        self.settings: dict[str, object] = {"files": digest.hexdigest(), "alignment": folders.alignment}
        self.notes: tuple[str, ...] = (*self._clip.notes, *self._behind(video))

    def extract(
        self,
        video: Video,
        frames: range,
        *,
        progress: Callable[[int, int], None],
        partial: Callable[[HumanTrack], None],
        cancelled: Callable[[], bool],
    ) -> HumanTrack:
        """The track over `frames`. Raises Cancelled."""
        if cancelled():
            raise Cancelled
        track = tag_track(self._clip, video.timebase.times, video.size, self._sources)
        progress(len(frames), len(frames))
        return slice_track(track, slice(frames.start, frames.stop))

    def _behind(self, video: Video) -> tuple[str, ...]:
        """Readers of video differ in a frame or two at the end; more than that is another clip."""
        behind = int((self._clip.frames >= len(video)).sum())
        if behind > _MOST_BEHIND:
            raise ExtractionError(
                f"The features of {video.path.name} go to frame {int(self._clip.frames[-1])}, the video ends at frame {len(video) - 1}: "
                "they belong to another clip."
            )
        return (f"{behind} rows of the features lie behind the last frame of the video and are left out.",) if behind else ()


def create(video: Video, folders: FeatureFolders | None) -> TagFiles:
    """Raises ExtractionError when no folders are named, or they hold no features of the clip, or the files are not what they should be."""
    if folders is None:
        wanted = "its key points with --keypoints" if is_mesh_file(video.path) else "the folders with --meshes and --keypoints"
        raise ExtractionError(f"The extractor 'tag-files' only reads features, and none are named for {video.path.name}: give {wanted}.")
    return TagFiles(video, folders)
