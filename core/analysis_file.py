"""An Analysis as arrays (for the cache and for portable projects), and an Analysis from its JSON export (for `report`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.analysis import SCHEMA, Analysis
from core.packing import META, PackingError, pack, unpack
from core.skeletons import BLAZEPOSE, KEYPOINTS, SMPL

# Fields of HumanTrack that the export leaves out, with their shapes per frame.
_UNKNOWN = {
    "boxes": (4,),
    "keypoints": (len(KEYPOINTS), 2),
    "keypoint_scores": (len(KEYPOINTS),),
    "points3d": (len(BLAZEPOSE), 3),
    "points3d_scores": (len(BLAZEPOSE),),
    "global_orient": (3, 3),
    "body_pose": (len(SMPL) - 1, 3, 3),
    "betas": (10,),
    "translation": (3,),
    "intrinsics": (4,),
}


class AnalysisFileError(ValueError):
    """The data is no analysis that this version can read; the message is one sentence for people."""


def analysis_arrays(analysis: Analysis) -> dict[str, np.ndarray]:
    """The whole analysis as plain arrays, for an npz that needs no pickle; `analysis_from_arrays` turns it back."""
    return pack(analysis)


def analysis_from_arrays(arrays: Mapping[str, np.ndarray]) -> Analysis:
    """The reverse of `analysis_arrays`. Raises AnalysisFileError."""
    try:
        return unpack(Analysis, arrays)
    except PackingError as error:
        raise AnalysisFileError(f"The stored analysis is broken or of another version ({error}); analyse the video again.") from error


def from_json(data: Mapping[str, Any]) -> Analysis:
    """The analysis that an `analysis.json` describes.

    The export holds no body and no map: the track has times, presence and reasons, all else is NaN. Raises AnalysisFileError.
    """
    schema = data.get("schema") if isinstance(data, Mapping) else None
    if not isinstance(schema, int):
        raise AnalysisFileError("This JSON is no analysis of Telltale: it has no schema number.")
    if schema > SCHEMA:
        raise AnalysisFileError(f"This analysis was written by a newer Telltale (schema {schema}, known: {SCHEMA}); update Telltale.")
    try:
        analysis = unpack(Analysis, _arrays(data))
    except (PackingError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise AnalysisFileError(f"This analysis.json is damaged ({error}); export it again.") from error
    _check(analysis)
    return analysis


def _arrays(data: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The export as `core.packing` would have packed the Analysis, so that the type hints check every field on the way in."""
    arrays: dict[str, np.ndarray] = {}

    def keep(name: str, values: np.ndarray) -> str:
        arrays[name] = values
        return name

    video, scores, band = data["video"], data["scores"], data["band"]
    frames = len(data["times"])
    track = {
        "extractor": data["extractor"],
        "subject": data["subject"],
        "size": [video["width"], video["height"]],
        "times": keep("times", _floats(data["times"], np.float64)),
        "presence": data["presence"],
        "reasons": data["presence_reason"],
        "features": {},
        **{name: keep(name, np.full((frames, *shape), np.nan, np.float32)) for name, shape in _UNKNOWN.items()},
    }
    tree = {
        "created": data["created"],
        "telltale_version": data["telltale_version"],
        "video": {"notes": [], **video},
        "track": track,
        "manifold": {"clip_accuracy": None, **data["manifold"]},
        "action": data["action"],
        "scores": {
            "reason": None,
            **scores,
            "action_consistency": _known(scores["action_consistency"]),
            "windows": [{**_known(window), "nearest_class": window["nearest_class"]} for window in scores["windows"]],
        },
        "curves": {
            "step": keep("step", _floats(data["step_curve"])),
            "disagreement": keep("disagreement", _floats(data["step_disagreement"])),
            "band_low": keep("band_low", _floats(band["low"])),
            "band_high": keep("band_high", _floats(band["high"])),
            "attention": {
                name: keep(f"attention{index}", _floats(values)) for index, (name, values) in enumerate(data["attention"].items())
            },
        },
        "map": None,
        "glitches": [
            {
                **_known(glitch),
                "sources": _known(glitch["sources"]),
                "joints": [_known(joint) for joint in glitch["joints"]],
                "encoder": glitch.get("encoder"),
            }
            for glitch in data["glitches"]
        ],
        "timings": _known(data["timings"]),
        "remarks": data.get("remarks", []),
    }
    return {META: np.frombuffer(json.dumps(tree).encode(), np.uint8), **arrays}


def _floats(values: list[float | None], kind: type[np.floating[Any]] = np.float32) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], kind)


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """null is the export's word for a number that is not known."""
    return {name: float("nan") if value is None else value for name, value in values.items()}


def _check(analysis: Analysis) -> None:
    """Lengths agree and no range leaves the clip. Raises AnalysisFileError."""
    frames, curves, track = len(analysis), analysis.curves, analysis.track
    lengths = {
        "presence": len(track.presence),
        "presence_reason": len(track.reasons),
        "step_curve": len(curves.step),
        "step_disagreement": len(curves.disagreement),
        "band.low": len(curves.band_low),
        "band.high": len(curves.band_high),
        **{f"attention.{name}": len(values) for name, values in curves.attention.items()},
    }
    for name, length in lengths.items():
        if length != frames:
            raise AnalysisFileError(f"This analysis.json is damaged ({name} has {length} values for {frames} frames); export it again.")
    if not (frames and np.isfinite(track.times).all() and (np.diff(track.times) > 0).all()):
        raise AnalysisFileError("This analysis.json is damaged (its times do not rise); export it again.")
    for glitch in analysis.glitches:
        if not 0 <= glitch.start <= glitch.peak < glitch.stop <= frames:
            raise AnalysisFileError(f"This analysis.json is damaged (event {glitch.id} lies outside the clip); export it again.")
    for window in analysis.scores.windows:
        if not 0 <= window.start < window.stop:
            raise AnalysisFileError(f"This analysis.json is damaged (window {window.start} to {window.stop} is empty); export it again.")
