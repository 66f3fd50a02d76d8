"""The step curve and its disagreement on real footage: the bundled sample."""

from dataclasses import replace

import numpy as np
import pytest

from core.embedding import Embedding, clip_rows, cut_rows, embed, encode
from core.encoder import build_encoder
from core.manifold import Manifold, load_manifold
from core.track import HumanTrack
from core.windows import stretches, window_starts
from tests.synthetic_tracks import blank_manifold

FRAMES = 112


@pytest.fixture(scope="module")
def sample(sample_track: HumanTrack) -> Embedding:
    return embed(sample_track, load_manifold())


def window_steps(track: HumanTrack, manifold: Manifold, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Starts [B] and raw steps [B, 31] of the windows of a track that is one stretch."""
    (part,) = stretches(track, manifold)
    starts = window_starts(len(part), stride)
    return starts, encode(build_encoder(manifold), cut_rows(clip_rows(part.features, manifold), starts, manifold))[1]


def comb(curve: np.ndarray, period: int) -> float:
    """How far the frames at one place of the period lie from the others at most, beside the median of the curve and without its trend."""
    inner = np.arange(32, len(curve) - 32)
    slow = np.convolve(curve, np.ones(period) / period, "same")
    means = [np.mean((curve - slow)[inner[inner % period == place]]) for place in range(period)]
    return float(np.ptp(means) / np.median(curve[inner]))


def test_that_a_large_first_step_of_each_window_makes_no_comb(sample_track: HumanTrack) -> None:
    manifold = blank_manifold()
    # Position 0 is that of the class token. The first frame's is moved away, so that the step from it is large in every window.
    positions = manifold.weights["pos_enc.pe"].copy()
    positions[0, 1] = -positions[0, 1]
    manifold = replace(manifold, weights={**manifold.weights, "pos_enc.pe": positions})
    _, steps = window_steps(sample_track, manifold, 1)
    usual = np.median(steps, axis=0)
    assert usual[0] > 1.5 * np.median(usual)
    starts, steps = window_steps(sample_track, manifold, 8)
    plain = np.full((len(starts), FRAMES), np.nan)
    for row, (start, values) in enumerate(zip(starts, steps, strict=True)):
        plain[row, start + 1 : start + 32] = values
    ours = embed(sample_track, replace(manifold, step_median=usual.astype(np.float32))).curves.step
    assert comb(np.nanmean(plain[:, 1:105], axis=0), 8) > 0.3
    assert comb(ours[1:105], 8) < 0.15


def test_that_the_curve_of_the_sample_has_no_period_of_eight(sample: Embedding) -> None:
    step = sample.curves.step[1:]
    assert comb(step, 8) < 1.5 * max(comb(step, period) for period in (5, 6, 7, 9, 10, 11))


def test_that_only_the_first_frame_has_no_step_and_only_pairs_of_one_window_no_disagreement(sample: Embedding) -> None:
    assert np.flatnonzero(np.isnan(sample.curves.step)).tolist() == [0]
    assert np.flatnonzero(np.isnan(sample.curves.disagreement)).tolist() == [0, 1, FRAMES - 1]


def test_that_each_step_is_measured_by_the_real_median_at_its_place(sample: Embedding, sample_track: HumanTrack) -> None:
    manifold = load_manifold()
    _, steps = window_steps(sample_track, manifold, 1)
    # The pair of frames 59 and 60 lies in the windows that start at 29 to 59, as their steps 30 to 0.
    relative = steps / manifold.step_median
    holders = relative[np.arange(29, 60), np.arange(30, -1, -1)]
    assert sample.curves.step[60] == pytest.approx(holders.mean(), rel=1e-4)
    assert sample.curves.disagreement[60] == pytest.approx(holders.std(), rel=1e-3)
