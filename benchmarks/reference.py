"""Frames a second of the whole reference extractor, and the time of each stage.

Usage: python benchmarks/reference.py [VIDEO] [--frames 96] [--device cpu|cuda] [--every 1,5] [--precision float32,bfloat16]
                                      [--parts persons,points,meshes] [--models FOLDER]

Runs in the environment of the reference extractor (`make setup-reference`). Without --models, the networks have random weights at full
size: DWPose and Detectron2's default detector as their libraries make them, TokenHMR by the rule of tests/tokenhmr_weights.py; they are
written to a temporary folder first (3.5 GB of disk, about a minute). Time does not depend on what the weights say, but for the detector: a
random one finds persons everywhere, so one person in the middle of the picture takes the place of what it found. Without VIDEO, noise of
1280 x 720 that moves is filmed first. Each line is one run over a freshly opened clip, after a warm-up.

`persons` is the first pass (with decoding and shot cuts), `key points` and `meshes` are the two networks, `rest` is what the second pass
waited for pictures and crops.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from core.extraction import ExtractionError
from core.extraction.reference.extractor import Reference, create
from core.extraction.reference.networks import Networks, load_networks
from core.extraction.reference.persons import PersonDetector, Persons
from core.extraction.reference.settings import PRECISIONS, ReferenceSettings
from core.user_models.folder import VARIABLE
from core.user_models.setup import reference_setup
from core.video import Video, open_video

PARTS = ("persons", "points", "meshes")
SIZE = (1280, 720)
WARM_UP = {"cpu": 1, "cuda": 64}  # frames


class OnePerson:
    """Does the work of a detector, and then says that one person stands in the middle."""

    def __init__(self, detector: PersonDetector) -> None:
        self._detector = detector

    def detect(self, pictures: Sequence[np.ndarray]) -> list[Persons]:
        self._detector.detect(pictures)
        found = []
        for picture in pictures:
            height, width = picture.shape[:2]
            box = np.array([[0.35 * width, 0.08 * height, 0.65 * width, 0.95 * height]], np.float32)
            found.append(Persons(box, np.ones(1, np.float32)))
        return found


def write_models(folder: Path, parts: Sequence[str]) -> None:
    import torch

    from tests.reference.random_models import export_pose, random_detector, random_pose, save_detector, write_mesh

    folder.mkdir(parents=True, exist_ok=True)
    if "persons" in parts:
        from core.extraction.reference.torchvision_ops import import_torchvision

        import_torchvision()
        from detectron2.model_zoo import get_config_file

        from core.extraction.reference.detectron import DEFAULT_CONFIG

        save_detector(random_detector(get_config_file(DEFAULT_CONFIG), noise(0)), folder / "model_final_68b088.pkl")
    if "points" in parts and find_spec("onnxruntime"):
        export_pose(random_pose(), folder / "dw-ll_ucoco_384.onnx")
    elif "points" in parts:
        torch.save({"state_dict": random_pose().state_dict()}, folder / "dw-ll_ucoco_384.pth")
    if "meshes" in parts:
        write_mesh(folder)


def write_clip(path: Path, frames: int) -> Path:
    from tests.reference.films import write_film

    return write_film(path, map(noise, range(frames)), 30)


def noise(frame: int) -> np.ndarray:
    """Blocks of all colours that move to the right."""
    blocks = np.random.default_rng(0).integers(0, 255, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    return np.roll(np.kron(blocks, np.ones((8, 8, 1), np.uint8)), 4 * frame, axis=1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", nargs="?", type=Path)
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--every", default="1,5")
    parser.add_argument("--precision", default="float32,bfloat16")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--models", type=Path, help="your own files, as in the folder that main.py doctor names")
    options = parser.parse_args()
    parts, precisions = options.parts.split(","), options.precision.split(",")
    if not set(parts) <= set(PARTS) or not set(precisions) <= set(PRECISIONS):
        parser.error(f"parts are of {', '.join(PARTS)}; precisions of {', '.join(PRECISIONS)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ[VARIABLE] = str(options.models or folder)
        if options.models is None:
            write_models(folder / "reference", parts)
        video = options.video or write_clip(folder / "noise.mp4", options.frames)
        heading(video, options.device, options.frames)
        for precision in precisions if "meshes" in parts else precisions[:1]:
            for every in map(int, options.every.split(",")) if "persons" in parts else (1,):
                measure(video, options.frames, options.device, replace(ReferenceSettings(), detect_every=every, precision=precision), parts)
    return 0


def heading(video: Path, device: str, frames: int) -> None:
    import torch

    where = torch.cuda.get_device_name(0) if device == "cuda" else f"processor, {torch.get_num_threads()} threads"
    with open_video(video) as opened:
        print(f"{opened.size[0]} x {opened.size[1]}, {min(frames, len(opened))} frames, {where}")
    columns = ("precision", "every", "loading s", "frames/s", "persons ms", "key points ms", "meshes ms", "rest ms")
    print("".join(f"{column:>14}" for column in columns))


def measure(path: Path, frames: int, device: str, settings: ReferenceSettings, parts: Sequence[str]) -> None:
    begun = time.perf_counter()
    try:
        extractor = create(device, settings)
        networks = load_networks(reference_setup(), device, settings)
    except ExtractionError as error:
        print(f"{settings.precision:>14}  {error}")
        return
    loading = time.perf_counter() - begun
    extractor._networks = chosen(networks, parts)
    with open_video(path) as video:
        run(extractor, video, range(min(WARM_UP[device], len(video))))
    extractor.seconds = dict.fromkeys(extractor.seconds, 0.0)
    with open_video(path) as video:
        count = min(frames, len(video))
        begun = time.perf_counter()
        run(extractor, video, range(count))
        whole = time.perf_counter() - begun
    stages = [extractor.seconds[stage] for stage in ("persons", "key points", "meshes")]
    each = "".join(f"{1000 * seconds / count:>14.1f}" for seconds in (*stages, whole - sum(stages)))
    print(f"{settings.precision:>14}{settings.detect_every:>14}{loading:>14.1f}{count / whole:>14.2f}{each}", flush=True)


def chosen(networks: Networks, parts: Sequence[str]) -> Networks:
    return Networks(
        detector=OnePerson(networks.detector) if networks.detector is not None and "persons" in parts else None,
        pose=networks.pose if "points" in parts else None,
        mesh=networks.mesh if "meshes" in parts else None,
    )


def run(extractor: Reference, video: Video, frames: range) -> None:
    extractor.extract(video, frames, progress=lambda done, total: None, partial=lambda track: None, cancelled=lambda: False)


if __name__ == "__main__":
    sys.exit(main())
