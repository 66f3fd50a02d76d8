"""Each model's file is looked into, and what is wrong with it is said in one sentence."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.user_models import layouts
from core.user_models.checks import check, check_all, problem
from core.user_models.contents import State
from core.user_models.folder import models_folder
from core.user_models.registry import MODEL_FILES, find
from tests.model_files import (
    Call,
    write_checkpoint,
    write_clip_folder,
    write_detector,
    write_dwpose,
    write_onnx,
    write_pickle,
    write_rtmpose,
    write_smpl,
    write_yolox,
)


def reference(name: str) -> Path:
    return models_folder() / "reference" / name


def put_tokenizer(name: str = "tokenizer.pth", beside: object = None) -> Path:
    return write_checkpoint(reference(name), "net", layouts.tokenizer(), beside)


def put_tokenhmr(name: str = "tokenhmr_model_latest.ckpt") -> Path:
    return write_checkpoint(reference(name), "state_dict", layouts.tokenhmr())


def put_detectron(name: str = "model_final_68b088.pkl", content: object = None) -> Path:
    return write_detector(reference(name), content)


def put_everything() -> None:
    put_tokenizer()
    put_tokenhmr()
    put_detectron()
    write_rtmpose(reference("dw-ll_ucoco_384.pth"))
    write_dwpose(reference("dw-ll_ucoco_384.onnx"))
    write_yolox(reference("yolox_l.onnx"))
    write_smpl(models_folder() / "SMPL_NEUTRAL.npz")


def test_that_an_empty_folder_says_of_each_model_what_to_put_where() -> None:
    assert {finding.state for finding in check_all()} == {State.MISSING}
    for file in MODEL_FILES:
        assert find(file.key) is None
        text = problem(file.key)
        assert text is not None
        assert str(file.folder) in text
        assert text.endswith(".")
    assert problem("tokenhmr") == f"tokenhmr_model_latest.ckpt is missing: put it into {models_folder() / 'reference'}."


def test_that_files_with_the_right_arrays_are_ready() -> None:
    put_everything()
    keys = ("tokenhmr", "tokenizer", "detectron", "dwpose-onnx", "dwpose-pth", "yolox", "smpl")
    assert {key: problem(key) for key in keys} == dict.fromkeys(keys)
    assert find("tokenizer") == reference("tokenizer.pth")
    assert check("tokenhmr").text == "563 arrays, 2.72 GB."


def test_that_another_size_than_the_published_one_is_told() -> None:
    put_detectron()
    finding = check("detectron")
    assert finding.ready
    assert finding.text == "550 arrays; 100 MB instead of the published 421 MB, so it may be another release."


def test_that_a_file_far_too_small_is_not_the_model() -> None:
    write_onnx(reference("yolox_l.onnx"), {"images": (1, 3, 640, 640)}, {"output": (1, 8400, 85)})
    finding = check("yolox")
    assert finding.state == State.WRONG
    assert "it has 1.11 kB where about 217 MB are published" in finding.text


def test_that_a_file_in_the_wrong_folder_is_seen() -> None:
    write_dwpose(models_folder() / "dw-ll_ucoco_384.onnx")
    assert problem("dwpose-onnx") == f"dw-ll_ucoco_384.onnx lies in {models_folder()}: move it into {models_folder() / 'reference'}."


@pytest.mark.parametrize(
    ("put", "key", "name", "truth"),
    [
        (put_tokenizer, "tokenhmr", "tokenhmr_model_latest.ckpt", "tokenizer.pth"),
        (put_tokenhmr, "tokenizer", "tokenizer.pth", "tokenhmr_model_latest.ckpt"),
        (put_tokenhmr, "dwpose-pth", "dw-ll_ucoco_384.pth", "tokenhmr_model_latest.ckpt"),
        (put_detectron, "tokenizer", "tokenizer.pth", "model_final_68b088.pkl"),
        (lambda name: write_dwpose(reference(name)), "yolox", "yolox_l.onnx", "dw-ll_ucoco_384.onnx"),
        (lambda name: write_yolox(reference(name)), "dwpose-onnx", "dw-ll_ucoco_384.onnx", "yolox_l.onnx"),
        (lambda name: write_smpl(reference(name)), "detectron", "model_final_68b088.pkl", "SMPL_NEUTRAL.npz"),
    ],
)
def test_that_swapped_files_are_told_by_what_they_are(put, key, name, truth) -> None:
    path = put(name)
    if path.name != name:  # np.savez adds its own ending
        path.with_name(f"{name}.npz").rename(path.with_name(name))
    finding = check(key)
    assert finding.state == State.SWAPPED
    assert finding.text == f"{name} is in truth {truth}: put each file under its own name."


@pytest.mark.parametrize(
    ("put", "key"),
    [
        (put_tokenizer, "tokenizer"),
        (put_tokenhmr, "tokenhmr"),
        (put_detectron, "detectron"),
        (lambda: write_dwpose(reference("dw-ll_ucoco_384.onnx")), "dwpose-onnx"),
        (lambda: write_yolox(reference("yolox_l.onnx")), "yolox"),
        (lambda: write_smpl(models_folder() / "SMPL_NEUTRAL.npz"), "smpl"),
        (lambda: write_smpl(models_folder() / "SMPL_NEUTRAL.pkl"), "smpl"),
    ],
)
@pytest.mark.parametrize("share", [0.5, 0.999])
def test_that_a_file_that_is_cut_short_is_told_as_such(put, key, share) -> None:
    path = put()
    os.truncate(path, int(path.stat().st_size * share))
    finding = check(key)
    assert finding.state == State.TRUNCATED
    assert finding.text.startswith(f"{path.name} is cut short or damaged (")
    assert finding.text.endswith("copy or download it again.")


def test_that_a_checkpoint_whose_tensors_are_not_all_in_it_is_cut_short() -> None:
    path = put_tokenizer()
    with zipfile.ZipFile(path) as archive:
        small = {name: archive.read(name) for name in ("archive/data.pkl", "archive/version")}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in small.items():
            archive.writestr(name, content)
    assert check("tokenizer").state == State.TRUNCATED


@pytest.mark.parametrize("key", ["tokenizer", "tokenhmr", "detectron", "smpl", "dwpose-pth"])
def test_that_a_malicious_pickle_runs_nothing_and_is_refused_with_a_sentence(tmp_path, key) -> None:
    trace = tmp_path / "trace"
    attack = Call(os.system, f"touch {trace}")
    match key:
        case "tokenizer":
            put_tokenizer(beside=attack)
        case "tokenhmr":
            write_checkpoint(reference("tokenhmr_model_latest.ckpt"), "state_dict", {}, attack)
        case "dwpose-pth":
            write_checkpoint(reference("dw-ll_ucoco_384.pth"), "state_dict", {}, attack)
        case "detectron":
            put_detectron(content={"model": attack})
        case "smpl":
            write_pickle(models_folder() / "SMPL_NEUTRAL.pkl", {"v_template": attack})
    finding = check(key)
    assert finding.state == State.UNSAFE
    assert "was not opened" in finding.text
    assert "system" in finding.text
    assert not trace.exists()


def test_that_missing_arrays_are_counted_and_named() -> None:
    shapes = dict(layouts.tokenizer())
    del shapes["quantizer.codebook"]
    write_checkpoint(reference("tokenizer.pth"), "net", shapes)
    finding = check("tokenizer")
    assert finding.state == State.WRONG
    assert finding.text == (
        "tokenizer.pth is not the model that is needed: it lacks 1 of 23 arrays, the first is net/quantizer.codebook; "
        "take the file from its publisher."
    )


def test_that_an_array_of_another_shape_is_named_with_both_shapes() -> None:
    write_checkpoint(reference("tokenizer.pth"), "net", {**layouts.tokenizer(), "quantizer.codebook": (1024, 256)})
    assert "net/quantizer.codebook has the shape 1024 x 256 instead of 2048 x 256" in str(problem("tokenizer"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"", "is empty"),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "PyTorch before 1.6"),
        (b"\x08\x08\x12\x06pytest", "is no file of weights"),
        (b"gibberish", "is not a file of weights"),
    ],
)
def test_that_what_is_no_model_at_all_is_told_as_what_it_is(content: bytes, said: str) -> None:
    reference("tokenizer.pth").parent.mkdir(parents=True)
    reference("tokenizer.pth").write_bytes(content)
    finding = check("tokenizer")
    assert finding.state == State.WRONG
    assert said in finding.text


def test_that_a_folder_in_the_place_of_a_file_is_told() -> None:
    reference("tokenizer.pth").mkdir(parents=True)
    assert str(problem("tokenizer")).startswith("tokenizer.pth is a folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_that_a_file_that_may_not_be_read_is_told() -> None:
    put_tokenizer().chmod(0)
    assert check("tokenizer").state == State.UNREADABLE


def test_that_a_file_that_is_exchanged_is_looked_into_again() -> None:
    put_tokenhmr("tokenizer.pth")
    assert check("tokenizer").state == State.SWAPPED
    put_tokenizer()
    assert check("tokenizer").ready


def test_that_bodies_of_other_kinds_are_named() -> None:
    path = models_folder() / "SMPL_NEUTRAL.npz"
    write_smpl(path, weights=np.zeros((13718, 55), np.float32))
    assert "it has 55 joints instead of SMPL's 24" in str(problem("smpl"))
    write_smpl(path, shapedirs=np.zeros((13718, 3, 4), np.float32))
    assert "fewer than 10 shapes" in str(problem("smpl"))
    write_smpl(path, kintree_table=np.zeros((2, 24), np.int64))
    assert "connected in another way" in str(problem("smpl"))
    np.savez(path, poses=np.zeros((4, 72)))
    assert "it has no v_template" in str(problem("smpl"))


def test_that_a_body_may_have_its_owners_name() -> None:
    write_smpl(models_folder() / "basicmodel_neutral_lbs_10_207_0_v1.1.0.pkl")
    assert problem("smpl") is None


def test_that_an_onnx_network_of_another_purpose_is_refused() -> None:
    write_onnx(reference("yolox_l.onnx"), {"x": (1, 10)}, {"y": (1, 2)})
    assert "without YOLOX's one output of 85 columns" in str(problem("yolox"))
    write_onnx(reference("dw-ll_ucoco_384.onnx"), {"x": (1, 3, 64, 64)}, {"y": (1, 2)})
    assert "without the outputs simcc_x and simcc_y" in str(problem("dwpose-onnx"))


def test_that_an_embedder_is_ready_when_its_folder_is_complete() -> None:
    write_clip_folder(models_folder() / "clip")
    finding = check("clip")
    assert finding.ready
    assert finding.text == "clip_vision_model, 1 arrays, 512 numbers a frame."


def test_that_an_embedder_whose_weights_are_cut_short_or_missing_is_told() -> None:
    folder = models_folder() / "clip"
    write_clip_folder(folder)
    weights = folder / "model.safetensors"
    os.truncate(weights, weights.stat().st_size - 100)
    assert not check("clip").ready
    weights.unlink()
    assert check("clip").state == State.MISSING
    assert "model.safetensors is not in" in str(problem("clip"))
