"""That the environment of the reference extractor is what it was tested with."""

import os
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

CONSTRAINTS = Path(__file__).parents[2] / "packaging" / "constraints-reference.txt"
LIGHT = ("numpy", "opencv-python", "opencv-contrib-python", "protobuf", "torch", "torchvision", "mmpose", "mmdet", "mmengine", "mmcv-lite")
LIGHT += ("xtcocotools", "onnxruntime", "onnx", "mediapipe")


def test_that_nothing_of_the_environment_is_missing_or_has_moved() -> None:
    """What TELLTALE_REFERENCE promises is there: without this, tests that skip where a package is missing could all skip unseen."""
    promised = os.environ.get("TELLTALE_REFERENCE")
    if promised is None:
        pytest.skip("TELLTALE_REFERENCE is not set: this is not the reference extractor's environment")
    assert promised in ("light", "full")
    wanted = dict(re.findall(r"^([\w.-]+)==(\S+)$", CONSTRAINTS.read_text(), re.MULTILINE))
    found = {}
    for name in LIGHT:
        try:
            found[name] = version(name).partition("+")[0]
        except PackageNotFoundError:
            found[name] = "missing"
    assert found == {name: wanted[name] for name in LIGHT}
    if promised == "full":
        assert version("detectron2")
