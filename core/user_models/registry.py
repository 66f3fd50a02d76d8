"""Which models a person may bring: what each is for, how big it is, who publishes it under which licence, and where it belongs.

Nothing is downloaded, and none of this is advice on law: the licences are those that the publishers state.

Sizes in bytes: those of DWPose's files as published; of TokenHMR, its tokenizer and Detectron2's detector from the tensors that they hold;
of SMPL 1.1.0 as published (1.0.0, with ten shapes, has 39 MB).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.own_body import NAMES
from core.user_models.folder import models_folder

REFERENCE = "reference"  # the folder, within that of the models, for what the reference extractor uses


@dataclass(frozen=True)
class ModelFile:
    """A file, or a folder of files, that a person brings.

    names    that it may have, the usual one first
    purpose  what it is for, as a sentence
    sources  that it takes part in; empty where it gives none
    size     bytes as published; None where many models serve
    place    its folder within the folder of models; empty for that folder itself
    """

    key: str
    names: tuple[str, ...]
    purpose: str
    sources: tuple[str, ...]
    size: int | None
    publisher: str
    licence: str
    place: str = REFERENCE

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def folder(self) -> Path:
        """Where it belongs."""
        return models_folder() / self.place


_MESH = ("vit", "global", "pose", "beta")
_TOKENHMR = "Max Planck Institute for Intelligent Systems, https://tokenhmr.is.tue.mpg.de (after registering there)"
_DWPOSE = "IDEA Research, https://github.com/IDEA-Research/DWPose, weights at https://huggingface.co/yzd-v/DWPose"
_RESEARCH = "for non-commercial scientific research only; not to be passed on"
_CHOSEN = "that of the model you choose"

MODEL_FILES = (
    ModelFile(
        "tokenhmr",
        ("tokenhmr_model_latest.ckpt",),
        "TokenHMR: the body's pose, orientation and shape, and its appearance, from the crop of a person.",
        _MESH,
        2_724_800_496,
        f"{_TOKENHMR}, in tokenhmr_model_latest.zip",
        _RESEARCH,
    ),
    ModelFile(
        "tokenizer",
        ("tokenizer.pth",),
        "The tokenizer of TokenHMR: turns its tokens into a pose. It is needed beside the checkpoint.",
        _MESH,
        54_641_688,
        f"{_TOKENHMR}, in data.zip",
        _RESEARCH,
    ),
    ModelFile(
        "detectron",
        ("model_final_68b088.pkl",),
        "Detectron2's Faster R-CNN X101-FPN: finds the persons, as in the TAG authors' scripts.",
        _MESH,
        420_760_960,
        "Meta AI, https://github.com/facebookresearch/detectron2, MODEL_ZOO.md: faster_rcnn_X_101_32x8d_FPN_3x, 139173657",
        "Creative Commons Attribution-ShareAlike 3.0",
    ),
    ModelFile(
        "dwpose-onnx",
        ("dw-ll_ucoco_384.onnx",),
        "DWPose for onnxruntime: the key points of body and hands, as in the TAG authors' scripts.",
        ("kp2d",),
        134_399_116,
        _DWPOSE,
        "Apache-2.0",
    ),
    ModelFile(
        "dwpose-pth",
        ("dw-ll_ucoco_384.pth",),
        "The same DWPose for mmpose; not needed where the ONNX file is.",
        ("kp2d",),
        406_878_486,
        _DWPOSE,
        "Apache-2.0",
    ),
    ModelFile(
        "yolox",
        ("yolox_l.onnx",),
        "YOLOX: finds the persons with onnxruntime alone, where Detectron2 is not installed.",
        ("kp2d", *_MESH),
        216_746_733,
        _DWPOSE,
        "Apache-2.0",
    ),
    ModelFile(
        "smpl",
        NAMES,
        "The SMPL body: drawn in place of the bundled one, and the body that betas of TokenHMR belong to. Scores do not need it.",
        (),
        247_186_228,
        "Max Planck Institute for Intelligent Systems, https://smpl.is.tue.mpg.de (after registering there)",
        "for non-commercial research; other uses are to be asked for",
        "",
    ),
    ModelFile(
        "clip",
        ("clip",),
        "A CLIP vision model in the Hugging Face layout (a folder): embeddings of the person crop.",
        ("clip",),
        None,
        "whoever publishes the model you choose; config.json, preprocessor_config.json and model.safetensors are needed",
        _CHOSEN,
        "",
    ),
    ModelFile(
        "dino",
        ("dino",),
        "A DINO model in the Hugging Face layout (a folder): embeddings of the person crop.",
        ("dino",),
        None,
        "whoever publishes the model you choose; config.json, preprocessor_config.json and model.safetensors are needed",
        _CHOSEN,
        "",
    ),
)
_BY_KEY = {file.key: file for file in MODEL_FILES}


def model_file(key: str) -> ModelFile:
    """Raises KeyError."""
    return _BY_KEY[key]


def find(key: str) -> Path | None:
    """Where a model lies, or None when it is not in its folder; nothing is said of what it holds. Raises KeyError for an unknown key."""
    file = _BY_KEY[key]
    return next((path for name in file.names if (path := file.folder / name).exists()), None)
