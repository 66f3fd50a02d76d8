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

    title    what it is called for people
    names    that it may have, the usual one first
    purpose  what it is for, as a sentence
    sources  that it takes part in; empty where it gives none
    size     bytes as published; None where many models serve
    place    its folder within the folder of models; empty for that folder itself
    """

    key: str
    title: str
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
_ANYONE = "whoever made the model you choose"
_CHOSEN = "that of the model you choose"

MODEL_FILES = (
    ModelFile(
        "tokenhmr",
        "TokenHMR",
        ("tokenhmr_model_latest.ckpt",),
        "The body's pose, orientation and shape, and its appearance, from the crop of a person.",
        _MESH,
        2_724_800_496,
        f"{_TOKENHMR}, in tokenhmr_model_latest.zip",
        _RESEARCH,
    ),
    ModelFile(
        "tokenizer",
        "Tokenizer of TokenHMR",
        ("tokenizer.pth",),
        "Turns the tokens of TokenHMR into a pose; needed beside its checkpoint.",
        _MESH,
        54_641_688,
        f"{_TOKENHMR}, in data.zip",
        _RESEARCH,
    ),
    ModelFile(
        "detectron",
        "Detectron2 Faster R-CNN X101-FPN",
        ("model_final_68b088.pkl",),
        "Finds the persons, as in the TAG authors' scripts.",
        _MESH,
        420_760_960,
        "Meta AI, https://github.com/facebookresearch/detectron2, MODEL_ZOO.md: faster_rcnn_X_101_32x8d_FPN_3x, 139173657",
        "Creative Commons Attribution-ShareAlike 3.0",
    ),
    ModelFile(
        "dwpose-onnx",
        "DWPose for onnxruntime",
        ("dw-ll_ucoco_384.onnx",),
        "The key points of body and hands, as in the TAG authors' scripts.",
        ("kp2d",),
        134_399_116,
        _DWPOSE,
        "Apache-2.0",
    ),
    ModelFile(
        "dwpose-pth",
        "DWPose for mmpose",
        ("dw-ll_ucoco_384.pth",),
        "The same network in another format; not needed where the ONNX file is.",
        ("kp2d",),
        406_878_486,
        _DWPOSE,
        "Apache-2.0",
    ),
    ModelFile(
        "yolox",
        "YOLOX",
        ("yolox_l.onnx",),
        "Finds the persons with onnxruntime alone; not needed where Detectron2 and its weights are.",
        ("kp2d", *_MESH),
        216_746_733,
        _DWPOSE,
        "Apache-2.0",
    ),
    ModelFile(
        "smpl",
        "SMPL body",
        NAMES,
        "Drawn in place of the bundled body; the betas of TokenHMR belong to it. Scores do not need it.",
        (),
        247_186_228,
        "Max Planck Institute for Intelligent Systems, https://smpl.is.tue.mpg.de (after registering there)",
        "for non-commercial research; other uses are to be asked for",
        "",
    ),
    ModelFile(
        "clip",
        "CLIP",
        ("clip",),
        "Embeddings of the person crop, for manifolds with the source clip; a folder in the Hugging Face layout.",
        ("clip",),
        None,
        _ANYONE,
        _CHOSEN,
        "",
    ),
    ModelFile(
        "dino",
        "DINO",
        ("dino",),
        "Embeddings of the person crop, for manifolds with the source dino; a folder in the Hugging Face layout.",
        ("dino",),
        None,
        _ANYONE,
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
