"""Tracks of smooth made-up motion: a moving stick figure whose rhythm and posture depend on the action."""

import numpy as np
import torch

from core.encoder import Encoder
from core.manifold import Manifold, encoder_config
from core.motion import so3_exp
from core.skeletons import OPENPOSE_BODY
from core.track import ExtractorInfo, HumanTrack, Presence, Source, Subject

BLAZEPOSE_SOURCES = (
    Source("appearance", "hog-lab-1024", 1024),
    Source("global", "smpl", 9),
    Source("pose", "smpl", 207),
    Source("beta", "telltale-cc0", 10),
    Source("kp2d", "openpose-60", 120),
)
# A standing person, x and y in pixels of a 640 x 480 picture, body height 300.
_STANDING = {
    "nose": (320, 100), "neck": (320, 135), "right_shoulder": (290, 135), "right_elbow": (280, 190), "right_wrist": (275, 240),
    "left_shoulder": (350, 135), "left_elbow": (360, 190), "left_wrist": (365, 240), "right_hip": (305, 225), "right_knee": (303, 300),
    "right_ankle": (300, 372), "left_hip": (335, 225), "left_knee": (337, 300), "left_ankle": (340, 372), "right_eye": (315, 95),
    "left_eye": (325, 95), "right_ear": (308, 100), "left_ear": (332, 100),
}  # fmt: skip


def moving_track(
    action: int = 0, seed: int = 0, frames: int = 80, fps: float = 30.0, sources: tuple[Source, ...] = BLAZEPOSE_SOURCES
) -> HumanTrack:
    """`action` sets posture and rhythm, `seed` phase, build and small noise."""
    own = np.random.default_rng(seed)
    style = np.random.default_rng(1000 + action)
    times = np.arange(frames) / fps
    speed = style.uniform(0.4, 1.2) * own.uniform(0.9, 1.1)
    phase = 2 * np.pi * (speed * times + own.uniform())
    swing = np.stack([np.sin(phase), np.cos(phase)], axis=-1)  # [T, 2]

    vectors = style.normal(0, 0.3, (24, 3)) + np.einsum("tp,pjc->tjc", swing, style.normal(0, 0.3, (2, 24, 3)))
    rotations = so3_exp((vectors + own.normal(0, 0.01, vectors.shape)).astype(np.float32))
    standing = np.array([_STANDING[name] for name in OPENPOSE_BODY])
    hands = np.repeat(standing[[7, 4]], 21, axis=0)
    points = np.concatenate([standing, hands]) + np.einsum("tp,pkc->tkc", swing, style.normal(0, 12, (2, 60, 2)))
    keypoints = (points + own.normal(0, 0.5, points.shape)).astype(np.float32)
    features = {}
    for source in sources:
        if source.name in ("appearance", "vit", "clip", "dino"):
            look = style.normal(0, 1, source.size) + own.normal(0, 0.3, source.size) + swing @ style.normal(0, 0.3, (2, source.size))
            features[source.name] = look.astype(np.float32)
    return HumanTrack(
        extractor=ExtractorInfo("blazepose", "1", "cpu", sources),
        subject=Subject(0, (200.0, 80.0, 440.0, 380.0)),
        size=(640, 480),
        times=times,
        presence=(Presence.OK,) * frames,
        reasons=(None,) * frames,
        boxes=np.tile(np.array([200, 80, 440, 380], np.float32), (frames, 1)),
        keypoints=keypoints,
        keypoint_scores=np.full((frames, 60), 0.9, np.float32),
        points3d=np.zeros((frames, 33, 3), np.float32),
        points3d_scores=np.full((frames, 33), 0.9, np.float32),
        global_orient=rotations[:, 0],
        body_pose=rotations[:, 1:],
        betas=np.tile(own.normal(0, 0.5, 10).astype(np.float32), (frames, 1)),
        translation=np.zeros((frames, 3), np.float32),
        intrinsics=np.tile(np.array([500, 500, 320, 240], np.float32), (frames, 1)),
        features=features,
    )


SMALL_SOURCES = (Source("appearance", "hog-lab-8", 8), *BLAZEPOSE_SOURCES[1:])


def blank_manifold(fps: float | None = 30.0, sources: tuple[Source, ...] = BLAZEPOSE_SOURCES, d_model: int = 16) -> Manifold:
    """An untrained manifold of two classes with random weights, references and a band from 0 to 2."""
    config = encoder_config(sources, d_model=d_model, layers=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        weights = {name: value.numpy() for name, value in Encoder(config).state_dict().items()}
    rng = np.random.default_rng(0)
    references = rng.normal(size=(60, d_model)).astype(np.float32)
    references /= np.linalg.norm(references, axis=1, keepdims=True)
    return Manifold(
        name="test",
        sources=sources,
        fps=fps,
        variant="corrected",
        mask="hands",
        config=config,
        weights=weights,
        mean=np.zeros(config.columns, np.float32),
        std=np.ones(config.columns, np.float32),
        classes=("Squat", "Walk"),
        centroids=references[:2],
        references=references,
        reference_class=np.arange(60, dtype=np.int32) % 2,
        reference_map=rng.normal(size=(60, 2)).astype(np.float32),
        outside_distance=2.0,
        step_median=np.full(31, 0.5, np.float32),
        band_amount=np.array([0.1, 1.0], np.float32),
        band_low=np.array([0.0, 0.5], np.float32),
        band_high=np.array([1.0, 2.0], np.float32),
        licence="made up",
        card={"nmi": 0.5},
    )
