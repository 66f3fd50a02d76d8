"""torchvision's own interface on the two operators of ours, where its library does not load."""

import sys
from importlib.util import find_spec

import pytest
import torch

from core.extraction.reference.torchvision_ops import import_torchvision

if not find_spec("torchvision"):
    pytest.skip("torchvision is not installed (extra reference)", allow_module_level=True)

OURS = import_torchvision()


def test_that_our_operators_stand_in_beside_a_cpu_torch_only() -> None:
    assert "torchvision" in sys.modules
    assert not (OURS and torch.version.cuda)
    assert import_torchvision() == OURS  # asking again changes nothing


def test_that_batched_suppression_keeps_classes_apart() -> None:
    from torchvision.ops import batched_nms

    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 9.5]])
    kept = batched_nms(boxes, torch.tensor([0.9, 0.8, 0.7]), torch.tensor([0, 1, 0]), 0.5)
    assert kept.tolist() == [0, 1]


@pytest.mark.parametrize("sampling_ratio", [0, 2])
@pytest.mark.parametrize("aligned", [True, False])
def test_that_pooled_regions_equal_those_of_torchvisions_own_python_code(sampling_ratio: int, aligned: bool) -> None:
    from torchvision.ops import roi_align

    reference = sys.modules["torchvision.ops.roi_align"]._roi_align.__wrapped__  # type: ignore[attr-defined]
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 5, 30, 40, generator=generator)
    corners = torch.rand(20, 2, 2, generator=generator) * torch.tensor([620.0, 460.0]) + 8
    picture = torch.randint(0, 2, (20, 1), generator=generator).float()
    regions = torch.cat([picture, corners.amin(dim=1), corners.amax(dim=1)], dim=1)
    ours = roi_align(features, regions, (7, 6), 1 / 16, sampling_ratio, aligned)
    torch.testing.assert_close(ours, reference(features, regions, 1 / 16, 7, 6, sampling_ratio, aligned), rtol=0, atol=2e-5)
