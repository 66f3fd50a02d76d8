"""A tiny clip, an analysis of it made of synthetic data, and a window that shows both."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import av
import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.analysis import Analysis, Curves, EmbeddingMap, Glitch, JointEvidence, ManifoldInfo, Scores, VideoInfo
from core.events import AnalysisRequest, Event
from core.track import ExtractorInfo, HumanTrack, Presence, Source, Subject
from gui import theme
from gui.errors import ErrorGateway
from gui.settings import Settings
from gui.window import MainWindow

FRAMES, FPS, SIZE = 48, 25, (160, 120)
SOURCES = ("appearance", "global", "pose", "beta", "kp2d")
CLASSES = ("squat", "jump", "run")


def grey_of(frame: int) -> int:
    """The grey that fills a frame of the tiny clip."""
    return 20 + 4 * frame


@pytest.fixture(scope="session")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "tiny.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "1", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(FRAMES):
            pixels = np.full((SIZE[1], SIZE[0], 3), grey_of(number), np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path.read_bytes()


@pytest.fixture
def clip(encoded: bytes, tmp_path: Path) -> Path:
    """The tiny clip in a folder of its own, since notes are saved beside it."""
    path = tmp_path / "tiny.mp4"
    path.write_bytes(encoded)
    return path


def make_track(frames: int = FRAMES) -> HumanTrack:
    """A person who stands; frame 3 is uncertain, frame 20 shows several people."""
    presence, reasons = [Presence.OK] * frames, [None] * frames
    presence[3], reasons[3] = Presence.UNCERTAIN, "the first detections are not settled"
    presence[20], reasons[20] = Presence.MANY, "2 people are visible"
    rng = np.random.default_rng(0)
    points = np.stack([rng.uniform(50, 110, 60), rng.uniform(20, 100, 60)], 1).astype(np.float32)
    unit = np.broadcast_to(np.eye(3, dtype=np.float32), (frames, 3, 3))
    sources = tuple(Source(name, "telltale-cc0" if name == "beta" else "test", 9) for name in SOURCES)
    return HumanTrack(
        extractor=ExtractorInfo("blazepose", "1", "cpu", sources),
        subject=Subject(0, (45, 15, 115, 105)),
        size=SIZE,
        times=np.arange(frames) / FPS,
        presence=tuple(presence),
        reasons=tuple(reasons),
        boxes=np.tile(np.array([45, 15, 115, 105], np.float32), (frames, 1)),
        keypoints=np.tile(points, (frames, 1, 1)),
        keypoint_scores=np.ones((frames, 60), np.float32),
        points3d=np.zeros((frames, 33, 3), np.float32),
        points3d_scores=np.ones((frames, 33), np.float32),
        global_orient=unit * np.array([1, -1, -1], np.float32),
        body_pose=np.broadcast_to(np.eye(3, dtype=np.float32), (frames, 23, 3, 3)).copy(),
        betas=np.zeros((frames, 10), np.float32),
        translation=np.tile(np.array([0, 0, 4], np.float32), (frames, 1)),
        intrinsics=np.tile(np.array([200, 200, 80, 60], np.float32), (frames, 1)),
    )


def make_glitch(start: int, stop: int, kind: str, severity: float) -> Glitch:
    return Glitch(
        f"{kind}-{start}", start, stop, (start + stop) // 2, kind, severity, "1 in 2000 real frames", 0.9, {"pose": 1.0},
        (JointEvidence("left_knee", 0.8, 7.0),), ("step",), f"The left knee jumps: {kind}.",
    )  # fmt: skip


def make_analysis(clip: Path, frames: int = FRAMES) -> Analysis:
    """Two glitches (frames 10..12 and 30..33), three windows of which the last lies outside the map."""
    step = np.ones(frames, np.float32)
    step[0], step[10:13], step[30:34] = np.nan, 3.0, 2.5
    shares = np.array([0.4, 0.1, 0.3, 0.05, 0.15], np.float32)
    ranges = np.array([[0, 32], [8, 40], [16, 48]], np.int32)
    rng = np.random.default_rng(1)
    centroids = np.array([[0, 0], [20, 0], [0, 20]], np.float32)
    return Analysis(
        created="2026-01-01T00:00:00Z",
        telltale_version="0.1.0",
        video=VideoInfo(str(clip), "ab" * 32, frames, FPS, frames / FPS, *SIZE),
        track=make_track(frames),
        manifold=ManifoldInfo("test", "cd" * 32, FPS, "corrected", SOURCES, CLASSES),
        action=None,
        scores=Scores(0.143, {"squat": 0.31, "jump": 0.9, "run": 1.1}, "squat", 0.83, False, False, ()),
        curves=Curves(
            step,
            np.full(frames, 0.1, np.float32),
            np.full(frames, 0.4, np.float32),
            np.full(frames, 1.8, np.float32),
            {name: np.full(frames, share) for name, share in zip(SOURCES, shares, strict=True)},
        ),
        map=EmbeddingMap(
            reference=(np.repeat(centroids, 20, 0) + rng.normal(0, 2, (60, 2))).astype(np.float32),
            reference_class=np.repeat(np.arange(3), 20).astype(np.int32),
            classes=CLASSES,
            centroids=centroids,
            windows=np.array([[1, 1], [2, 1], [np.nan, np.nan]], np.float32),
            outside=np.array([False, False, True]),
            window_range=ranges,
            centroid_distance=np.array([[0.3, 0.9, 1.1], [0.4, 0.2, 1.1], [1.5, 1.4, 1.3]], np.float32),
        ),
        glitches=(make_glitch(30, 34, "joint_jump", 0.9), make_glitch(10, 13, "teleport", 0.5)),
        timings={"extract": 1.0},
    )


@dataclass
class ScriptedWorker:
    """A worker whose events a test sends itself."""

    request: AnalysisRequest
    emit: Callable[[Event], None]
    job: str
    started: bool = False
    cancelled: bool = False

    def start(self) -> None:
        self.started = True

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Workers:
    """Makes scripted workers and keeps them in the order of their making."""

    made: list[ScriptedWorker] = field(default_factory=list)

    def __call__(self, request: AnalysisRequest, emit: Callable[[Event], None]) -> ScriptedWorker:
        self.made.append(ScriptedWorker(request, emit, f"job{len(self.made)}"))
        return self.made[-1]


@pytest.fixture
def workers() -> Workers:
    return Workers()


@pytest.fixture
def gateway() -> ErrorGateway:
    return ErrorGateway()


@pytest.fixture
def empty_window(qtbot: QtBot, workers: Workers, gateway: ErrorGateway) -> Iterator[MainWindow]:
    """A window without a video, in light colours."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    if app.palette().window().color() != theme.LIGHT.color("window"):
        theme.apply(app, theme.LIGHT)
    window = MainWindow(Settings(safe_mode=True), gateway, workers)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    yield window
    window.close()


@pytest.fixture
def open_window(qtbot: QtBot, empty_window: MainWindow, clip: Path) -> MainWindow:
    """A window that shows the first frame of the tiny clip; its analysis has been asked for and has not spoken."""
    empty_window.open_videos([clip])
    qtbot.waitUntil(lambda: empty_window.video_view.picture is not None and not empty_window.opener.busy)
    return empty_window


@pytest.fixture
def window(open_window: MainWindow, clip: Path) -> MainWindow:
    """A window that shows the tiny clip and its analysis."""
    session = open_window.session
    assert session is not None
    session.set_analysis(make_analysis(clip))
    return open_window


def without_scores(analysis: Analysis, reason: str) -> Analysis:
    """The same analysis of a clip that cannot be scored."""
    scores = replace(analysis.scores, temporal_coherence=None, action_consistency={}, nearest_class=None, reason=reason)
    return replace(analysis, scores=scores)
