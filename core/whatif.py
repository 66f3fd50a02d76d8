"""What if these frames were dropped, held or interpolated: the clip as it is and its edited version, judged alike and set side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import Curves, Glitch, ManifoldInfo, Scores, VideoInfo, glitch_json, numbers, scores_json
from core.edited_track import Edit, EditKind, FrameMap, edit_track
from core.manifold import Manifold, check_track
from core.ranges import OUTSIDE_RANGE, embedding_over_all_frames
from core.track import HumanTrack, slice_track

if TYPE_CHECKING:  # they need OpenCV, what shows a WhatIf does not
    from core.film import Film
    from core.tracks.flips import FlipTracks
    from core.tracks.pixels.measure import PixelTracks

# Local tracks that are set side by side, the largest joint or bone in each frame, with their names for people.
TRACKS = {
    "joint_speed": "Fastest joint (body heights a second)",
    "joint_acceleration": "Hardest accelerated joint (body heights a second squared)",
    "joint_jump": "Largest unexplained joint step (body heights)",
    "root_jump": "Unexplained step of the whole body (body heights)",
    "bone_picture": "Longest bone over its usual length",
    "shape_step": "Change of the body shape",
    "appearance_step": "Change of the appearance",
    "held": "Picture shown again (times less change than usual, from 4 on)",
    "unexplained": "Picture that its motion does not explain (ordinary below 2)",
}
SCHEMA = 1
# Events of both versions are the same one when they are of one kind and no more than this many frames apart.
_NEAR = 3
NO_PICTURES = (
    "The pictures are not measured again: both lists of events come from the followed body alone, without what only pictures tell, "
    "and the camera counts as still."
)
NEVER_SEEN = "No picture shows the frames in between: what only pictures tell is unknown there, and the camera moves as it was filmed."
PADDED = "What is left is shorter than one window: its last frame is repeated to fill it, which lowers temporal coherence."
STILL = "Held frames do not move, and stillness lowers temporal coherence: a lower value is no better motion here."


class Fate(StrEnum):
    """What becomes of an event."""

    VANISHES = "vanishes"
    STAYS = "stays"
    APPEARS = "appears"


@dataclass(frozen=True)
class EventChange:
    """One event in the frames of the original clip (stop exclusive).

    `before` is the event of the clip, `after` that of its edited version with the frames, and the text, of that version.
    """

    fate: Fate
    start: int
    stop: int
    peak: int
    before: Glitch | None
    after: Glitch | None


@dataclass(frozen=True, eq=False)
class Judged:
    """What is said of one version of the clip, in its own N frames.

    tracks  name of TRACKS -> float32 [N], the largest value over joints or bones; NaN where unknown
    """

    times: np.ndarray  # float64 [N], seconds
    scores: Scores
    curves: Curves
    glitches: tuple[Glitch, ...]
    tracks: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class WhatIf:
    """Both versions of a clip of T frames. `frames.on_original` puts a curve of the edited version on the frames of the original."""

    edit: Edit
    action: str | None
    frames: FrameMap
    before: Judged
    after: Judged
    events: tuple[EventChange, ...]  # in the order of their frames
    notes: tuple[str, ...]  # what the comparison does not tell, in sentences

    @property
    def around(self) -> slice:
        """The original frames whose steps the edit can change at once: the range and the frame behind it."""
        return slice(self.edit.start, min(self.edit.stop + 1, len(self.frames.new)))


def what_if(
    track: HumanTrack,
    manifold: Manifold,
    edit: Edit,
    video_sha256: str,
    action: str | None = None,
    allow_many: bool = False,
    film: Film | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> WhatIf:
    """Edit a track over all frames of a clip and judge it as it was and as it becomes, both by the same manifold and settings.

    With the film, the pictures near dropped or held frames are measured anew in their new order. Raises EditError for a range that cannot
    be edited so, ManifoldError for a manifold or a class that does not fit, VideoError, and Cancelled.
    """
    from core.edited_pixels import edited_pixels
    from core.tracks.flips import of_pictures

    check_track(manifold, track)
    edited, frames = edit_track(track, edit, allow_many)

    def half(number: int) -> Callable[[int, int], None]:
        return lambda done, total: progress(number * total + done, 2 * total)

    pixels = edited_pixels(film.pixels, frames, edited, film.pictures, cancelled) if film else None
    seen, flips = (film.pixels, film.flips) if film else (None, None)
    before = judge(track, manifold, video_sha256, action, allow_many, seen, flips, half(0), cancelled)
    again = of_pictures(flips, frames.picture) if flips else None
    after = judge(edited, manifold, video_sha256, action, allow_many, pixels, again, half(1), cancelled)
    notes = []
    if film is None:
        notes.append(NO_PICTURES)
    elif edit.kind is EditKind.INTERPOLATE:
        notes.append(NEVER_SEEN)
    if after.scores.padded and not before.scores.padded:
        notes.append(PADDED)
    still, moving = after.scores.temporal_coherence, before.scores.temporal_coherence
    if edit.kind is EditKind.HOLD and still is not None and moving is not None and still < moving:
        notes.append(STILL)
    return WhatIf(edit, action, frames, before, after, compare_events(before.glitches, after.glitches, frames), tuple(notes))


def judge(
    track: HumanTrack,
    manifold: Manifold,
    video_sha256: str,
    action: str | None = None,
    allow_many: bool = False,
    pixels: PixelTracks | None = None,
    flips: FlipTracks | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Judged:
    """Scores, curves, events and local tracks of a track and the pixel and flip tracks of the same frames.

    Frames outside the analysed range count for nothing, as in the analysis. Needs torch and OpenCV, which are imported here and not
    before: the window shows a WhatIf without them. Raises ManifoldError and Cancelled.
    """
    from core.embedding import embed
    from core.glitches import find_glitches
    from core.scores import score
    from core.tracks.local import local_tracks

    analysed = np.flatnonzero([reason != OUTSIDE_RANGE for reason in track.reasons])
    start, stop = (int(analysed[0]), int(analysed[-1]) + 1) if len(analysed) else (0, len(track))
    part = slice_track(track, slice(start, stop))
    embedding = embedding_over_all_frames(embed(part, manifold, allow_many, progress, cancelled), start, len(track))
    local = local_tracks(track, pixels, allow_many, flips=flips)
    return Judged(
        times=track.times,
        scores=score(embedding, manifold, action),
        curves=embedding.curves,
        glitches=find_glitches(track, video_sha256, allow_many, pixels=pixels, flips=flips),
        tracks={name: _largest(getattr(local, name)) for name in TRACKS},
    )


def compare_events(before: tuple[Glitch, ...], after: tuple[Glitch, ...], frames: FrameMap) -> tuple[EventChange, ...]:
    """What becomes of each event of a clip, and which appear in its edited version; in the order of their frames.

    Of all pairs of one kind that overlap or nearly do, those that overlap most are taken for the same event first.
    """
    spans = [(int(frames.old[g.start]), int(frames.old[g.stop - 1]) + 1, int(frames.old[g.peak])) for g in after]

    def overlap(pair: tuple[int, int]) -> float:
        """Intersection over union; negative, and lower with their distance, of ranges that are apart."""
        glitch, (start, stop, _) = before[pair[0]], spans[pair[1]]
        shared = min(glitch.stop, stop) - max(glitch.start, start)
        return shared / (max(glitch.stop, stop) - min(glitch.start, start)) if shared > 0 else float(shared)

    pairs = [pair for pair in product(range(len(before)), range(len(after))) if before[pair[0]].kind == after[pair[1]].kind]
    partner: dict[int, int] = {}
    for one, other in sorted((pair for pair in pairs if overlap(pair) >= -_NEAR), key=overlap, reverse=True):
        if one not in partner and other not in partner.values():
            partner[one] = other
    changes = [
        EventChange(Fate.STAYS, g.start, g.stop, g.peak, g, after[partner[number]])
        if number in partner
        else EventChange(Fate.VANISHES, g.start, g.stop, g.peak, g, None)
        for number, g in enumerate(before)
    ]
    new = set(range(len(after))) - set(partner.values())
    changes += [EventChange(Fate.APPEARS, *spans[number], None, after[number]) for number in new]
    return tuple(sorted(changes, key=lambda change: (change.start, change.stop, change.fate)))


def to_json(result: WhatIf, video: VideoInfo, manifold: ManifoldInfo) -> dict[str, Any]:
    """The result as JSON holds it: curves per frame of the original clip, null where unknown; ranges with an exclusive stop."""
    before, after, frames = result.before, result.after, result.frames

    def both(one: np.ndarray, other: np.ndarray) -> dict[str, list[float | None]]:
        return {"before": numbers(one), "after": numbers(frames.on_original(other))}

    return {
        "schema": SCHEMA,
        "video": {"path": video.path, "sha256": video.sha256, "frames": video.frames, "fps": video.fps},
        "manifold": {"name": manifold.name, "sha256": manifold.sha256},
        "action": result.action,
        "edit": {"kind": result.edit.kind.value, "start": result.edit.start, "stop": result.edit.stop},
        "frames": {name: _frames(getattr(frames, name)) for name in ("old", "picture", "new")},
        "times": {"before": numbers(before.times), "after": numbers(after.times)},
        "scores": {"before": scores_json(before.scores), "after": scores_json(after.scores)},
        "step_curve": both(before.curves.step, after.curves.step),
        "band": {"low": numbers(before.curves.band_low), "high": numbers(before.curves.band_high)},
        "tracks": {name: both(before.tracks[name], after.tracks[name]) for name in before.tracks},
        "glitches": [
            {
                "fate": change.fate.value,
                "start": change.start,
                "stop": change.stop,
                "peak": change.peak,
                "before": None if change.before is None else glitch_json(change.before),
                "after": None if change.after is None else glitch_json(change.after),
            }
            for change in result.events
        ],
        "notes": list(result.notes),
    }


def _frames(values: np.ndarray) -> list[int | None]:
    return [None if value < 0 else value for value in values.tolist()]


def _largest(values: np.ndarray) -> np.ndarray:
    """[N] or [N, J] -> float32 [N]: the largest of each frame, NaN where none is known."""
    columns = values.reshape(len(values), -1)
    known = np.isfinite(columns)
    largest = np.where(known, columns, -np.inf).max(axis=1)
    return np.where(known.any(axis=1), largest, np.nan).astype(np.float32)
