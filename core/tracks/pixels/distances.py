"""How far each frame is from the frames before it, as pictures: the material for duplicates, order, splices and mirrored frames."""

from __future__ import annotations

import numpy as np

# Frames back that a frame is compared with: a reversal of 24 frames with its neighbours, and some room.
LAGS = 32
MIRROR_LAGS = 4
REGIONS = ("whole", "person", "background")


class FrameDistances:
    """Takes the thumbnails of a clip in order; gives the distances of each to the ones before it.

    A distance is the root mean square of the difference in grey levels that is left after the gain and the offset that fit best: light
    that changes as a whole is no distance. Pixels that are burnt out in either frame do not count.
    """

    def __init__(self) -> None:
        self._thumbs = np.empty((0, 0), np.float32)
        self._valid = np.empty((0, 0), np.float32)
        self._person = np.empty((0, 0), np.float32)
        self._count = 0

    def take(self, thumb: np.ndarray, valid: np.ndarray, person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The next thumbnail float32 [h, w], where it is not burnt out, and where the person is (nowhere, if unknown), both bool [h, w].

        Returns distances float32 [3, LAGS] to the frames 1, 2, ... back, and those of this frame's mirror image float32 [3, MIRROR_LAGS]:
        of the whole picture, of where the person is in either frame, and of the rest; NaN where there is no such frame or no such region.
        """
        if not self._count:
            self._thumbs, self._valid, self._person = (np.zeros((LAGS, thumb.size), np.float32) for _ in range(3))
        rows = [(self._count - lag) % LAGS for lag in range(1, min(self._count, LAGS) + 1)]
        mask = person.ravel().astype(np.float32)
        plain = self._from(rows, thumb, valid, mask, LAGS)
        mirror = self._from(rows[:MIRROR_LAGS], thumb[:, ::-1], valid[:, ::-1], mask, MIRROR_LAGS)
        place = self._count % LAGS
        self._thumbs[place], self._valid[place], self._person[place] = thumb.ravel(), valid.ravel(), mask
        self._count += 1
        return plain, mirror

    def _from(self, rows: list[int], thumb: np.ndarray, valid: np.ndarray, person: np.ndarray, lags: int) -> np.ndarray:
        result = np.full((len(REGIONS), lags), np.nan, np.float32)
        if not rows:
            return result
        now, weight = thumb.ravel(), self._valid[rows] * valid.ravel().astype(np.float32)
        square = weight * np.square(_fitted(self._thumbs[rows], now, weight) - now)
        mask = np.maximum(self._person[rows], person)
        total, area = square.sum(axis=1), weight.sum(axis=1)
        inside, part = np.einsum("kn,kn->k", square, mask), np.einsum("kn,kn->k", weight, mask)
        for region, (value, size) in enumerate(((total, area), (inside, part), (total - inside, area - part))):
            known = size > 0.5
            result[region, : len(rows)][known] = np.sqrt(np.maximum(value[known], 0) / size[known])
        return result


def _fitted(earlier: np.ndarray, now: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Each of earlier [K, N] with the gain (within a factor of 1.5) and the offset that bring it nearest to now [N]."""
    total = np.maximum(weight.sum(axis=1), 1.0)
    means = np.einsum("kn,kn->k", weight, earlier) / total
    mean = weight @ now / total
    weighted = weight * earlier
    variance = np.einsum("kn,kn->k", weighted, earlier) / total - means**2
    covariance = weighted @ now / total - means * mean
    gain = np.clip(covariance / np.maximum(variance, 1e-3), 1 / 1.5, 1.5)
    # What differs in content, and not in light, pulls the gain below one; frames of equal contrast need none.
    alike = covariance**2 > 0.8 * np.maximum(variance, 1e-3) * np.maximum(weight @ np.square(now) / total - mean**2, 1e-3)
    gain = np.where(alike, gain, 1.0)
    offset = np.where(alike, mean - gain * means, mean - means)
    return np.asarray(gain[:, None] * earlier + offset[:, None], np.float32)
