"""The reference extractor: persons, key points and meshes by the networks of the TAG authors' pipeline, on weights that the user brings.

The clip is read twice: first persons are searched, since the one who is analysed is known only at the end; then key points and meshes are
estimated in their box, several frames at a time. Decoding and cropping run ahead on threads of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from core.extraction import Cancelled, ExtractionError
from core.extraction.lookahead import ahead
from core.extraction.reference.box_tracking import Followed, FramePersons, follow, search
from core.extraction.reference.crops import camera_to_frame
from core.extraction.reference.networks import Networks, fingerprints, load_networks
from core.extraction.reference.persons import Persons
from core.extraction.reference.reading import Batch, SearchedFrames, batches
from core.extraction.reference.recording import Recording
from core.extraction.reference.settings import ReferenceSettings
from core.track import ExtractorInfo, HumanTrack
from core.user_models.setup import ReferenceSetup, reference_setup
from core.video import Video

VERSION = "1"
_PARTIAL_SECONDS = 2.0
# Frames whose key points and meshes are estimated together: more fill a GPU, on a CPU they only cost memory.
_BATCHES = {"cpu": 4, "cuda": 32}
# Frames that are searched together; on a CPU the default detector takes seconds for one.
_SEARCHED_TOGETHER = {"cpu": 1, "cuda": 8}


class Reference:
    """See `core.extraction.Extractor`. Networks are loaded with the first clip and stay; `seconds` says what each stage took so far."""

    def __init__(self, setup: ReferenceSetup, device: str, settings: ReferenceSettings) -> None:
        """Raises ExtractionError when neither key points nor meshes are ready, or the detector that is there is not."""
        if setup.obstacle:
            raise ExtractionError(setup.obstacle)
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
        import torch

        try:
            if self._networks is None:
                self._networks = load_networks(self._setup, self._device, self._settings)
            return self._extract(self._networks, video, frames, progress, partial, cancelled)
        except torch.OutOfMemoryError as error:
            raise ExtractionError("The GPU has too little free memory for these networks: choose the device cpu.") from error

    def _extract(
        self,
        networks: Networks,
        video: Video,
        frames: range,
        progress: Callable[[int, int], None],
        partial: Callable[[HumanTrack], None],
        cancelled: Callable[[], bool],
    ) -> HumanTrack:
        total = len(frames)

        def step(doubled: int) -> None:
            if cancelled():
                raise Cancelled
            progress(doubled // 2, total)

        followed = self._find(networks, video, frames, step)
        times = video.timebase.times[frames.start : frames.stop]
        recording = Recording(self.info, times, video.size, followed)
        reported = time.monotonic()
        size = _BATCHES[self._device]
        with ahead(batches(video, frames, followed.boxes, networks, size, self._device == "cuda"), 2) as waiting:
            for batch in waiting:
                step(total + batch.frames[0])
                self._estimate(networks, recording, batch)
                if time.monotonic() - reported > _PARTIAL_SECONDS:
                    partial(recording.track(batch.frames[-1] + 1))
                    reported = time.monotonic()
        step(2 * total)
        return recording.track(total)

    def _find(self, networks: Networks, video: Video, frames: range, step: Callable[[int], None]) -> Followed:
        """The person who is analysed in each frame."""
        detector, searched = networks.detector, SearchedFrames(video, frames)
        size = _SEARCHED_TOGETHER[self._device]
        begun, reached = time.monotonic(), 0

        def detect(wanted: Sequence[int]) -> list[Persons]:
            nonlocal reached
            if detector is None:
                whole = np.array([[0, 0, *video.size]], np.float32)
                return [Persons(whole, np.ones(1, np.float32)) for _ in wanted]
            found: list[Persons] = []
            for first in range(0, len(wanted), size):
                some = wanted[first : first + size]
                reached = max(reached, some[0])  # frames between searched ones may be searched after them
                step(reached)
                found += detector.detect([searched.picture(frame) for frame in some])
            return found

        persons: list[FramePersons] = []
        every = 1 if detector is None else self._settings.detect_every
        for part, found in search(detect, range(len(frames)), every, searched.cuts):
            searched.look(part[-1])
            persons += found
            step(part[-1] + 1)
        self.seconds["persons"] += time.monotonic() - begun
        return follow(persons, searched.cuts)

    def _estimate(self, networks: Networks, recording: Recording, batch: Batch) -> None:
        frames = np.array(batch.frames)
        if networks.pose is not None:
            from core.extraction.reference.dwpose.layout import to_keypoints

            begun = time.monotonic()
            found = networks.pose.locate(batch.poses)
            # Each is alone in their frame: with several persons in one, the authors' scripts would mix up hands.
            for place, frame in enumerate(frames):
                recording.keypoints[frame], scores = to_keypoints(found, place)
                recording.keypoint_scores[frame] = scores.clip(0, 1)  # a network's are only about that
            self.seconds["key points"] += time.monotonic() - begun
        if networks.mesh is not None and batch.images is not None:
            begun = time.monotonic()
            mesh = networks.mesh.predict(batch.images)
            recording.token[frames], recording.betas[frames] = mesh.token, mesh.betas
            recording.global_orient[frames], recording.body_pose[frames] = mesh.global_orient, mesh.body_pose
            centers, sizes = np.stack([crop.center for crop in batch.meshes]), np.array([crop.size for crop in batch.meshes])
            width, height = recording.size
            recording.translation[frames], focal = camera_to_frame(mesh.camera, centers, sizes, recording.size)
            recording.intrinsics[frames] = (focal, focal, width / 2, height / 2)
            self.seconds["meshes"] += time.monotonic() - begun


def create(device: str, settings: ReferenceSettings) -> Reference:
    """With the models that are in their folder. `auto` is CUDA where there is a device for it. Raises ExtractionError."""
    setup = reference_setup()
    if settings.detector is not None:
        lacking = {part: why for part, why in setup.lacking.items() if part != "detector"}
        setup = replace(setup, detector=settings.detector, lacking=lacking)
    elif settings.config is not None:
        raise ExtractionError(f"{settings.config.name} describes a detector whose weights are not named: name them with --detector.")
    if device != "cpu":
        import torch

        if device == "cuda" and not torch.cuda.is_available():
            raise ExtractionError("There is no CUDA device that torch can use: choose --device cpu.")
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return Reference(setup, device, settings)
