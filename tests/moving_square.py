"""A film of a textured square, the "person", that goes to and fro before a textured background, with the track that belongs to it."""

from dataclasses import replace

import cv2
import numpy as np

from core.skeletons import OPENPOSE_BODY
from core.track import HumanTrack
from tests.walking import walking_track

WIDTH, HEIGHT = 320, 240
SQUARE = (64, 112)  # width and height
SHIRT = (40, 160, 60)  # RGB of the square's middle
# Where the key points lie in the square, as shares of its width and height.
_PLACES = {
    "nose": (0.5, 0.08), "neck": (0.5, 0.2), "right_shoulder": (0.3, 0.22), "right_elbow": (0.2, 0.38), "right_wrist": (0.15, 0.5),
    "left_shoulder": (0.7, 0.22), "left_elbow": (0.8, 0.38), "left_wrist": (0.85, 0.5), "right_hip": (0.36, 0.52),
    "right_knee": (0.33, 0.75), "right_ankle": (0.32, 0.95), "left_hip": (0.64, 0.52), "left_knee": (0.67, 0.75),
    "left_ankle": (0.68, 0.95), "right_eye": (0.46, 0.06), "left_eye": (0.54, 0.06), "right_ear": (0.4, 0.07), "left_ear": (0.6, 0.07),
}  # fmt: skip


def texture(height: int, width: int, seed: int, grain: float = 3.0) -> np.ndarray:
    """uint8 [height, width, 3], blotches a few pixels wide."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), grain)
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def places(frames: int) -> np.ndarray:
    """float [T]: left edge of the square, to and fro in 80 frames."""
    return np.asarray(128 + 50 * np.sin(2 * np.pi * np.arange(frames) / 80))


def picture(left: float, shift: tuple[float, float] = (0.0, 0.0), seed: int = 1) -> np.ndarray:
    """One frame: the square's left edge at `left`, the background moved by `shift`."""
    background = np.tile(texture(HEIGHT, WIDTH, seed), (2, 2, 1))
    moved = cv2.warpAffine(background, np.array([[1, 0, shift[0] - 64], [0, 1, shift[1] - 64]], np.float64), (WIDTH, HEIGHT))
    square = texture(SQUARE[1], SQUARE[0], 7)
    square[28:58, 14:50] = SHIRT
    turn = np.array([[1, 0, left], [0, 1, 64]], np.float64)
    mask = cv2.warpAffine(np.ones(square.shape[:2], np.float32), turn, (WIDTH, HEIGHT))[..., None]
    return np.asarray(moved * (1 - mask) + cv2.warpAffine(square, turn, (WIDTH, HEIGHT)) * mask, np.uint8)


def film(frames: int) -> list[np.ndarray]:
    return [picture(left) for left in places(frames)]


def square_track(frames: int, fps: float = 30.0) -> HumanTrack:
    """The track of `film(frames)`: boxes and key points lie on the square."""
    track = walking_track(frames=frames, fps=fps)
    left = places(frames)
    boxes = np.stack([left, np.full(frames, 64.0), left + SQUARE[0], np.full(frames, 64.0 + SQUARE[1])], axis=-1)
    keypoints = np.asarray(track.keypoints).copy()
    for point, name in enumerate(OPENPOSE_BODY):
        x, y = _PLACES[name]
        keypoints[:, point] = np.stack([left + x * SQUARE[0], np.full(frames, 64 + y * SQUARE[1])], axis=-1)
    return replace(track, size=(WIDTH, HEIGHT), boxes=boxes.astype(np.float32), keypoints=keypoints)
