"""Reading the arrays of a model's pickle (SMPL, the weights of Detectron2) without running anything that is in it.

A pickle is a program: it names functions and calls them. Here every name resolves to an inert stand-in that only keeps its data (numpy
arrays, scipy's csc and csr matrices, chumpy arrays), or is refused. Not even numpy's own unpickling code runs.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

_T = TypeVar("_T")


class UnsafePickle(ValueError):
    """The pickle names something that a model has no need of, or cannot be used; the message is one sentence for people."""


class DamagedPickle(UnsafePickle):
    """The pickle ends too early, or its parts do not fit together."""


class ForeignPickle(UnsafePickle):
    """The pickle is harmless as far as it goes, but holds no dictionary of arrays."""


class _Stateful:
    """Keeps whatever state the pickle gives it."""

    def __init__(self, *args: Any) -> None:
        self.args = args
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Chumpy(_Stateful):
    """A chumpy array: its value is the entry `x` of its state."""


class _ChumpySelection(_Stateful):
    """Elements of another chumpy array (chumpy.reordering.Select): a.ravel()[idxs] in the shape `preferred_shape`."""


class _Sparse(_Stateful):
    by_column: bool


class _Csc(_Sparse):
    by_column = True


class _Csr(_Sparse):
    by_column = False


class _Dtype(_Stateful):
    """A plain number type. The state of the pickle only says its byte order: state may not smuggle in fields or flags."""

    def value(self) -> np.dtype[Any]:
        name = _text(self.args[0])
        if len(name) > 4 or name[:1] not in "biufSU":
            raise UnsafePickle(f"The pickle holds values of the type '{name[:20]}', which no body model has.")
        order = _text(self.state[1]) if isinstance(self.state, tuple) else "="
        return np.dtype(name).newbyteorder(cast(Any, order if order in ("<", ">") else "="))


class _Array(_Stateful):
    """A numpy array, rebuilt from its bytes."""

    def value(self) -> np.ndarray:
        if not isinstance(self.state, tuple) or len(self.state) != 5:
            raise DamagedPickle("The pickle holds a damaged array.")
        _, shape, dtype, fortran, data = self.state
        if not isinstance(dtype, _Dtype):
            raise UnsafePickle("The pickle holds an array without a number type.")
        flat = np.frombuffer(_bytes(data), dtype.value())
        return flat.reshape(shape, order="F" if fortran else "C").copy()


class _FromBuffer(_Array):
    """A numpy array as pickle protocol 5 writes it: bytes, type, shape, order."""

    def value(self) -> np.ndarray:
        data, dtype, shape, order = self.args
        return np.frombuffer(_bytes(data), dtype.value()).reshape(shape, order="F" if order == "F" else "C").copy()


class _Scalar(_Stateful):
    def value(self) -> np.ndarray:
        dtype, data = self.args
        return np.frombuffer(_bytes(data), dtype.value()).reshape(())


def _reconstruct(*_: Any) -> _Array:
    """Stands in for numpy's `_reconstruct`; the data follows as state."""
    return _Array()


def _reconstructor(cls: type, *_: Any) -> Any:
    """Stands in for `copyreg._reconstructor`: makes stand-ins only."""
    if not (isinstance(cls, type) and issubclass(cls, _Stateful)):
        raise UnsafePickle("The pickle builds an object that no body model has.")
    return cls()


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    """Stands in for `_codecs.encode`, which numpy uses for the bytes of arrays."""
    if _text(encoding) != "latin1":
        raise UnsafePickle("The pickle holds text in an encoding that no body model uses.")
    return _bytes(text)


def _no_bytes() -> bytes:
    """Stands in for `bytes`, by which older protocols write the bytes of an array without elements."""
    return b""


class _Call:
    """A function that the pickle may call but, unlike a plain function, not alter."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)

    def __setstate__(self, state: Any) -> None:
        raise UnsafePickle("The pickle tries to alter a function.")


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _Call(_encode),
    ("copy_reg", "_reconstructor"): _Call(_reconstructor),
    ("copyreg", "_reconstructor"): _Call(_reconstructor),
    ("__builtin__", "object"): object,
    ("builtins", "object"): object,
    ("collections", "OrderedDict"): OrderedDict,
    # Every chumpy array carries a set of names that have changed.
    ("__builtin__", "set"): _Call(set),
    ("builtins", "set"): _Call(set),
    ("__builtin__", "bytes"): _Call(_no_bytes),
    ("builtins", "bytes"): _Call(_no_bytes),
    ("chumpy.reordering", "Select"): _ChumpySelection,
}
for _core in ("numpy.core", "numpy._core"):
    _ALLOWED[f"{_core}.multiarray", "_reconstruct"] = _Call(_reconstruct)
    _ALLOWED[f"{_core}.multiarray", "scalar"] = _Scalar
    _ALLOWED[f"{_core}.numeric", "_frombuffer"] = _FromBuffer
for _module in ("scipy.sparse", "scipy.sparse.csc", "scipy.sparse._csc", "scipy.sparse.csr", "scipy.sparse._csr"):
    _ALLOWED.update({(_module, "csc_matrix"): _Csc, (_module, "csc_array"): _Csc})
    _ALLOWED.update({(_module, "csr_matrix"): _Csr, (_module, "csr_array"): _Csr})


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) in _ALLOWED:
            return cast(Callable[..., Any], _ALLOWED[module, name])
        if module == "chumpy" or module.startswith("chumpy."):
            return _Chumpy
        raise UnsafePickle(f"The pickle names {f'{module}.{name}'[:80]}, which no model needs: it was not opened.")


def load_pickled_arrays(path: Path, entry: str | None = None) -> dict[str, np.ndarray]:
    """The arrays of a pickled dictionary (sparse ones made dense), by name; entries that are not arrays are left out.

    entry: the name of a dictionary within the pickled one whose arrays are wanted, such as `model` in the weights of Detectron2.
    Nothing in the pickle is executed. Raises UnsafePickle when it names anything unexpected or is damaged, OSError when it cannot be read.
    """

    def arrays(content: dict[Any, Any]) -> dict[str, np.ndarray]:
        inner = content if entry is None else content.get(entry)
        if not isinstance(inner, dict):
            raise ForeignPickle(f"The pickle holds no dictionary of arrays named '{entry}'.")
        found = {str(key): _array(value) for key, value in inner.items()}
        return {name: value for name, value in found.items() if value is not None}

    return _read(path, arrays)


def pickled_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays of a pickled dictionary, and of dictionaries in it as `entry/name`; no array is built.

    Raises as load_pickled_arrays.
    """

    def shapes(content: dict[Any, Any]) -> dict[str, tuple[int, ...]]:
        nested = {f"{outer}/{key}": value for outer, inner in content.items() if isinstance(inner, dict) for key, value in inner.items()}
        found = {str(key): _shape(value) for key, value in (content | nested).items()}
        return {name: shape for name, shape in found.items() if shape is not None}

    return _read(path, shapes)


def _read(path: Path, use: Callable[[dict[Any, Any]], _T]) -> _T:
    """What `use` makes of the pickled dictionary, whose values are stand-ins."""
    with path.open("rb") as file:
        try:
            content = _Unpickler(file, encoding="latin1").load()
            if not isinstance(content, dict):
                raise ForeignPickle("The pickle holds no dictionary of arrays.")
            return use(content)
        except (UnsafePickle, OSError):
            raise
        # A damaged or hostile pickle can fail in any way.
        except Exception as error:
            raise DamagedPickle(f"The pickle is damaged or of an unknown kind ({type(error).__name__}).") from error


def _array(value: Any) -> np.ndarray | None:
    if isinstance(value, _Array | _Scalar):
        return value.value()
    if isinstance(value, _ChumpySelection):
        return _selected(value.state)
    if isinstance(value, _Chumpy) and isinstance(value.state, dict) and "x" in value.state:
        return _array(value.state["x"])
    if isinstance(value, _Sparse):
        return _dense(value)
    return None


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape that `_array(value)` would have."""
    if isinstance(value, _FromBuffer):
        return tuple(value.args[2])
    if isinstance(value, _Array):
        return tuple(value.state[1])
    if isinstance(value, _Sparse):
        return tuple(value.state["_shape"])
    array = _array(value)
    return None if array is None else array.shape


def _selected(state: Any) -> np.ndarray:
    """chumpy.reordering.Select: elements of another array, counted along its rows."""
    source, places = _array(state["a"]), _array(state["idxs"])
    if source is None or places is None:
        raise DamagedPickle("The pickle holds a damaged chumpy array.")
    return source.ravel()[places.astype(np.int64)].reshape(state["preferred_shape"])


def _dense(sparse: _Sparse) -> np.ndarray:
    state = sparse.state
    indptr, indices, data = (_array(state[name]) for name in ("indptr", "indices", "data"))
    rows, columns = (int(_number(n)) for n in state["_shape"])
    if indptr is None or indices is None or data is None:
        raise DamagedPickle("The pickle holds a damaged sparse matrix.")
    major = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    row, column = (indices, major) if sparse.by_column else (major, indices)
    dense = np.zeros((rows, columns), data.dtype)
    np.add.at(dense, (row, column), data)  # raises when an index lies outside
    return dense


def _number(value: Any) -> float:
    return float(value.value()) if isinstance(value, _Scalar) else float(value)


def _bytes(value: Any) -> bytes:
    return value.encode("latin1") if isinstance(value, str) else bytes(value)


def _text(value: Any) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)
