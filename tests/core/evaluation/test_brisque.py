"""BRISQUE through OpenCV, with a model made on the spot."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.evaluation.baselines import baselines
from core.evaluation.brisque import load_brisque
from core.evaluation.errors import EvaluationError


@pytest.fixture
def model(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    machine = cv2.ml.SVM_create()
    machine.setType(cv2.ml.SVM_EPS_SVR)
    machine.setKernel(cv2.ml.SVM_RBF)
    machine.setP(0.1)
    machine.setC(100.0)
    machine.train(rng.normal(size=(30, 36)).astype(np.float32), cv2.ml.ROW_SAMPLE, rng.uniform(0, 100, 30).astype(np.float32))
    machine.save(str(tmp_path / "model.yml"))
    storage = cv2.FileStorage(str(tmp_path / "range.yml"), cv2.FILE_STORAGE_WRITE)
    storage.write("range", np.stack([np.full(36, -5), np.full(36, 5)]).astype(np.float32))
    storage.release()
    return tmp_path / "model.yml", tmp_path / "range.yml"


def test_that_the_score_is_opencvs_and_averaged_over_every_fourth_frame(model: tuple[Path, Path]) -> None:
    frames = np.random.default_rng(1).integers(0, 255, (5, 48, 64, 3), dtype=np.uint8)
    score = load_brisque(*model)
    expected = [cv2.quality.QualityBRISQUE_compute(np.ascontiguousarray(f[..., ::-1]), *map(str, model))[0] for f in frames[::4]]
    assert [score(frame) for frame in frames[::4]] == pytest.approx(expected)
    assert baselines(frames, score).brisque == pytest.approx(np.mean(expected))
    assert np.isnan(baselines(frames).brisque)


def test_that_files_that_are_no_model_are_refused(model: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="There is no file"):
        load_brisque(tmp_path / "none.yml", model[1])
    (tmp_path / "bad.yml").write_text("%YAML:1.0\nother: 1\n")
    with pytest.raises(EvaluationError, match="are no BRISQUE model"):
        load_brisque(tmp_path / "bad.yml", model[1])
