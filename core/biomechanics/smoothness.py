"""How smooth a movement is, from its speed alone: log dimensionless jerk and spectral arc length. Nearer to 0 is smoother."""

from __future__ import annotations

import numpy as np
from scipy.integrate import simpson

_FEWEST = 5
# Balasubramanian et al. 2015: human movement has next to nothing above 10 Hz, and a spectrum below 5 % of its peak is noise.
_CUTOFF, _THRESHOLD = 10.0, 0.05
_PADDING = 4  # doublings of the spectrum's resolution


def log_dimensionless_jerk(speed: np.ndarray, rate: float) -> float:
    """LDLJ = -ln(D^3 / peak^2 * integral of (d2v/dt2)^2 dt) of the speed v [T] of one movement of D seconds (Balasubramanian et al. 2015).

    rate: samples a second. It depends on neither the length of the path nor the duration. NaN with fewer than five samples, with unknown
    ones, or without any jerk.
    """
    values = np.asarray(speed, np.float64)
    if len(values) < _FEWEST or not np.isfinite(values).all():
        return float("nan")
    inner = np.diff(values, 2) * rate**2
    # The second derivative at both ends continues the parabola through the three next to it.
    first, last = 3 * inner[0] - 3 * inner[1] + inner[2], 3 * inner[-1] - 3 * inner[-2] + inner[-3]
    squared = np.concatenate([[first], inner, [last]]) ** 2
    duration, peak = (len(values) - 1) / rate, float(np.abs(values).max())
    if peak == 0 or not squared.any():
        return float("nan")
    return float(-np.log(duration**3 / peak**2 * simpson(squared, dx=1 / rate)))


def spectral_arc_length(speed: np.ndarray, rate: float) -> float:
    """SPARC: minus the length of the speed's spectrum as a curve, frequency and magnitude each scaled to 1 (Balasubramanian et al. 2015).

    speed [T] of one movement, rate in samples a second. The curve ends where the magnitude last exceeds 5 % of that at rest, at 10 Hz at
    the latest. NaN with fewer than five samples, with unknown ones, or without motion.
    """
    values = np.asarray(speed, np.float64)
    if len(values) < _FEWEST or not np.isfinite(values).all() or not values.any():
        return float("nan")
    size = 2 ** (int(np.ceil(np.log2(len(values)))) + _PADDING)
    magnitude = np.abs(np.fft.rfft(values, size))
    magnitude /= magnitude.max()
    frequency = np.fft.rfftfreq(size, 1 / rate)
    inside = frequency <= _CUTOFF
    above = np.flatnonzero(magnitude[inside] >= _THRESHOLD)
    part = slice(above[0], above[-1] + 1)
    span = frequency[part][-1] - frequency[part][0]
    if span == 0:
        return 0.0
    return float(-np.hypot(np.diff(frequency[part]) / span, np.diff(magnitude[part])).sum())
