"""The user's two files: what is wrong with them is said in one sentence, and nothing in them is run."""

import os

import pytest
import torch

from core.extraction.reference.tokenhmr.checkpoint import check_mesh_files
from core.extraction.reference.tokenhmr.network import empty_network
from core.extraction.reference.tokenhmr.prediction import load_mesh_network
from core.safe_checkpoint import CheckpointError

# All tensors of a test's file are views of one storage, which keeps a network of 2.7 GB small.
STORAGE = torch.zeros(10240 * 1024)


class Calls:
    """Pickles as a call of a function, as an attacker would write it."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.fixture(scope="module")
def tensors():
    shapes = {key: value.shape for key, value in empty_network().state_dict().items()}
    return {key: STORAGE[: shape.numel()].view(shape) for key, shape in shapes.items()}


@pytest.fixture
def written(tmp_path, tensors):
    """Writes both files; `network` and `net` are added to, or with None taken from, what they hold."""

    def write(network=(), net=(), **beside):
        state = {key: value for key, value in tensors.items() if not key.startswith("tokenizer.")} | dict(network)
        own = {key.removeprefix("tokenizer."): value for key, value in tensors.items() if key.startswith("tokenizer.")} | dict(net)
        checkpoint, tokenizer = tmp_path / "tokenhmr.ckpt", tmp_path / "tokenizer.pth"
        torch.save({"state_dict": {key: value for key, value in state.items() if value is not None}, **beside}, checkpoint)
        torch.save({"net": {key: value for key, value in own.items() if value is not None}, **beside}, tokenizer)
        return checkpoint, tokenizer

    return write


def sentence(*files):
    with pytest.raises(CheckpointError) as caught:
        check_mesh_files(*files)
    return str(caught.value)


def test_that_good_files_pass_with_all_that_the_released_ones_hold_beside(written):
    unused = {"smpl.v_template": torch.zeros(2), "initialized": torch.tensor(False), "discriminator.D_conv1.bias": torch.zeros(32)}
    encoder = {"encoder.encoder.0.bias": torch.zeros(2), "decoder.body_model.shapedirs": torch.zeros(2)}
    check_mesh_files(*written(unused, encoder, optimizer_states=[{"state": {0: torch.zeros(2)}}]))


def test_that_missing_extra_and_misshaped_tensors_are_named(written):
    bias = "backbone.blocks.3.attn.qkv.bias"
    checkpoint, tokenizer = written({"backbone.cls_token": torch.zeros(1), bias: torch.zeros(2), "smpl_head.decshape.bias": None})
    assert sentence(checkpoint, tokenizer) == (
        "tokenhmr.ckpt is of another version of the TokenHMR network: it lacks smpl_head.decshape.bias; it also holds backbone.cls_token; "
        "it has in another shape backbone.blocks.3.attn.qkv.bias (2,) instead of (3840,)."
    )


def test_that_a_long_list_of_tensors_is_cut(written):
    checkpoint, tokenizer = written(net={f"decoder.decoder.{number}.weight": None for number in (0, 3, 6, 9, 12)})
    assert sentence(checkpoint, tokenizer) == (
        "tokenizer.pth is of another version of the tokenizer of TokenHMR: it lacks decoder.decoder.0.weight, decoder.decoder.3.weight, "
        "decoder.decoder.6.weight and 2 more."
    )


def test_that_loading_is_as_strict_as_checking(written):
    with pytest.raises(CheckpointError, match=r"lacks quantizer.codebook|does not hold the tokenizer"):
        load_mesh_network(*written(net={"quantizer.codebook": None}))
    with pytest.raises(CheckpointError, match=r"it also holds decoder.extra\.$"):
        load_mesh_network(*written(net={"decoder.extra": torch.zeros(1)}))


def test_that_swapped_files_are_named_as_such(written):
    checkpoint, tokenizer = written()
    assert sentence(tokenizer, checkpoint) == (
        "tokenizer.pth holds the tokenizer of TokenHMR, not the TokenHMR network: the two files are in each other's place."
    )
    with pytest.raises(CheckpointError, match=r"^tokenhmr.ckpt holds the TokenHMR network, not the tokenizer of TokenHMR: "):
        load_mesh_network(tokenizer, checkpoint)


def test_that_another_network_is_named_as_such(written, tmp_path):
    checkpoint, tokenizer = written()
    torch.save({"state_dict": {"head.weight": torch.zeros(1)}}, tmp_path / "other.pth")
    assert sentence(tmp_path / "other.pth", tokenizer).startswith("other.pth does not hold the TokenHMR network,")
    assert sentence(checkpoint, tmp_path / "other.pth").startswith("other.pth does not hold the tokenizer of TokenHMR,")


@pytest.mark.parametrize("which", [0, 1])
def test_that_missing_and_truncated_files_are_named_as_such(written, which):
    files = written()
    name, content = files[which].name, files[which].read_bytes()
    files[which].write_bytes(content[: len(content) // 2])
    assert sentence(*files).startswith(f"{name} is cut short or damaged (")
    files[which].unlink()
    for load in (check_mesh_files, load_mesh_network):
        with pytest.raises(CheckpointError, match=f"^{name} is missing: there is no such file in "):
            load(*files)


@pytest.mark.parametrize("which", [0, 1])
def test_that_a_command_hidden_in_either_file_is_not_run(written, tmp_path, which):
    trace, files = tmp_path / "trace", written()
    content = torch.load(files[which], weights_only=True)
    torch.save({**content, "hyper_parameters": Calls(os.system, f"touch {trace}")}, files[which])
    for load in (check_mesh_files, load_mesh_network):
        with pytest.raises(CheckpointError, match=f"^{files[which].name} was not opened, because it names posix.system"):
            load(*files)
    assert not trace.exists()
    # The same file does run its command when opened carelessly, so this test can fail.
    torch.load(files[which], weights_only=False)
    assert trace.exists()
