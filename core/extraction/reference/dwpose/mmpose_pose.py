"""DWPose as a PyTorch checkpoint (`dw-ll_ucoco_384.pth`), on the network that mmpose builds from its own configuration."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from core.extraction import ExtractionError
from core.extraction.reference.dwpose.estimator import SimccEstimator
from core.extraction.reference.torchvision_ops import import_torchvision
from core.safe_checkpoint import Checkpoint, CheckpointError, StoredTensor

# RTMPose-l for whole bodies, the architecture that DWPose's students share; ships inside mmpose.
_CONFIG = ".mim/configs/wholebody_2d_keypoint/rtmpose/ubody/rtmpose-l_8xb32-270e_coco-ubody-wholebody-384x288.py"
_SIZE = (288, 384)
_COMPILED = "mmcv._ext"


def load_mmpose_pose(path: Path, device: str = "cpu", colour: str = "rgb") -> SimccEstimator:
    """The pose estimator of a checkpoint whose `state_dict` (or the checkpoint itself) holds the weights of `build_network`.

    device: cpu, cuda or auto; colour: see COLOURS. No flipped picture is averaged in: the ONNX network has none either. Raises
    ExtractionError with one sentence when packages are missing or the file does not hold these weights.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise ExtractionError("PyTorch cannot use a GPU here: choose the CPU.")
    model = build_network()
    _load_weights(model, path)
    model.to(device)

    @torch.inference_mode()
    def network(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # mmdet's layers say autocast by its former name
            x, y = model.head(model.extract_feat(torch.from_numpy(images).to(device)))
        return x.float().cpu().numpy(), y.float().cpu().numpy()

    return SimccEstimator(network, _SIZE, device, colour)


def build_network() -> Any:
    """mmpose's TopdownPoseEstimator of the shipped configuration in evaluation mode, weights random.

    Built directly from the configuration's model part: mmpose's own `init_model` would also run, as a program, a file of key-point names
    that it looks for in the current folder first. Raises ExtractionError when a package is missing.
    """
    try:
        import_torchvision()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what these packages make of newer versions of others
            with _without_compiled_mmcv():
                importlib.import_module("mmdet.models")
                build = importlib.import_module("mmpose.models").build_pose_estimator
            folder = Path(str(importlib.import_module("mmpose").__file__)).parent
            config = importlib.import_module("mmengine").Config.fromfile(folder / _CONFIG)
            config.model.backbone.init_cfg = None  # it names weights to be downloaded
            importlib.import_module("mmengine.registry").init_default_scope("mmpose")
            model = importlib.import_module("mmengine.model").revert_sync_batchnorm(build(config.model))
    except ModuleNotFoundError as error:
        raise ExtractionError(f"DWPose's .pth weights need the package {error.name}: install it, or use DWPose's .onnx file.") from error
    return model.eval()


def _load_weights(model: Any, path: Path) -> None:
    try:
        with Checkpoint(path) as checkpoint:
            stored = checkpoint.content.get("state_dict", checkpoint.content)
            stored = stored if isinstance(stored, dict) else {}
            wanted = model.state_dict()
            missing = [name for name in wanted if not isinstance(stored.get(name), StoredTensor)]
            misshaped = [name for name in wanted if name not in missing and stored[name].shape != wanted[name].shape]
            if missing or misshaped:
                raise ExtractionError(_report(path, len(wanted), missing, misshaped))
            model.load_state_dict({name: checkpoint.tensor(stored[name]) for name in wanted})
    except CheckpointError as error:
        raise ExtractionError(str(error)) from error


def _report(path: Path, count: int, missing: list[str], misshaped: list[str]) -> str:
    wrong = [f"{len(names)} {how} ({names[0]} first)" for names, how in ((missing, "missing"), (misshaped, "of another shape")) if names]
    return f"{path.name} does not hold the weights of DWPose-l 384x288: of {count} tensors {' and '.join(wrong)}; choose another file."


@contextmanager
def _without_compiled_mmcv() -> Iterator[None]:
    """mmcv-lite has no compiled operations, yet modules that define networks we do not use ask for them when they are imported.

    While the block runs a stand-in answers. It must go afterwards: mmengine takes its presence for that of compiled operations.
    """
    if _COMPILED in sys.modules or importlib.util.find_spec(_COMPILED) is not None:
        yield
        return
    sys.modules[_COMPILED] = _CompiledStandIn(_COMPILED)
    try:
        yield
    finally:
        del sys.modules[_COMPILED]


class _CompiledStandIn(ModuleType):
    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return _absent


def _absent(*_: Any, **__: Any) -> Any:
    raise NotImplementedError("This is one of the compiled operations of mmcv, which are not installed.")
