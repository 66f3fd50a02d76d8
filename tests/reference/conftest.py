"""Tests of what needs the reference extractor's environment (`make setup-reference`); elsewhere they are skipped."""

import logging
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from core.user_models.folder import VARIABLE
from core.video import Video, open_video
from tests.reference.extraction import ACTS, POSE_BYTES
from tests.reference.films import left_edges, signalled, square, write_film


@pytest.fixture(autouse=True)
def quiet_libraries() -> Iterator[None]:
    """Loggers that these libraries set up keep writing to the streams of the test that was first."""
    yield
    for name in ("detectron2", "fvcore", "mmengine"):
        logging.getLogger(name).handlers.clear()


@pytest.fixture(scope="module")
def small_pose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pose network that answers at once, as big as a real one. Needs onnx."""
    from tests.reference.small_networks import save_brightest

    return save_brightest(tmp_path_factory.mktemp("networks") / "pose.onnx", padding=POSE_BYTES)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the reference extractor looks, empty."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "models"))
    folder = tmp_path / "models" / "reference"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def with_pose(models: Path, small_pose: Path) -> Path:
    (models / "dw-ll_ucoco_384.onnx").hardlink_to(small_pose)
    return models


@pytest.fixture(scope="module")
def clip(shared: Path) -> Path:
    return shared / "clips" / "gen_squat.mp4"


@pytest.fixture(scope="module")
def acted(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cut of a real clip whose corner tells who is to be seen."""
    with open_video(clip) as video:
        pictures = [picture.copy() for _, picture in islice(video.frames(), len(ACTS))]
    return write_film(tmp_path_factory.mktemp("film") / "acted.mp4", signalled(pictures, ACTS))


@pytest.fixture(scope="module")
def swinging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "square.mp4", map(square, left_edges(60)))


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Video]]:
    videos = []

    def keep(path: Path) -> Video:
        videos.append(open_video(path))
        return videos[-1]

    yield keep
    for video in videos:
        video.close()
