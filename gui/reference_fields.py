"""How the reference extractor is to run, as fields of a form."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from PySide6.QtWidgets import QPushButton, QWidget

from core.extraction.reference.settings import PRECISIONS, ReferenceSettings
from core.motion import VARIANTS
from gui.fields import combo

_VARIANTS = {
    "authors": "as the TAG scripts do it – for their checkpoints and published scores",
    "corrected": "as the networks were trained",
}
_PRECISIONS = {
    "float32": "float32 – exact",
    "bfloat16": "bfloat16 – faster where the hardware has it, a little off",
    "float16": "float16 – faster on a GPU, a little off",
}
_DEVICES = {"auto": "the GPU, if PyTorch can use it", "cpu": "the processor", "cuda": "the GPU (CUDA)"}
_EVERY = (1, 2, 3, 5, 10)


class ReferenceFields:
    """The widgets and what they say. Without an NVIDIA card there is nothing to choose about the device."""

    def __init__(self, settings: ReferenceSettings, device: str) -> None:
        self.has_gpu = has_gpu()
        self.variant = combo({name: _VARIANTS.get(name, name) for name in VARIANTS}, settings.variant)
        self.every = combo({n: f"in one of {n} frames" if n > 1 else "in every frame" for n in _EVERY}, settings.detect_every)
        self.every.setToolTip("Searching is the slowest part without a GPU. Boxes in between are interpolated where that is safe.")
        offered = [name for name in PRECISIONS if name != "float16" or self.has_gpu]
        self.precision = combo({name: _PRECISIONS.get(name, name) for name in offered}, settings.precision)
        self.device = combo(_DEVICES, device)
        self.models = QPushButton("Models on this computer ...")
        self.models.setAutoDefault(False)
        self.models.setShortcut("Ctrl+,")
        self.models.setToolTip("Which models there are, what they make possible, and where others come from  (Ctrl+,)")

    @property
    def rows(self) -> tuple[tuple[str, QWidget], ...]:
        """Label and field, from top to bottom."""
        return (
            ("Weights", self.models),
            ("Networks run", self.variant),
            ("Search persons", self.every),
            ("Precision", self.precision),
            ("Device", self.device),
        )

    @property
    def settings(self) -> ReferenceSettings:
        return ReferenceSettings(self.variant.currentData(), self.every.currentData(), self.precision.currentData())

    @property
    def chosen_device(self) -> str:
        return str(self.device.currentData()) if self.has_gpu else "auto"


def has_gpu() -> bool:
    """Whether there is an NVIDIA card and a PyTorch that is not built for processors only; torch is not imported."""
    try:
        processors_only = version("torch").endswith("+cpu")
    except PackageNotFoundError:
        processors_only = True
    return not processors_only and any(Path("/dev").glob("nvidia[0-9]*"))
