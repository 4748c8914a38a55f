"""Losses against their formulas in double precision, at the ends of the range too."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch import Tensor
from torch.nn import functional

from ml.config import make
from ml.losses import focal, soft_dice
from ml.model import loss_of


def logit(p: float) -> Tensor:
    return torch.tensor([math.log(p / (1 - p))], dtype=torch.float64)


@pytest.mark.parametrize(("y", "p", "loss"), [(1.0, 0.8, 0.0446287), (0.0, 0.3, 0.1070025)])
def test_focal_loss_is_the_printed_formula(y: float, p: float, loss: float) -> None:
    truth = torch.tensor([y], dtype=torch.float64)
    assert float(focal(logit(p), truth, gamma=1.0)) == pytest.approx(loss, abs=5e-8)
    assert float(focal(logit(p).float(), truth.float())) == pytest.approx(loss, abs=2e-7)


@given(some.floats(0.001, 0.999), some.sampled_from([0.0, 1.0]), some.floats(0, 5))
def test_focal_loss_is_its_formula(p: float, y: float, gamma: float) -> None:
    expected = -y * (1 - p) ** gamma * math.log(p) - (1 - y) * p**gamma * math.log(1 - p)
    found = focal(logit(p), torch.tensor([y], dtype=torch.float64), gamma)
    assert float(found) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_without_gamma_it_is_cross_entropy_and_the_mean_is_over_everything() -> None:
    made = torch.Generator().manual_seed(0)
    x, y = torch.randn(5, 6, generator=made), (torch.rand(5, 6, generator=made) > 0.5).float()
    assert torch.allclose(focal(x, y, 0.0), torch.nn.functional.binary_cross_entropy_with_logits(x, y))
    assert torch.allclose(focal(x, y), torch.stack([focal(*each) for each in zip(x, y, strict=True)]).mean())


def test_losses_have_the_gradients_of_finite_differences() -> None:
    made = torch.Generator().manual_seed(0)
    x = torch.randn(2, 2, 3, 4, generator=made, dtype=torch.float64).requires_grad_()
    y = (torch.rand(2, 2, 3, 4, generator=made) > 0.5).double()
    for loss in (focal, soft_dice):
        assert torch.autograd.gradcheck(lambda logits, of=loss: of(logits, y), (x,))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_loss_holds_out_at_the_ends(kind: torch.dtype, gamma: float) -> None:
    for x, y, loss, slope in (
        (-1e4, 1.0, 1e4, -1.0), (1e4, 0.0, 1e4, 1.0), (1e4, 1.0, 0.0, 0.0), (-1e4, 0.0, 0.0, 0.0),
        (-50.0, 1.0, 50.0, -1.0), (50.0, 1.0, 0.0, 0.0),
    ):  # fmt: skip
        logits = torch.tensor([x], dtype=kind, requires_grad=True)
        found = focal(logits, torch.tensor([y]), gamma)
        found.backward()
        assert logits.grad is not None
        assert float(found.detach()) == pytest.approx(loss, rel=2e-3, abs=1e-9)
        assert float(logits.grad) == pytest.approx(slope, rel=1e-3, abs=1e-9)


def test_soft_dice_of_sure_answers_is_one_less_dice() -> None:
    one, other = torch.zeros(3, 1, 2, 2), torch.zeros(3, 1, 2, 2)
    one[0, 0, 0], other[0, 0, :, 0] = 1, 1  # two pixels each, one shared: a coefficient of 0.5
    one[1] = other[1] = 1  # the same: 1
    one[2] = 1  # everything against nothing: 0
    assert float(soft_dice(200 * one - 100, other, smooth=0.0)) == pytest.approx(1 - (0.5 + 1 + 0) / 3)


def test_soft_dice_of_nothing_found_where_nothing_is() -> None:
    nothing, sure_of_nothing = torch.zeros(2, 1, 8, 8), torch.full((2, 1, 8, 8), -100.0)
    assert float(soft_dice(sure_of_nothing, nothing)) == pytest.approx(0, abs=1e-6)
    assert float(soft_dice(-sure_of_nothing, nothing)) == pytest.approx(1 - 1 / 65)


def test_dice_with_cross_entropy_is_their_sum_and_has_a_slope_where_nothing_is_found() -> None:
    both = loss_of(make("small-c-metastases", ["loss=dice-bce"]))
    logits, target = torch.randn(3, 1, 8, 8), (torch.rand(3, 1, 8, 8) > 0.7).float()
    plain = functional.binary_cross_entropy_with_logits(logits, target)
    assert float(both(logits, target)) == pytest.approx(float(soft_dice(logits, target) + plain), rel=1e-5)
    slopes = []
    for loss in (soft_dice, both):
        silent = torch.full((1, 1, 8, 8), -30.0, requires_grad=True)
        loss(silent, target[:1]).backward()
        assert silent.grad is not None
        slopes.append(float(silent.grad.abs().sum()))
    assert slopes[0] < 1e-9 < 0.1 < slopes[1]


def test_what_does_not_belong_together_is_refused() -> None:
    for loss in (focal, soft_dice):
        with pytest.raises(ValueError, match="different shapes"):  # else (4, 4) losses of pairs that never were
            loss(torch.zeros(4, 1), torch.zeros(4))
