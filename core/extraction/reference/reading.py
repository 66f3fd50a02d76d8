"""The frames of a clip on their way to the networks: searched for shot cuts and persons, then cropped, in batches, on other threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.extraction.cuts import LOOK, CutFinder
from core.extraction.reference.crops import Crop, crop_person
from core.extraction.reference.networks import Networks
from core.timebase import FrameIndex
from core.video import Video

if TYPE_CHECKING:
    import torch

    from core.extraction.reference.dwpose.simcc import PersonCrop

# More than these hardly help: decoding, which is one thread, then takes longer than cropping.
_CROPPERS = 4


class SearchedFrames:
    """Pictures for the person detector; frames are counted from the start of the range. Decoding runs ahead on a thread of the video."""

    def __init__(self, video: Video, frames: range) -> None:
        self._video, self._frames = video, frames
        self._finder = CutFinder()
        self._recent: deque[tuple[int, np.ndarray]] = deque(maxlen=LOOK)
        self._looked = 0

    @property
    def cuts(self) -> list[int]:
        """First frames of new shots, as far as they are known."""
        return self._finder.cuts

    def picture(self, frame: int) -> np.ndarray:
        """RGB uint8 [H, W, 3]; afterwards all cuts up to this frame are known."""
        self.look(frame)
        for recent, picture in self._recent:
            if recent == frame:
                return picture
        return self._decode(frame)

    def look(self, frame: int) -> None:
        """Find all cuts up to this frame, for which some frames behind it are read."""
        stop = min(frame + LOOK, len(self._frames))
        if self._looked < stop:
            self._video.prefetch(FrameIndex(self._frames[self._looked]))
        while self._looked < stop:
            picture = self._decode(self._looked)
            self._finder.take(picture)
            self._recent.append((self._looked, picture))
            self._looked += 1

    def _decode(self, frame: int) -> np.ndarray:
        return self._video.frame(FrameIndex(self._frames[frame]))


@dataclass(frozen=True, eq=False)
class Batch:
    """frames: numbers within the range, one at least; poses, meshes: a crop for each, empty where there is no such network.

    images: float32 [N, 3, 256, 256], those of `meshes`, in memory that a GPU fetches by itself.
    """

    frames: list[int]
    poses: list[PersonCrop]
    meshes: list[Crop]
    images: torch.Tensor | None


def batches(video: Video, frames: range, boxes: np.ndarray, networks: Networks, size: int, pinned: bool) -> Iterator[Batch]:
    """The frames that have a box (boxes float32 [T, 4], NaN where the person is not seen), in order, `size` at a time."""

    def crop(picture: np.ndarray, box: np.ndarray) -> tuple[PersonCrop | None, Crop | None]:
        pose = networks.pose.crop(picture, box) if networks.pose is not None else None
        return pose, crop_person(picture, box) if networks.mesh is not None else None

    shown: np.ndarray = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)
    count = min(_CROPPERS, max((os.cpu_count() or 2) - 1, 1))
    waiting: list[tuple[int, Future[tuple[PersonCrop | None, Crop | None]]]] = []
    with ThreadPoolExecutor(count, thread_name_prefix="crops") as croppers:
        for index, picture in video.frames(frames.start, frames.stop):
            frame = index - frames.start
            if shown[frame]:
                waiting.append((frame, croppers.submit(crop, picture, boxes[frame])))
            if len(waiting) == size or (waiting and frame == len(frames) - 1):
                yield _batch(waiting, pinned)
                waiting = []


def _batch(waiting: list[tuple[int, Future[tuple[PersonCrop | None, Crop | None]]]], pinned: bool) -> Batch:
    import torch

    crops = [future.result() for _, future in waiting]
    meshes = [mesh for _, mesh in crops if mesh is not None]
    images = torch.from_numpy(np.stack([mesh.image for mesh in meshes])) if meshes else None
    if images is not None and pinned:
        images = images.pin_memory()
    return Batch([frame for frame, _ in waiting], [pose for pose, _ in crops if pose is not None], meshes, images)
