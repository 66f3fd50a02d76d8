"""BRISQUE (Mittal et al. 2012) as OpenCV's contrib modules compute it, with a model that the user brings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.evaluation.errors import EvaluationError

_WHERE = "OpenCV keeps brisque_model_live.yml and brisque_range_live.yml in modules/quality/samples of opencv_contrib"


def load_brisque(model: Path, scale: Path) -> Callable[[np.ndarray], float]:
    """A function from RGB uint8 [H, W, 3] to the BRISQUE score, 0 (natural) to 100. Raises EvaluationError when a file does not do."""
    import cv2

    for path in (model, scale):
        if not path.is_file():
            raise EvaluationError(f"There is no file {path}: {_WHERE}.")
    if not hasattr(cv2, "quality"):
        raise EvaluationError("This OpenCV lacks the module 'quality', which computes BRISQUE: install opencv-contrib-python in its place.")
    try:
        scorer = cv2.quality.QualityBRISQUE.create(str(model), str(scale))
    except cv2.error as error:
        raise EvaluationError(f"{model} and {scale} are no BRISQUE model that OpenCV reads: {_WHERE}.") from error

    def score(frame: np.ndarray) -> float:
        return float(scorer.compute(np.ascontiguousarray(frame[..., ::-1]))[0])

    return score
