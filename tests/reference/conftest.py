"""Tests of what needs the reference extractor's environment (`make setup-reference`); elsewhere they are skipped."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quiet_libraries() -> Iterator[None]:
    """Loggers that these libraries set up keep writing to the streams of the test that was first."""
    yield
    for name in ("detectron2", "fvcore", "mmengine"):
        logging.getLogger(name).handlers.clear()
