import argparse
import builtins
import collections
import datetime
import functools
import importlib
import io
import os
import pathlib
import pickle
import shutil
import subprocess
import sys
import types
import webbrowser
import zipfile

import numpy as np
import pytest
import torch

from core.inert_pickle import Inert
from core.safe_checkpoint import Checkpoint, CheckpointError, StoredTensor, read_tensors


class Calls:
    """Pickles as a call of a function, as an attacker would write it."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def saved(tmp_path, content, **options):
    path = tmp_path / "weights.ckpt"
    torch.save(content, path, **options)
    return path


def archive_with(tmp_path, pickled: bytes):
    path = tmp_path / "weights.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
    return path


@pytest.fixture
def foreign(monkeypatch):
    """A library that is not installed here: its classes exist while something is saved, and are gone afterwards."""

    def make(module, *names, bases=(object,)):
        made = types.ModuleType(module)
        for name in names:
            setattr(made, name, type(name, bases, {"__module__": module}))
        for end in (at for at, letter in enumerate(module) if letter == "."):
            monkeypatch.setitem(sys.modules, module[:end], sys.modules.get(module[:end], types.ModuleType(module[:end])))
        monkeypatch.setitem(sys.modules, module, made)
        return made

    return make


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float32,
        torch.float64,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    ],
)
def test_that_tensors_of_every_type_come_back_as_they_were(tmp_path, dtype):
    tensor = torch.arange(12).reshape(3, 4).to(dtype)
    loaded = read_tensors(saved(tmp_path, {"state_dict": {"a": tensor}}))
    assert loaded["state_dict"]["a"].dtype == dtype
    assert torch.equal(loaded["state_dict"]["a"], tensor)


def test_that_views_scalars_empty_tensors_and_parameters_come_back_as_they_were(tmp_path):
    whole = torch.arange(24.0).reshape(4, 6)
    tensors = {
        "whole": whole,
        "part": whole[1:3, ::2],
        "transposed": whole.T,
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }
    loaded = read_tensors(saved(tmp_path, collections.OrderedDict(tensors)))
    assert list(loaded) == list(tensors)
    for name, tensor in tensors.items():
        assert torch.equal(loaded[name], tensor.detach()), name
        assert loaded[name].is_contiguous(), name
        assert loaded[name].untyped_storage().nbytes() == 4 * tensor.numel(), name


def test_that_plain_values_and_nesting_come_back_as_they_were(tmp_path):
    content = {"epoch": 3, "name": "a", "nested": [{"a": (1, None)}, 2.5, True]}
    assert read_tensors(saved(tmp_path, content)) == content


def test_that_opening_reads_shapes_and_types_but_no_numbers(tmp_path):
    path = saved(tmp_path, {"a": torch.zeros(3, 5, dtype=torch.float16)})
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data/0"))
        start = archive.getinfo(name).header_offset
    path.write_bytes(content[: start + 100] + b"\xff" * 20 + content[start + 120 :])
    with Checkpoint(path) as checkpoint:
        stored = checkpoint.content["a"]
        assert isinstance(stored, StoredTensor)
        assert (stored.dtype, stored.shape) == ("float16", (3, 5))


def test_that_a_module_with_a_state_dict_is_read_like_its_state_dict(tmp_path):
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    loaded = read_tensors(saved(tmp_path, network.state_dict()))
    torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).load_state_dict(loaded)


def test_that_configurations_of_other_libraries_are_read_over(tmp_path, foreign):
    config = foreign("yacs.config", "CfgNode", bases=(dict,)).CfgNode(A=1)
    config.attribute = "frozen"
    listed = foreign("omegaconf.listconfig", "ListConfig", bases=(list,)).ListConfig([1, 2])
    callback = foreign("pytorch_lightning.callbacks", "ModelCheckpoint").ModelCheckpoint()
    callback.best = np.float64(0.5)
    content = {
        "hyper_parameters": config,
        "list": listed,
        "callbacks": {type(callback): callback},
        "state_dict": collections.OrderedDict(a=torch.ones(2)),
        "other": [
            argparse.Namespace(lr=1),
            pathlib.PurePosixPath("x"),
            datetime.datetime(2024, 1, 1),
            collections.defaultdict(list, a=[1]),
            functools.partial(dict, a=1),
            {1, 2},
            np.arange(3),
            np.random.default_rng(0),
            np.random.RandomState(0),
            Ellipsis,
            type(None),
            torch.device("cpu"),
            torch.float32,
            torch.Size([2]),
        ],
    }
    path = saved(tmp_path, content)
    for name in ("yacs.config", "omegaconf.listconfig", "pytorch_lightning.callbacks"):
        del sys.modules[name]
    loaded = read_tensors(path)
    assert torch.equal(loaded["state_dict"]["a"], torch.ones(2))
    assert isinstance(loaded["hyper_parameters"], Inert)
    assert "yacs.config" not in sys.modules


def test_that_methods_of_a_foreign_class_are_read_over(tmp_path, foreign):
    # As mmengine's HistoryBuffer does: before protocol 4 a method is written as a call of getattr.
    buffer = foreign("mmengine.logging.history_buffer", "HistoryBuffer").HistoryBuffer

    def mean(self):
        return 0

    mean.__module__, mean.__qualname__ = "mmengine.logging.history_buffer", "HistoryBuffer.mean"
    buffer.mean = mean
    path = saved(tmp_path, {"message_hub": {"mean": buffer.mean}, "state_dict": {"a": torch.ones(1)}})
    with zipfile.ZipFile(path) as archive:
        assert b"getattr" in archive.read("weights/data.pkl")
    assert torch.equal(read_tensors(path)["state_dict"]["a"], torch.ones(1))


@pytest.mark.parametrize("protocol", range(2, 6))
def test_that_a_shell_command_in_a_checkpoint_is_not_run(tmp_path, protocol):
    trace = tmp_path / "trace"
    path = saved(
        tmp_path, {"state_dict": {"a": torch.ones(2)}, "hyper_parameters": Calls(os.system, f"touch {trace}")}, pickle_protocol=protocol
    )
    with pytest.raises(
        CheckpointError, match=r"^weights.ckpt was not opened, because it names (posix|nt).system, which no checkpoint needs: "
    ):
        read_tensors(path)
    assert not trace.exists()
    # The same file does run its command when opened carelessly, so this test can fail.
    torch.load(path, weights_only=False)
    assert trace.exists()


@pytest.mark.parametrize(
    "call",
    [
        Calls(builtins.eval, "1"),
        Calls(builtins.exec, "1"),
        Calls(builtins.__import__, "os"),
        Calls(builtins.getattr, "a", "b"),
        Calls(builtins.open, "x", "w"),
        Calls(subprocess.Popen, "true"),
        Calls(subprocess.check_output, "true"),
        Calls(importlib.import_module, "os"),
        Calls(shutil.rmtree, "x"),
        Calls(webbrowser.open, "x"),
        Calls(pickle.loads, b"N."),
        Calls(torch.hub.load, "a", "b"),
        Calls(torch.load, "a"),
        Calls(torch.storage._load_from_bytes, b"a"),
        Calls(np.load, "a"),
        Calls(io.open_code, "x"),
    ],
    ids=lambda call: call.call[0].__name__,
)
def test_that_functions_which_lead_to_code_are_refused(tmp_path, call):
    with pytest.raises(CheckpointError, match=r"^weights.ckpt was not opened, because it (names|calls) .*: take the file"):
        read_tensors(archive_with(tmp_path, pickle.dumps({"state_dict": {"a": call}}, protocol=2)))


@pytest.mark.parametrize("name", ["torch.nn.Module.__class__", "Module.__init__.__globals__"])
def test_that_dotted_names_do_not_walk_into_modules(tmp_path, name):
    module = b"torch.nn"
    stream = b"\x80\x04}\x8c\x01a\x8c" + bytes([len(module)]) + module + b"\x8c" + bytes([len(name)]) + name.encode() + b"\x93s."
    assert issubclass(read_tensors(archive_with(tmp_path, stream))["a"], Inert)


@pytest.mark.parametrize(
    "stream",
    [
        b"c__builtin__\ngetattr\n(N}S'_function'\nctorch.hub\nload\nstb.",
        b"ctorch._utils\n_rebuild_tensor_v2\n(N}S'_function'\nctorch.hub\nload\nstb.",
        b"ctorch.nn\nModule\n}S'origin'\nS'x'\nsb.",
    ],
)
def test_that_a_pickle_cannot_alter_the_reader(tmp_path, stream):
    with pytest.raises(CheckpointError):
        read_tensors(archive_with(tmp_path, stream))


def test_that_a_pickle_cannot_replace_the_methods_of_a_dictionary(tmp_path):
    stream = b"ccollections\nOrderedDict\n(tRS'a'\nK\x01s}S'items'\nctorch.nn\nModule\nsb."
    assert read_tensors(archive_with(tmp_path, stream)) == {"a": 1}


@pytest.mark.parametrize(
    "arguments",
    [(0, (5,), (1,)), (3, (2,), (1,)), (0, (2, 2), (3, 1)), (-1, (1,), (1,)), (0, (1,), (-1,)), (0, (1.5,), (1,)), (0, (2,), (1, 1))],
)
def test_that_a_tensor_which_reaches_outside_its_storage_is_refused(tmp_path, arguments):
    class Reaches:
        def __reduce__(self):
            storage = torch.zeros(4).untyped_storage()
            return torch._utils._rebuild_tensor_v2, (
                torch.storage.TypedStorage(wrap_storage=storage, dtype=torch.float32, _internal=True),
                *arguments,
                False,
                {},
            )

    with pytest.raises(CheckpointError, match="damaged"):
        read_tensors(saved(tmp_path, {"a": Reaches()}))


def test_that_many_references_to_one_list_do_not_take_for_ever(tmp_path):
    level = []
    for _ in range(200):
        level = [level, level]
    assert len(read_tensors(saved(tmp_path, {"a": level}))["a"]) == 2


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_that_a_file_which_was_cut_short_is_named_as_such(tmp_path, share):
    path = saved(tmp_path, {"a": torch.zeros(1000)})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CheckpointError, match=r"^weights.ckpt is cut short or damaged \(0.0 MB\): copy or download it again.$"):
        read_tensors(path)


def test_that_changed_numbers_are_noticed_when_they_are_read(tmp_path):
    path = saved(tmp_path, {"a": torch.full((1000,), 1.5)})
    content = bytearray(path.read_bytes())
    at = bytes(content).index(torch.full((8,), 1.5).numpy().tobytes())
    content[at + 2000] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        read_tensors(path)


def test_that_a_missing_or_short_storage_is_noticed_on_opening(tmp_path):
    whole, altered = saved(tmp_path, {"a": torch.zeros(10), "b": torch.zeros(10)}), tmp_path / "altered.ckpt"
    for keep in (lambda _: None, lambda content: content[:39]):
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(altered, "w") as target:
            for name in source.namelist():
                content = keep(source.read(name)) if name.endswith("data/1") else source.read(name)
                if content is not None:
                    target.writestr(name, content)
        with pytest.raises(CheckpointError, match="damaged"):
            Checkpoint(altered)


def test_that_compressed_storages_are_refused(tmp_path):
    whole, packed = saved(tmp_path, {"a": torch.zeros(1000)}), tmp_path / "packed.ckpt"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    with pytest.raises(CheckpointError, match="damaged"):
        read_tensors(packed)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "weights.ckpt is empty: copy or download it again."),
        (b"<!DOCTYPE html><html>", "weights.ckpt is a web page, not weights: its makers ask to sign in or to confirm before the download."),
        (b"version https://git-lfs.github.com/spec/v1", "weights.ckpt is only a pointer to the weights (Git LFS): fetch the file itself."),
        (pickle.dumps({"a": 1}), "weights.ckpt is a bare pickle, not weights saved by PyTorch, and was not opened: choose another file."),
        (b"\x08\x07\x12\x07pytorch", "weights.ckpt is not a file of weights saved by PyTorch: choose another file."),
    ],
)
def test_that_files_of_other_kinds_are_named(tmp_path, content, sentence):
    path = tmp_path / "weights.ckpt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        read_tensors(path)
    assert str(caught.value) == sentence


def test_that_the_format_of_old_versions_is_named(tmp_path):
    path = saved(tmp_path, {"a": torch.ones(1)}, _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointError, match=r"is in the format of PyTorch before 1.6: load it and save it once with a newer PyTorch.$"):
        read_tensors(path)


def test_that_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"^weights.ckpt is missing: there is no such file in "):
        read_tensors(tmp_path / "weights.ckpt")
    with pytest.raises(CheckpointError, match="is a folder: choose the file"):
        read_tensors(tmp_path)


def test_that_other_archives_are_named(tmp_path):
    path = tmp_path / "weights.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(CheckpointError, match=r"^weights.ckpt is an archive of another kind"):
        read_tensors(path)
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), path)
    with pytest.raises(CheckpointError, match=r"^weights.ckpt is a TorchScript program"):
        read_tensors(path)
    with pytest.raises(CheckpointError, match=r"^weights.ckpt holds no dictionary of weights"):
        read_tensors(saved(tmp_path, [torch.ones(1)]))
