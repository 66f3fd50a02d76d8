"""Bands of a real motion that reaches 1 everywhere, to measure with."""

import numpy as np

from core.bands import AMOUNTS, QUANTILES, RARE, RATE_EDGES, TRACKS, Bands


def flat_bands(**rare: float) -> Bands:
    """Bands in which every quantile is 1, but the 99.9th percentile of the named tracks."""
    limits = {}
    for track in TRACKS:
        limits[track.name] = np.ones((len(RATE_EDGES) + 1, len(AMOUNTS), len(track.classes), len(QUANTILES)), np.float32)
        limits[track.name][..., QUANTILES.index(RARE)] = rare.get(track.name, 1.0)
    return Bands(limits, {})
