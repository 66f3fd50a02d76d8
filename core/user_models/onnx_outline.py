"""What an ONNX file takes and gives, read from its outline: no weights, no runtime.

An ONNX file is a protocol buffer: fields with a number, a kind and, for all that matters here, a length. The numbers are onnx.proto's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_GRAPH, _IR_VERSION = 7, 1  # of the model
_INPUT, _OUTPUT, _INITIALIZER = 11, 12, 5  # of the graph
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_NAME = 1 << 16  # bytes that a description of one input may take


class NotOnnx(ValueError):
    """The file is no ONNX model."""


class CutShort(ValueError):
    """The file ends before the model does."""


@dataclass(frozen=True)
class OnnxOutline:
    """Names with their shapes; -1 stands for a size that is left open."""

    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]


def read_outline(path: Path) -> OnnxOutline:
    """Inputs (without those that are weights) and outputs of a model. Raises NotOnnx, CutShort, OSError."""
    with path.open("rb") as file:
        end = path.stat().st_size
        graph: range | None = None
        first = True
        for number, kind, value in _fields(file, range(end)):
            if first and (number, kind) != (_IR_VERSION, _VARINT):
                raise NotOnnx
            first = False
            if number == _GRAPH and isinstance(value, range):
                graph = value
        if graph is None:
            raise NotOnnx
        found: dict[int, dict[str, tuple[int, ...]]] = {_INPUT: {}, _OUTPUT: {}}
        weights: set[str] = set()
        for number, _, value in _fields(file, graph):
            if isinstance(value, range) and number in found:
                found[number] |= _described(file, value)
            elif isinstance(value, range) and number == _INITIALIZER:
                weights.add(_text(file, value, 8))
        return OnnxOutline({name: shape for name, shape in found[_INPUT].items() if name not in weights}, found[_OUTPUT])


def _described(file: BinaryIO, part: range) -> dict[str, tuple[int, ...]]:
    """One ValueInfo: its name, and the shape of the tensor that it describes."""
    if len(part) > _LONGEST_NAME:
        raise NotOnnx
    shape: list[int] = []
    for tensor_type in _parts(file, part, 2, 1):
        for dimension in _parts(file, tensor_type, 2, 1):
            sizes = [value for number, _, value in _fields(file, dimension) if number == 1 and isinstance(value, int)]
            shape.append(sizes[0] if sizes else -1)
    return {_text(file, part, 1): tuple(shape)}


def _parts(file: BinaryIO, part: range, *path: int) -> list[range]:
    """The parts at a path of field numbers."""
    found = [part]
    for step in path:
        found = [value for each in found for number, _, value in _fields(file, each) if number == step and isinstance(value, range)]
    return found


def _text(file: BinaryIO, part: range, field: int) -> str:
    for inner in _parts(file, part, field):
        if len(inner) <= _LONGEST_NAME:
            file.seek(inner.start)
            return file.read(len(inner)).decode("utf-8", "replace")
    return ""


def _fields(file: BinaryIO, part: range) -> Iterator[tuple[int, int, int | range]]:
    """(number, kind, value) of the fields in a part of the file; the value of a field with a length is the part it takes."""
    at = part.start
    while at < part.stop:
        file.seek(at)
        tag = _varint(file)
        number, kind = tag >> 3, tag & 7
        value: int | range
        if kind == _VARINT:
            value = _varint(file)
            at = file.tell()
        elif kind == _BYTES:
            length = _varint(file)
            start = file.tell()
            value, at = range(start, start + length), start + length
        elif kind in (_FIXED64, _FIXED32):
            at = file.tell() + (8 if kind == _FIXED64 else 4)
            value = 0
        else:
            raise NotOnnx
        if at > part.stop:
            raise CutShort
        yield number, kind, value


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise CutShort
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise NotOnnx
