"""Weights for embeddings of the person crop, which a person brings: where they lie, what they are, how pictures are prepared for them.

A folder in the Hugging Face layout (`config.json`, `preprocessor_config.json`, `model.safetensors`), called `clip` or `dino`, in the folder
of models. Nothing is downloaded, and no pickle is read. No torch here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from core.embedding_sources import EMBEDDINGS
from core.extraction import ExtractionError
from core.store import make_key
from core.track import Source
from core.user_models.folder import models_folder
from core.video import file_sha256

CONFIG, PREPARATION, WEIGHTS = "config.json", "preprocessor_config.json", "model.safetensors"
# Part of the keys of tracks: raise when `core.extraction.person_embedding` makes other numbers of the same weights.
VERSION = "1"
# Source -> what it is called for people, and the `model_type` of the configurations that can serve it.
_KINDS = {"clip": ("a CLIP vision model", ("clip", "clip_vision_model")), "dino": ("a DINO model", ("dinov2", "vit"))}
_PROJECTION = "visual_projection.weight"  # [size of the embedding, width]
_FILTERS = {2: "bilinear", 3: "bicubic"}  # the numbers that PIL has for them
# What a configuration says about its file and not about the network.
_REMARKS = ("_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version")


@dataclass(frozen=True)
class Preparation:
    """How the square crop becomes the network's input: resized to `size` pixels with `resample`, its middle `crop` pixels taken, and
    (value * scale - mean) / std for each of the three channels."""

    size: int
    resample: str
    crop: int
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class PersonWeights:
    """One network. `digest` is of everything that decides its numbers; the source's space begins with its first 8 digits."""

    source: Source
    folder: Path
    model_type: str
    preparation: Preparation
    digest: str


def needed_weights(
    sources: Iterable[Source], given: Collection[str], checksum: Callable[[Path], str] = file_sha256
) -> tuple[PersonWeights, ...]:
    """The weights for those sources that are embeddings and that the extractor does not give. Raises ExtractionError, as `find_weights`."""
    names = {source.name for source in sources if source.name not in given}
    return tuple(find_weights(name, checksum) for name in EMBEDDINGS if name in names)


def find_weights(name: str, checksum: Callable[[Path], str] = file_sha256) -> PersonWeights:
    """The weights of `clip` or `dino` in the folder of models.

    checksum(path) is the SHA-256 of a file. Raises ExtractionError, one sentence, when something is missing or cannot be used.
    """
    folder = models_folder() / name
    what, types = _KINDS[name]
    missing = [file for file in (CONFIG, PREPARATION, WEIGHTS) if not (folder / file).is_file()]
    if missing:
        raise ExtractionError(
            f"The source '{name}' is computed with weights that you bring, and {missing[0]} is not in {folder}: put the files "
            f"{CONFIG}, {PREPARATION} and {WEIGHTS} of {what} there."
        )
    config = _read_json(folder / CONFIG)
    model_type = config.get("model_type")
    if model_type not in types:
        raise ExtractionError(
            f"{folder / CONFIG} names the model type '{model_type}', which cannot serve '{name}': use {' or '.join(types)}."
        )
    preparation = _preparation(folder / PREPARATION)
    size = _embedding_size(folder / WEIGHTS) if name == "clip" else config.get("hidden_size", 768)
    decisive = {key: value for key, value in config.items() if key not in _REMARKS}
    told = json.dumps({"config": decisive, "preparation": repr(preparation), "weights": checksum(folder / WEIGHTS)}, sort_keys=True)
    digest = hashlib.sha256(told.encode()).hexdigest()
    return PersonWeights(Source(name, f"{name}-{digest[:8]}", size), folder, model_type, preparation, digest)


def described_key(track_key: str, weights: Sequence[PersonWeights]) -> str:
    """The name in the cache of a track with these embeddings; `track_key` is that of the track without, which also serves for none."""
    if not weights:
        return track_key
    return make_key(track=track_key, embeddings=[[one.source.name, one.digest] for one in weights], version=VERSION)


def _preparation(path: Path) -> Preparation:
    """Both spellings of sizes: a number, or {shortest_edge} or {height, width}."""
    content = _read_json(path)
    try:
        size = _edge(content["size"])
        cropped = content.get("do_center_crop", "crop_size" in content)
        crop = _edge(content["crop_size"]) if cropped else size
        mean, std = _three(content["image_mean"]), _three(content["image_std"])
        resample = _FILTERS[content.get("resample", 3)]
        scale = float(content.get("rescale_factor", 1 / 255))
        if min(std) <= 0 or not 0 < crop <= size:
            raise ValueError("impossible sizes")
        if not all(content.get(step, True) for step in ("do_resize", "do_rescale", "do_normalize")):
            raise ValueError("a step is left out")
    except (KeyError, TypeError, ValueError) as error:
        raise ExtractionError(f"{path} does not say how pictures are prepared ({error!r}): get the file of this model again.") from error
    return Preparation(size, resample, crop, scale, mean, std)


def _three(values: Any) -> tuple[float, float, float]:
    """One number for each channel."""
    red, green, blue = values
    return float(red), float(green), float(blue)


def _edge(value: Any) -> int:
    """The edge of a square, however it is written."""
    if isinstance(value, dict):
        edges = {value[key] for key in ("shortest_edge", "height", "width") if key in value}
        (value,) = edges
    return int(value)


def _embedding_size(path: Path) -> int:
    try:
        with safe_open(path, framework="numpy") as tensors:
            size: int = tensors.get_slice(_PROJECTION).get_shape()[0]
            return size
    except (SafetensorError, OSError) as error:
        raise ExtractionError(f"{path} is damaged or holds no '{_PROJECTION}' ({error}): get the file again.") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExtractionError(f"{path} cannot be read as JSON ({error}): get the file of this model again.") from error
    if not isinstance(content, dict):
        raise ExtractionError(f"{path} is no JSON object: get the file of this model again.")
    return content
