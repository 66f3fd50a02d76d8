"""Losses: the known answers of science.md 10."""

import pytest
import torch

from core.training.losses import hard_negative_loss, mean_step, proxy_loss, step_ranking_loss, tcl_loss

E1, E2 = torch.eye(2)


def test_that_tcl_has_its_known_answers() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    assert float(tcl_loss(torch.stack([E1, E1, E2, E2]), labels)) == pytest.approx(0.0802882, abs=1e-6)
    assert float(tcl_loss(torch.stack([E1] * 4), labels)) == pytest.approx(1.1260681, abs=1e-6)


def test_that_an_anchor_without_a_positive_is_left_out() -> None:
    z = torch.nn.functional.normalize(torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    loss = tcl_loss(z, torch.tensor([0, 0, 1]))
    each = []
    for anchor, positive in ((0, 1), (1, 0)):
        s, n = z[anchor] @ z[positive], z[anchor] @ z[2]
        each.append(-(s / 0.1) + torch.log(torch.exp(s / 0.1) + 5000 * torch.exp(-s) + torch.exp(n / 0.1)))
    assert float(loss) == pytest.approx(float(sum(each) / 2), abs=1e-5)
    assert float(tcl_loss(z, torch.tensor([0, 1, 2]))) == 0


def test_that_the_hard_loss_has_its_known_answers() -> None:
    z = torch.tensor([[1.0, 0.0]])
    assert float(hard_negative_loss(z, torch.tensor([[0.9, 0.19**0.5]]))) == pytest.approx(0.2148299, abs=1e-6)
    assert float(hard_negative_loss(z, z)) == pytest.approx(0.6931472, abs=1e-6)


def test_that_the_hard_loss_counts_each_window_by_its_weight() -> None:
    z = torch.stack([E1, E1])
    distorted = torch.stack([E1, E2])
    loss = hard_negative_loss(z, distorted, torch.tensor([0.5, 0.0]))
    assert float(loss) == pytest.approx(0.6931472 * 0.5 / 2, abs=1e-6)


def test_that_the_mean_step_is_the_temporal_coherence_of_each_window() -> None:
    z = torch.stack([torch.stack([E1, E2, -E1]), torch.stack([E1, E1, E1])])
    assert mean_step(z).tolist() == pytest.approx([2**0.5, 0.0], abs=2e-4)


def test_that_ranking_asks_for_steps_that_grow_with_the_severity() -> None:
    clean = torch.tensor([0.3])
    # softplus((0.3 - 0.4 + 0.2 * 0.5) / 0.05) = softplus(0)
    assert float(step_ranking_loss(clean, torch.tensor([0.4]), torch.tensor([0.5]))) == pytest.approx(0.6931472, abs=1e-6)
    assert float(step_ranking_loss(clean, torch.tensor([0.4]), torch.tensor([1.0]))) == pytest.approx(2.1269280, abs=1e-5)


def test_that_the_proxy_loss_is_smoothed_cross_entropy_of_cosines() -> None:
    # Logits 10 and 0; targets 0.95 and 0.05.
    loss = proxy_loss(E1[None], torch.stack([2 * E1, 3 * E2]), torch.tensor([0]))
    assert float(loss) == pytest.approx(0.05 * 10 + 4.5398e-5, abs=1e-5)
