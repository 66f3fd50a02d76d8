"""Whether a file is shorter than it says itself."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067


def is_cut_off(path: Path) -> bool:
    """For Matroska and WebM the size of the segment (RFC 8794), for AVI that of the RIFF chunk, against the bytes there are.

    False for other formats, and where the recorder never wrote a size.
    """
    length = path.stat().st_size
    with path.open("rb") as handle:
        head = handle.read(8)
        if head[:4] == b"RIFF":
            return int.from_bytes(head[4:], "little") + 8 > length
        handle.seek(0)
        if _number(handle, keep_marker=True) != _EBML:
            return False
        handle.seek(_number(handle) or 0, 1)
        if _number(handle, keep_marker=True) != _SEGMENT:
            return False
        size = _number(handle)
        return size is not None and handle.tell() + size > length


def _number(handle: BinaryIO, keep_marker: bool = False) -> int | None:
    """An EBML number of 1 to 8 bytes: the leading zeros of the first byte tell how many; None when all value bits are set (unknown)."""
    first = handle.read(1)
    if not first or first[0] == 0:
        return None
    width = 9 - first[0].bit_length()
    value = int.from_bytes(first + handle.read(width - 1), "big")
    if keep_marker:
        return value
    value &= (1 << 7 * width) - 1
    return None if value == (1 << 7 * width) - 1 else value
