"""HumanTrack: everything an extractor knows about one person, frame by frame."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np


class Presence(StrEnum):
    """Whether the subject can be judged in a frame (design: presence and the reason for each gap)."""

    OK = "ok"
    NONE = "none"
    MANY = "many"
    UNCERTAIN = "uncertain"
    CUT = "cut"


@dataclass(frozen=True)
class Source:
    """One family of features, the space it lives in, and its raw width; two tracks compare only in equal spaces."""

    name: str
    space: str
    size: int


@dataclass(frozen=True)
class Subject:
    """The person who is analysed: an id and the box (x0, y0, x1, y1 in display pixels) of the first frame they are seen in."""

    id: int
    box: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class ExtractorInfo:
    name: str
    version: str
    device: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, eq=False)
class HumanTrack:
    """Per-frame features of one person over all T frames of a clip.

    Values are NaN in frames where the extractor saw nobody. Pixels are display pixels; space is the OpenCV camera
    (x right, y down, z forward, metres); angles are rotation matrices that turn the body into the camera frame.

    times            float64 [T]          seconds since the first shown frame
    presence         tuple of Presence    one per frame
    reasons          tuple of str | None  why a frame is not ok, in plain words
    boxes            float32 [T, 4]       x0, y0, x1, y1
    keypoints        float32 [T, 60, 2]   pixels, order `skeletons.KEYPOINTS`
    keypoint_scores  float32 [T, 60]      0..1
    points3d         float32 [T, 33, 3]   metres, hip-centred, order `skeletons.BLAZEPOSE`; not tied to one body shape
    points3d_scores  float32 [T, 33]      visibility 0..1
    global_orient    float32 [T, 3, 3]
    body_pose        float32 [T, 23, 3, 3]
    betas            float32 [T, 10]      in the space named by the `beta` source
    translation      float32 [T, 3]       of the body's origin in camera space
    intrinsics       float32 [T, 4]       fx, fy, cx, cy in pixels
    features         name -> float32 [T, size], sources that have no field of their own (`appearance`, `vit`, ...)
    """

    extractor: ExtractorInfo
    subject: Subject
    size: tuple[int, int]  # width, height in display pixels
    times: np.ndarray
    presence: tuple[Presence, ...]
    reasons: tuple[str | None, ...]
    boxes: np.ndarray
    keypoints: np.ndarray
    keypoint_scores: np.ndarray
    points3d: np.ndarray
    points3d_scores: np.ndarray
    global_orient: np.ndarray
    body_pose: np.ndarray
    betas: np.ndarray
    translation: np.ndarray
    intrinsics: np.ndarray
    features: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times)

    def seen(self) -> np.ndarray:
        """bool [T]: frames that carry a body at all, whether or not they take part in scores."""
        return np.isfinite(self.keypoints[:, 1, 0])

    def scored(self, allow_many: bool = False) -> np.ndarray:
        """bool [T]: frames that take part in scores."""
        allowed = {Presence.OK, Presence.MANY} if allow_many else {Presence.OK}
        return np.array([value in allowed for value in self.presence]) & self.seen()


_ARRAYS = tuple(f.name for f in fields(HumanTrack) if f.type == "np.ndarray")


def track_arrays(track: HumanTrack) -> dict[str, np.ndarray]:
    """The track as plain arrays, for an npz that needs no pickle; `track_from_arrays` turns it back."""
    meta: dict[str, Any] = {
        "extractor": {
            "name": track.extractor.name,
            "version": track.extractor.version,
            "device": track.extractor.device,
            "sources": [[s.name, s.space, s.size] for s in track.extractor.sources],
        },
        "subject": {"id": track.subject.id, "box": track.subject.box},
        "size": track.size,
        "presence": [str(value) for value in track.presence],
        "reasons": track.reasons,
    }
    arrays = {name: getattr(track, name) for name in _ARRAYS}
    arrays.update({f"feature_{name}": values for name, values in track.features.items()})
    return {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8), **arrays}


def track_from_arrays(arrays: Mapping[str, np.ndarray]) -> HumanTrack:
    """The reverse of `track_arrays`. Raises KeyError or ValueError when something is missing or malformed."""
    meta = json.loads(bytes(arrays["meta"]).decode())
    extractor = meta["extractor"]
    box = meta["subject"]["box"]
    return HumanTrack(
        extractor=ExtractorInfo(
            extractor["name"], extractor["version"], extractor["device"], tuple(Source(*s) for s in extractor["sources"])
        ),
        subject=Subject(meta["subject"]["id"], tuple(box) if box else None),
        size=(meta["size"][0], meta["size"][1]),
        presence=tuple(Presence(value) for value in meta["presence"]),
        reasons=tuple(meta["reasons"]),
        features={name[8:]: np.asarray(arrays[name]) for name in arrays if name.startswith("feature_")},
        **{name: np.asarray(arrays[name]) for name in _ARRAYS},
    )


def load_track(path: Path) -> HumanTrack:
    """Read a track written with `np.savez(path, **track_arrays(track))`."""
    with np.load(path, allow_pickle=False) as arrays:
        return track_from_arrays(dict(arrays))


def slice_track(track: HumanTrack, frames: slice) -> HumanTrack:
    """The same track over a part of its frames."""
    return replace(
        track,
        presence=track.presence[frames],
        reasons=track.reasons[frames],
        features={name: values[frames] for name, values in track.features.items()},
        **{name: getattr(track, name)[frames] for name in _ARRAYS},
    )
