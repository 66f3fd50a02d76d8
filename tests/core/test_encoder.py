"""The network and the reading of checkpoints."""

import pickle
from pathlib import Path

import pytest
import torch

from core.encoder import Encoder, load_checkpoint
from core.manifold import EncoderConfig, ManifoldError

TAG = (("vit", 1024, 1024), ("global", 9, 3), ("pose", 207, 69), ("beta", 10, 10), ("kp2d", 120, 120))
SMALL = EncoderConfig((("appearance", 6, 6), ("global", 9, 3)), d_model=16, layers=1)


def parameters(config: EncoderConfig) -> int:
    return sum(value.numel() for value in Encoder(config).parameters())


def test_that_the_released_size_has_the_released_number_of_parameters() -> None:
    assert parameters(EncoderConfig(TAG)) == 30_977_546


def test_that_the_papers_variant_has_the_papers_number_of_parameters() -> None:
    assert parameters(EncoderConfig(TAG, dilations=(1, 2, 4))) == 24_418_826


def test_that_the_bundled_size_has_two_million_parameters() -> None:
    assert parameters(EncoderConfig(TAG, d_model=64)) == 2_067_338


def test_that_outputs_are_unit_vectors_and_attention_sums_to_one() -> None:
    encoder = Encoder(SMALL).eval()
    with torch.inference_mode():
        z_cls, z, alpha = encoder(torch.randn(3, 32, SMALL.columns))
    assert (z_cls.shape, z.shape, alpha.shape) == ((3, 16), (3, 32, 16), (3, 32, 2))
    torch.testing.assert_close(z_cls.norm(dim=-1), torch.ones(3))
    torch.testing.assert_close(z.norm(dim=-1), torch.ones(3, 32))
    torch.testing.assert_close(alpha.sum(-1), torch.ones(3, 32))


def test_that_a_wrong_number_of_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="reads 27 columns"):
        Encoder(EncoderConfig((("global", 9, 3), ("beta", 10, 5)), d_model=16))(torch.zeros(1, 32, 26))


@pytest.mark.parametrize("key", [None, "state_dict", "model_state_dict"])
def test_that_a_checkpoint_comes_back_bare_or_wrapped(tmp_path: Path, key: str | None) -> None:
    encoder = Encoder(EncoderConfig(SMALL.sources, d_model=16, layers=2, heads=4, dilations=(1, 2, 4))).eval()
    weights = encoder.state_dict()
    path = tmp_path / "model.pt"
    torch.save({key: weights, "d_model": 16, "time_heads": 4} if key else weights, path)
    found, config = load_checkpoint(path)
    assert config.sources == SMALL.sources
    assert (config.d_model, config.layers, config.dilations) == (16, 2, (1, 2, 4))
    assert config.heads == (4 if key else 8)
    for name, value in found.state_dict().items():
        torch.testing.assert_close(value, weights[name])


def spoilt(tmp_path: Path, how: str) -> Path:
    weights = dict(Encoder(SMALL).state_dict())
    if how == "missing":
        del weights["fusion.Wq.weight"]
    elif how == "extra":
        weights["head.weight"] = torch.zeros(2)
    elif how == "nan":
        weights["fusion.Wq.weight"][0, 0] = torch.nan
    elif how == "width":
        weights["cls"] = torch.zeros(1, 1, 7)
    elif how == "flat":
        weights["state_enc.pose.stem.weight"] = torch.zeros(3)
    elif how == "numbering":
        weights["state_enc.pose.blocks.first.conv1.weight"] = torch.zeros(3)
    else:
        weights["fusion.logit_bias"] = torch.zeros(7)
    path = tmp_path / "model.pt"
    torch.save(weights, path)
    return path


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("missing", r"fusion\.Wq\.weight is missing"),
        ("extra", r"head\.weight is not part of the network"),
        ("shape", r"fusion\.logit_bias has the shape \(7,\) instead of \(2,\)"),
        ("nan", r"model\.pt is damaged: fusion\.Wq\.weight holds NaN"),
        ("width", r"model\.pt is not of this network: "),
        ("flat", r"model\.pt is not of this network: "),
        ("numbering", r"model\.pt is not of this network: "),
    ],
)
def test_that_a_checkpoint_that_does_not_fit_is_refused_by_name(tmp_path: Path, how: str, sentence: str) -> None:
    with pytest.raises(ManifoldError, match=sentence):
        load_checkpoint(spoilt(tmp_path, how))


def test_that_a_pickle_of_objects_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {"cls": Path("x")}}, tmp_path / "model.pt")
    with pytest.raises(ManifoldError, match="not a checkpoint of plain tensors"):
        load_checkpoint(tmp_path / "model.pt")
    # One that was not even written by torch.
    (tmp_path / "model.pt").write_bytes(pickle.dumps({"cls": 1}))
    with pytest.raises(ManifoldError, match="not a checkpoint of plain tensors"):
        load_checkpoint(tmp_path / "model.pt")
