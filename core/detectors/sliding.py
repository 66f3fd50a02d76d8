"""A body that slides along the ground, or floats up: its pose goes on while all of it is carried elsewhere."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d

from core.detectors.candidate import LEAST, SLIDE, Candidate, frames_text, runs
from core.detectors.forests import odds
from core.detectors.surroundings import Windows
from core.tracks.excursions import Excursions, excursions, steps
from core.tracks.footing import MEASURES
from core.tracks.joints import frame_seconds, half_window, median
from core.tracks.local import LocalTracks

FEATURES = (*MEASURES, "support", "change", "rate")
FLOAT_FEATURES = (
    "strength", "away_clear", "back_clear", "amount", "opposite", "alike", "seconds", "away_frames", "back_frames", "up", "rate", "leaps",
    "leaps_most", "leaps_inside", "pose_changes", "pose_changes_most", "height", "rises", "foot", "together", "trunk", "camera", "support",
    "confidence", "regular",
)  # fmt: skip
_SMOOTH = 0.15  # seconds on either side
# A slide lasts while its odds stay above this share of the highest.
_SHARE = 0.1
_SHORTEST, _LONGEST_FLOAT = 0.2, 1.2  # seconds
_LEAST_FLOAT = 0.08  # body heights: the trees have seen none that was smaller
_STAYS = 0.5  # of how far it is carried, so far away it is right after and right before
_NEVER = 1e-6  # odds
_NOISE = 0.004  # body heights
_ABRUPT, _AFTER_LEAP = 2.5, 0.3  # of `unexplained`: the picture leaps and moves everything at once; seconds on either side that see it


def slides(tracks: LocalTracks, times: np.ndarray) -> list[Candidate]:
    """Where what should rest on the ground glides along it, and the body with it."""
    if len(tracks) < 2:
        return []
    values = slide_odds(tracks, times)
    step = frame_seconds(times)
    found = []
    for first, stop in runs(values >= LEAST["slip"], bridge=2):
        peak = first + int(values[first:stop].argmax())
        around = next((a, b) for a, b in runs(values >= _SHARE * values[peak]) if a <= peak < b)
        if (around[1] - around[0]) * step < _SHORTEST:
            continue
        speed = float(np.exp(np.nanmax(tracks.footing[slice(*around), MEASURES.index("foot")])))
        text = f"The standing foot slides in {frames_text(*around)}, by up to {speed:.2f} body heights a second, and the body with it."
        sure = float(np.nanmean(tracks.confidence[slice(*around)].max(axis=1)))
        found.append(Candidate("slip", SLIDE, *around, peak, float(values[peak]), sure, (), ("footing",), text))
    return found


def slide_odds(tracks: LocalTracks, times: np.ndarray) -> np.ndarray:
    """float64 [T]: all but 0 where unknown, and where the picture leaps."""
    raw = odds("slip", slide_features(tracks, times))
    reach = 2 * half_window(times, _AFTER_LEAP) + 1
    leaps = maximum_filter1d((np.nan_to_num(tracks.unexplained) > _ABRUPT).astype(int), reach) > 0
    log = np.log(np.where(np.isfinite(tracks.footing[:, 0]) & ~leaps, raw, _NEVER))
    half = max(1, round(_SMOOTH / frame_seconds(times)))
    smooth = np.convolve(np.pad(log, half, mode="edge"), np.ones(2 * half + 1) / (2 * half + 1), "valid")
    return np.asarray(np.exp(smooth))


def slide_features(tracks: LocalTracks, times: np.ndarray) -> dict[str, np.ndarray]:
    """[T] of each of FEATURES: MEASURES of `footing`, the share of the background that follows, how far the picture leaps, the rate."""
    columns = {name: np.asarray(tracks.footing[:, place], np.float64) for place, name in enumerate(MEASURES)}
    rate = np.full(len(tracks), 1 / frame_seconds(times))
    return {**columns, "support": tracks.camera_support, "change": np.log1p(np.asarray(tracks.unexplained, np.float64)), "rate": rate}


def floats(tracks: LocalTracks, times: np.ndarray) -> list[Candidate]:
    """Where the body as a whole is carried elsewhere at once, and a moment later back, while it moves on as before."""
    found = trunk_excursions(tracks, times)
    if not len(found):
        return []
    far = np.minimum(np.linalg.norm(found.away, axis=-1), np.linalg.norm(found.back, axis=-1))
    at, path = Windows(found, len(tracks)), np.asarray(tracks.trunk_path, np.float64)
    stays = np.linalg.norm(at.inside(path) - (at.before(path) + at.after(path)) / 2, axis=-1)
    # A body that is back long before it seems to be has leapt.
    floating = (far >= _LEAST_FLOAT) & (stays >= _STAYS * far)
    values = np.where(floating, odds("floats", float_features(tracks, found, times)), 0.0)
    told: list[Candidate] = []
    for place in np.argsort(-values, kind="stable"):
        value, start, stop = float(values[place]), int(found.start[place]), int(found.stop[place])
        if value < LEAST["floats"]:
            break
        if any(start < other.stop and stop > other.start for other in told):
            continue
        text = f"The whole body is carried {far[place]:.2f} body heights away at once and back again, in {frames_text(start, stop)}."
        sure = float(np.nanmean(tracks.confidence[start:stop].max(axis=1)))
        peak = start + int(found.away_frames[place])
        told.append(Candidate("floats", SLIDE, start, stop, peak, value, sure, (), ("path of the trunk",), text))
    return told


def trunk_excursions(tracks: LocalTracks, times: np.ndarray) -> Excursions:
    return excursions(steps(np.asarray(tracks.trunk_path, np.float64)[:, None], times, _NOISE), times, _LONGEST_FLOAT)


def float_features(tracks: LocalTracks, found: Excursions, times: np.ndarray) -> dict[str, np.ndarray]:
    """[N] of each of FLOAT_FEATURES, NaN unknown.

    strength, away_clear, back_clear  of the excursion and of its steps
    amount, opposite, alike, up    log of the smaller step; how far the two are opposite, how far of one length, how far upwards
    seconds, away_frames, back_frames, rate  that it and its steps last; frames a second
    leaps, leaps_most, leaps_inside  of the person's picture at the calmer and at the livelier step, and in between
    pose_changes, pose_changes_most  by how much the limbs point elsewhere after the steps, body heights
    height, rises                  of the lower ankle above the ground inside; over that around
    foot, together, trunk          see `footing.MEASURES`, inside
    camera, support, confidence, regular  the background's motion, its support, the pose's confidence, repeated frames, inside
    """
    at = Windows(found, len(tracks))
    away, back = np.linalg.norm(found.away, axis=-1), np.linalg.norm(found.back, axis=-1)
    leaps = [at.most(np.log1p(np.asarray(tracks.unexplained, np.float64)), *span) for span in at.edges(1)]
    pose = [median(np.linalg.norm(change, axis=-1).T) for change in at.changes(np.asarray(tracks.bone_shown, np.float64))]
    ground = np.asarray(tracks.footing, np.float64)
    height = ground[:, MEASURES.index("height")]
    inside = {name: at.inside(ground[:, MEASURES.index(name)]) for name in ("foot", "together", "trunk")}
    return {
        "strength": found.strength,
        "away_clear": found.away_clear,
        "back_clear": found.back_clear,
        "amount": np.log(_NOISE + np.minimum(away, back)),
        "opposite": -(found.away * found.back).sum(axis=-1) / np.maximum(away * back, 1e-9),
        "alike": np.minimum(away, back) / np.maximum(np.maximum(away, back), 1e-9),
        "up": -found.away[:, 1] / np.maximum(away, 1e-9),
        "seconds": (found.stop - found.start) * frame_seconds(times),
        "away_frames": found.away_frames.astype(np.float64),
        "back_frames": found.back_frames.astype(np.float64),
        "rate": np.full(len(found), 1 / frame_seconds(times)),
        "leaps": np.fmin(*leaps),
        "leaps_most": np.fmax(*leaps),
        "leaps_inside": at.inside(np.asarray(tracks.unexplained, np.float64)),
        "pose_changes": np.fmin(*pose),
        "pose_changes_most": np.fmax(*pose),
        "height": at.inside(height),
        "rises": at.inside(height) - (at.before(height) + at.after(height)) / 2,
        **inside,
        "camera": at.inside(np.asarray(tracks.camera_speed, np.float64)),
        "support": at.inside(np.asarray(tracks.camera_support, np.float64)),
        "confidence": at.inside(np.asarray(tracks.confidence, np.float64)).mean(axis=-1),
        "regular": at.most(np.asarray(tracks.regular, np.float64), found.start - 1, found.stop + 1),
    }
