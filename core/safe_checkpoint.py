"""Reading the tensors of a PyTorch checkpoint without running anything that is in it.

Checkpoints of other programs (PyTorch Lightning's, mmengine's) carry configuration objects, which `torch.load(weights_only=True)` refuses.
Here the archive is read directly: its pickle only says which tensor lies where (see core/inert_pickle.py), the numbers are taken from the
archive as raw bytes, checked against its checksums, and only when they are asked for. Opening needs no torch.

Format: a zip archive, stored uncompressed, with one folder that holds `data.pkl`, `byteorder` (absent in older ones: little) and one entry
`data/<key>` for each storage. A tensor is a storage with an offset, a shape and strides.
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.inert_pickle import Inert, InertUnpickler, SealedFunction, UnsafeContent

if TYPE_CHECKING:
    import torch

_CHUNK = 1 << 24
# Storage classes by the type of their numbers, with the size of one.
_STORAGES = {
    "FloatStorage": ("float32", 4),
    "DoubleStorage": ("float64", 8),
    "HalfStorage": ("float16", 2),
    "BFloat16Storage": ("bfloat16", 2),
    "LongStorage": ("int64", 8),
    "IntStorage": ("int32", 4),
    "ShortStorage": ("int16", 2),
    "CharStorage": ("int8", 1),
    "ByteStorage": ("uint8", 1),
    "BoolStorage": ("bool", 1),
}
_SIZES = dict(_STORAGES.values())


class CheckpointError(ValueError):
    """The file cannot be used; the message is one sentence for people that names it."""


@dataclass(frozen=True)
class StoredTensor:
    """A tensor of an open checkpoint that has not been read yet."""

    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    key: str
    numel: int


@dataclass(frozen=True)
class _StorageKind:
    dtype: str


@dataclass(frozen=True)
class _Storage:
    dtype: str
    key: str
    numel: int


class Checkpoint:
    """An open checkpoint, a context manager.

    `content` is what was saved, a dictionary: tensors are `StoredTensor`, objects of any class are `Inert`.
    """

    def __init__(self, path: Path) -> None:
        """Raises CheckpointError with one sentence for whatever makes the file unusable."""
        self.path = path
        self._archive = _open_archive(path)
        try:
            names = self._archive.namelist()
            pickles = [name for name in names if name.endswith("/data.pkl")]
            self._root = pickles[0].removesuffix("data.pkl") if len(pickles) == 1 else ""
            if not self._root:
                raise CheckpointError(f"{path.name} is an archive of another kind, not weights saved by PyTorch: choose another file.")
            if f"{self._root}constants.pkl" in names:
                raise CheckpointError(f"{path.name} is a TorchScript program, not a checkpoint with weights: choose another file.")
            # Compressed or invented sizes would let a small file claim a large memory.
            held = path.stat().st_size
            if any(one.compress_type != zipfile.ZIP_STORED or one.file_size > held for one in self._archive.infolist()):
                raise _damaged(path)
            if f"{self._root}byteorder" in names and self._archive.read(f"{self._root}byteorder") != b"little":
                raise CheckpointError(f"{path.name} was written on a big-endian computer: save it anew on a common one.")
            self.content = self._unpickle(self._archive.read(pickles[0]))
        except (CheckpointError, OSError):
            self._archive.close()
            raise
        except Exception as error:  # a damaged or hostile archive can fail in any way
            self._archive.close()
            raise _damaged(path) from error

    def _unpickle(self, data: bytes) -> dict[Any, Any]:
        unpickler = _Unpickler(io.BytesIO(data), encoding="utf-8")
        try:
            content = unpickler.load()
        except UnsafeContent as error:
            raise CheckpointError(f"{self.path.name} was not opened, because {error}: take the file from its makers again.") from error
        if not isinstance(content, dict):
            raise CheckpointError(f"{self.path.name} holds no dictionary of weights: choose another file.")
        for storage in unpickler.storages:
            if self._archive.getinfo(f"{self._root}data/{storage.key}").file_size < storage.numel * _SIZES[storage.dtype]:
                raise _damaged(self.path)
        return content

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def tensor(self, stored: StoredTensor) -> torch.Tensor:
        """The numbers, in a tensor of their own. Raises CheckpointError when they do not have the checksum that the archive states."""
        import numpy as np
        import torch

        dtype: torch.dtype = getattr(torch, stored.dtype)
        buffer = np.empty(stored.numel * _SIZES[stored.dtype], np.uint8)
        try:
            with self._archive.open(f"{self._root}data/{stored.key}") as entry:
                at, view = 0, buffer.data
                while chunk := entry.read(_CHUNK):  # to the end, where the checksum is compared
                    wanted = chunk[: max(0, buffer.nbytes - at)]
                    view[at : at + len(wanted)] = wanted
                    at += len(wanted)
        except (zipfile.BadZipFile, EOFError) as error:
            raise _damaged(self.path) from error
        flat = torch.from_numpy(buffer).view(dtype) if stored.numel else torch.empty(0, dtype=dtype)
        tensor = flat.as_strided(stored.shape, stored.stride, stored.offset)
        return tensor if tensor.is_contiguous() and tensor.numel() == stored.numel else tensor.clone(memory_format=torch.contiguous_format)


def read_tensors(path: Path) -> dict[Any, Any]:
    """Everything that the checkpoint holds, nested as it was saved, tensors on the CPU; objects of any class are `Inert`.

    Raises CheckpointError with one sentence. For large files use `Checkpoint`, which reads only what is asked for.
    """
    with Checkpoint(path) as checkpoint:
        return _read_all(checkpoint, checkpoint.content, {})


def _read_all(checkpoint: Checkpoint, value: Any, done: dict[int, Any]) -> Any:
    """Each object once, however often it is referred to."""
    if id(value) not in done:
        if isinstance(value, StoredTensor):
            done[id(value)] = checkpoint.tensor(value)
        elif isinstance(value, dict):
            done[id(value)] = filled = {}
            filled.update({key: _read_all(checkpoint, item, done) for key, item in value.items()})
        elif isinstance(value, list | tuple):
            done[id(value)] = type(value)(_read_all(checkpoint, item, done) for item in value)
        else:
            return value
    return done[id(value)]


class _Unpickler(InertUnpickler):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.storages: set[_Storage] = set()

    def known(self, module: str, name: str) -> Any | None:
        if module == "torch" and name in _STORAGES:
            return _StorageKind(_STORAGES[name][0])
        if module == "torch._utils":
            return _REBUILDING.get(name)
        return None

    def persistent_load(self, pid: Any) -> Any:
        match pid:
            case ("storage", _StorageKind(dtype), str(key), str(), int(numel)) if numel >= 0:
                storage = _Storage(dtype, key, numel)
                self.storages.add(storage)
                return storage
            case ("storage", type() as kind, *_) if issubclass(kind, Inert):
                return kind()  # a type of number that no weights have
        raise pickle.UnpicklingError("an unknown kind of storage")


def _rebuild_tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> StoredTensor | Inert:
    if isinstance(storage, Inert):
        return storage
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    sizes, steps = tuple(shape), tuple(stride)
    numbers = (offset, *sizes, *steps)
    if len(sizes) != len(steps) or not all(isinstance(n, int) and n >= 0 for n in numbers):
        raise pickle.UnpicklingError("a tensor of an impossible shape")
    last = offset + sum((size - 1) * step for size, step in zip(sizes, steps, strict=True))
    if math.prod(sizes) and last >= storage.numel:
        raise pickle.UnpicklingError("a tensor larger than its storage")
    if math.prod(sizes) > storage.numel:
        return Inert()  # a stride of zero makes much of little: weights never repeat their numbers
    return StoredTensor(storage.dtype, sizes, steps, offset, storage.key, storage.numel)


def _rebuild_parameter(tensor: Any, *_: Any) -> Any:
    return tensor


_REBUILDING: dict[str, Callable[..., Any]] = {
    "_rebuild_tensor": SealedFunction(_rebuild_tensor),
    "_rebuild_tensor_v2": SealedFunction(_rebuild_tensor),
    "_rebuild_parameter": SealedFunction(_rebuild_parameter),
    "_rebuild_parameter_with_state": SealedFunction(_rebuild_parameter),
}


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(f"{path.name} is cut short or damaged ({_size(path)}): copy or download it again.")


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:,.1f} MB"


def _open_archive(path: Path) -> zipfile.ZipFile:
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder: choose the file with the weights in it.")
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path.name} is missing: there is no such file in {path.parent}.") from error
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read: {error.strerror}.") from error
    if head.startswith(b"PK"):
        try:
            return zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise _damaged(path) from error
    raise CheckpointError(f"{path.name} {_other_kind(head)}.")


def _other_kind(head: bytes) -> str:
    """What a file is that is no zip archive, and what to do."""
    if not head:
        return "is empty: copy or download it again"
    if head.lstrip().startswith(b"<"):
        return "is a web page, not weights: its makers ask to sign in or to confirm before the download"
    if head.startswith(b"version https://git-lfs"):
        return "is only a pointer to the weights (Git LFS): fetch the file itself"
    # PyTorch before 1.6 begins with a pickle of this number.
    if b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19" in head:
        return "is in the format of PyTorch before 1.6: load it and save it once with a newer PyTorch"
    if head.startswith(b"\x80"):
        return "is a bare pickle, not weights saved by PyTorch, and was not opened: choose another file"
    return "is not a file of weights saved by PyTorch: choose another file"
