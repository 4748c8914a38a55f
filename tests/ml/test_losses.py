"""Losses against their formulas in double precision, at the ends of the range too."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch import Tensor

from ml.losses import dice, focal, soft_dice, weighted_bce


def logit(p: float) -> Tensor:
    return torch.tensor([math.log(p / (1 - p))], dtype=torch.float64)


@pytest.mark.parametrize(("y", "p", "loss"), [(1.0, 0.8, 0.0446287), (0.0, 0.3, 0.1070025)])
def test_focal_loss_is_the_printed_formula(y: float, p: float, loss: float) -> None:
    truth = torch.tensor([y], dtype=torch.float64)
    assert float(focal(logit(p), truth, gamma=1.0)) == pytest.approx(loss, abs=5e-8)
    assert float(focal(logit(p).float(), truth.float())) == pytest.approx(loss, abs=2e-7)


@given(some.floats(0.001, 0.999), some.sampled_from([0.0, 1.0]), some.floats(0, 5), some.floats(0.1, 20))
def test_losses_are_their_formulas(p: float, y: float, gamma: float, weight: float) -> None:
    truth = torch.tensor([y], dtype=torch.float64)
    expected = -y * (1 - p) ** gamma * math.log(p) - (1 - y) * p**gamma * math.log(1 - p)
    assert float(focal(logit(p), truth, gamma)) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    expected = -weight * y * math.log(p) - (1 - y) * math.log(1 - p)
    assert float(weighted_bce(logit(p), truth, weight)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_losses_have_the_gradients_of_finite_differences() -> None:
    made = torch.Generator().manual_seed(0)
    x = torch.randn(2, 2, 3, 4, generator=made, dtype=torch.float64).requires_grad_()
    y = (torch.rand(2, 2, 3, 4, generator=made) > 0.5).double()
    for loss in (focal, soft_dice, weighted_bce):
        assert torch.autograd.gradcheck(lambda logits, of=loss: of(logits, y), (x,))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_loss_holds_out_at_the_ends(kind: torch.dtype, gamma: float) -> None:
    x = torch.tensor([-1e4, -50.0, 0.0, 50.0, 1e4], dtype=kind, requires_grad=True)
    for y in (torch.ones(5), torch.zeros(5)):
        each = focal(x, y, gamma, reduction="none")
        (slope,) = torch.autograd.grad(each.sum(), x)
        assert each.isfinite().all() and slope.isfinite().all()
        surely_wrong, surely_right = (0, 4) if y[0] else (4, 0)
        assert float(each[surely_wrong].detach()) == pytest.approx(1e4, rel=2e-3)
        assert abs(float(slope[surely_wrong])) == pytest.approx(1, rel=1e-3)
        assert float(each[surely_right].detach()) == 0


def test_a_positive_weight_can_be_one_per_output() -> None:
    x, y = torch.zeros(3, 2), torch.ones(3, 2)
    each = weighted_bce(x, y, torch.tensor([1.0, 5.0]), reduction="none")
    assert torch.allclose(each, math.log(2) * torch.tensor([[1.0, 5.0]] * 3))


def test_soft_dice_of_sure_answers_is_one_less_dice() -> None:
    made = torch.Generator().manual_seed(0)
    predicted, actual = (torch.rand(5, 1, 16, 16, generator=made) > 0.6 for _ in range(2))
    sure = torch.where(predicted, 100.0, -100.0)
    lost = soft_dice(sure, actual.float(), smooth=0.0, reduction="none")[:, 0]
    assert torch.allclose(1 - lost.double(), dice(predicted, actual), atol=1e-6)


def test_soft_dice_of_nothing_found_where_nothing_is() -> None:
    nothing, sure_of_nothing = torch.zeros(2, 1, 8, 8), torch.full((2, 1, 8, 8), -100.0)
    assert float(soft_dice(sure_of_nothing, nothing)) == pytest.approx(0, abs=1e-6)
    assert float(soft_dice(-sure_of_nothing, nothing)) == pytest.approx(1 - 1 / 65)


def test_dice_of_masks() -> None:
    one = torch.zeros(4, 2, 2, dtype=torch.bool)
    other = one.clone()
    one[0, 0], other[0, :, 0] = True, True  # two pixels each, one shared
    one[1] = other[1] = True  # the same
    one[2] = True  # everything against nothing
    assert dice(one, other).tolist() == [0.5, 1.0, 0.0, 1.0]  # the last is empty against empty
    assert dice(one.int(), other.float()).tolist() == [0.5, 1.0, 0.0, 1.0]


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(ValueError, match="different shapes"):  # else (4, 4) losses of pairs that never were
        focal(torch.zeros(4, 1), torch.zeros(4))
    with pytest.raises(ValueError, match="pairs"):
        dice(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(ValueError, match="mean or not at all"):
        soft_dice(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), reduction="sum")  # type: ignore[arg-type]
