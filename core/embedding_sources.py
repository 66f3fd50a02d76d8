"""Embeddings of the person crop as sources (TAG Table 4): their names, sizes and files. Nothing is imported here that takes time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

# Source -> columns in the authors' files, in the order of the encoder's input, where they follow `kp2d` (science.md 1).
EMBEDDINGS: Mapping[str, int] = MappingProxyType({"clip": 512, "dino": 768})
# Source -> the folder its files lie in.
EmbeddingFolders = Mapping[str, Path]
NO_EMBEDDINGS: EmbeddingFolders = MappingProxyType({})
FILE_END = "_embeddings.npz"


def embeddings_file(source: str) -> str:
    """What a file of this source is called."""
    return f"{source}{FILE_END}"
