"""Sheets for judging by eye: the strongest events of clips beside as many random places of the same clips, shuffled and without names.

    python -m benchmarks.event_sheets CLIP ... --out DIR [--most 3] [--seed 0]

Each sheet is a strip of frames around the person: two before the range, the range (evenly picked where it is long), two after. It does not
say which of the two it is: look at each, write down what is wrong in it and where, and only then open key.json, which says what each sheet
was. Precision is the share of events in which a fault was seen; chance is that share among the random places.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.glitches.detection import analyse, open_store
from benchmarks.glitches.kinds import NO_FAULT
from core.analysis import Analysis
from core.skeletons import BODY_SLICE
from core.timebase import FrameIndex
from core.video import open_video

_AROUND, _SHOWN = 2, 10  # frames before and after; frames of a sheet at most
_AWAY = 12  # frames between a random place and any event, where the clip has room
_HEIGHT = 360  # pixels of a picture
_MARGIN = 0.25  # of the person's box


@dataclass(frozen=True)
class Place:
    """Frames start..stop (exclusive) of a clip; kind None for a random place."""

    clip: Path
    start: int
    stop: int
    kind: str | None
    text: str


def places(clip: Path, analysis: Analysis, most: int, generator: np.random.Generator) -> list[Place]:
    """The strongest events of one clip, and for each a random place of the same length."""
    events = [glitch for glitch in analysis.glitches if glitch.kind not in NO_FAULT]
    found = []
    for event in events[:most]:
        found.append(Place(clip, event.start, event.stop, event.kind, event.text))
        start = _elsewhere(analysis, event.stop - event.start, generator)
        found.append(Place(clip, start, start + event.stop - event.start, None, ""))
    return found


def _elsewhere(analysis: Analysis, length: int, generator: np.random.Generator) -> int:
    """The first frame of a random stretch with a person in it, away from all events; anywhere if the clip has no such stretch."""
    total = len(analysis)
    ranges = [(glitch.start - _AWAY, glitch.stop + _AWAY) for glitch in analysis.glitches]
    seen = analysis.track.seen()
    starts = np.arange(max(total - length, 1))
    free = [int(s) for s in starts if seen[s : s + length].all() and all(s + length <= a or s >= b for a, b in ranges)]
    return int(generator.choice(free or starts))


def sheet(place: Place, analysis: Analysis) -> np.ndarray:
    """uint8 [H, W, 3] RGB: the frames of the place, cropped to where the person is in any of them."""
    first, last = max(place.start - _AROUND, 0), min(place.stop + _AROUND, len(analysis)) - 1
    frames = np.unique(np.linspace(first, last, min(_SHOWN, last - first + 1)).round().astype(int))
    points = analysis.track.keypoints[frames][:, BODY_SLICE].reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    width, height = analysis.track.size
    low, high = (points.min(0), points.max(0)) if len(points) else (np.zeros(2), np.array([width, height]))
    margin = _MARGIN * (high - low).max()
    left, top = np.maximum(low - margin, 0).astype(int)
    right, bottom = np.minimum(high + margin, (width, height)).astype(int)
    strip = []
    with open_video(place.clip) as video:
        for frame in frames:
            picture = video.frame(FrameIndex(int(frame)))[top:bottom, left:right]
            scale = _HEIGHT / picture.shape[0]
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            strip.append(cv2.copyMakeBorder(small, 0, 0, 0, 4, cv2.BORDER_CONSTANT, value=(255, 255, 255)))
    return np.concatenate(strip, axis=1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=3, help="events of each clip")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(options.seed)
    store = open_store(options.out)
    found: list[tuple[Place, Analysis]] = []
    for clip in options.clips:
        analysis = analyse(clip, store)
        found += [(place, analysis) for place in places(clip, analysis, options.most, generator)]
    key = {}
    for number, index in enumerate(generator.permutation(len(found)), 1):
        place, analysis = found[index]
        name = f"sheet_{number:02d}.png"
        cv2.imwrite(str(options.out / name), cv2.cvtColor(sheet(place, analysis), cv2.COLOR_RGB2BGR))
        key[name] = {"clip": place.clip.name, "start": place.start, "stop": place.stop, "kind": place.kind, "text": place.text}
    (options.out / "key.json").write_text(json.dumps(key, indent=1), encoding="utf-8")
    print(f"{len(found)} sheets in {options.out}: judge them before you open key.json.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
