"""The files that an analysis is written to."""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path

import numpy as np

from core.analysis import Analysis, number, to_json
from core.files import write_atomically
from core.project import Project
from core.video import Video

FORMATS = ("json", "html", "csv")
_LATER = ("pdf", "mp4", "png")


def format_list(text: str) -> tuple[str, ...]:
    """`json,html` as its parts, for argparse."""
    wanted = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    unknown = [part for part in wanted if part not in FORMATS]
    if not wanted:
        raise argparse.ArgumentTypeError(f"none is named; the formats are {', '.join(FORMATS)}")
    if unknown:
        why = "is not written by this version yet" if unknown[0] in _LATER else "is unknown"
        raise argparse.ArgumentTypeError(f"'{unknown[0]}' {why}; the formats are {', '.join(FORMATS)}")
    return wanted


def write_formats(analysis: Analysis, video: Video | None, project: Project | None, folder: Path, formats: tuple[str, ...]) -> list[Path]:
    """Write each format into `folder`, which is made; returns the files. Each appears whole or not at all. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in formats:
        if name == "json":
            path = folder / "analysis.json"
            write_atomically(path, json.dumps(to_json(analysis), ensure_ascii=False, allow_nan=False, indent=1).encode())
        elif name == "csv":
            path = folder / "frames.csv"
            write_atomically(path, frames_table(analysis).encode())
        else:
            from render.report import write_html

            path = folder / "report.html"
            write_html(analysis, video, project, path)
        written.append(path)
    return written


def frames_table(analysis: Analysis) -> str:
    """The curves as CSV, one row a frame; unknown values are empty."""
    curves, track = analysis.curves, analysis.track
    columns = {
        "step": curves.step,
        "step_disagreement": curves.disagreement,
        "band_low": curves.band_low,
        "band_high": curves.band_high,
        **{f"attention_{name}": values for name, values in curves.attention.items()},
    }
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["frame", "seconds", "presence", *columns])
    for frame in range(len(track)):
        values = [number(float(np.float32(column[frame]))) for column in columns.values()]
        cells = ["" if value is None else f"{value:.6g}" for value in values]
        writer.writerow([frame, f"{track.times[frame]:.6f}", track.presence[frame], *cells])
    return text.getvalue()
