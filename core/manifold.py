"""The manifold: one safetensors file that holds everything a score depends on.

Encoder weights, sources and their spaces, frame rate, statistics, class centroids, reference embeddings with their place on the map,
the band of real motion. No torch here, so that a file can be described without loading it.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from core.analysis import ManifoldInfo
from core.motion import MASKS, VARIANTS, motion_size
from core.track import HumanTrack, Source

SCHEMA = 1
BUNDLED = Path(__file__).resolve().parent.parent / "resources" / "manifolds" / "blazepose.manifold"


class ManifoldError(Exception):
    """The manifold cannot be read or does not fit; the message is one sentence for people."""


@dataclass(frozen=True)
class EncoderConfig:
    """The shape of an encoder. sources: (name, raw columns, motion columns) in the order of its input."""

    sources: tuple[tuple[str, int, int], ...]
    d_model: int = 256
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    layers: int = 4
    heads: int = 8
    dropout: float = 0.1

    @property
    def columns(self) -> int:
        """Columns of the input: all raw parts, then all motion parts."""
        return sum(raw + motion for _, raw, motion in self.sources)


@dataclass(frozen=True, eq=False)
class Manifold:
    """D input columns, d embedding dimensions, C classes, N <= 2000 reference windows, M bins of motion amount.

    weights            state-dict name -> float32
    mean, std          float32 [D]      of the training frames; std before the 1e-6 that normalising adds
    centroids          float32 [C, d]
    references         float32 [N, d]   z_CLS of held-out real windows, unit length
    reference_class    int32 [N]        index into `classes`, -1 for a motion that is in no offered class
    reference_map      float32 [N, 2]   their fixed places on the t-SNE map
    outside_distance   float            mean distance to the nearest references that 99 % of real windows stay below
    step_median        float32 [31]     real median of the step between positions i and i+1 of a window
    band_amount        float32 [M]      motion amount (body heights a second) at the middle of each bin, increasing
    band_low, band_high  float32 [M]    what the normalised step of real motion stays between
    band_rate          float32 [M]      frames a second of the films each bin was measured on; empty for a band that holds at any rate
    card               figures of the training report, JSON-compatible
    """

    name: str
    sources: tuple[Source, ...]
    fps: float | None  # None: native rate
    variant: str
    mask: str
    config: EncoderConfig
    weights: Mapping[str, np.ndarray]
    mean: np.ndarray
    std: np.ndarray
    classes: tuple[str, ...]
    centroids: np.ndarray
    references: np.ndarray
    reference_class: np.ndarray
    reference_map: np.ndarray
    outside_distance: float
    step_median: np.ndarray
    band_amount: np.ndarray
    band_low: np.ndarray
    band_high: np.ndarray
    band_rate: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    licence: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""  # of the file; empty while it was never written

    @property
    def source_names(self) -> tuple[str, ...]:
        return tuple(source.name for source in self.sources)

    @property
    def info(self) -> ManifoldInfo:
        accuracy = self.card.get("clip_accuracy")
        return ManifoldInfo(self.name, self.sha256, self.fps, self.variant, self.source_names, self.classes, accuracy)


_TENSORS = (
    "mean", "std", "centroids", "references", "reference_class", "reference_map",
    "step_median", "band_amount", "band_low", "band_high", "band_rate",
)  # fmt: skip
_WEIGHT = "encoder."
_STEPS = 31  # of a window of 32


def encoder_config(sources: tuple[Source, ...], **shape: Any) -> EncoderConfig:
    """The encoder's shape for these sources; `shape` as in EncoderConfig."""
    return EncoderConfig(tuple((s.name, s.size, motion_size(s.name, s.size)) for s in sources), **shape)


def unmeasured_manifold(
    name: str,
    sources: tuple[Source, ...],
    config: EncoderConfig,
    *,
    fps: float | None,
    variant: str,
    mask: str = "hands",
    classes: tuple[str, ...] = (),
    weights: Mapping[str, np.ndarray] | None = None,
    licence: str = "",
) -> Manifold:
    """A manifold that says what it reads and how, before anything is measured: statistics 0 and 1, centroids 0, no references, no band."""
    d, empty = config.d_model, np.zeros(0, np.float32)
    return Manifold(
        name=name, sources=sources, fps=fps, variant=variant, mask=mask, config=config, weights=weights or {},
        mean=np.zeros(config.columns, np.float32), std=np.ones(config.columns, np.float32),
        classes=classes, centroids=np.zeros((len(classes), d), np.float32),
        references=np.zeros((0, d), np.float32), reference_class=np.zeros(0, np.int32), reference_map=np.zeros((0, 2), np.float32),
        outside_distance=2.0, step_median=np.ones(_STEPS, np.float32), band_amount=empty, band_low=empty, band_high=empty,
        licence=licence,
    )  # fmt: skip


def check_track(manifold: Manifold, track: HumanTrack) -> None:
    """Raise ManifoldError, by name, when the track lacks a source of the manifold or has it in another space or size."""
    check_sources(manifold, track.extractor.name, track.extractor.sources)


def check_sources(manifold: Manifold, extractor: str, sources: Iterable[Source]) -> None:
    """The same of the sources that an extractor is going to give."""
    there = {source.name: source for source in sources}
    for source in manifold.sources:
        found = there.get(source.name)
        if found is None:
            raise ManifoldError(
                f"The manifold '{manifold.name}' needs the source '{source.name}', which the extractor "
                f"'{extractor}' does not give: choose another manifold or extractor."
            )
        if found != source:
            raise ManifoldError(
                f"The manifold '{manifold.name}' has '{source.name}' in the space '{source.space}' with {source.size} columns, the track "
                f"in '{found.space}' with {found.size}: they cannot be compared, choose the manifold that belongs to the extractor."
            )


def load_manifold(path: Path | None = None) -> Manifold:
    """The manifold in `path`, or the bundled one. Raises ManifoldError when there is none or it is damaged."""
    path = BUNDLED if path is None else path
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ManifoldError(f"The manifold {path.name} cannot be read ({error.strerror}): check the path.") from error
    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
        meta = json.loads(header["__metadata__"]["telltale"])
        if meta["schema"] != SCHEMA:
            raise ManifoldError(f"The manifold {path.name} has format {meta['schema']}, this version reads {SCHEMA}: update Telltale.")
        config = meta["config"]
        manifold = Manifold(
            name=meta["name"],
            sources=tuple(Source(*source) for source in meta["sources"]),
            fps=meta["fps"],
            variant=meta["variant"],
            mask=meta["mask"],
            config=EncoderConfig(
                sources=tuple((name, raw, motion) for name, raw, motion in config["sources"]),
                dilations=tuple(config["dilations"]),
                **{key: config[key] for key in ("d_model", "layers", "heads", "dropout")},
            ),
            weights={name.removeprefix(_WEIGHT): value for name, value in tensors.items() if name.startswith(_WEIGHT)},
            classes=tuple(meta["classes"]),
            outside_distance=float(meta["outside_distance"]),
            licence=meta["licence"],
            card=meta["card"],
            sha256=hashlib.sha256(content).hexdigest(),
            # Files from before the band knew the frame rate lack it.
            **{name: tensors[name] for name in _TENSORS if name in tensors or name != "band_rate"},
        )
    except (SafetensorError, KeyError, ValueError, TypeError, struct.error) as error:
        raise ManifoldError(f"{path.name} is not a manifold of Telltale or is damaged ({error}): get the file again.") from error
    _check(manifold, path.name)
    return manifold


def save_manifold(manifold: Manifold, path: Path) -> str:
    """Write the manifold; the file appears whole or not at all. Returns its sha256. Raises ManifoldError when the parts do not fit."""
    _check(manifold, manifold.name)
    config = manifold.config
    meta = {
        "schema": SCHEMA,
        "name": manifold.name,
        "sources": [[s.name, s.space, s.size] for s in manifold.sources],
        "fps": manifold.fps,
        "variant": manifold.variant,
        "mask": manifold.mask,
        "config": {
            "sources": config.sources,
            "d_model": config.d_model,
            "dilations": config.dilations,
            "layers": config.layers,
            "heads": config.heads,
            "dropout": config.dropout,
        },
        "classes": manifold.classes,
        "outside_distance": manifold.outside_distance,
        "licence": manifold.licence,
        "card": dict(manifold.card),
    }
    tensors = {name: np.ascontiguousarray(getattr(manifold, name)) for name in _TENSORS}
    tensors |= {_WEIGHT + name: np.ascontiguousarray(value) for name, value in manifold.weights.items()}
    content = save(tensors, {"telltale": json.dumps(meta, allow_nan=False)})
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return hashlib.sha256(content).hexdigest()


def _check(manifold: Manifold, name: str) -> None:
    """Shapes that must agree, so that a wrong file is refused here and not in the middle of an analysis."""
    m, d, columns = manifold, manifold.config.d_model, manifold.config.columns
    classes, count, bins = len(m.classes), len(m.references), len(m.band_amount)
    expected = {
        "mean": (columns,), "std": (columns,), "centroids": (classes, d), "references": (count, d), "reference_class": (count,),
        "reference_map": (count, 2), "step_median": (_STEPS,), "band_low": (bins,), "band_high": (bins,),
        "band_rate": (bins,) if len(m.band_rate) else (0,),
    }  # fmt: skip
    if not classes:
        raise ManifoldError(f"The manifold {name} has no class: train it on labelled motion.")
    for key, shape in expected.items():
        if getattr(m, key).shape != shape:
            raise ManifoldError(f"The manifold {name} is damaged: '{key}' has the shape {getattr(m, key).shape} instead of {shape}.")
    if m.variant not in VARIANTS or m.mask not in MASKS:
        raise ManifoldError(f"The manifold {name} names the variant '{m.variant}' with mask '{m.mask}', which this version does not know.")
    if m.config != encoder_config(m.sources, **{k: getattr(m.config, k) for k in ("d_model", "dilations", "layers", "heads", "dropout")}):
        raise ManifoldError(f"The manifold {name} is damaged: its encoder does not read the sources it names.")
    if m.variant == "authors" and m.fps is not None:
        raise ManifoldError(f"The manifold {name} is of the authors' variant, which knows no resampling, but states {m.fps} fps.")
