"""What is said where the packages that run the pose network are not installed."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.extraction import ExtractionError
from core.extraction.reference.dwpose.mmpose_pose import load_mmpose_pose
from core.extraction.reference.dwpose.onnx_pose import load_onnx_pose
from core.extraction.reference.yolox import load_yolox


@pytest.mark.parametrize("load", [load_onnx_pose, load_yolox])
def test_that_a_missing_onnxruntime_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, load: Callable[[Path], object]) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExtractionError, match=r"weights.onnx needs the package onnxruntime: install it"):
        load(tmp_path / "weights.onnx")


def test_that_a_missing_mmpose_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("mmpose", "mmpose.models", "mmdet", "mmdet.models"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ExtractionError, match=r"DWPose's .pth weights need the package \S+: install it, or use DWPose's .onnx file"):
        load_mmpose_pose(tmp_path / "weights.pth")
