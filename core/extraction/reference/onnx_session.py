"""Opening the user's ONNX networks in onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.extraction import ExtractionError

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


def open_session(path: Path, device: str = "cpu") -> tuple[Any, str]:
    """A session of a network file, and where it runs, cpu or cuda. device: cpu, cuda, or auto, which takes cuda where it can be had.

    Raises ExtractionError when onnxruntime is missing, when it cannot use the device, and when the file is no ONNX network.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ExtractionError(f"{path.name} needs the package onnxruntime: install it, or choose weights that do without it.") from error
    if not path.is_file():
        raise ExtractionError(f"{path.name} is missing: there is no such file in {path.parent}.")
    offered = device in ("auto", "cuda") and _CUDA in onnxruntime.get_available_providers()
    if device == "cuda" and not offered:
        raise ExtractionError("The installed onnxruntime cannot use a GPU: install onnxruntime-gpu in its place, or choose the CPU.")
    if offered:
        onnxruntime.preload_dlls()
    options = onnxruntime.SessionOptions()
    # Threads that wait busily for the next picture would take the processors from what prepares it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # what it has to say is raised
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[_CUDA, _CPU] if offered else [_CPU])
    except Exception as error:  # its errors have no common class, and a damaged file can raise any of them
        raise ExtractionError(f"{path.name} is not an ONNX network, or is cut short or damaged: copy or download it again.") from error
    used = "cuda" if _CUDA in session.get_providers() else "cpu"
    if device == "cuda" and used != "cuda":
        raise ExtractionError("onnxruntime could not start on the GPU: its CUDA libraries are missing or do not fit; choose the CPU.")
    return session, used


def shapes(values: list[Any]) -> dict[str, list[Any]]:
    """Name -> shape of a session's inputs or outputs, as far as they are float32; an axis without a fixed length is a name or None."""
    return {value.name: value.shape for value in values if value.type == "tensor(float)"}
