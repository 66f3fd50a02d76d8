"""Limb bones that slowly grow and shrink again: nothing leaps there, but for a while they are longer than they ever are."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import minimum_filter1d

from core.analysis import JointEvidence
from core.detectors.candidate import LEAST, STRETCH, Candidate, frames_text, peaks
from core.skeletons import readable
from core.tracks.bones import BONES, bump_frames
from core.tracks.joints import JOINTS, half_window, median, running_median
from core.tracks.local import LocalTracks

_LASTS_ABOVE = 0.3  # of the value, and of its highest: as long as it stays above it is the same event
# Of a bone that is too long: the least change that counts, its trembling from frame to frame and the change of all bones that halve it.
_BUMP, _TREMBLING, _ALL_BONES, _LEAST_RATIO = 0.04, 0.01, 0.1, 0.3


def stretches(tracks: LocalTracks, times: np.ndarray) -> list[Candidate]:
    """Limb bones that are longer in the picture than they are ever seen, and longer than right before and after."""
    found = []
    ratio, value = np.nan_to_num(tracks.bone_picture), stretch_value(tracks, times)
    lasts = bump_frames(times)[0]
    for bone, (name, upper, lower) in enumerate(BONES):
        for first, stop, peak in peaks(value[:, bone], _LASTS_ABOVE, _LASTS_ABOVE, bridge=2):
            if value[peak, bone] < LEAST["bones"]:
                continue
            # The value holds for so many frames around it.
            start, stop = max(first - lasts // 2, 0), min(stop + (lasts - 1) // 2, len(tracks))
            longer = float(ratio[start:stop, bone].max())
            text = f"{readable(name).capitalize()} is up to {longer - 1:.0%} longer than it is usually seen in {frames_text(start, stop)}."
            joints = tuple(JointEvidence(JOINTS[joint], 0.5) for joint in (lower, upper))
            sure = float(np.nanmean(tracks.confidence[start:stop][:, [upper, lower]].min(axis=1)))
            found.append(Candidate("bones", STRETCH, start, stop, peak, float(value[peak, bone]), sure, joints, ("bone lengths",), text))
    return found


def stretch_value(tracks: LocalTracks, times: np.ndarray) -> np.ndarray:
    """float64 [T, B]: how clearly each bone of `bones.BONES` is too long, over an eighth of a second at least.

    The geometric mean of how much longer it is than it is ever seen (a projection only shortens a bone, so that the longest that is
    usually seen is nearly its length) and of how much longer than right before and after, over the bone's own trembling. It counts for
    less where all bones change: then the body turns or its scale is mistaken.
    """
    if len(tracks) < 2:
        return np.zeros((len(tracks), len(BONES)))
    length = np.log(np.maximum(np.asarray(tracks.bone_picture, np.float64), _LEAST_RATIO))
    bump = np.nan_to_num(np.asarray(tracks.bone_bump, np.float64))
    longer = np.nan_to_num(np.maximum(length, 0.0))
    # Where bones of other limbs are too long as well it is the body's scale that is mistaken. A fault of one limb touches two bones.
    rest = np.sort(longer, axis=1)[:, -3:-2]
    alone = np.where(bump >= _BUMP, np.maximum(longer - rest, 0.0), 0.0)
    trembling = np.fmax(1.48 * median(np.abs(np.diff(length, axis=0))), _TREMBLING)
    moved = median(((np.nan_to_num(length) - running_median(np.nan_to_num(length), half_window(times, 0.6))) ** 2).T)
    lasting = [minimum_filter1d(v, bump_frames(times)[0], axis=0) for v in (alone, bump / trembling)]
    return np.asarray(np.sqrt(lasting[0] * lasting[1]) / (1 + np.sqrt(moved) / _ALL_BONES)[:, None])
