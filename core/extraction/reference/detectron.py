"""The person detector of the published numbers: Detectron2, on the user's weights.

By default Faster R-CNN with a ResNeXt-101 32x8d FPN, whose configuration comes with detectron2; any other configuration that has a class
"person" at place 0, as COCO does, works with its weights. detectron2 builds the network and runs it; the files are read here, since its own
readers run whatever a pickle or a YAML file names, and download what they do not find.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np

from core.extraction import ExtractionError
from core.extraction.reference.persons import PERSON_SCORE, Persons
from core.safe_checkpoint import Checkpoint, CheckpointError, StoredTensor
from core.safe_pickle import UnsafePickle, load_pickled_arrays

DEFAULT_CONFIG = "COCO-Detection/faster_rcnn_X_101_32x8d_FPN_3x.yaml"
# The version of the configuration files that detectron2 has written since its first release.
_CONFIG_VERSION = 2
_PERSON = 0
# Pictures that go through the network together on a GPU; a CPU gains nothing from more than one.
_BATCH = 8
# How many names a report of unfitting weights gives.
_NAMED = 3


class DetectronDetector:
    """Finds persons (a `PersonDetector`). One instance serves one thread."""

    def __init__(self, network: Any, config: Any, device: str) -> None:
        """network: a detectron2 model with its weights, on `device`; config: what it was built from."""
        from detectron2.data.transforms import ResizeShortestEdge

        self._network = network
        shortest = config.INPUT.MIN_SIZE_TEST
        self._resize = ResizeShortestEdge([shortest, shortest], config.INPUT.MAX_SIZE_TEST)
        self._bgr = config.INPUT.FORMAT == "BGR"
        self._batch = 1 if device == "cpu" else _BATCH

    def detect(self, pictures: Sequence[np.ndarray]) -> list[Persons]:
        """The persons of each picture, RGB uint8 [H, W, 3], that score above PERSON_SCORE."""
        import torch

        found: list[Persons] = []
        with torch.inference_mode():
            # Pictures of other sizes in the same batch would be padded, which moves boxes a little.
            for _, equal in groupby(pictures, lambda picture: picture.shape):
                inputs = map(self._input, equal)
                while batch := list(islice(inputs, self._batch)):
                    found.extend(_persons(output["instances"]) for output in self._network(batch))
        return found

    def _input(self, picture: np.ndarray) -> dict[str, Any]:
        """What detectron2 takes: the scaled picture, uint8 since that uploads fastest, and the size that boxes are wanted in."""
        import torch

        scaled = self._resize.get_transform(picture).apply_image(picture)
        planes = scaled[..., ::-1] if self._bgr else scaled
        return {
            "image": torch.from_numpy(np.ascontiguousarray(planes.transpose(2, 0, 1))),
            "height": picture.shape[0],
            "width": picture.shape[1],
        }


def load_detectron(weights: Path, config: Path | None = None, device: str = "cpu") -> DetectronDetector:
    """The detector with the user's weights: a `.pkl` of detectron2's model zoo, or a `.pth` as its training writes it.

    config: a detectron2 YAML file; None means DEFAULT_CONFIG. device: cpu or cuda.
    Raises ExtractionError when detectron2 is missing, when a file is missing, damaged or unsafe, and when the weights do not fit.
    """
    from core.extraction.reference.torchvision_ops import import_torchvision

    try:
        import_torchvision()
        from detectron2.modeling import build_model
    except ModuleNotFoundError as error:
        raise ExtractionError(
            f"The person detector needs the package {error.name}: README.md, Reference extractor, says how it is installed."
        ) from error
    settings = _read_config(config)
    settings.MODEL.DEVICE = "cpu"  # until the weights are in
    settings.MODEL.ROI_HEADS.SCORE_THRESH_TEST = PERSON_SCORE
    try:
        network = build_model(settings)
    except Exception as error:  # a configuration can be wrong in any way
        raise ExtractionError(f"detectron2 cannot build a network from {_name(config)}: {error}") from error
    _load_strictly(network, _read_weights(weights), weights, config)
    for name in ("mask_on", "keypoint_on"):
        if hasattr(getattr(network, "roi_heads", None), name):
            setattr(network.roi_heads, name, False)  # only boxes are wanted
    return DetectronDetector(network.eval().requires_grad_(False).to(device), settings, device)


def _name(config: Path | None) -> str:
    return DEFAULT_CONFIG if config is None else config.name


def _read_config(path: Path | None) -> Any:
    """A detectron2 configuration from a file and those it is based on, read as plain data from local files only."""
    import yaml
    from detectron2.config import CfgNode, get_cfg
    from detectron2.model_zoo import get_config_file
    from fvcore.common.config import CfgNode as BaseNode

    class LocalNode(BaseNode):
        @classmethod
        def _open_cfg(cls, filename: str) -> Any:
            return Path(filename).open(encoding="utf-8")

    settings = get_cfg()
    try:
        loaded = LocalNode.load_yaml_with_base(get_config_file(DEFAULT_CONFIG) if path is None else str(path), allow_unsafe=False)
        if loaded.get("VERSION", _CONFIG_VERSION) != _CONFIG_VERSION:
            raise ExtractionError(f"{_name(path)} is of another version than {_CONFIG_VERSION}: choose a newer configuration.")
        settings.merge_from_other_cfg(CfgNode(loaded))
    except OSError as error:
        raise ExtractionError(f"{_name(path)} cannot be read: {error.strerror} ({error.filename}).") from error
    except yaml.constructor.ConstructorError as error:
        raise ExtractionError(f"{_name(path)} was not loaded, because it asks for a program to be run: {error.problem}.") from error
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError, AssertionError, AttributeError) as error:
        raise ExtractionError(f"{_name(path)} is not a configuration of detectron2: {error}") from error
    return settings


def _read_weights(path: Path) -> dict[str, Any]:
    """Name -> tensor of a file of weights, whatever else it holds. Nothing in it is executed."""
    import torch

    try:
        if path.suffix == ".pkl" and _begins_as_pickle(path):
            return {name: torch.from_numpy(values) for name, values in load_pickled_arrays(path, entry="model").items()}
        with Checkpoint(path) as checkpoint:
            state = checkpoint.content.get("model", checkpoint.content)
            if not isinstance(state, dict):
                raise ExtractionError(f"{path.name} holds no dictionary of weights under the name 'model': choose another file.")
            return {str(name): checkpoint.tensor(stored) for name, stored in state.items() if isinstance(stored, StoredTensor)}
    except UnsafePickle as error:
        raise ExtractionError(f"{path.name} was not loaded: {str(error)[0].lower()}{str(error)[1:]}") from error
    except CheckpointError as error:
        raise ExtractionError(str(error)) from error


def _begins_as_pickle(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(1) == b"\x80"


def _load_strictly(network: Any, state: dict[str, Any], weights: Path, config: Path | None) -> None:
    """Fill the network; raises ExtractionError that names what is missing, unknown or of another shape.

    Older releases also saved constants that the configuration now gives; those have to agree with it. What training counted is left out.
    """
    wanted = network.state_dict()
    constants = {name: values for name, values in network.named_buffers() if name not in wanted}
    state = {name: values for name, values in state.items() if not name.endswith("num_batches_tracked")}
    missing = [name for name in wanted if name not in state]
    unknown = [name for name in state if name not in wanted and name not in constants]
    shapes = [
        f"{name} {list(state[name].shape)} instead of {list(values.shape)}"
        for name, values in wanted.items()
        if name in state and state[name].shape != values.shape
    ]
    differing = [name for name, values in constants.items() if name in state and not _agree(state[name], values)]
    parts = [("missing", missing), ("unknown", unknown), ("of another shape", shapes), ("constants that disagree", differing)]
    problems = "; ".join(f"{len(names)} {what} ({_list(names)})" for what, names in parts if names)
    if problems:
        raise ExtractionError(f"{weights.name} does not hold the weights of {_name(config)}. Tensors: {problems}.")
    network.load_state_dict({name: values for name, values in state.items() if name in wanted})


def _agree(stored: Any, values: Any) -> bool:
    """Whether two tensors hold the same numbers, whatever their shape."""
    import torch

    return stored.numel() == values.numel() and torch.allclose(stored.flatten().to(values), values.flatten())


def _list(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _persons(instances: Any) -> Persons:
    persons = instances[(instances.pred_classes == _PERSON) & (instances.scores > PERSON_SCORE)].to("cpu")
    order = np.argsort(-persons.scores.numpy(), kind="stable")
    return Persons(persons.pred_boxes.tensor.numpy()[order].astype(np.float32), persons.scores.numpy()[order].astype(np.float32))
