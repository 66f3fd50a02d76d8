"""What a file of weights holds: the names and shapes of its arrays, without loading them, without torch, and running nothing in it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from core.inert_pickle import UnsafeContent
from core.safe_checkpoint import Checkpoint, CheckpointError, StoredTensor
from core.safe_pickle import DamagedPickle, ForeignPickle, UnsafePickle, pickled_shapes
from core.user_models.layouts import Shapes
from core.user_models.onnx_outline import CutShort, NotOnnx, read_outline

_BYTES = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "float16": 2, "bfloat16": 2, "int16": 2}


class State(StrEnum):
    """How a model's file fares. Values are the words that people read."""

    READY = "ready"
    MISSING = "missing"
    TRUNCATED = "cut short"
    SWAPPED = "swapped"
    UNSAFE = "unsafe"
    WRONG = "not this model"
    UNREADABLE = "unreadable"


class ContentsError(Exception):
    """The file cannot be read as weights; the message is one sentence for people."""

    def __init__(self, state: State, message: str) -> None:
        super().__init__(message)
        self.state = state


@dataclass(frozen=True)
class Contents:
    """Names and shapes by kind of file.

    torch: the tensors of a checkpoint, `entry/name` in an inner dictionary; pickle: the arrays of a pickled dictionary, likewise; npz: its
    arrays; onnx: `input/name` and `output/name`, -1 where a size is left open.
    """

    kind: str
    shapes: Shapes


def read_contents(path: Path) -> Contents:
    """The contents of a checkpoint of PyTorch, a pickled dictionary of arrays, an npz or an ONNX file. Raises ContentsError."""
    try:
        with path.open("rb") as file:
            head = file.read(1)
        if head == b"P":
            return _npz(path) or _checkpoint(path)
        # A pickled dictionary begins in one of these ways, by protocol.
        if head in (b"\x80", b"(", b"}"):
            return Contents("pickle", pickled_shapes(path))
        if head == b"\x08":
            return _onnx(path)
        return _checkpoint(path)
    except ForeignPickle:
        return _checkpoint(path)  # which knows what else begins like a pickle
    except DamagedPickle as error:
        raise _damaged(path) from error
    except UnsafePickle as error:
        raise ContentsError(State.UNSAFE, f"{path.name}: {error} Take the file from its makers again.") from error
    except OSError as error:
        raise ContentsError(State.UNREADABLE, f"{path.name} cannot be read ({error.strerror}): allow it to be read.") from error


def _checkpoint(path: Path) -> Contents:
    try:
        with Checkpoint(path) as checkpoint:
            content = checkpoint.content
    except CheckpointError as error:
        # Without a cause the file is whole, but of another kind.
        causes = {UnsafeContent: State.UNSAFE, type(None): State.WRONG}
        raise ContentsError(causes.get(type(error.__cause__), State.TRUNCATED), str(error)) from error
    found = {str(name): value for name, value in content.items()}
    for entry, inner in content.items():
        if isinstance(inner, dict):
            found |= {f"{entry}/{name}": value for name, value in inner.items()}
    tensors = {name: value for name, value in found.items() if isinstance(value, StoredTensor)}
    storages = {tensor.key: tensor.numel * _BYTES.get(tensor.dtype, 1) for tensor in tensors.values()}
    if sum(storages.values()) > path.stat().st_size:
        raise _damaged(path)
    return Contents("torch", {name: tensor.shape for name, tensor in tensors.items()})


def _npz(path: Path) -> Contents | None:
    """The arrays of an npz file; None for an archive of another kind."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if not names or not all(name.endswith(".npy") for name in names):
                return None
            return Contents("npz", {name.removesuffix(".npy"): _npy_shape(archive, name) for name in names})
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise _damaged(path) from error


def _npy_shape(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, _ = read(file)
    return shape


def _onnx(path: Path) -> Contents:
    try:
        outline = read_outline(path)
    except CutShort as error:
        raise _damaged(path) from error
    except NotOnnx as error:
        raise ContentsError(State.WRONG, f"{path.name} is no file of weights: choose another file.") from error
    inputs = {f"input/{name}": shape for name, shape in outline.inputs.items()}
    return Contents("onnx", inputs | {f"output/{name}": shape for name, shape in outline.outputs.items()})


def _damaged(path: Path) -> ContentsError:
    megabytes = path.stat().st_size / 1e6
    return ContentsError(State.TRUNCATED, f"{path.name} is cut short or damaged ({megabytes:,.1f} MB): copy or download it again.")
