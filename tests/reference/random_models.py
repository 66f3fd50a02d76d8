"""The networks of the reference extractor at full size with random weights, in files as a user has them. Needs its packages."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.extraction.reference.dwpose.mmpose_pose import build_network
from core.extraction.reference.tokenhmr.network import empty_network
from tests.tokenhmr_weights import write_files


def random_pose() -> Any:
    """DWPose's network as mmpose builds it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network()


class _Simcc(torch.nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> Any:
        return self.network.head(self.network.extract_feat(images))


def export_pose(network: Any, path: Path) -> Path:
    """The network as ONNX, with the names that DWPose's has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Simcc(network).eval(),
            (torch.zeros(1, 3, 384, 288),),
            str(path),
            input_names=["input"],
            output_names=["simcc_x", "simcc_y"],
            dynamic_axes={"input": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    return path


def random_detector(config: Path | str, picture: np.ndarray) -> Any:
    """The network as detectron2 itself makes it, with weights under which half of what it finds in a picture are persons, half bicycles."""
    from detectron2.config import get_cfg
    from detectron2.data.transforms import ResizeShortestEdge
    from detectron2.modeling import build_model

    settings = get_cfg()
    settings.merge_from_file(str(config))
    settings.MODEL.DEVICE = "cpu"
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(4)
        network = build_model(settings).eval()
        # Random features are large: without this, regions would be moved out of the picture.
        network.proposal_generator.rpn_head.anchor_deltas.weight *= 1e-3
        classes = network.roi_heads.box_predictor.cls_score
        features: list[torch.Tensor] = []
        hook = classes.register_forward_hook(lambda _, inputs, __: features.append(inputs[0]))
        scaled = ResizeShortestEdge([192, 192], 320).get_transform(picture).apply_image(picture)
        network([{"image": torch.from_numpy(scaled[..., ::-1].transpose(2, 0, 1).copy())}])
        hook.remove()
        direction = torch.randn(classes.in_features)
        along = features[0] @ direction
        direction *= 2 / along.std()
        middle = (features[0] @ direction).median()
        classes.weight.zero_()
        classes.bias.fill_(-8)
        for place, sign in ((0, 1), (1, -1)):
            classes.weight[place] = sign * direction
            classes.bias[place] = -sign * middle
    return network


def save_detector(network: Any, path: Path, **more: Any) -> Path:
    """As detectron2's model zoo publishes weights: a plain pickle of numpy arrays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: values.numpy() for name, values in network.state_dict().items()}
    path.write_bytes(pickle.dumps({"model": arrays | more, "__author__": "somebody", "matching_heuristics": True}))
    return path


def write_mesh(folder: Path) -> tuple[Path, Path]:
    """TokenHMR's checkpoint (2.7 GB) and its tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_files(folder, {key: tuple(value.shape) for key, value in empty_network().state_dict().items()})
