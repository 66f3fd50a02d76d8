"""The page: everything the template shows, gathered from Analysis, project and video. Nothing is computed anew."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from core.analysis import SCHEMA, Analysis, Glitch
from core.encoder_words import LOCATED, encoder_text, shares_remark, source_name
from core.files import write_atomically
from core.limits import ALWAYS, OUTSIDE, not_detectable, outside_text, seen_weakly
from core.project import Note, Project
from core.skeletons import readable
from core.track import Presence
from core.video import Video
from render.figures import attention_figure, map_figure, step_figure
from render.palette import DARK, LIGHT
from render.report import words
from render.report.pictures import Photographer, Picture
from render.report.theme import VARIABLES, css_variables, themed

MAX_EVENTS = 10  # with pictures and evidence; the rest is counted
MAX_NOTE_PICTURES = 3
MAX_PRESENCE_ROWS = 40

Row = Callable[[list[int], int | None], list[Picture]]


def write_html(analysis: Analysis, video: Video | None, project: Project | None, path: Path) -> None:
    """Write the report of an analysis as one self-contained HTML file, in one step.

    video: the file that was analysed; without it the report has no pictures and says so. project: whose notes are shown. Raises OSError.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    with ExitStack() as stack:
        photographer = stack.enter_context(Photographer(video, analysis.track)) if video is not None else None
        content = _content(analysis, project, photographer.row if photographer else lambda frames, emphasis: [])
    content["has_video"] = video is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, environment.get_template("template.html").render(content).encode("utf-8", "replace"))


def _content(analysis: Analysis, project: Project | None, pictures: Row) -> dict[str, Any]:
    a = analysis
    presence, outside = words.presence_rows(a), outside_text(a.scores)
    return {
        "title": words.file_name(a),
        "verdict": words.verdict(a),
        "scores": _scores(a, sum(value is Presence.OK for value in a.track.presence)),
        "classes": [] if a.scores.outside else sorted(a.scores.action_consistency.items(), key=lambda item: item[1]),
        "own_scale": words.OWN_SCALE if a.track.extractor.name == "blazepose" else None,
        "presence": presence[:MAX_PRESENCE_ROWS],
        "presence_left": max(0, len(presence) - MAX_PRESENCE_ROWS),
        "figures": _figures(a),
        "windows": _windows(a),
        "events": [_event(a, rank, glitch, pictures) for rank, glitch in enumerate(a.glitches[:MAX_EVENTS], 1)],
        "events_left": max(0, len(a.glitches) - MAX_EVENTS),
        "notes": [_note(a, note, pictures) for note in (project.notes if project else ())],
        "cautions": (*(() if outside is None else (outside,)), *a.video.notes),
        "remarks": a.remarks,
        "not_detectable": not_detectable(),
        "seen_weakly": seen_weakly(),
        "blind_spots": ALWAYS,
        "located": LOCATED,
        "provenance": _provenance(a),
        "timings": list(a.timings.items()),
        "light": css_variables(LIGHT),
        "dark": css_variables(DARK),
    }


def _scores(a: Analysis, clear: int) -> list[tuple[str, str, str]]:
    """Name, value, meaning of each number of the summary."""
    scores = a.scores
    lower = "a distance from 0 to 2, lower is better"
    rows = [("Temporal coherence", _number(scores.temporal_coherence, 3), f"{lower}: how far the motion jumps from frame to frame")]
    if scores.outside:
        rows.append(("Action consistency", "not told", OUTSIDE[:1].lower() + OUTSIDE[1:]))
    elif a.action is not None:
        rows.append((f"Action consistency with “{a.action}”", _number(scores.action_consistency.get(a.action), 3), lower))
    if scores.nearest_class is not None and not scores.outside:
        distance = _number(scores.action_consistency.get(scores.nearest_class), 3)
        caution = f". {a.manifold.caution}" if a.manifold.caution else ""
        rows.append(("Nearest action", scores.nearest_class, f"action consistency {distance}: {lower}{caution}"))
    amount = _number(scores.motion_amount, 2, " body heights/s")
    rate = "native rate" if a.manifold.fps is None else f"judged at {a.manifold.fps:g} frames a second"
    return [
        *rows,
        ("Motion amount", amount, "mean speed of the joints; slow motion scores as more coherent"),
        ("Frame rate", _number(a.video.fps, 2, " frames/s"), f"of the video; {rate}"),
        ("Clear frames", f"{clear} of {len(a)}", "show one person, clearly seen"),
    ]


def _figures(a: Analysis) -> dict[str, Markup | None]:
    known = any(np.isfinite(values).any() for values in a.curves.attention.values())
    return {
        "step": _inline(step_figure(a, VARIABLES)) if np.isfinite(a.curves.step).any() or a.glitches else None,
        "attention": _inline(attention_figure(a, VARIABLES)) if known else None,
        "map": _inline(map_figure(a.map, VARIABLES)) if a.map is not None and len(a.map.windows) else None,
    }


def _inline(svg: str) -> Markup:
    # The figure escapes every name itself (it is XML), so it may pass the template's escaping.
    return Markup(themed(svg))


def _windows(a: Analysis) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Frames of each window on the map, whether it lies outside, and its three nearest classes with their true distances."""
    if a.map is None:
        return []
    rows = []
    for (start, stop), distances, outside in zip(a.map.window_range.tolist(), a.map.centroid_distance, a.map.outside, strict=True):
        order = np.argsort(distances)[: 0 if outside else 3]
        near = [(a.map.classes[index], f"{distances[index]:.3f}") for index in order]
        rows.append((words.frames_text(start, stop), OUTSIDE[:1].lower() + OUTSIDE[1:] if outside else "", near))
    return rows


def _event(a: Analysis, rank: int, glitch: Glitch, pictures: Row) -> dict[str, Any]:
    return {
        "rank": rank,
        "kind": readable(glitch.kind),
        "span": words.span_text(a, glitch.start, glitch.stop),
        "peak": words.span_text(a, glitch.peak, glitch.peak + 1),
        "text": glitch.text,
        "severity": glitch.severity,
        "rarity": glitch.rarity,
        "confidence": glitch.confidence,
        "confidence_text": words.confidence_text(glitch.confidence),
        "joints": [(readable(joint.name), joint.share, _number(joint.excess, 1, "\u00a0×")) for joint in glitch.joints],
        "encoder": encoder_text(glitch),
        "sources": [(source_name(name), share) for name, share in sorted(glitch.sources.items(), key=lambda item: -item[1])],
        "sources_remark": shares_remark(glitch.sources, a.track.extractor.name),
        "tracks": ", ".join(readable(track) for track in glitch.tracks),
        "pictures": pictures([glitch.peak - 1, glitch.peak, glitch.peak + 1], glitch.peak),
    }


def _note(a: Analysis, note: Note, pictures: Row) -> dict[str, Any]:
    spread = np.linspace(note.start, note.stop - 1, min(MAX_NOTE_PICTURES, note.stop - note.start)).round().astype(int)
    inside = note.stop <= len(a)
    return {
        "span": words.span_text(a, note.start, note.stop) if inside else words.frames_text(note.start, note.stop),
        "text": note.text,
        "created": _moment(note.created),
        "pictures": pictures(spread.tolist(), None),
    }


def _provenance(a: Analysis) -> list[tuple[str, str]]:
    extractor, manifold, video = a.track.extractor, a.manifold, a.video
    rate = "native" if manifold.fps is None else f"{manifold.fps:g} frames/s"
    box = a.track.subject.box
    seen = f", first seen in the box {', '.join(f'{value:.0f}' for value in box)}" if box else ""
    return [
        ("Video", f"{words.file_name(a)}, {video.frames} frames, {video.width} x {video.height} pixels, {_number(video.duration, 3)} s"),
        ("SHA-256 of the video", video.sha256),
        ("Person", f"number {a.track.subject.id}{seen}"),
        ("Extractor", f"{extractor.name} {extractor.version} on {extractor.device}"),
        ("Features", "; ".join(f"{source.name} in {source.space} ({source.size})" for source in extractor.sources)),
        ("Manifold", f"{manifold.name}, variant {manifold.variant}, {rate}, features {', '.join(manifold.sources)}"),
        ("SHA-256 of the manifold", manifold.sha256),
        ("Telltale", f"{a.telltale_version}, schema {SCHEMA}"),
        ("Analysed", _moment(a.created)),
        ("Report written", _moment(datetime.now(UTC).isoformat())),
    ]


def _number(value: float | None, digits: int, unit: str = "") -> str:
    return "not known" if value is None or not math.isfinite(value) else f"{value:.{digits}f}{unit}"


def _moment(text: str) -> str:
    """A time stamp for people; what is no time stamp is shown as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError):
        return text
