"""Whether the subject can be judged, frame by frame, and why not: nobody, several people, an uncertain pose, a cut."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from core.extraction.people import People
from core.track import Presence

CORE_POINTS = (11, 12, 23, 24)  # shoulders and hips among the BlazePose points
VISIBLE = 0.5
_OTHER_SCORE = 0.75
_OTHER_SIZE = 0.3  # of the subject's radius: smaller figures are mostly equipment or prints
_THUMBNAIL = (32, 18)
_CUT_DIFFERENCE = 0.16  # mean absolute difference of two thumbnails, 1 = black to white
_CUT_HISTOGRAM = 0.4  # half the L1 distance of the colour histograms
_SPLICE = 3  # frames: a stretch this short that returns to the picture before it is a fault inside a shot, not a cut
_SETTLING = 5  # frames after the tracker has found the person in which its pose may still be misplaced


def others(people: People, box: np.ndarray | None, size: tuple[int, int]) -> int:
    """How many people besides the subject (box x0, y0, x1, y1, None where the tracker has nobody) are surely there."""
    width, height = size
    count = 0
    reach = 0.0 if box is None else float(max(box[2] - box[0], box[3] - box[1])) / 2
    for centre, radius, score in zip(people.centres, people.radii, people.scores, strict=True):
        x, y = float(centre[0]), float(centre[1])
        if score < _OTHER_SCORE or not (0 <= x < width and 0 <= y < height) or radius < _OTHER_SIZE * reach:
            continue
        # A candidate whose hips lie inside the subject's box is the subject, or a part of it.
        margin = 0.15 * reach
        if box is not None and box[0] - margin <= x <= box[2] + margin and box[1] - margin <= y <= box[3] + margin:
            continue
        count += 1
    return count


def thumbnail(frame: np.ndarray) -> np.ndarray:
    """uint8 [18, 32, 3]: enough of a frame to tell a cut."""
    return cv2.resize(frame, _THUMBNAIL, interpolation=cv2.INTER_AREA)


def find_cuts(thumbnails: np.ndarray) -> np.ndarray:
    """bool [T]: the first frames of new shots, from thumbnails uint8 [T, 18, 32, 3]."""
    cuts = np.zeros(len(thumbnails), bool)
    if len(thumbnails) < 2:
        return cuts
    jumps = np.flatnonzero([_differ(a, b) for a, b in pairwise(thumbnails)]) + 1
    for frame in jumps:
        after = thumbnails[frame + 1 : frame + 1 + _SPLICE]
        returns = any(not _differ(thumbnails[frame - 1], later) for later in after)
        returned = any(not _differ(earlier, thumbnails[frame]) for earlier in thumbnails[max(frame - 1 - _SPLICE, 0) : frame - 1])
        cuts[frame] = not returns and not returned
    return cuts


def _differ(a: np.ndarray, b: np.ndarray) -> bool:
    if np.abs(a.astype(np.int16) - b).mean() / 255 < _CUT_DIFFERENCE:
        return False
    histograms = [_colours(picture) for picture in (a, b)]
    return bool(np.abs(histograms[0] - histograms[1]).sum() / 2 > _CUT_HISTOGRAM)


def _colours(picture: np.ndarray) -> np.ndarray:
    """Shares of 64 colours."""
    codes = picture.reshape(-1, 3).astype(np.int64) // 64 @ np.array([16, 4, 1])
    return np.bincount(codes, minlength=64) / len(codes)


def judge(
    seen: np.ndarray, visibility: np.ndarray, centres: np.ndarray, torso: np.ndarray, crowd: np.ndarray, cuts: np.ndarray
) -> tuple[tuple[Presence, ...], tuple[str | None, ...]]:
    """Presence and reason of every frame.

    seen bool [T]; visibility [T, 33]; centres [T, 2] and torso [T] of the body in pixels; crowd int [T], people besides the subject;
    cuts bool [T].
    """
    presence, reasons = [], []
    misplaced = _misplaced(seen, centres, torso)
    for frame in range(len(seen)):
        value, reason = Presence.OK, None
        visible = float(visibility[frame, CORE_POINTS].mean()) if seen[frame] else 0.0
        if cuts[frame]:
            value, reason = Presence.CUT, "A new shot begins here."
        elif not seen[frame] and crowd[frame]:
            value, reason = Presence.NONE, f"The tracker lost its person; the second detector sees {crowd[frame]}."
        elif not seen[frame]:
            value, reason = Presence.NONE, "Nobody was found."
        elif crowd[frame]:
            value, reason = Presence.MANY, f"{crowd[frame] + 1} people are visible; the tracker follows one of them."
        elif misplaced[frame]:
            value, reason = Presence.UNCERTAIN, "The tracker had just found the person and its pose had not settled."
        elif visible < VISIBLE:
            value, reason = Presence.UNCERTAIN, f"Shoulders and hips are hardly visible to the detector (visibility {visible:.2f})."
        presence.append(value)
        reasons.append(reason)
    return tuple(presence), tuple(reasons)


def _misplaced(seen: np.ndarray, centres: np.ndarray, torso: np.ndarray) -> np.ndarray:
    """bool [T]: frames just after the person was found, before a leap of more than a torso's length."""
    misplaced = np.zeros(len(seen), bool)
    starts = np.flatnonzero(seen & ~np.concatenate([[False], seen[:-1]]))
    for start in starts.tolist():
        for frame in range(start + 1, min(start + 1 + _SETTLING, len(seen))):
            if seen[frame] and seen[frame - 1]:
                leap = np.linalg.norm(centres[frame] - centres[frame - 1])
                if leap > max(torso[frame], torso[frame - 1]) or not 0.5 < torso[frame] / max(torso[frame - 1], 1e-6) < 2.0:
                    misplaced[start:frame] = True
    return misplaced
