"""Small networks with random weights, kept in folders as a person's own would be: Hugging Face layout, safetensors."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
CLIP_PREPARATION = {"size": 32, "crop_size": 32, "do_center_crop": True, "resample": 3, "image_mean": MEAN, "image_std": STD}
DINO_PREPARATION = {
    "size": {"shortest_edge": 32}, "crop_size": {"height": 28, "width": 28}, "resample": 3, "rescale_factor": 1 / 255,
    "image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225),
}  # fmt: skip


def _transformers() -> Any:
    return pytest.importorskip("transformers", reason="the extra 'embedders' is not installed")


def _save(network: Any, folder: Path, preparation: dict[str, Any]) -> Path:
    from transformers.utils import logging

    logging.disable_progress_bar()
    network.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preparation))
    return folder


def write_clip(folder: Path, seed: int = 0, size: int = 512) -> Path:
    """A vision model alone."""
    transformers = _transformers()
    torch.manual_seed(seed)
    config = transformers.CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=16, projection_dim=size
    )
    return _save(transformers.CLIPVisionModelWithProjection(config), folder, CLIP_PREPARATION)


def write_whole_clip(folder: Path, size: int = 48) -> Path:
    """A model of text and pictures, as CLIP is usually handed out."""
    transformers = _transformers()
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config={**shape, "vocab_size": 9, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0},
        vision_config={**shape, "image_size": 32, "patch_size": 16},
        projection_dim=size,
    )
    return _save(transformers.CLIPModel(config), folder, CLIP_PREPARATION)


def write_dino(folder: Path, seed: int = 0) -> Path:
    """DINOv2, 768 wide as the base model is."""
    transformers = _transformers()
    torch.manual_seed(seed)
    config = transformers.Dinov2Config(
        hidden_size=768, num_hidden_layers=1, num_attention_heads=4, image_size=28, patch_size=14, mlp_ratio=1
    )
    return _save(transformers.Dinov2Model(config), folder, DINO_PREPARATION)


def write_first_dino(folder: Path) -> Path:
    """The first DINO: a plain vision transformer, with a pooling layer that is not used."""
    transformers = _transformers()
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=768, intermediate_size=32, num_hidden_layers=1, num_attention_heads=4, image_size=28, patch_size=14
    )
    return _save(transformers.ViTModel(config), folder, {"size": 28, "resample": 2, "image_mean": MEAN, "image_std": STD})
