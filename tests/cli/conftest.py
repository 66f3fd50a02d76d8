"""A clip, a manifold and a cache that the tests of one file share."""

from pathlib import Path

import pytest

from tests.tiny_extractor import write_clip, write_manifold


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "swing.mp4", frames=40)


@pytest.fixture(scope="module")
def manifold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_manifold(tmp_path_factory.mktemp("manifold") / "test.manifold")


@pytest.fixture(scope="module")
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")
