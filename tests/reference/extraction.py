"""What tests of the assembled extractor share."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.extraction import create_extractor
from core.extraction.reference.extractor import Reference
from core.extraction.reference.networks import load_networks
from core.extraction.reference.persons import Persons
from core.extraction.reference.settings import ReferenceSettings
from core.track import HumanTrack, Source
from core.video import Video

KEY_POINTS = (Source("kp2d", "openpose-60", 120),)
# A fifth of the published sizes, and a little more: smaller files are taken for cut short.
POSE_BYTES, YOLOX_BYTES = 30_000_000, 50_000_000
# Three persons in a picture of 1280 x 720.
BOXES = np.array([[420, 60, 860, 700], [900, 200, 1200, 600], [100, 300, 300, 600]], np.float32)
# Who of them is seen in each frame of `acted`.
ACTS = ["A"] * 8 + ["AB"] * 5 + ["B"] * 3 + ["AB"] * 4 + [""] * 8 + ["B"] * 4 + ["A"] * 4


def extract(extractor: Any, video: Video, frames: range | None = None, **more: Any) -> HumanTrack:
    calls = {"progress": lambda done, total: None, "partial": lambda track: None, "cancelled": lambda: False} | more
    return extractor.extract(video, range(len(video)) if frames is None else frames, **calls)


def reference(**settings: Any) -> Reference:
    made = create_extractor("reference", "cpu", reference=ReferenceSettings(**settings))
    assert isinstance(made, Reference)
    return made


class Counting:
    """The detector it is given, with a note of what went through."""

    def __init__(self, detector: Any) -> None:
        self.detector, self.pictures = detector, 0

    def detect(self, pictures: Sequence[np.ndarray]) -> list[Persons]:
        self.pictures += len(pictures)
        return self.detector.detect(pictures)


def counted(extractor: Reference) -> Counting:
    networks = load_networks(extractor._setup, "cpu", extractor._settings)
    counting = Counting(networks.detector)
    extractor._networks = replace(networks, detector=counting)
    return counting
