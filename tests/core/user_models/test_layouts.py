"""The lists of arrays agree with the networks they were taken from."""

import ast
from pathlib import Path

from core.user_models.layouts import faster_rcnn, tokenhmr, tokenizer


def test_that_tokenhmr_and_its_tokenizer_agree_with_the_recorded_list(shared: Path) -> None:
    network: dict[str, tuple[int, ...]] = {}
    beside: dict[str, tuple[int, ...]] = {}
    for line in (shared / "oracle" / "tokenhmr" / "tokenhmr_state_dict_keys.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        name, shape, *_ = line.split("\t")
        into, name = (beside, name.removeprefix("tokenizer.pth[net].")) if name.startswith("tokenizer.pth") else (network, name)
        into[name] = ast.literal_eval(shape)
    assert tokenhmr() == {name: shape for name, shape in network.items() if name.startswith(("backbone.", "smpl_head."))}
    assert tokenizer() == {name: shape for name, shape in beside.items() if not name.startswith("encoder.")}


def test_that_the_detector_has_the_size_of_a_resnext_101_with_groups_of_eight() -> None:
    shapes = faster_rcnn()
    assert len(shapes) == 550
    assert shapes["backbone.bottom_up.res4.22.conv2.weight"] == (1024, 32, 3, 3)
    assert shapes["backbone.bottom_up.res5.0.shortcut.weight"] == (2048, 1024, 1, 1)
