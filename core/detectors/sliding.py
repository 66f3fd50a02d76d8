"""A body that slides along the ground, or floats up: its pose goes on while all of it is carried elsewhere."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d

from core.detectors.candidate import LEAST, SLIDE, Candidate, frames_text, runs
from core.detectors.forests import odds
from core.tracks.excursions import excursions, steps
from core.tracks.footing import MEASURES
from core.tracks.joints import half_window
from core.tracks.local import LocalTracks
from core.tracks.pace import PATTERN

FEATURES = (*MEASURES, "support", "change", "rate")
_SMOOTH = 0.15  # seconds on either side
# A slide lasts while its odds stay above this share of the highest.
_SHARE = 0.1
_SHORTEST, _LONGEST_FLOAT = 0.2, 1.2  # seconds
_NEVER = 1e-6  # odds
_NOISE = 0.004  # body heights
_ABRUPT, _AFTER_LEAP = 2.5, 0.3  # of `unexplained`: the picture leaps and moves everything at once; seconds on either side that see it


def slides(tracks: LocalTracks, times: np.ndarray) -> list[Candidate]:
    """Where what should rest on the ground glides along it, and the body with it."""
    if len(tracks) < 2:
        return []
    values = slide_odds(tracks, times)
    step = float(np.median(np.diff(times)))
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
    half = max(1, round(_SMOOTH / float(np.median(np.diff(times)))))
    smooth = np.convolve(np.pad(log, half, mode="edge"), np.ones(2 * half + 1) / (2 * half + 1), "valid")
    return np.asarray(np.exp(smooth))


def slide_features(tracks: LocalTracks, times: np.ndarray) -> dict[str, np.ndarray]:
    """[T] of each of FEATURES: MEASURES of `footing`, the share of the background that follows, how far the picture leaps, the rate."""
    columns = {name: np.asarray(tracks.footing[:, place], np.float64) for place, name in enumerate(MEASURES)}
    rate = np.full(len(tracks), 1 / float(np.median(np.diff(times))))
    return {**columns, "support": tracks.camera_support, "change": np.log1p(np.asarray(tracks.unexplained, np.float64)), "rate": rate}


def floats(tracks: LocalTracks, times: np.ndarray) -> list[Candidate]:
    """Where the body as a whole is carried elsewhere at once, and a moment later back, while it moves on as before."""
    if len(tracks) < 2:
        return []
    path = np.asarray(tracks.trunk_path, np.float64)[:, None]
    found = excursions(steps(path, times, _NOISE), times, _LONGEST_FLOAT)
    told: list[Candidate] = []
    for place in np.argsort(-found.strength, kind="stable"):
        value, start, stop = float(found.strength[place]), int(found.start[place]), int(found.stop[place])
        if value < LEAST["floats"]:
            break
        if any(start < other.stop and stop > other.start for other in told):
            continue
        # Frames shown again to convert the frame rate make whatever moves stand and leap.
        if (np.nan_to_num(tracks.regular[max(start - 1, 0) : stop + 1]) > PATTERN).any():
            continue
        far = float(np.linalg.norm(found.away[place]))
        text = f"The whole body is carried {far:.2f} body heights away at once and back again, in {frames_text(start, stop)}."
        sure = float(np.nanmean(tracks.confidence[start:stop].max(axis=1)))
        told.append(Candidate("floats", SLIDE, start, stop, start, value, sure, (), ("path of the trunk",), text))
    return told
