"""From a track to windows and curves."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.embedding import Embedding, band, embed, stretch_curves
from core.encoder import build_encoder
from core.extraction import Cancelled
from core.manifold import ManifoldError
from core.motion import motion_features
from core.track import ExtractorInfo, HumanTrack, Presence
from core.windows import stretches
from tests.synthetic_tracks import SMALL_SOURCES, blank_manifold, moving_track

MANIFOLD = blank_manifold(sources=SMALL_SOURCES)


def track_of(frames: int, fps: float = 30.0) -> HumanTrack:
    return moving_track(1, 3, frames, fps, SMALL_SOURCES)


def steps_by_hand(track: HumanTrack, start: int) -> np.ndarray:
    """||z_{t+1} - z_t|| [31] of one window, built without the code under test."""
    (part,) = stretches(track, MANIFOLD)
    raw = [part.features[name][start : start + 32] for name in MANIFOLD.source_names]
    motion = [motion_features(name, values, "corrected") for name, values in zip(MANIFOLD.source_names, raw, strict=True)]
    with torch.inference_mode():
        z = build_encoder(MANIFOLD)(torch.from_numpy(np.concatenate([*raw, *motion], axis=1)[None])).z[0].numpy()
    return np.linalg.norm(np.diff(z, axis=0), axis=1)


@pytest.fixture(scope="module")
def long_clip() -> Embedding:
    return embed(track_of(50), MANIFOLD)


def test_that_scored_windows_have_stride_eight_and_whole_length(long_clip: Embedding) -> None:
    assert long_clip.window_range.tolist() == [[0, 32], [8, 40], [16, 48]]
    assert long_clip.z_cls.shape == (3, 16)
    assert not long_clip.padded
    assert long_clip.reason is None


def test_that_the_coherence_of_a_window_is_its_mean_step(long_clip: Embedding) -> None:
    assert long_clip.coherence[1] == pytest.approx(steps_by_hand(track_of(50), 8).mean(), abs=1e-5)


def test_that_the_step_curve_is_the_mean_over_windows_of_step_over_real_median(long_clip: Embedding) -> None:
    track = track_of(50)
    # Frame 2 stands between 1 and 2: windows at 0 and 1 hold the pair, at their places 1 and 0.
    pair = np.array([steps_by_hand(track, 0)[1], steps_by_hand(track, 1)[0]]) / MANIFOLD.step_median[[1, 0]]
    assert long_clip.curves.step[2] == pytest.approx(pair.mean(), abs=1e-5)
    assert long_clip.curves.disagreement[2] == pytest.approx(pair.std(), abs=1e-5)


def test_that_curves_cover_every_frame_and_are_unknown_where_they_must_be(long_clip: Embedding) -> None:
    curves = long_clip.curves
    assert np.flatnonzero(np.isnan(curves.step)).tolist() == [0]
    assert np.flatnonzero(np.isnan(curves.disagreement)).tolist() == [0, 1, 49]
    assert all(len(values) == 50 for values in (curves.step, curves.band_low, curves.band_high))
    np.testing.assert_allclose(sum(curves.attention.values()), 1, atol=1e-5)
    assert list(curves.attention) == list(MANIFOLD.source_names)


def test_that_a_short_clip_is_padded_and_says_so() -> None:
    short = embed(track_of(20), MANIFOLD)
    assert short.padded
    assert short.window_range.tolist() == [[0, 20]]
    assert np.isfinite(short.curves.step[1:]).all()


def test_that_short_stretches_take_no_part_in_the_scores_of_a_clip_with_whole_windows() -> None:
    track = track_of(60)
    presence = list(track.presence)
    presence[45] = Presence.CUT
    clip = embed(replace(track, presence=tuple(presence)), MANIFOLD)
    assert clip.window_range.tolist() == [[0, 32], [8, 40]]
    assert np.isnan(clip.curves.step[[0, 45, 46]]).all()
    assert np.isfinite(clip.curves.step[47:]).all()


def test_that_a_clip_of_several_people_has_curves_of_its_single_frames_but_no_scores() -> None:
    track = track_of(60)
    crowded = replace(track, presence=(Presence.OK,) * 40 + (Presence.MANY,) * 20)
    refused = embed(crowded, MANIFOLD)
    assert refused.reason is not None
    assert "20 show several people" in refused.reason
    assert len(refused.z_cls) == 0
    assert np.isfinite(refused.curves.step[1:40]).all()
    assert np.isnan(refused.curves.step[40:]).all()
    assert embed(crowded, MANIFOLD, allow_many=True).window_range.tolist() == [[0, 32], [8, 40], [16, 48], [24, 56]]


def test_that_a_clip_without_a_person_says_so() -> None:
    track = track_of(10)
    empty = replace(track, keypoints=np.full_like(track.keypoints, np.nan), presence=(Presence.NONE,) * 10)
    nobody = embed(empty, MANIFOLD)
    assert nobody.reason == "No person was found in the clip, so it has no scores."
    assert nobody.motion_amount is None
    assert np.isnan(nobody.curves.step).all()


def test_that_a_video_at_twice_the_rate_has_the_same_windows() -> None:
    slow, fast = embed(track_of(50), MANIFOLD), embed(track_of(99, 60.0), MANIFOLD)
    assert fast.window_range.tolist() == [[2 * a, 2 * b - 1] for a, b in slow.window_range.tolist()]
    assert np.isfinite(fast.curves.step[1:]).all()


def test_that_the_band_follows_the_motion_amount() -> None:
    low, high = band(MANIFOLD, np.array([0.0, 0.55, 5.0, np.nan]), 24.0)
    np.testing.assert_allclose(low, [0, 0.25, 0.5, np.nan], atol=1e-6)
    np.testing.assert_allclose(high, [1, 1.5, 2, np.nan], atol=1e-6)


def test_that_the_band_follows_the_frame_rate() -> None:
    rated = replace(
        MANIFOLD,
        band_rate=np.array([12, 12, 48], np.float32),
        band_amount=np.array([0, 1, 0], np.float32),
        band_low=np.array([0.2, 0.4, 0.6], np.float32),
        band_high=np.array([2, 4, 3], np.float32),
    )
    amount = np.array([0.5])
    assert np.ravel(band(rated, amount, 10.0)).tolist() == pytest.approx([0.3, 3])
    assert np.ravel(band(rated, amount, 24.0)).tolist() == pytest.approx([0.45, 3])  # halfway, by the logarithm
    assert np.ravel(band(rated, amount, 60.0)).tolist() == pytest.approx([0.6, 3])


def test_that_one_wild_step_does_not_widen_its_own_band() -> None:
    track = track_of(60)
    keypoints = track.keypoints.copy()
    keypoints[30] += 200
    wild = embed(replace(track, keypoints=keypoints), MANIFOLD)
    calm = embed(track, MANIFOLD)
    assert wild.motion_amount is not None and calm.motion_amount is not None
    assert wild.motion_amount > 1.3 * calm.motion_amount
    np.testing.assert_allclose(wild.curves.band_high[28:33], calm.curves.band_high[28:33], atol=0.05)


def test_that_progress_counts_windows_and_cancelling_stops() -> None:
    calls: list[tuple[int, int]] = []
    embed(track_of(100), MANIFOLD, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(64, 69), (69, 69)]
    with pytest.raises(Cancelled):
        embed(track_of(100), MANIFOLD, cancelled=lambda: True)


def test_that_the_number_of_torch_threads_is_left_as_it_was() -> None:
    before = torch.get_num_threads()
    (part,) = stretches(track_of(32), MANIFOLD)
    stretch_curves(part, MANIFOLD, build_encoder(MANIFOLD))
    assert torch.get_num_threads() == before


def test_that_a_track_of_another_space_is_refused() -> None:
    other = tuple(replace(source, space="other") if source.name == "kp2d" else source for source in SMALL_SOURCES)
    track = replace(track_of(40), extractor=ExtractorInfo("x", "1", "cpu", other))
    with pytest.raises(ManifoldError, match="'kp2d' in the space 'openpose-60'"):
        embed(track, MANIFOLD)
