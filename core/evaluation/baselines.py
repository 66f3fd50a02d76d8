"""Cheap measures of a clip's pictures, beside which the main scores have to be better (science.md 8). No person is looked for.

Frames are RGB uint8 [H, W, 3]. Y is the luma of BT.601 (0..255); the grey of the SSIM is BT.709's in 0..1, as scikit-image has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from core.evaluation.errors import EvaluationError

SAMPLED = 4  # every so many frames for the dynamic measures
_SSIM_WINDOW, _K1, _K2 = 7, 0.01, 0.03
_LUMA, _GREY = np.array([0.299, 0.587, 0.114]), np.array([0.2125, 0.7154, 0.0721])
_BINS = 10


@dataclass(frozen=True)
class Baselines:
    """NaN where a clip has too few frames. Spatial and temporal information are maxima over the clip (ITU-T P.910), the rest means."""

    mse_dyn: float  # higher = more change over four frames
    ssim_dyn: float  # lower = more change over four frames
    ssim_sim: float  # SSIM of neighbouring frames
    si: float
    ti: float
    brightness: float
    contrast: float
    colourfulness: float
    sharpness: float  # variance of the Laplacian
    brisque: float  # over every fourth frame, 0..100, lower = more natural; NaN unless its model is given


NAMES = tuple(field.name for field in fields(Baselines))


@dataclass(frozen=True)
class Coverage:
    """Of one measure over a set of clips (Winkler 2012, as GAIA reports it): range, and uniformity in [0, 1]."""

    name: str
    low: float
    high: float
    uniformity: float


def baselines(frames: Iterable[np.ndarray], brisque: Callable[[np.ndarray], float] | None = None) -> Baselines:
    """All measures of one clip, with three frames in memory at a time. Raises EvaluationError without frames or when their size changes."""
    mse, ssim, similar, si, ti, looks, natural = [], [], [], [], [], [], []
    before: np.ndarray | None = None
    sampled: np.ndarray | None = None
    grey_before = luma_before = sampled_grey = np.zeros(0)
    for number, frame in enumerate(frames):
        if before is not None and before.shape != frame.shape:
            raise EvaluationError(f"Frame {number} has another size than the one before it: give a video with frames of one size.")
        y, grey = luma(frame), frame @ _GREY / 255
        si.append(spatial_information(y))
        looks.append((float(y.mean()), float(y.std()), colourfulness(frame), sharpness(y)))
        if before is not None:
            ti.append(temporal_information(luma_before, y))
            similar.append(structural_similarity(grey_before, grey))
        if number % SAMPLED == 0:
            if sampled is not None:
                mse.append(squared_difference(sampled, frame))
                ssim.append(structural_similarity(sampled_grey, grey))
            sampled, sampled_grey = frame, grey
            if brisque is not None:
                natural.append(brisque(frame))
        before, luma_before, grey_before = frame, y, grey
    if before is None:
        raise EvaluationError("The clip has no frames, so there is nothing to measure.")
    brightness, contrast, colours, sharp = (float(np.mean(column)) for column in zip(*looks, strict=True))
    temporal = max(ti, default=np.nan)
    return Baselines(_mean(mse), _mean(ssim), _mean(similar), max(si), temporal, brightness, contrast, colours, sharp, _mean(natural))


def luma(frame: np.ndarray) -> np.ndarray:
    """Y [H, W] in 0..255 of RGB [H, W, 3]."""
    y: np.ndarray = frame @ _LUMA
    return y


def squared_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Sum over the channels of the squared difference, mean over the pixels."""
    return float(((first.astype(np.float64) - second) ** 2).sum() / (first.shape[0] * first.shape[1]))


def structural_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Mean SSIM of two grey pictures [H, W] with a flat 7 x 7 window; the data range is that of the second (1 when it is flat)."""
    if min(first.shape) < _SSIM_WINDOW:
        raise EvaluationError(f"SSIM needs {_SSIM_WINDOW} x {_SSIM_WINDOW} pixels, the frames have {first.shape[1]} x {first.shape[0]}.")
    span = float(second.max() - second.min())
    if span == 0:
        return 1.0
    x, y = first.astype(np.float64), second.astype(np.float64)
    mean_x, mean_y = _window_means(x), _window_means(y)
    sample = _SSIM_WINDOW**2 / (_SSIM_WINDOW**2 - 1)
    variances = sample * (_window_means(x * x + y * y) - mean_x**2 - mean_y**2)
    covariance = sample * (_window_means(x * y) - mean_x * mean_y)
    c1, c2 = (_K1 * span) ** 2, (_K2 * span) ** 2
    similarity = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))
    return float(similarity.mean())


def spatial_information(y: np.ndarray) -> float:
    """Standard deviation of the Sobel magnitude of Y [H, W] over its interior (ITU-T P.910); NaN below 3 x 3 pixels."""
    if min(y.shape) < 3:
        return float("nan")
    smooth_rows = y[:-2] + 2 * y[1:-1] + y[2:]
    smooth_columns = y[:, :-2] + 2 * y[:, 1:-1] + y[:, 2:]
    horizontal = smooth_rows[:, 2:] - smooth_rows[:, :-2]
    vertical = smooth_columns[2:] - smooth_columns[:-2]
    return float(np.hypot(horizontal, vertical).std())


def temporal_information(first: np.ndarray, second: np.ndarray) -> float:
    """Standard deviation of the difference of Y [H, W] between two frames (ITU-T P.910)."""
    return float(np.std(second - first))


def colourfulness(frame: np.ndarray) -> float:
    """Hasler and Suesstrunk (2003), M3."""
    red, green, blue = np.moveaxis(frame.astype(np.float64), -1, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def sharpness(y: np.ndarray) -> float:
    """Variance of the Laplacian (four neighbours) of Y [H, W] over its interior; NaN below 3 x 3 pixels."""
    if min(y.shape) < 3:
        return float("nan")
    return float((y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:] - 4 * y[1:-1, 1:-1]).var())


def coverage(name: str, values: Iterable[float]) -> Coverage:
    """Range of a measure over clips and the uniformity of its histogram: entropy of 10 bins to the base 10. Raises EvaluationError."""
    known = np.array([value for value in values if np.isfinite(value)])
    if not len(known):
        raise EvaluationError(f"No clip has a value of '{name}'.")
    share = np.histogram(known, _BINS)[0] / len(known)
    present = share[share > 0]
    return Coverage(name, float(known.min()), float(known.max()), float(-(present * np.log(present)).sum() / np.log(_BINS)) + 0.0)


def _window_means(values: np.ndarray) -> np.ndarray:
    """Means of all 7 x 7 windows that lie inside [H, W]: [H - 6, W - 6], by running sums."""
    for axis in (0, 1):
        sums = np.moveaxis(np.cumsum(values, axis=axis), axis, 0)
        inside = sums[_SSIM_WINDOW - 1 :].copy()
        inside[1:] -= sums[:-_SSIM_WINDOW]
        values = np.moveaxis(inside, 0, axis) / _SSIM_WINDOW
    return values


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
