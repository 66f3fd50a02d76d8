"""What every test may use."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.analysis import Analysis, Curves, EmbeddingMap, Glitch, JointEvidence, ManifoldInfo, Scores, VideoInfo, WindowScore
from core.skeletons import BLAZEPOSE, BODY_SLICE, OPENPOSE_BODY, SMPL
from core.track import ExtractorInfo, HumanTrack, Presence, Source, Subject

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared test material; tests that need it are skipped in a checkout that has none of it."""
    folder = os.environ.get("TELLTALE_SHARED")
    if not folder:
        pytest.skip("TELLTALE_SHARED is not set: the shared test material is not here")
    path = Path(folder)
    if not (path / "clips" / "manifest.csv").exists():
        pytest.fail(f"TELLTALE_SHARED is set to {folder}, but the material is not there")
    return path


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cache, settings and projects of a test never touch those of the person."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture(scope="session")
def make_analysis() -> Callable[..., Analysis]:
    """A function (frames=60, fps=25.0, size=(640, 360), path="clip.mp4", sha256=..., scored=True) -> Analysis, made up but plausible.

    One person stands in the middle and waves the left arm, which jumps at two thirds of the clip; at a third, two frames are `none`.
    """
    return _analysis


SOURCES = (Source("appearance", "hog-lab-1024", 1024), Source("pose", "smpl-24", 207), Source("kp2d", "openpose-18+21+21", 120))
CLASSES = ("squat", "wave", "walk")


def _arms_down() -> np.ndarray:
    """Rotations [23, 3, 3]: the zero pose with both arms lowered by 65 degrees."""
    pose = np.tile(np.eye(3), (23, 1, 1))
    for joint, angle in (("left_shoulder", -65.0), ("right_shoulder", 65.0)):
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        pose[SMPL.index(joint) - 1] = [(c, -s, 0), (s, c, 0), (0, 0, 1)]
    return pose


def _track(frames: int, fps: float, size: tuple[int, int]) -> HumanTrack:
    width, height = size
    generator = np.random.default_rng(7)
    body = np.array(
        [
            (0, -0.80), (0, -0.62),
            (-0.16, -0.60), (-0.24, -0.30), (-0.26, -0.02), (0.16, -0.60), (0.24, -0.30), (0.26, -0.02),
            (-0.09, -0.05), (-0.10, 0.40), (-0.11, 0.82), (0.09, -0.05), (0.10, 0.40), (0.11, 0.82),
            (-0.04, -0.84), (0.04, -0.84), (-0.08, -0.82), (0.08, -0.82),
        ]
    )  # fmt: skip
    points = np.zeros((frames, 60, 2))
    points[:, BODY_SLICE] = body
    swing = 0.15 * np.sin(np.arange(frames) / 4)
    swing[2 * frames // 3 :] += 0.25
    left_wrist = OPENPOSE_BODY.index("left_wrist")
    points[:, left_wrist, 0] += swing
    for hand, wrist in ((slice(18, 39), left_wrist), (slice(39, 60), OPENPOSE_BODY.index("right_wrist"))):
        points[:, hand] = points[:, wrist, None] + generator.normal(0, 0.02, (21, 2))
    pixels = points * height * 0.45 + (width / 2, height / 2) + generator.normal(0, 0.3, points.shape)
    three = np.tile(generator.normal(0, 0.3, (33, 3)), (frames, 1, 1))
    three[:, BLAZEPOSE.index("left_wrist"), 0] += swing
    upright = np.diag([1.0, -1.0, -1.0])
    presence, reasons = [Presence.OK] * frames, [None] * frames
    arrays = {
        "boxes": np.concatenate([pixels.min(1) - 8, pixels.max(1) + 8], 1),
        "keypoints": pixels,
        "keypoint_scores": np.clip(generator.normal(0.85, 0.08, (frames, 60)), 0, 1),
        "points3d": three,
        "points3d_scores": np.full((frames, 33), 0.9),
        "global_orient": np.tile(upright, (frames, 1, 1)),
        "body_pose": np.tile(_arms_down(), (frames, 1, 1, 1)),
        "betas": np.zeros((frames, 10)),
        "translation": np.tile((0.0, -0.1, 3.9), (frames, 1)),
        "intrinsics": np.tile((height * 1.8, height * 1.8, width / 2, height / 2), (frames, 1)),
    }
    features = {"appearance": generator.normal(0, 1, (frames, 1024)).astype(np.float32)}
    gap = slice(frames // 3, min(frames // 3 + 2, frames))
    for frame in range(gap.start, gap.stop):
        presence[frame], reasons[frame] = Presence.NONE, "nobody was found"
    for values in (*arrays.values(), *features.values()):
        values[gap] = np.nan
    x0, y0, x1, y1 = (float(value) for value in arrays["boxes"][0])
    return HumanTrack(
        extractor=ExtractorInfo("blazepose", "0.10.14", "cpu", SOURCES),
        subject=Subject(0, (x0, y0, x1, y1)),
        size=size,
        times=np.arange(frames) / fps,
        presence=tuple(presence),
        reasons=tuple(reasons),
        features=features,
        **{name: values.astype(np.float32) for name, values in arrays.items()},
    )


def _analysis(
    frames: int = 60,
    fps: float = 25.0,
    size: tuple[int, int] = (640, 360),
    path: str = "clip.mp4",
    sha256: str = "5e" * 32,
    scored: bool = True,
) -> Analysis:
    generator = np.random.default_rng(11)
    jump = 2 * frames // 3
    step = (1 + 0.3 * np.sin(np.arange(frames) / 5)).astype(np.float32)
    step[jump] = 3.5
    step[[0, frames // 3, min(frames // 3 + 1, frames - 1)]] = np.nan
    attention = generator.dirichlet((3, 4, 5), frames).astype(np.float32)
    starts = range(0, max(frames - 31, 1), 8)
    windows = tuple(WindowScore(start, min(start + 32, frames), 0.21, "wave") for start in starts)
    centroids = np.array([(-6, 0), (6, 2), (0, -7)], np.float32)
    reference_class = np.repeat(np.arange(3, dtype=np.int32), 40)
    placed = centroids[1] + generator.normal(0, 1, (len(windows), 2)).astype(np.float32)
    outside = np.arange(len(windows)) == len(windows) - 1
    placed[outside] = np.nan
    return Analysis(
        created="2026-01-02T03:04:05+00:00",
        telltale_version="0.1.0",
        video=VideoInfo(path, sha256, frames, fps, frames / fps, *size),
        track=_track(frames, fps, size),
        manifold=ManifoldInfo("telltale-blazepose", "ab" * 32, 25.0, "corrected", tuple(s.name for s in SOURCES), CLASSES),
        action=None,
        scores=Scores(
            temporal_coherence=0.21 if scored else None,
            action_consistency={"squat": 0.9, "wave": 0.35, "walk": 1.1} if scored else {},
            nearest_class="wave" if scored else None,
            motion_amount=0.62 if scored else None,
            padded=frames < 32,
            outside=False,
            windows=windows if scored else (),
            reason=None if scored else "Only 40 % of the frames show a single person; at least 80 % are needed.",
        ),
        curves=Curves(
            step=step,
            disagreement=np.full(frames, 0.08, np.float32),
            band_low=np.full(frames, 0.5, np.float32),
            band_high=np.full(frames, 1.8, np.float32),
            attention={source.name: attention[:, index] for index, source in enumerate(SOURCES)},
        ),
        map=EmbeddingMap(
            reference=(centroids[reference_class] + generator.normal(0, 1.2, (120, 2))).astype(np.float32),
            reference_class=reference_class,
            classes=CLASSES,
            centroids=centroids,
            windows=placed,
            outside=outside,
            window_range=np.array([(w.start, w.stop) for w in windows], np.int32),
            centroid_distance=generator.uniform(0.3, 1.2, (len(windows), 3)).astype(np.float32),
        ),
        glitches=(
            Glitch(
                id="a1b2c3d4",
                start=jump - 1,
                stop=jump + 2,
                peak=jump,
                kind="joint jump",
                severity=0.92,
                rarity="one step in 4,000 of real motion is as large",
                confidence=0.88,
                sources={"pose": 0.5, "kp2d": 0.3, "appearance": 0.2},
                joints=(JointEvidence("left_wrist", 0.7, 8.2), JointEvidence("left_elbow", 0.3, 3.1)),
                tracks=("joint steps",),
                text="The left wrist jumps by a quarter of a body height within one frame.",
            ),
            Glitch(
                id="e5f6a7b8",
                start=frames // 6,
                stop=frames // 6 + 1,
                peak=frames // 6,
                kind="joint jump",
                severity=0.41,
                rarity="one step in 300 of real motion is as large",
                confidence=0.6,
                sources={"pose": 0.2, "kp2d": 0.3, "appearance": 0.5},
                joints=(JointEvidence("right_knee", 1.0, 2.4),),
                tracks=("joint steps",),
                text="The right knee moves faster than usual.",
            ),
        ),
        timings={"extraction": 1.9, "embedding": 0.2, "glitches": 0.05},
    )
