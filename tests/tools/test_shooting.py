"""How films of motion capture differ from each other."""

from dataclasses import replace

import numpy as np

from tools.mocap.shooting import Shooting, compress, lit, mirror, pictures_of, retime

PLAIN = Shooting(fps=30, tempo=1.0, mirrored=False, gain=1.0, gamma=1.0, grain=0.0, crf=18)


def test_that_a_film_at_half_the_rate_shows_every_second_frame() -> None:
    positions = np.random.default_rng(0).normal(size=(61, 2, 3))
    np.testing.assert_allclose(retime(positions, 60.0, PLAIN), positions[::2], atol=1e-12)


def test_that_between_two_recorded_frames_a_joint_is_on_the_line() -> None:
    positions = np.arange(61.0)[:, None, None] * np.ones((1, 1, 3))
    np.testing.assert_allclose(retime(positions, 60.0, replace(PLAIN, fps=24))[:, 0, 0], np.arange(25) * 2.5, atol=1e-9)


def test_that_a_faster_tempo_makes_the_film_shorter() -> None:
    assert len(retime(np.zeros((61, 1, 3)), 60.0, replace(PLAIN, tempo=1.25))) == 25


def test_that_a_mirror_exchanges_left_and_right_and_leaves_the_middle() -> None:
    positions = np.array([[[1.0, 2, 3], [-4, 5, 6], [0.5, 7, 8]]])
    mirrored = mirror(positions, ["lhand", "rhand", "lowerback"])
    np.testing.assert_array_equal(mirrored, [[[4, 5, 6], [-1, 2, 3], [-0.5, 7, 8]]])


def test_that_grain_is_the_same_in_all_channels() -> None:
    grey = np.full((16, 16, 3), 128, np.uint8)
    (noisy,) = lit([grey], replace(PLAIN, grain=5.0), np.random.default_rng(0))
    assert noisy.std() > 3
    np.testing.assert_array_equal(noisy[..., 0], noisy[..., 2])


def test_that_compression_keeps_size_number_and_nearly_the_picture() -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, 64)[None, :, None], (48, 64, 3)).astype(np.uint8)
    pictures = list(pictures_of(compress(iter([ramp] * 5), (64, 48), 25, 18)))
    assert len(pictures) == 5
    assert np.abs(pictures[2].astype(int) - ramp).max() < 16
