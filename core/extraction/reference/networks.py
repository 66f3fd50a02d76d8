"""The networks of the reference extractor, loaded from the files that a person has, and what tells these files apart."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.extraction import ExtractionError
from core.extraction.reference.persons import PersonDetector
from core.extraction.reference.settings import ReferenceSettings
from core.user_models.setup import ReferenceSetup

if TYPE_CHECKING:
    from core.extraction.reference.dwpose.estimator import PoseEstimator
    from core.extraction.reference.tokenhmr.prediction import MeshNetwork

_SAMPLES, _SAMPLE_BYTES = 64, 1 << 16


@dataclass(frozen=True)
class Networks:
    """What is loaded, on its device; None where a part is missing."""

    detector: PersonDetector | None
    pose: PoseEstimator | None
    mesh: MeshNetwork | None


def load_networks(setup: ReferenceSetup, device: str, settings: ReferenceSettings) -> Networks:
    """Raises ExtractionError with a sentence for what is wrong with a file."""
    try:
        return Networks(
            detector=_load_detector(setup.detector, settings.config, device) if setup.detector else None,
            pose=_load_pose(setup.pose, device, settings) if setup.pose else None,
            mesh=_load_mesh(setup.mesh, setup.tokenizer, device, settings) if setup.mesh and setup.tokenizer else None,
        )
    except (ValueError, OSError, ImportError) as error:
        raise ExtractionError(str(error)) from error


def fingerprints(setup: ReferenceSetup, settings: ReferenceSettings) -> dict[str, str]:
    """What tells the files apart, for the cache's keys. Raises ExtractionError when one cannot be read."""
    files = {
        "detector": setup.detector,
        "config": settings.config,
        "pose": setup.pose,
        "mesh": setup.mesh,
        "tokenizer": setup.tokenizer,
    }
    try:
        return {name: _fingerprint(path) for name, path in files.items() if path is not None}
    except OSError as error:
        raise ExtractionError(f"{error.filename} cannot be read ({error.strerror}): check the path.") from error


def _load_detector(path: Path, config: Path | None, device: str) -> PersonDetector:
    if path.suffix == ".onnx":
        from core.extraction.reference.yolox import load_yolox

        return load_yolox(path, _for_onnx(device))
    from core.extraction.reference.detectron import load_detectron

    return load_detectron(path, config, device)


def _for_onnx(device: str) -> str:
    """The onnxruntime that is installed may be one for CPUs only, beside a torch that has CUDA: slower, but no reason to stop."""
    return "auto" if device == "cuda" else device


def _load_pose(path: Path, device: str, settings: ReferenceSettings) -> PoseEstimator:
    colour = "bgr" if settings.variant == "authors" else "rgb"
    if path.suffix == ".onnx":
        from core.extraction.reference.dwpose.onnx_pose import load_onnx_pose

        return load_onnx_pose(path, _for_onnx(device), colour)
    from core.extraction.reference.dwpose.mmpose_pose import load_mmpose_pose

    return load_mmpose_pose(path, device, colour)


def _load_mesh(checkpoint: Path, tokenizer: Path, device: str, settings: ReferenceSettings) -> MeshNetwork:
    from core.extraction.reference.tokenhmr.prediction import load_mesh_network

    return load_mesh_network(checkpoint, tokenizer, device, settings.precision)


def _fingerprint(path: Path) -> str:
    """SHA-256 of the size and of 64 blocks spread over the file: gigabytes would take many seconds each time."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for sample in range(_SAMPLES):
            file.seek(max(0, (size - _SAMPLE_BYTES) * sample // (_SAMPLES - 1)))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()
