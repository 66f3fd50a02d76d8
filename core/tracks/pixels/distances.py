"""How far each frame is from the frames before it, as pictures: the material for duplicates, order, splices and mirrored frames."""

from __future__ import annotations

import numpy as np

# Frames back that a frame is compared with: a reversal of 24 frames with its neighbours, and some room.
LAGS = 32
MIRROR_LAGS = 8
REGIONS = ("whole", "person", "background")


class FrameDistances:
    """Takes the thumbnails of a clip in order; gives the distances of each to the ones before it.

    A distance is the root mean square of the difference in grey levels, of thumbnails with equal mean and contrast.
    """

    def __init__(self) -> None:
        self._thumbs = np.empty((0, 0), np.float32)
        self._masks = np.empty((0, 0), np.float32)
        self._count = 0

    def take(self, thumb: np.ndarray, person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The next thumbnail float32 [h, w] and where the person is in it, bool [h, w] (nowhere, if unknown).

        Returns distances float32 [3, LAGS] to the frames 1, 2, ... back, and those of this frame's mirror image float32 [3, MIRROR_LAGS]:
        of the whole picture, of where the person is in either frame, and of the rest; NaN where there is no such frame or no such region.
        """
        if not self._count:
            self._thumbs = np.zeros((LAGS, thumb.size), np.float32)
            self._masks = np.zeros((LAGS, thumb.size), np.float32)
        known = min(self._count, LAGS)
        rows = [(self._count - lag) % LAGS for lag in range(1, known + 1)]
        mask = person.ravel().astype(np.float32)
        plain = _distances(self._thumbs[rows], thumb.ravel(), np.maximum(self._masks[rows], mask), LAGS)
        rows = rows[:MIRROR_LAGS]
        mirror = _distances(self._thumbs[rows], thumb[:, ::-1].ravel(), np.maximum(self._masks[rows], mask), MIRROR_LAGS)
        place = self._count % LAGS
        self._thumbs[place], self._masks[place] = thumb.ravel(), mask
        self._count += 1
        return plain, mirror


def _distances(earlier: np.ndarray, now: np.ndarray, weights: np.ndarray, lags: int) -> np.ndarray:
    result = np.full((len(REGIONS), lags), np.nan, np.float32)
    if len(earlier):
        square = np.square(earlier - now)
        inside, area = np.einsum("kn,kn->k", square, weights), weights.sum(axis=1)
        total = square.sum(axis=1)
        for region, (value, size) in enumerate(
            ((total, np.float32(square.shape[1])), (inside, area), (total - inside, square.shape[1] - area))
        ):
            known = np.broadcast_to(size > 0, value.shape)
            with np.errstate(invalid="ignore", divide="ignore"):
                result[region, : len(earlier)] = np.where(known, np.sqrt(np.maximum(value, 0) / size), np.nan)
    return result
