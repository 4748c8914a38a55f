"""Each network learns a few random pictures by heart, is the same after it was saved and loaded, and runs in bf16."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ml.losses import focal, soft_dice
from ml.networks import NETWORKS, build

BATCH = 4
SEGMENT = ("residual-unet", "residual-unet-printed", "unet", "dynunet")


def width(name: str) -> float:
    return 0.25 if name in SEGMENT else 0.125


def pictures(name: str) -> tuple[Tensor, Tensor]:
    """Noise, and answers by number, or, to segment, where the noise is bright: both classes are in every output."""
    known = NETWORKS[name]
    made = torch.Generator().manual_seed(1)
    side = 76 if name == "inception" else 32
    x = torch.randn(BATCH, known.channels, side, side, generator=made)
    if name in SEGMENT:
        return x, (nn.functional.avg_pool2d(x, 5, 1, 2) > 0).float()
    return x, torch.arange(BATCH * known.outputs).reshape(BATCH, -1).remainder(BATCH - 1).lt(2).float()


def learnt(name: str, steps: int, rate: float) -> tuple[nn.Module, list[float]]:
    torch.manual_seed(0)
    network = build(name, width=width(name)).train()
    for part in network.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0  # it is there to hinder learning by heart
    x, y = pictures(name)
    loss = soft_dice if name in SEGMENT else focal
    optimiser = torch.optim.Adam(network.parameters(), rate)
    losses = []
    for _ in range(steps):
        optimiser.zero_grad()
        found = loss(network(x), y)
        found.backward()
        optimiser.step()
        losses.append(float(found.detach()))
    return network, losses


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_learns_a_batch_by_heart_and_survives_a_file(name: str, tmp_path: Path) -> None:
    # Steps are large where only a few pixels pull, small in VGG16, which has no batch norm.
    steps, rate = (30, 0.03) if name in SEGMENT else (32, 6e-4) if name in ("vgg16", "patient") else (10, 3e-3)
    network, losses = learnt(name, steps, rate)
    assert losses[-1] < 0.3 * losses[0]

    save_file(network.state_dict(), tmp_path / "network.safetensors")
    again = build(name, width=width(name))
    again.load_state_dict(load_file(tmp_path / "network.safetensors"))
    x, _ = pictures(name)
    with torch.no_grad():
        before, after = network.eval()(x), again.eval()(x)
        assert torch.equal(before, after) and before.isfinite().all()
        # As on a GPU: other memory, half the precision, nearly the same answer.
        with torch.autocast("cpu", torch.bfloat16):
            half = again.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    assert half.shape == before.shape
    assert float((half.float() - before).abs().mean()) < 0.5 * float(before.abs().mean())
