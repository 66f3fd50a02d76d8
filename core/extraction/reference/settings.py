"""How the reference extractor runs: what a person may choose. Imports nothing heavy, since requests carry it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Precision = Literal["float32", "bfloat16", "float16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@dataclass(frozen=True)
class ReferenceSettings:
    """variant       `authors`: as the TAG authors' scripts do it (key points see the colours in OpenCV's order), what published scores
                  and checkpoints rest on; `corrected`: as the networks were trained
    detect_every  persons are searched in each n-th frame and interpolated in between where that is safe
    precision     of the mesh network; another than float32 is faster on devices that have it, and a little off
    detector      weights of another Detectron2 model than the one in the folder of models, and `config`, its YAML file
    """

    variant: str = "authors"
    detect_every: int = 1
    precision: Precision = "float32"
    detector: Path | None = None
    config: Path | None = None
