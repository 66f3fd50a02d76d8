"""DWPose as an ONNX network (`dw-ll_ucoco_384.onnx`), run by onnxruntime alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.extraction import ExtractionError
from core.extraction.reference.dwpose.estimator import BATCH, POINTS, SimccEstimator
from core.extraction.reference.dwpose.simcc import SPLIT
from core.extraction.reference.onnx_session import open_session, shapes

_OUTPUTS = ["simcc_x", "simcc_y"]


def load_onnx_pose(path: Path, device: str = "cpu", colour: str = "rgb") -> SimccEstimator:
    """The pose estimator of a network with an input [N, 3, height, width] (N fixed to 1, or free) and the outputs simcc_x, simcc_y.

    device: cpu, cuda or auto; colour: see COLOURS. Raises ExtractionError with one sentence when the file is not such a network.
    """
    session, used = open_session(path, device)
    outputs = shapes(session.get_outputs())
    match list(shapes(session.get_inputs()).items()):
        case [(name, [(1 | str() | None) as batch, 3, int(height), int(width)])] if outputs.keys() >= set(_OUTPUTS):
            pass
        case _:
            raise _refusal(path)

    def network(images: np.ndarray) -> tuple[Any, Any]:
        simcc_x, simcc_y = session.run(_OUTPUTS, {name: images})
        return simcc_x, simcc_y

    # What the file says of its shapes may be vague; one run tells them.
    try:
        simcc_x, simcc_y = network(np.zeros((1, 3, height, width), np.float32))
    except Exception as error:  # onnxruntime's errors have no common class
        raise _refusal(path) from error
    if simcc_x.shape != (1, POINTS, SPLIT * width) or simcc_y.shape != (1, POINTS, SPLIT * height):
        raise _refusal(path)
    return SimccEstimator(network, (width, height), used, colour, batch=1 if batch == 1 else BATCH)


def _refusal(path: Path) -> ExtractionError:
    return ExtractionError(
        f"{path.name} is an ONNX network, but not one of DWPose's for 133 key points (outputs simcc_x and simcc_y): choose another file."
    )
