"""The films that tools/render_mocap.py leaves: what the extractor and the pixel tracks made of each, and the truth."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.track import HumanTrack, load_track, track_arrays
from core.tracks.pixels.measure import PixelTracks

_PIXELS = "pixels_"


@dataclass(frozen=True, eq=False)
class Recorded:
    """truth_space float32 [T, 24, 3]: the joints of the filmed body in camera space; truth_pixels float32 [T, 24, 2]."""

    track: HumanTrack
    pixels: PixelTracks
    truth_space: np.ndarray
    truth_pixels: np.ndarray


def write_recorded(path: Path, film: Recorded) -> None:
    """Raises OSError."""
    measured = {f"{_PIXELS}{name}": values for name, values in vars(film.pixels).items()}
    truth = {"truth_space": film.truth_space, "truth_pixels": film.truth_pixels}
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    np.savez(temporary, **track_arrays(film.track), **measured, **truth)  # type: ignore[arg-type]
    temporary.replace(path)


def read_recorded(path: Path) -> Recorded:
    """Raises OSError, KeyError or ValueError when the film is missing or was not recorded like this."""
    with np.load(path) as arrays:
        pixels = {name.removeprefix(_PIXELS): arrays[name] for name in arrays if name.startswith(_PIXELS)}
        return Recorded(load_track(path), PixelTracks(**pixels), arrays["truth_space"], arrays["truth_pixels"])


def read_index(folder: Path) -> list[dict[str, Any]]:
    """What is known of each film; `file` is its name in the folder. Raises OSError or ValueError."""
    rows: list[dict[str, Any]] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return rows
