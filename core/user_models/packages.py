"""The Python packages of the reference extractor: there or not, which version; none of them is imported."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Package:
    """module: what is imported; distributions: the names it is installed under, any of which will do."""

    module: str
    distributions: tuple[str, ...]
    purpose: str
    how: str


_EXTRA = "see “Reference extractor” in the README"
PACKAGES = (
    Package("onnxruntime", ("onnxruntime", "onnxruntime-gpu"), "runs DWPose and YOLOX from ONNX files", _EXTRA),
    Package("detectron2", ("detectron2",), "finds the persons as the TAG authors do", _EXTRA),
    Package("mmpose", ("mmpose",), "runs DWPose from its .pth file", _EXTRA),
    Package("mmdet", ("mmdet",), "part of what mmpose needs", _EXTRA),
    Package("mmcv", ("mmcv-lite", "mmcv"), "part of what mmpose needs", _EXTRA),
    Package("mmengine", ("mmengine",), "part of what mmpose needs", _EXTRA),
    Package("torchvision", ("torchvision",), "part of what detectron2 and mmpose need", _EXTRA),
    Package("transformers", ("transformers",), "runs CLIP and DINO models", "pip install 'telltale[embedders]'"),
)
# What each way of running a model needs.
NEEDS = {
    "onnx": ("onnxruntime",),
    "detectron": ("detectron2", "torchvision"),
    "mmpose": ("mmpose", "mmdet", "mmcv", "mmengine", "torchvision"),
    "embedder": ("transformers",),
}


def package_version(package: Package) -> str | None:
    """The installed version, `unknown` where it does not say, None when it is not installed."""
    if importlib.util.find_spec(package.module) is None:
        return None
    for name in package.distributions:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "unknown"


def missing_packages(way: str) -> tuple[str, ...]:
    """The packages that one of NEEDS lacks here. Raises KeyError for another way."""
    return tuple(module for module in NEEDS[way] if importlib.util.find_spec(module) is None)
