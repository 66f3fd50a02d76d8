"""main.py doctor on models that people bring: each with its state, and never a reason to call the default path broken."""

import pytest

from cli import main
from core.user_models import layouts
from core.user_models.folder import models_folder
from core.user_models.registry import MODEL_FILES
from tests.model_files import write_checkpoint, write_dwpose, write_yolox


def told(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["doctor"]) == 0
    return capsys.readouterr().out.partition("Models of your own")[2]


def test_that_every_model_is_named_with_its_publisher_licence_size_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys)
    for file in MODEL_FILES:
        for fact in (
            f"missing  {file.title}: ",
            file.purpose,
            f"Published by {file.publisher}",
            f"Licence: {file.licence}.",
            str(file.folder),
        ):
            assert fact in text
    for what in (
        "about 2.72 GB",
        "about 134 MB",
        "https://smpl.is.tue.mpg.de",
        "Nothing of it is bundled or downloaded",
        "works meanwhile",
    ):
        assert what in text


def test_that_ready_and_wrong_models_are_told_apart_without_changing_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    folder = models_folder() / "reference"
    write_checkpoint(folder / "tokenizer.pth", "net", layouts.tokenizer())
    write_yolox(folder / "dw-ll_ucoco_384.onnx")
    (folder / "yolox_l.onnx").write_bytes(b"<html>")
    text = told(capsys)
    # Only the half that is used is in this file.
    assert "ok       Tokenizer of TokenHMR: 23 arrays; 27.8 MB instead of the published 54.6 MB" in text
    assert "wrong    DWPose for onnxruntime: dw-ll_ucoco_384.onnx is in truth yolox_l.onnx: put each file under its own name." in text
    assert "wrong    YOLOX: yolox_l.onnx is a web page" in text
    assert "missing  extractor reference: TokenHMR is not ready: tokenhmr_model_latest.ckpt is missing" in text


def test_that_manifolds_in_the_folder_say_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    write_dwpose(models_folder() / "reference" / "dw-ll_ucoco_384.onnx")
    (models_folder() / "torn.manifold").write_bytes(b"no manifold")
    text = told(capsys)
    assert "ok       manifold blazepose: is for the extractor 'blazepose'" in text
    assert "missing  manifold torn.manifold: " in text


def test_that_the_packages_of_the_reference_extractor_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys)
    for name in ("onnxruntime", "detectron2", "mmpose", "transformers"):
        assert f"package {name}: " in text
