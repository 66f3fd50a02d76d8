"""A person who swings arms and legs: pixels and metres that belong together, with the noise of a real estimator."""

import numpy as np

from core.skeletons import BLAZEPOSE, KEYPOINTS, OPENPOSE_FROM_BLAZEPOSE
from core.track import ExtractorInfo, HumanTrack, Presence, Subject

PIXELS_PER_METRE = 200.0
# Shank 0.40, thigh 0.42, trunk 0.50 m: by the shares of core.tracks.joints.
HEIGHT_METRES = (0.40 + 0.42 + 0.50) / (0.246 + 0.245 + 0.288)
HEIGHT_PIXELS = HEIGHT_METRES * PIXELS_PER_METRE
_UPPER_ARM, _FOREARM, _THIGH, _SHANK = 0.30, 0.26, 0.42, 0.40


def walking_track(frames: int = 120, fps: float = 30.0, swing: float = 0.7, noise: float = 0.002, drift: float = 0.0) -> HumanTrack:
    """swing: amplitude of the limbs in radians; noise in metres; drift of the whole body in pixels a frame."""
    rng = np.random.default_rng(0)
    times = np.arange(frames) / fps
    points = np.zeros((frames, len(BLAZEPOSE), 3))
    angle = swing * np.sin(2 * np.pi * 0.9 * times)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hip = np.tile([0.1 * sign, 0.0, 0.0], (frames, 1))
        shoulder = np.tile([0.1 * sign, -0.5, 0.0], (frames, 1))
        for first, middle, last, upper, lower, start, turn in (
            ("hip", "knee", "ankle", _THIGH, _SHANK, hip, angle * sign),
            ("shoulder", "elbow", "wrist", _UPPER_ARM, _FOREARM, shoulder, -angle * sign),
        ):
            knee = start + upper * np.stack([np.sin(turn), np.cos(turn), 0 * turn], axis=-1)
            end = knee + lower * np.stack([np.sin(1.3 * turn), np.cos(1.3 * turn), 0 * turn], axis=-1)
            for name, place in ((first, start), (middle, knee), (last, end)):
                points[:, BLAZEPOSE.index(f"{side}_{name}")] = place
    points[:, BLAZEPOSE.index("nose")] = (0.0, -0.7, 0.0)
    points += rng.normal(0, noise, points.shape)
    keypoints = np.zeros((frames, len(KEYPOINTS), 2))
    for place, index in enumerate(OPENPOSE_FROM_BLAZEPOSE):
        if index is not None:
            keypoints[:, place] = 320 + PIXELS_PER_METRE * points[:, index, :2]
    keypoints += drift * np.arange(frames)[:, None, None] * (1.0, 0.0)
    keypoints[:, 1] = (keypoints[:, 2] + keypoints[:, 5]) / 2

    def unknown(*shape: int) -> np.ndarray:
        return np.full((frames, *shape), np.nan, np.float32)

    return HumanTrack(
        extractor=ExtractorInfo("walking", "1", "cpu", ()),
        subject=Subject(0, None),
        size=(640, 640),
        times=times,
        presence=(Presence.OK,) * frames,
        reasons=(None,) * frames,
        boxes=unknown(4),
        keypoints=keypoints.astype(np.float32),
        keypoint_scores=np.full((frames, 60), 0.95, np.float32),
        points3d=points.astype(np.float32),
        points3d_scores=np.full((frames, 33), 0.95, np.float32),
        global_orient=unknown(3, 3),
        body_pose=unknown(23, 3, 3),
        betas=unknown(10),
        translation=unknown(3),
        intrinsics=unknown(4),
    )
