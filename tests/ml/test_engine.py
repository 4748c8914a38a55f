"""The step: the same however the work is divided, stopped by a loss that is no number, at home in little memory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.checkpoint import load
from ml.engine import Engine, TrainingError, order, seeded
from ml.place import Place
from ml.pool import Pool
from ml.samples import Samples, samples
from ml.snapshot import Snapshot
from tests.ml.learnable import config, make

CPU = Place(torch.device("cpu"), False, False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make(tmp_path_factory.mktemp("engine") / "data")


class Plain(nn.Module):
    """No batch norm: what a step does must not depend on how it is divided."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(2, 4, 3)
        self.last = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(functional.relu(self.first(x)).mean((2, 3)))


Loss = Callable[[Tensor, Tensor], Tensor]


def stepped(data: Snapshot, loss: Loss, steps: int = 3, *changes: str) -> tuple[Engine, list[str], list[float]]:
    asked = config("optimiser=sgd", "lr=0.1", *changes)
    said: list[str] = []
    engine = Engine(asked, Plain(), loss, CPU, said.append)
    learnt: Samples = samples(data, range(20), asked)
    source = Pool(data, data.folder).source(asked, range(20), CPU.device)
    plan = order(len(learnt), engine.samples_a_step, 0, 0)
    losses = [float(engine.step(source, learnt, plan[number], 0, number)) for number in range(steps)]
    return engine, said, losses


def bce(logits: Tensor, truth: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, truth)


def weights(engine: Engine) -> Tensor:
    return torch.cat([value.detach().flatten() for value in engine.network.parameters()])


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("MPS: out of memory")])
def test_too_little_memory_halves_and_adds_up(data: Snapshot, error: Exception) -> None:
    def small_device(logits: Tensor, truth: Tensor) -> Tensor:
        if len(logits) > 1:
            raise error
        return bce(logits, truth)

    whole, said, losses = stepped(data, bce)
    assert not said
    halved, told, same = stepped(data, small_device)
    assert halved.part == 1 and len(told) == 2 and "going on with 2 at a time" in told[0]
    assert np.allclose(losses, same, atol=1e-6)
    assert (weights(whole) - weights(halved)).abs().max() < 1e-5


def test_no_memory_at_all_is_told(data: Snapshot) -> None:
    def none(logits: Tensor, truth: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(TrainingError, match="Not even one sample fits"):
        stepped(data, none)


def test_an_error_of_ours_is_not_taken_for_little_memory(data: Snapshot) -> None:
    def wrong(logits: Tensor, truth: Tensor) -> Tensor:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        stepped(data, wrong)


def test_a_loss_that_is_no_number_stops_and_says_where(data: Snapshot) -> None:
    calls = []

    def breaks(logits: Tensor, truth: Tensor) -> Tensor:
        calls.append(1)
        return bce(logits, truth) * (float("nan") if len(calls) == 3 else 1.0)

    with pytest.raises(TrainingError, match=r"epoch 1, step 3; the gradients of 4 parameters .* first first\.weight"):
        stepped(data, breaks)


def test_accumulated_batches_are_one_large_batch(data: Snapshot) -> None:
    large = stepped(data, bce, 3, "batch=8", "flip=none")[0]
    added = stepped(data, bce, 3, "batch=2", "accumulate=4", "flip=none")[0]
    assert (weights(large) - weights(added)).abs().max() < 1e-5
    assert (weights(large) - weights(stepped(data, bce, 2, "batch=8", "flip=none")[0])).abs().max() > 1e-4


def test_every_sample_once_an_epoch_and_small_sets_more_than_once() -> None:
    plan = order(23, 4, seed=1, epoch=2)
    assert [len(step) for step in plan] == [4] * 5 and len({*np.concatenate(plan).tolist()}) == 20
    assert not np.array_equal(plan[0], order(23, 4, seed=1, epoch=3)[0])
    assert np.array_equal(plan, order(23, 4, seed=1, epoch=2))
    (only,) = order(3, 8, seed=0, epoch=0)
    assert sorted(np.bincount(only)) == [2, 3, 3]
    assert len({seeded(0, 1, 2, 3), seeded(0, 1, 3, 2), seeded(1, 0, 2, 3), seeded(0, 1, 2)}) == 4


def test_two_processes_are_one_that_accumulates_twice(data: Snapshot, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}

    def start(out: str, accumulate: int, **more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.ml.ddp_steps", str(data.folder), str(tmp_path / out), str(accumulate)]
        return subprocess.Popen(command, env={**shared, **more}, stderr=subprocess.PIPE, text=True)

    alone = start("alone", 2)
    both = [start("both", 1, RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank)) for rank in range(2)]
    try:
        for process in (alone, *both):
            _, told = process.communicate(timeout=300)
            assert process.returncode == 0, told
    finally:
        for process in (alone, *both):
            process.kill()
            process.communicate()
    one, two = load(tmp_path / "alone"), load(tmp_path / "both")
    assert (one.told["world"], two.told["world"]) == (1, 2)
    learnt = [name for name in one.tensors if "running" not in name and "num_batches" not in name]
    assert len(learnt) > 100
    assert max(float((one.tensors[name] - two.tensors[name]).abs().max()) for name in learnt) < 1e-5


def test_a_network_that_cannot_be_compiled_goes_on_without(data: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_compiler(network: nn.Module) -> Callable[[Tensor], Tensor]:
        def fails(x: Tensor) -> Tensor:
            raise FileNotFoundError("no compiler")

        return fails

    monkeypatch.setattr(torch, "compile", no_compiler)
    asked, said = config("optimiser=sgd"), list[str]()
    engine = Engine(asked, Plain(), bce, Place(torch.device("cpu"), False, compiled=True), said.append)
    learnt = samples(data, range(20), asked)
    source = Pool(data, data.folder).source(asked, range(20), CPU.device)
    assert torch.isfinite(engine.step(source, learnt, np.arange(4), 0, 0))
    assert said == ["not compiled (FileNotFoundError); going on without"]
