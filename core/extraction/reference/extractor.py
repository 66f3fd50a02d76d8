"""The reference extractor: persons, key points and meshes by the networks of the TAG authors' pipeline, on weights that the user brings.

The clip is read twice: first persons are searched, since the one who is analysed is known only at the end; then key points and meshes are
estimated in their box, several frames at a time. Decoding and cropping run ahead on a thread of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.extraction import Cancelled, ExtractionError
from core.extraction.cuts import CutFinder
from core.extraction.lookahead import ahead
from core.extraction.reference.box_tracking import Followed, FramePersons, follow, search
from core.extraction.reference.crops import Crop, camera_to_frame, crop_person
from core.extraction.reference.networks import Networks, fingerprints, load_networks
from core.extraction.reference.persons import Persons
from core.extraction.reference.recording import Recording
from core.extraction.reference.settings import ReferenceSettings
from core.timebase import FrameIndex
from core.track import ExtractorInfo, HumanTrack, Presence
from core.user_models.setup import ReferenceSetup, reference_setup
from core.video import Video

VERSION = "1"
_PARTIAL_SECONDS = 2.0
# Frames that go through a network together: more fill a GPU, on a CPU they only cost memory.
BATCHES = {"cpu": 4, "cuda": 32}


@dataclass(frozen=True, eq=False)
class _Seen:
    """A frame with the person, on its way to the networks."""

    frame: int
    picture: np.ndarray
    crop: Crop | None


class Reference:
    """See `core.extraction.Extractor`. Networks are loaded with the first clip and stay; `seconds` says what each stage took so far."""

    def __init__(self, setup: ReferenceSetup, device: str, settings: ReferenceSettings) -> None:
        """Raises ExtractionError when neither key points nor meshes are ready."""
        if not setup.sources:
            raise ExtractionError(f"The reference extractor is not ready. {setup.lacking['mesh']} {setup.lacking['pose']}")
        self.info = ExtractorInfo("reference", VERSION, device, setup.sources)
        self.settings: dict[str, object] = {
            "variant": settings.variant,
            "detect_every": settings.detect_every,
            "precision": settings.precision,
            "weights": fingerprints(setup, settings),
        }
        self.notes = tuple(setup.lacking.values())
        self.seconds = {"persons": 0.0, "key points": 0.0, "meshes": 0.0}
        self._setup, self._device, self._settings = setup, device, settings
        self._networks: Networks | None = None

    def extract(
        self,
        video: Video,
        frames: range,
        *,
        progress: Callable[[int, int], None],
        partial: Callable[[HumanTrack], None],
        cancelled: Callable[[], bool],
    ) -> HumanTrack:
        """The track over `frames`; each counts as half done when its persons are known. Raises Cancelled, ExtractionError."""
        if self._networks is None:
            self._networks = load_networks(self._setup, self._device, self._settings)
        networks, total = self._networks, len(frames)

        def step(doubled: int) -> None:
            if cancelled():
                raise Cancelled
            progress(doubled // 2, total)

        followed = self._find(networks, video, frames, step)
        times = video.timebase.times[frames.start : frames.stop]
        recording = Recording(self.info, times, video.size, followed)
        reported = time.monotonic()
        size = BATCHES.get(self._device, BATCHES["cpu"])
        with ahead(_batches(video, frames, followed, size, networks.mesh is not None), 2) as batches:
            for batch in batches:
                step(total + batch[-1].frame)
                self._estimate(networks, recording, batch, followed, video.size)
                if time.monotonic() - reported > _PARTIAL_SECONDS:
                    partial(recording.track(batch[-1].frame + 1))
                    reported = time.monotonic()
        step(2 * total)
        return recording.track(total)

    def _find(self, networks: Networks, video: Video, frames: range, step: Callable[[int], None]) -> Followed:
        """The person who is analysed in each frame."""
        cuts = CutFinder()
        detector = networks.detector
        begun = time.monotonic()

        def detect(wanted: Sequence[int]) -> list[Persons]:
            if detector is None:
                width, height = video.size
                whole = np.array([[0, 0, width, height]], np.float32)
                return [Persons(whole, np.ones(1, np.float32)) for _ in wanted]
            found: list[Persons] = []
            size = BATCHES.get(self._device, BATCHES["cpu"])
            for first in range(0, len(wanted), size):
                step(wanted[first])
                found += detector.detect([video.frame(FrameIndex(frames.start + frame)) for frame in wanted[first : first + size]])
            return found

        persons: list[FramePersons] = []
        for part, found in search(detect, range(len(frames)), self._settings.detect_every if detector else 1, cuts.cuts):
            for frame in part:
                cuts.take(video.frame(FrameIndex(frames.start + frame)))
            persons += found
            step(part[-1] + 1)
        self.seconds["persons"] += time.monotonic() - begun
        return follow(persons, cuts.cuts)

    def _estimate(
        self, networks: Networks, recording: Recording, batch: Sequence[_Seen], followed: Followed, size: tuple[int, int]
    ) -> None:
        frames = np.array([seen.frame for seen in batch])
        if networks.pose is not None:
            from core.extraction.reference.dwpose.layout import to_keypoints

            begun = time.monotonic()
            found = networks.pose.estimate_many([seen.picture for seen in batch], [followed.boxes[frame][None] for frame in frames])
            for frame, whole in zip(frames, found, strict=True):
                recording.keypoints[frame], recording.keypoint_scores[frame] = to_keypoints(whole, 0, self._settings.variant)
            self.seconds["key points"] += time.monotonic() - begun
        crops = [seen.crop for seen in batch if seen.crop is not None]
        if networks.mesh is not None:
            import torch

            begun = time.monotonic()
            mesh = networks.mesh.predict(torch.from_numpy(np.stack([crop.image for crop in crops])))
            recording.token[frames] = mesh.token
            recording.global_orient[frames], recording.body_pose[frames], recording.betas[frames] = (
                mesh.global_orient,
                mesh.body_pose,
                mesh.betas,
            )
            centers, sizes = np.stack([crop.center for crop in crops]), np.array([crop.size for crop in crops])
            recording.translation[frames], focal = camera_to_frame(mesh.camera, centers, sizes, size)
            recording.intrinsics[frames] = (focal, focal, size[0] / 2, size[1] / 2)
            self.seconds["meshes"] += time.monotonic() - begun


def _batches(video: Video, frames: range, followed: Followed, size: int, crop: bool) -> Iterator[list[_Seen]]:
    """The frames that show the person, in order, `size` at a time; decoding and cropping happen here."""
    batch: list[_Seen] = []
    for index, picture in video.frames(frames.start, frames.stop):
        frame = index - frames.start
        if followed.presence[frame] is Presence.NONE or not np.isfinite(followed.boxes[frame]).all():
            continue
        batch.append(_Seen(frame, picture, crop_person(picture, followed.boxes[frame]) if crop else None))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def create(device: str, settings: ReferenceSettings) -> Reference:
    """With the models that are in their folder. `auto` is CUDA where there is a device for it. Raises ExtractionError."""
    setup = reference_setup()
    if settings.detector is not None:
        lacking = {part: why for part, why in setup.lacking.items() if part != "detector"}
        setup = replace(setup, detector=settings.detector, lacking=lacking)
    if device != "cpu":
        import torch

        if device == "cuda" and not torch.cuda.is_available():
            raise ExtractionError("There is no CUDA device that torch can use: choose --device cpu.")
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return Reference(setup, device, settings)
