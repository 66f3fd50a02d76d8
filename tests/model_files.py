"""Files that look like the models a person brings, without their weights: right names and shapes, made-up or no numbers."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import prod
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.body import BUNDLED_BODY
from core.user_models import layouts
from core.user_models.layouts import Shapes

Described = dict[str, tuple[int, ...]]


class _Storage:
    def __init__(self, key: str, numel: int) -> None:
        self.key, self.numel = key, numel


class _Tensor:
    """Pickles as PyTorch writes a tensor."""

    def __init__(self, storage: _Storage, shape: tuple[int, ...]) -> None:
        self.storage, self.shape = storage, shape

    def __reduce__(self) -> tuple:
        from torch._utils import _rebuild_tensor_v2

        stride = tuple(prod(self.shape[place + 1 :]) for place in range(len(self.shape)))
        return _rebuild_tensor_v2, (self.storage, 0, self.shape, stride, False, OrderedDict())


class _Pickler(pickle.Pickler):
    def persistent_id(self, value: object) -> tuple | None:
        if not isinstance(value, _Storage):
            return None
        import torch

        return "storage", torch.FloatStorage, value.key, "cpu", value.numel


class Array:
    """Pickles as a numpy array of this shape whose numbers were left out."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def __reduce__(self) -> tuple:
        reconstruct = np.zeros(0).__reduce__()[0]
        return reconstruct, (np.ndarray, (0,), b"b"), (1, self.shape, np.dtype("<f4"), False, b"")


class Call:
    """Pickles as a call, as an attacker would write it."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


def write_checkpoint(path: Path, entry: str, shapes: Shapes, beside: object = None) -> Path:
    """A checkpoint of PyTorch with float32 tensors of these shapes in one entry; their numbers are holes in the file and take no disk."""
    storages = {name: _Storage(str(place), prod(shape)) for place, (name, shape) in enumerate(shapes.items())}
    content = {entry: OrderedDict((name, _Tensor(storages[name], shape)) for name, shape in shapes.items()), "hparams": beside}
    data = io.BytesIO()
    _Pickler(data, protocol=2).dump(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data.getvalue())
        archive.writestr("archive/version", "3\n")
        for storage in storages.values():
            _add_hole(archive, f"archive/data/{storage.key}", 4 * storage.numel)
    return path


def _add_hole(archive: zipfile.ZipFile, name: str, size: int) -> None:
    """An entry of which only the header is written."""
    info = zipfile.ZipInfo(name)
    info.file_size, info.compress_size, info.CRC = size, size, 0
    info.header_offset = archive.fp.tell()
    archive.fp.write(info.FileHeader())
    archive.fp.seek(size, io.SEEK_CUR)
    archive.filelist.append(info)
    archive.NameToInfo[name] = info
    archive.start_dir = archive.fp.tell()


def write_pickle(path: Path, content: object, hole: int = 0) -> Path:
    """A pickle; `hole` bytes of nothing that it takes up and drops make it as big as a real one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        if hole:
            file.write(b"\x80\x04\x8e" + struct.pack("<Q", hole))
            file.seek(hole, io.SEEK_CUR)
            file.write(b"0")
        file.write(pickle.dumps(content, protocol=2))
    return path


def write_onnx(path: Path, inputs: Described, outputs: Described, weights: int = 1000) -> Path:
    """An ONNX model with one weight of so many bytes (a hole in the file) and no nodes; a size of -1 is written as a name."""
    parts = b"".join(_field(11, _value_info(name, shape)) for name, shape in inputs.items())
    parts += b"".join(_field(12, _value_info(name, shape)) for name, shape in outputs.items())
    # As exporters did long ago, the weight is listed among the inputs too.
    parts += _field(11, _value_info("w", (weights,)))
    weight = _field(8, b"w") + _head(9, weights)
    parts += _head(5, len(weight) + weights) + weight
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x08\x08" + _field(2, b"pytest") + _head(7, len(parts) + weights) + parts)
    os.truncate(path, path.stat().st_size + weights)
    return path


def write_rtmpose(path: Path) -> Path:
    """The checkpoint of DWPose for mmpose, the rest of its backbone as one tensor."""
    return write_checkpoint(path, "state_dict", {**layouts.rtmpose(), "backbone.rest": (26_000_000,)})


def write_detector(path: Path, content: object = None) -> Path:
    """Detectron2's detector, at about a quarter of its size."""
    arrays = {key: Array(*shape) for key, shape in layouts.faster_rcnn().items()}
    return write_pickle(path, content or {"model": arrays, "__author__": "somebody"}, hole=100_000_000)


def write_dwpose(path: Path) -> Path:
    return write_onnx(path, {"input": (-1, 3, 384, 288)}, {"simcc_x": (-1, 133, 576), "simcc_y": (-1, 133, 768)}, 134_390_000)


def write_yolox(path: Path) -> Path:
    return write_onnx(path, {"images": (1, 3, 640, 640)}, {"output": (1, 8400, 85)}, 216_740_000)


def write_clip_folder(folder: Path) -> None:
    """A CLIP vision model as far as it is looked into without loading it."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "clip_vision_model"}')
    preparation = {"size": 224, "crop_size": 224, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(preparation))
    save_file({"visual_projection.weight": np.zeros((512, 768), np.float32)}, folder / "model.safetensors")


def write_smpl(path: Path, **changed: np.ndarray) -> Path:
    """The bundled body under the name of a person's own file, its space untold; npz or pkl by the name's end."""
    with np.load(BUNDLED_BODY, allow_pickle=False) as arrays:
        names = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table")
        kept = {name: arrays[name] for name in names} | changed
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".pkl":
        return write_pickle(path, kept)
    np.savez(path, **kept)
    return path


@contextmanager
def chumpy() -> Iterator[tuple[Callable[..., object], Callable[..., object]]]:
    """Makers of chumpy's arrays and selections, with the names and the state that these pickle; the names exist only inside the block."""
    ch, reordering = types.ModuleType("chumpy.ch"), types.ModuleType("chumpy.reordering")
    ch.Ch = type("Ch", (), {"__module__": "chumpy.ch"})
    reordering.Select = type("Select", (), {"__module__": "chumpy.reordering"})

    def make(kind: type, **values: object) -> object:
        result = kind()
        vars(result).update(_dirty_vars={"x"}, _itr=None, _depends_on_deps={}, _make_dense=False, **values)
        return result

    with pytest.MonkeyPatch.context() as patch:
        for name, module in (("chumpy", types.ModuleType("chumpy")), ("chumpy.ch", ch), ("chumpy.reordering", reordering)):
            patch.setitem(sys.modules, name, module)
        yield partial(make, ch.Ch), partial(make, reordering.Select)


def _value_info(name: str, shape: tuple[int, ...]) -> bytes:
    dimensions = b"".join(_field(1, b"\x08" + _varint(size) if size >= 0 else _field(2, b"N")) for size in shape)
    return _field(1, name.encode()) + _field(2, _field(1, b"\x08\x01" + _field(2, dimensions)))


def _field(number: int, content: bytes) -> bytes:
    return _head(number, len(content)) + content


def _head(number: int, length: int) -> bytes:
    """What stands before the content of a field."""
    return _varint(number << 3 | 2) + _varint(length)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
