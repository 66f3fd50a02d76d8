"""Our frozen dataclasses as plain arrays plus one JSON text, and back, led by their type hints. For the cache and for passing data
between processes: no pickle, so that a file can only ever hold data."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")
META = "meta"
_hints = cache(get_type_hints)


class PackingError(ValueError):
    """The arrays do not hold what the type asks for."""


def pack(value: object) -> dict[str, np.ndarray]:
    """The value (dataclass, mapping, tuple, array, enum or JSON scalar, nested at will) as arrays; `meta` holds the rest as JSON bytes."""
    arrays: dict[str, np.ndarray] = {}
    tree = _flatten(value, arrays)
    return {META: np.frombuffer(json.dumps(tree).encode(), np.uint8), **arrays}


def unpack(kind: type[T], arrays: Mapping[str, np.ndarray]) -> T:
    """The value of type `kind` that `pack` was given. Raises PackingError when something is missing or of another shape."""
    try:
        tree = json.loads(np.asarray(arrays[META], np.uint8).tobytes().decode())
        value: T = _build(kind, tree, arrays)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise PackingError(f"not a packed {kind.__name__}: {error}") from error
    return value


def _flatten(value: object, arrays: dict[str, np.ndarray]) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _flatten(getattr(value, f.name), arrays) for f in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError("an array of objects cannot be packed")
        name = f"a{len(arrays)}"
        arrays[name] = value
        return name
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _flatten(item, arrays) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_flatten(item, arrays) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be packed")


def _build(hint: Any, tree: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(hint, NewType):
        return _build(hint.__supertype__, tree, arrays)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if tree is None:
            return None
        return _build(next(arg for arg in args if arg is not types.NoneType), tree, arrays)
    if hint is np.ndarray or origin is np.ndarray:
        return arrays[tree]
    if origin is tuple:
        inner = [args[0]] * len(tree) if args[-1] is Ellipsis else list(args)
        return tuple(_build(one, item, arrays) for one, item in zip(inner, tree, strict=True))
    if origin is list:
        return [_build(args[0], item, arrays) for item in tree]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _build(args[1], item, arrays) for key, item in tree.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        hints = _hints(hint)
        # A field with a default may have come later than what was packed.
        known = [f for f in fields(hint) if f.name in tree or f.default is MISSING]
        return hint(**{f.name: _build(hints[f.name], tree[f.name], arrays) for f in known})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(tree)
    if hint in (float, int, str, bool):
        if not isinstance(tree, (int, float) if hint is float else hint):
            raise TypeError(f"{tree!r} is no {hint.__name__}")
        return hint(tree)
    raise TypeError(f"no way to read a {hint}")
