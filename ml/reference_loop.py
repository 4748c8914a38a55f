"""The loop everybody would write first: what ours must not be slower than. For measuring alone.

A Dataset that makes each sample on the CPU from the same prepared pictures (picture as float, mask drawn, flipped), a
DataLoader with as many workers as there are cores, the network as it comes, its optimiser as it comes, float32; with
bf16, the same under autocast.
"""

from __future__ import annotations

import os
import time

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ml.batches import Source
from ml.config import Config
from ml.engine import Loss
from ml.samples import Samples


class OneByOne(Dataset[tuple[Tensor, Tensor]]):
    """Samples made one at a time, with the augmentation of the settings, as workers make them."""

    def __init__(self, source: Source, samples: Samples) -> None:
        self.source, self.samples = source, samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, at: int) -> tuple[Tensor, Tensor]:
        drawn = torch.Generator().manual_seed(int(torch.randint(2**31, ()).item()))
        one = self.source.batch(self.samples, np.array([at]), drawn)
        return one.inputs[0], one.truth[0]


def samples_per_second(
    network: torch.nn.Module,
    loss: Loss,
    source: Source,
    samples: Samples,
    config: Config,
    device: torch.device,
    steps: int,
    bf16: bool = False,
) -> float:
    """Learnt from in a second, after three steps to warm up; source: on the CPU."""
    network = network.to(device).train()
    make = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}[config.optimiser]
    optimiser = make(network.parameters(), lr=config.lr)
    loader = DataLoader(
        OneByOne(source, samples),
        config.batch,
        shuffle=True,
        num_workers=os.cpu_count() or 1,
        drop_last=True,
        pin_memory=device.type == "cuda",
        persistent_workers=True,
    )
    done, begun = 0, 0.0
    while done < steps + 3:
        for inputs, truth in loader:
            if done == 3:
                begun = time.perf_counter()
            optimiser.zero_grad()
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                logits = network(inputs.to(device))
            one = loss(logits.float(), truth.to(device))
            one.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            one.item()  # as a loop that shows its loss does
            done += 1
            if done == steps + 3:
                break
    return steps * config.batch / (time.perf_counter() - begun)
