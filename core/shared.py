"""Arrays from one process to another through shared memory, without a copy in a pipe. The reader removes what it has read."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np

_ROOT = Path("/dev/shm")
_ALIGN = 16


@dataclass(frozen=True)
class SharedArrays:
    """Where the arrays of one block lie: name of the block and (array name, dtype, shape, offset) of each."""

    block: str
    arrays: tuple[tuple[str, str, tuple[int, ...], int], ...]


def write_shared(job: str, number: int, arrays: dict[str, np.ndarray]) -> SharedArrays | None:
    """Copy the arrays into a new block of the job; None where there is no room for it."""
    entries, size = [], 0
    for name, values in arrays.items():
        entries.append((name, values.dtype.str, values.shape, size))
        size += -(-values.nbytes // _ALIGN) * _ALIGN
    # Writing beyond what the file system can hold is no exception but the end of the process.
    if _ROOT.is_dir() and shutil.disk_usage(_ROOT).free < 1.1 * size:
        return None
    try:
        memory = SharedMemory(create=True, size=max(size, 1), name=_name(job, number))
    except OSError:
        return None
    for (_, dtype, shape, offset), values in zip(entries, arrays.values(), strict=True):
        np.ndarray(shape, dtype, memory.buf, offset)[...] = values
    memory.close()
    return SharedArrays(_name(job, number), tuple(entries))


def read_shared(shared: SharedArrays) -> dict[str, np.ndarray] | None:
    """Copies of the arrays of a block, which is removed; None when it is gone."""
    try:
        memory = SharedMemory(shared.block)
    except FileNotFoundError:
        return None
    arrays = {name: np.ndarray(shape, dtype, memory.buf, offset).copy() for name, dtype, shape, offset in shared.arrays}
    memory.close()
    memory.unlink()
    return arrays


def remove_shared(job: str) -> None:
    """Remove the blocks that a killed process left behind."""
    for path in _ROOT.glob(f"{_name(job, '*')}"):
        with suppress(FileNotFoundError):
            memory = SharedMemory(path.name)
            memory.close()
            memory.unlink()


def _name(job: str, number: int | str) -> str:
    return f"telltale-{job}-{number}"
