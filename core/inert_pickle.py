"""Unpickling in which every name stands for an inert object: nothing that a pickle names is looked up, and nothing is called.

Checkpoints of other programs hold configurations and counters beside their tensors. Those objects are of no use here, so each becomes an
`Inert`. A pickle that names or calls what no checkpoint has a use for (a shell, `eval`, a function of some library) is refused.
"""

from __future__ import annotations

import pickle
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from typing import Any

# Of the standard library, only these kinds of data.
_HARMLESS_MODULES = ("collections", "argparse", "pathlib", "pathlib._local", "typing", "enum", "datetime", "decimal", "fractions", "uuid")
_HARMLESS_NAMES = {
    *(("builtins", name) for name in ("set", "frozenset", "slice", "range", "complex", "bytearray", "object", "type")),
    *(("builtins", name) for name in ("dict", "list", "tuple", "int", "float", "str", "bool", "bytes", "Ellipsis", "getattr")),
    ("copyreg", "_reconstructor"),
    ("_codecs", "encode"),
    ("types", "SimpleNamespace"),
    ("functools", "partial"),
}
# Classes and rebuilding functions of libraries that are written small; every other small name is taken for a function.
_HARMLESS_CALLS = {("torch", "device"), ("numpy", "dtype"), ("numpy", "ndarray")}
_HARMLESS_REBUILDING = {"_reconstruct", "scalar", "_frombuffer"}


class UnsafeContent(ValueError):
    """The pickle names what no checkpoint needs; the message is one sentence for people, without the file's name."""


class Inert:
    """Stands for an object that was not made. It takes whatever the pickle gives it, and keeps none of it."""

    origin = ""

    def __new__(cls, *_: Any, **__: Any) -> Inert:
        if not _may_be_called(cls.origin):
            raise UnsafeContent(f"it calls {cls.origin[:80]}, which no checkpoint needs")
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, value: Any) -> None:
        pass

    def extend(self, values: Any) -> None:
        pass

    def add(self, value: Any) -> None:
        pass


class PlainDict(dict[Any, Any]):
    """Stands for an ordered dictionary; attributes that the pickle would set on it are dropped."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        pass


class InertUnpickler(pickle.Unpickler):
    """Subclasses override `known` to give the few names a meaning that they need."""

    def find_class(self, module: str, name: str) -> Any:
        # Pickles of protocol 2 and below, torch's among them, use Python 2's names.
        module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        found = self.known(module, name)
        if found is not None:
            return found
        if (module, name) == ("collections", "OrderedDict"):
            return PlainDict
        if (module, name) == ("builtins", "getattr"):
            return _getattr
        if (module, name) == ("copyreg", "_reconstructor"):
            return _reconstructor
        root = module.partition(".")[0]
        if root in sys.stdlib_module_names and module not in _HARMLESS_MODULES and (module, name) not in _HARMLESS_NAMES:
            raise UnsafeContent(f"it names {f'{module}.{name}'[:80]}, which no checkpoint needs")
        return _stand_in(f"{module}.{name}")

    def known(self, module: str, name: str) -> Any | None:
        return None


def _stand_in(origin: str) -> type[Inert]:
    return type("Inert", (Inert,), {"origin": origin})


def _may_be_called(origin: str) -> bool:
    """Whether a call of it can be the making of an object: classes are written with a capital, functions small."""
    module, _, name = origin.rpartition(".")
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names or (module, name) in _HARMLESS_CALLS:
        return True  # what of the standard library is harmless, `find_class` decided
    if root == "numpy":
        return name in _HARMLESS_REBUILDING or name.startswith("__") or name[:1].isupper()
    if module in ("torch._utils", "torch._tensor"):
        return name.startswith("_rebuild")
    return name.lstrip("_")[:1].isupper()


class SealedFunction:
    """A function that the pickle may call but, unlike a plain function, not alter."""

    __slots__ = ("_function",)

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def __setstate__(self, state: Any) -> None:
        raise UnsafeContent("it tries to alter a function")


def _inert_attribute(of: Any, name: Any) -> type[Inert]:
    """Older protocols write a method, or a class within a class, as an attribute of the outer one."""
    if not (isinstance(of, type) and issubclass(of, Inert) and isinstance(name, str)):
        raise UnsafeContent("it calls builtins.getattr, which no checkpoint needs")
    return _stand_in(f"{of.origin}.{name}")


def _inert_object(cls: Any, *_: Any) -> Any:
    if not (isinstance(cls, type) and issubclass(cls, Inert | PlainDict)):
        raise UnsafeContent("it builds an object that no checkpoint has")
    return cls()


_getattr = SealedFunction(_inert_attribute)
_reconstructor = SealedFunction(_inert_object)
