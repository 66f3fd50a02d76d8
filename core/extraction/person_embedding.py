"""Embeddings of the person crop, frame by frame, as further sources of a track (TAG Table 4), by networks whose weights a person brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from core.extraction import Cancelled, ExtractionError
from core.extraction.person_weights import CONFIG, WEIGHTS, PersonWeights, Preparation
from core.track import HumanTrack
from core.video import Video

# The crop is a square around the box, larger than its longer side by this share: a model that drops the border still sees all of the body.
MARGIN = 0.2
_BATCH = 32


class PersonDescriber:
    """Adds embeddings to tracks. Its networks are loaded when they are first needed, and serve any number of tracks."""

    def __init__(self, weights: Sequence[PersonWeights], device: str) -> None:
        """device: `auto`, `cpu` or `cuda`."""
        self.weights = tuple(weights)
        self._device = device
        self._networks: tuple[PersonNetwork, ...] = ()

    def load(self) -> None:
        """Raises ExtractionError when weights cannot be used."""
        if not self._networks:
            self._networks = tuple(PersonNetwork(one, self._device) for one in self.weights)

    def describe(
        self,
        track: HumanTrack,
        video: Video,
        frames: range,
        progress: Callable[[int, int], None] = lambda done, total: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> HumanTrack:
        """`track`, which is of these frames of the video, with an embedding for each of the weights; NaN in frames without a box.

        Raises ExtractionError as `load`, Cancelled, VideoError.
        """
        self.load()
        values = [np.full((len(track), one.source.size), np.nan, np.float32) for one in self.weights]
        waiting: list[tuple[int, list[Tensor]]] = []

        def flush() -> None:
            at = [frame for frame, _ in waiting]
            for place, network in enumerate(self._networks):
                values[place][at] = network.embed(torch.stack([inputs[place] for _, inputs in waiting]))
            waiting.clear()

        known = np.isfinite(track.boxes).all(axis=-1) & track.seen()
        for done, (_, picture) in enumerate(video.frames(frames.start, frames.stop)):
            if cancelled():
                raise Cancelled
            if known[done]:
                wanted = [one.preparation for one in self.weights]
                waiting.append((done, [prepare(person_crop(picture, track.boxes[done], how), how) for how in wanted]))
            if len(waiting) == _BATCH:
                flush()
            progress(done + 1, len(frames))
        if waiting:
            flush()
        sources = (*track.extractor.sources, *(one.source for one in self.weights))
        named = {one.source.name: rows for one, rows in zip(self.weights, values, strict=True)}
        return replace(track, extractor=replace(track.extractor, sources=sources), features={**track.features, **named})


def person_crop(picture: np.ndarray, box: np.ndarray, preparation: Preparation) -> np.ndarray:
    """The square uint8 [S, S, 3] of whole pixels around a box [4] in an RGB picture; outside the picture it has the mean colour."""
    x0, y0, x1, y1 = (float(value) for value in box)
    side = max(2, round((1 + MARGIN) * max(x1 - x0, y1 - y0)))
    left, top = round((x0 + x1 + 1 - side) / 2), round((y0 + y1 + 1 - side) / 2)
    mean = np.array(preparation.mean) / preparation.scale
    crop = np.tile(np.round(mean).astype(np.uint8), (side, side, 1))
    rows, columns = (slice(max(first, 0), min(first + side, edge)) for first, edge in ((top, len(picture)), (left, picture.shape[1])))
    part = picture[rows, columns]
    crop[rows.start - top : rows.start - top + len(part), columns.start - left : columns.start - left + part.shape[1]] = part
    return crop


def prepare(crop: np.ndarray, preparation: Preparation) -> Tensor:
    """A square uint8 [S, S, 3] -> the network's input float32 [3, crop, crop].

    Always on the CPU, and in whole numbers until it has its size, as the libraries do for which these networks were trained.
    """
    picture = torch.from_numpy(crop).permute(2, 0, 1)[None]
    size = (preparation.size, preparation.size)
    resized = interpolate(picture, size=size, mode=preparation.resample, antialias=True, align_corners=False)[0]
    border = (preparation.size - preparation.crop) // 2
    middle = resized[:, border : border + preparation.crop, border : border + preparation.crop].float() * preparation.scale
    mean, std = (torch.tensor(values)[:, None, None] for values in (preparation.mean, preparation.std))
    return (middle - mean) / std


class PersonNetwork:
    """A loaded network on its device."""

    def __init__(self, weights: PersonWeights, device: str) -> None:
        """Raises ExtractionError when the library is missing, the weights do not fit their configuration, or there is no such device."""
        self.weights = weights
        if device == "cuda" and not torch.cuda.is_available():
            raise ExtractionError("There is no CUDA device here: choose --device cpu, or see main.py doctor.")
        self._device = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
        self._network = _load(weights).to(self._device)

    def embed(self, inputs: Tensor) -> np.ndarray:
        """float32 [N, 3, crop, crop] -> float32 [N, size]: the projected embedding of CLIP, the class token of DINO."""
        with torch.inference_mode():
            found = self._network(pixel_values=inputs.to(self._device))
            values = found.image_embeds if self.weights.source.name == "clip" else found.last_hidden_state[:, 0]
            rows: np.ndarray = values.float().cpu().numpy()
        return rows


def _load(weights: PersonWeights) -> torch.nn.Module:
    name, folder = weights.source.name, weights.folder
    try:
        import transformers
    except ImportError as error:
        raise ExtractionError(f"Computing '{name}' needs the package transformers: pip install 'telltale[embedders]'.") from error
    kinds: dict[str, tuple[Any, Any, dict[str, bool]]] = {
        "clip": (transformers.CLIPVisionConfig, transformers.CLIPVisionModelWithProjection, {}),
        "clip_vision_model": (transformers.CLIPVisionConfig, transformers.CLIPVisionModelWithProjection, {}),
        "dinov2": (transformers.Dinov2Config, transformers.Dinov2Model, {}),
        "vit": (transformers.ViTConfig, transformers.ViTModel, {"add_pooling_layer": False}),
    }
    config_class, model_class, options = kinds[weights.model_type]
    try:
        with _quiet():
            config = config_class.from_pretrained(folder, local_files_only=True)
            if name == "clip":
                config.projection_dim = weights.source.size
            network, report = model_class.from_pretrained(
                folder, config=config, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **options
            )
            missing = sorted(report["missing_keys"])
            if missing:
                raise ValueError(f"{missing[0]} is missing")
            # A picture of the size that the files promise shows whether they belong together.
            crop = weights.preparation.crop
            with torch.inference_mode():
                network.eval()(pixel_values=torch.zeros(1, 3, crop, crop))
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ExtractionError(f"{folder / WEIGHTS} does not fit {CONFIG} beside it ({reason}): get the files of one model.") from error
    network.requires_grad_(False)
    loaded: torch.nn.Module = network
    return loaded


@contextmanager
def _quiet() -> Iterator[None]:
    """The library tells of every tensor it does not need on stderr."""
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()
