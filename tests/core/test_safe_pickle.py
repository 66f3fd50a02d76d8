import builtins
import operator
import os
import pickle
import sys

import numpy as np
import pytest
import scipy.sparse

from core.safe_pickle import DamagedPickle, ForeignPickle, UnsafePickle, load_pickled_arrays, pickled_shapes
from tests.model_files import chumpy


class Calls:
    """Pickles as a call of a function, as an attacker would write it."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def written(tmp_path, content, protocol=2):
    path = tmp_path / "model.pkl"
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_that_plain_arrays_come_back_as_they_were(tmp_path, protocol):
    arrays = {
        "a": np.arange(12.0).reshape(3, 4),
        "b": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "c": np.array([1, -2], ">i4"),
        "empty": np.zeros((0, 3)),
    }
    loaded = load_pickled_arrays(written(tmp_path, arrays, protocol))
    assert set(loaded) == set(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(loaded[name], value)
        assert loaded[name].dtype == value.dtype


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", [scipy.sparse.csc_matrix, scipy.sparse.csr_matrix])
def test_that_sparse_matrices_come_back_dense(tmp_path, kind, protocol):
    dense = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]])
    loaded = load_pickled_arrays(written(tmp_path, {"J_regressor": kind(dense)}, protocol))
    np.testing.assert_array_equal(loaded["J_regressor"], dense)


@pytest.mark.parametrize("protocol", range(6))
def test_that_a_chumpy_array_is_read_without_chumpy(tmp_path, protocol):
    with chumpy() as (array, _):
        path = written(tmp_path, {"shapedirs": array(x=np.ones((2, 3)))}, protocol)
    np.testing.assert_array_equal(load_pickled_arrays(path)["shapedirs"], np.ones((2, 3)))
    assert pickled_shapes(path) == {"shapedirs": (2, 3)}
    assert "chumpy" not in sys.modules


def test_that_a_selection_of_a_chumpy_array_is_made(tmp_path):
    whole = np.arange(24.0).reshape(2, 3, 4)
    places = np.arange(24).reshape(2, 3, 4)[:, :, :2].ravel()
    with chumpy() as (array, selection):
        path = written(tmp_path, {"shapedirs": selection(a=array(x=whole), idxs=places, preferred_shape=(2, 3, 2))})
    np.testing.assert_array_equal(load_pickled_arrays(path)["shapedirs"], whole[:, :, :2])


def test_that_the_arrays_of_an_inner_dictionary_can_be_asked_for(tmp_path):
    path = written(tmp_path, {"model": {"fc.weight": np.ones((2, 3), np.float32), "epoch": 3}, "__author__": "somebody"})
    arrays = load_pickled_arrays(path, "model")
    assert set(arrays) == {"fc.weight"}
    np.testing.assert_array_equal(arrays["fc.weight"], np.ones((2, 3), np.float32))
    with pytest.raises(UnsafePickle, match="no dictionary of arrays named 'weights'"):
        load_pickled_arrays(path, "weights")


@pytest.mark.parametrize("protocol", range(6))
def test_that_shapes_are_told_without_building_arrays(tmp_path, protocol):
    content = {"v": np.zeros((4, 3)), "J": scipy.sparse.csc_matrix(np.eye(3)), "model": {"w": np.zeros((2, 5), np.float16)}, "n": 3}
    assert pickled_shapes(written(tmp_path, content, protocol)) == {"v": (4, 3), "J": (3, 3), "model/w": (2, 5)}


def test_that_a_pickle_of_python_2_is_read(tmp_path):
    # {'a': numpy.array([1.5, 2.0])} as Python 2 writes it: text strings of bytes, copy_reg-style names.
    stream = (
        b"\x80\x02}q\x00U\x01acnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        b"U\x10" + np.array([1.5, 2.0]).tobytes() + b"tbs."
    )
    assert load_pickled_arrays(written(tmp_path, stream))["a"].tolist() == [1.5, 2.0]


def test_that_entries_which_are_no_arrays_are_left_out(tmp_path):
    assert set(load_pickled_arrays(written(tmp_path, {"a": np.zeros(2), "bs_style": "lbs", "n": 3}))) == {"a"}


@pytest.mark.parametrize("protocol", range(6))
def test_that_a_shell_command_in_a_pickle_is_not_run(tmp_path, protocol):
    trace = tmp_path / "trace"
    path = written(tmp_path, {"v_template": Calls(os.system, f"touch {trace}")}, protocol)
    with pytest.raises(UnsafePickle, match="system, which no model needs"):
        load_pickled_arrays(path)
    assert not trace.exists()
    # The same file does run its command when opened carelessly, so this test can fail.
    pickle.loads(path.read_bytes())
    assert trace.exists()


@pytest.mark.parametrize("function", [builtins.eval, builtins.exec, builtins.__import__, builtins.getattr, operator.attrgetter])
def test_that_functions_which_lead_to_code_are_refused(tmp_path, function):
    with pytest.raises(UnsafePickle):
        load_pickled_arrays(written(tmp_path, {"a": Calls(function, "1")}))


def test_that_eval_in_a_pickle_is_not_run(tmp_path):
    trace = tmp_path / "trace"
    with pytest.raises(UnsafePickle, match="eval"):
        load_pickled_arrays(written(tmp_path, {"a": Calls(eval, f"open({str(trace)!r}, 'w')")}))
    assert not trace.exists()


def test_that_allowed_names_do_not_open_a_way_to_their_modules(tmp_path):
    # Dotted names walk attributes in a careless reader: numpy.ndarray.__class__ ...
    stream = b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93."
    with pytest.raises(UnsafePickle, match="__class__"):
        load_pickled_arrays(written(tmp_path, stream))


def test_that_a_pickle_cannot_alter_the_reader(tmp_path):
    # BUILD with slot state sets attributes: here the default encoding of the stand-in for _codecs.encode.
    stream = b"c_codecs\nencode\n(N}S'__defaults__'\n(S'rot13'\ntstb."
    with pytest.raises(UnsafePickle, match="alter"):
        load_pickled_arrays(written(tmp_path, stream))


@pytest.mark.parametrize("read", [pickled_shapes, lambda path: load_pickled_arrays(path, "model")])
def test_that_listing_and_inner_dictionaries_run_nothing_either(tmp_path, read):
    trace = tmp_path / "trace"
    with pytest.raises(UnsafePickle, match="system"):
        read(written(tmp_path, {"model": {"a": Calls(os.system, f"touch {trace}")}}))
    assert not trace.exists()


def test_that_arrays_of_objects_are_refused(tmp_path):
    with pytest.raises(UnsafePickle):
        load_pickled_arrays(written(tmp_path, {"a": np.array([{}, None], object)}))


def test_that_a_sparse_matrix_with_an_index_outside_is_refused(tmp_path):
    matrix = scipy.sparse.csc_matrix(np.eye(3))
    matrix.indices[1] = 999
    with pytest.raises(UnsafePickle, match="damaged"):
        load_pickled_arrays(written(tmp_path, {"a": matrix}))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", DamagedPickle),
        (b"not a pickle", DamagedPickle),
        (pickle.dumps({"a": np.zeros(9)})[:-20], DamagedPickle),
        (pickle.dumps([1, 2]), ForeignPickle),
    ],
)
def test_that_a_damaged_or_strange_pickle_is_refused(tmp_path, content, error):
    with pytest.raises(error):
        load_pickled_arrays(written(tmp_path, content))
