"""What simpler means find: each gives one curve or more over a film, whose peaks are its ranked events.

* frame difference: how much the picture changes from one frame to the next, over what is usual around it.
* pixel script: duplicate frames, the ratio of frame differences, and an order test, each as the logarithm of a ratio.
* acceleration: the largest acceleration of a key point, over what is usual around it.
* step curve: the embedding's step curve as the window shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.glitches.matching import Event
from core.analysis import Analysis
from core.skeletons import BODY_SLICE
from core.track import HumanTrack
from core.tracks.joints import running_median
from core.video import open_video

NAMES = ("frame difference", "pixel script", "acceleration", "step curve")
_WIDTH = 160  # pixels of the pictures that are compared
_REACH = 2  # frames up to which two are compared
_AROUND = 1.0  # seconds to either side that say what is usual
_APART = 5  # frames between two peaks
_FLOOR = 0.25  # grey levels: what grain alone makes of two pictures that are one


@dataclass(frozen=True, eq=False)
class Differences:
    """d float32 [T, 2]: mean absolute grey difference between frame t and frames t - 1 and t - 2; NaN where there is none."""

    d: np.ndarray


def frame_differences(path: Path, kept: Path) -> Differences:
    """Of the video at `path`; kept in the file `kept` for the next time."""
    if kept.exists():
        return Differences(np.load(kept, allow_pickle=False))
    before: list[np.ndarray] = []
    rows = []
    with open_video(path) as video:
        for _, picture in video.frames():
            height = max(2, round(_WIDTH * picture.shape[0] / picture.shape[1]))
            grey = cv2.cvtColor(cv2.resize(picture, (_WIDTH, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(np.float32)
            row = [float(np.abs(grey - old).mean()) for old in before[::-1]]
            rows.append(row + [np.nan] * (_REACH - len(row)))
            before = [*before, grey][-_REACH:]
    values = np.array(rows, np.float32)
    kept.parent.mkdir(parents=True, exist_ok=True)
    temporary = kept.with_name(f".{kept.name}")
    with temporary.open("wb") as file:
        np.save(file, values)
    temporary.replace(kept)
    return Differences(values)


def baseline_events(analysis: Analysis, differences: Differences, video: str) -> dict[str, list[Event]]:
    """Name -> ranked events."""
    fps = analysis.video.fps
    change = differences.d[:, 0].astype(np.float64)
    return {
        "frame difference": peaks(over_usual(change, fps, _FLOOR), video, "jump"),
        "pixel script": pixel_script(differences.d.astype(np.float64), fps, video),
        "acceleration": peaks(over_usual(acceleration(analysis.track), fps, 0.002), video, "jump"),
        "step curve": peaks(analysis.curves.step.astype(np.float64), video, "jump"),
    }


def over_usual(values: np.ndarray, fps: float, floor: float) -> np.ndarray:
    """Values [T] divided by their median over a second to either side, at least `floor`."""
    return np.asarray(values / np.fmax(running_median(values[:, None], max(2, round(_AROUND * fps)))[:, 0], floor))


def acceleration(track: HumanTrack) -> np.ndarray:
    """float64 [T]: the largest second difference of a well seen key point, over the diagonal of the person's box; at the later frame."""
    points = track.keypoints[:, BODY_SLICE].astype(np.float64)
    points[track.keypoint_scores[:, BODY_SLICE] < 0.5] = np.nan
    box = np.linalg.norm(track.boxes[:, 2:] - track.boxes[:, :2], axis=1)
    size = float(np.nanmedian(box)) if np.isfinite(box).any() else 1.0
    second = np.linalg.norm(points[2:] - 2 * points[1:-1] + points[:-2], axis=-1) / size
    result = np.full(len(points), np.nan)
    result[2:] = np.where(np.isfinite(second).any(1), np.max(np.nan_to_num(second), axis=1), np.nan)
    return result


def pixel_script(d: np.ndarray, fps: float, video: str) -> list[Event]:
    """Events of the three tests; where two tests name the same frames the stronger stays."""
    usual = np.fmax(running_median(d[:, :1], max(2, round(_AROUND * fps)))[:, 0], _FLOOR)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(d[:, 0] / usual)
        order = order_violation(d)
    events = peaks(ratio, video, "jump") + runs_above(-ratio, np.log(2.5), video, "freeze") + runs_above(order, 0.0, video, "disorder")
    kept: list[Event] = []
    for event in sorted(events, key=lambda e: -e.score):
        if all(event.stop + 2 <= other.start or other.stop + 2 <= event.start for other in kept):
            kept.append(event)
    return kept


def order_violation(d: np.ndarray) -> np.ndarray:
    """float64 [T]: for the frames t - 1 and t between their neighbours, the logarithm of how much closer all four would be if exchanged.

    d [T, 2] as in `Differences`. In order: d(t-2, t-1) + d(t, t+1); exchanged: d(t-2, t) + d(t-1, t+1).
    """
    result = np.full(len(d), np.nan)
    kept = d[1:-2, 0] + d[3:, 0]
    exchanged = d[2:-1, 1] + d[3:, 1]
    result[2:-1] = np.log(kept / exchanged)
    return result


def peaks(values: np.ndarray, video: str, kind: str) -> list[Event]:
    """Local maxima of a curve [T], strongest of its neighbourhood, with the frames around at least half as high."""
    known = np.where(np.isfinite(values), values, -np.inf)
    events: list[Event] = []
    taken = np.zeros(len(known), bool)
    for place in np.argsort(-known, kind="stable"):
        if not np.isfinite(known[place]) or known[place] <= 0:
            break
        if taken[place]:
            continue
        start = stop = int(place)
        while start > 0 and known[start - 1] >= known[place] / 2 and not taken[start - 1] and place - start < _APART:
            start -= 1
        while stop + 1 < len(known) and known[stop + 1] >= known[place] / 2 and not taken[stop + 1] and stop - place < _APART:
            stop += 1
        taken[max(start - _APART, 0) : stop + 1 + _APART] = True
        events.append(Event(video, kind, start, stop + 1, int(place), float(known[place])))
    return events


def runs_above(values: np.ndarray, threshold: float, video: str, kind: str) -> list[Event]:
    """Stretches of a curve [T] above a threshold, those up to two frames apart joined; as strong as their highest frame."""
    above = np.flatnonzero(np.nan_to_num(values, nan=-np.inf) > threshold)
    events = []
    for part in np.split(above, np.flatnonzero(np.diff(above) > 3) + 1):
        if len(part):
            peak = int(part[np.argmax(values[part])])
            events.append(Event(video, kind, int(part[0]), int(part[-1]) + 1, peak, float(values[peak])))
    return events
