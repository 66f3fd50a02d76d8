"""What an ONNX model takes and gives is read without a runtime and without its weights."""

import os
from pathlib import Path

import pytest

from core.user_models.onnx_outline import CutShort, NotOnnx, read_outline
from tests.model_files import write_onnx


def test_that_inputs_and_outputs_come_back_with_open_sizes(tmp_path: Path) -> None:
    outline = read_outline(write_onnx(tmp_path / "m.onnx", {"a": (-1, 3, 384, 288)}, {"x": (1, 133, 576), "y": ()}))
    assert outline.inputs == {"a": (-1, 3, 384, 288)}  # without the weight that is listed among them
    assert outline.outputs == {"x": (1, 133, 576), "y": ()}


def test_that_weights_are_not_read(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "m.onnx", {"a": (1,)}, {"x": (1,)}, weights=3_000_000)
    assert read_outline(path).outputs == {"x": (1,)}
    # Nothing in them can disturb: here they look like a message that never ends.
    path.write_bytes(path.read_bytes()[:-3_000_000] + b"\xff" * 3_000_000)
    assert read_outline(path).outputs == {"x": (1,)}


@pytest.mark.parametrize("missing", [1, 500])
def test_that_a_model_that_ends_too_early_is_cut_short(tmp_path: Path, missing: int) -> None:
    path = write_onnx(tmp_path / "m.onnx", {"a": (1,)}, {"x": (1,)})
    os.truncate(path, path.stat().st_size - missing)
    with pytest.raises(CutShort):
        read_outline(path)


@pytest.mark.parametrize("content", [b"\x08\x08", b"plain text", b"\x0a\x02ab", b"\x08\x08\x3b"])
def test_that_other_files_are_no_models(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises((NotOnnx, CutShort)):
        read_outline(path)
