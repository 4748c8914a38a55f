"""The step of every training: forward, backward, optimiser; on one process or many, in as much memory as there is.

All that is random in a step is drawn from seeds made of (seed, epoch, step, micro-batch): a run that is stopped and
resumed anywhere draws the same, and so do processes that share the work.
"""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ml.batches import Batch, Positions, Source
from ml.config import Config
from ml.place import Place
from ml.samples import Samples

Loss = Callable[[Tensor, Tensor], Tensor]
AUXILIARY = 0.4
"""The weight of Inception's auxiliary head, as its authors have it."""


class TrainingError(RuntimeError):
    """A training cannot go on; the message says where it stopped and what to try."""


def seeded(*parts: int) -> int:
    """A seed from numbers, the same everywhere."""
    return int(np.random.SeedSequence([part % 2**32 for part in parts]).generate_state(1, np.uint64)[0] >> 1)


class Engine:
    """A network on its device with its optimiser. say: told, in words, what the user should know."""

    def __init__(
        self, config: Config, network: nn.Module, loss: Loss, place: Place, say: Callable[[str], None]
    ) -> None:
        self.config, self.loss, self.place, self.say = config, loss, place, say
        flat = place.device.type == "cpu"
        self.layout = torch.channels_last
        self.network = network.to(place.device).to(memory_format=self.layout)  # type: ignore[call-overload]
        self.optimiser = _optimiser(config, self.network, fused=place.device.type == "cuda" or flat)
        forward: nn.Module = self.network
        if place.world > 1:
            ids = [place.device.index] if place.device.type == "cuda" else None
            forward = DistributedDataParallel(forward, device_ids=ids, **_own_buffers())
        self.wrapped = forward
        self.forward: Callable[[Tensor], Tensor] = torch.compile(forward) if place.compiled else forward
        self._proven = not place.compiled
        self.part = config.batch
        self._before: tuple[Tensor, int, int] | None = None

    @property
    def samples_a_step(self) -> int:
        return self.config.batch * self.config.accumulate * self.place.world

    def set_rate(self, epoch: int) -> float:
        """The learning rate of an epoch, from 0."""
        rate = self.config.lr
        if self.config.schedule == "cosine":
            rate *= 0.5 * (1 + math.cos(math.pi * epoch / self.config.epochs))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        return rate

    def step(self, source: Source, samples: Samples, at: Positions, epoch: int, number: int) -> Tensor:
        """Learn from the samples at these positions, of which each process takes its share; gives their mean loss.

        The mean over all samples of the step is what is minimised, however it is divided. Raises TrainingError.
        """
        while True:
            try:
                total = self._step(source, samples, at, epoch, number)
            except Exception as error:
                if _out_of_memory(error):
                    self._with_half(error)
                elif not self._proven and not isinstance(error, TrainingError):
                    self._uncompiled(error)
                else:
                    raise
            else:
                self._proven = True
                return total

    def _step(self, source: Source, samples: Samples, at: Positions, epoch: int, number: int) -> Tensor:
        self.network.train()
        self.optimiser.zero_grad(set_to_none=True)
        batch, micros = self.config.batch, self.config.accumulate
        total = torch.zeros((), device=self.place.device)
        for own in range(micros):
            micro = self.place.rank * micros + own
            seed = seeded(self.config.seed, epoch, number, micro)
            drawn = torch.Generator().manual_seed(seed)
            torch.manual_seed(seed)  # of dropout
            whole = source.batch(samples, at[micro * batch : (micro + 1) * batch], drawn)
            for start in range(0, batch, self.part):
                piece = whole.part(start, start + self.part)
                last = own == micros - 1 and start + self.part >= batch
                with self._shared_at(last):
                    loss = self._loss(piece) * (len(piece.inputs) / (batch * micros))
                    loss.backward()  # type: ignore[no-untyped-call]
                total += loss.detach()
        self._hold_to_numbers(total, epoch, number)
        self.optimiser.step()
        return total

    def _loss(self, piece: Batch) -> Tensor:
        with torch.autocast(self.place.device.type, torch.bfloat16, enabled=self.place.bf16):
            outputs = self.forward(piece.inputs.contiguous(memory_format=self.layout))
        if isinstance(outputs, tuple):
            main, beside = outputs
            return self.loss(main.float(), piece.truth) + AUXILIARY * self.loss(beside.float(), piece.truth)
        return self.loss(outputs.float(), piece.truth)

    def _shared_at(self, last: bool) -> contextlib.AbstractContextManager[None]:
        """Gradients are averaged over the processes once a step, at its last backward."""
        if isinstance(self.wrapped, DistributedDataParallel) and not last:
            return self.wrapped.no_sync()
        return contextlib.nullcontext()

    def _hold_to_numbers(self, loss: Tensor, epoch: int, number: int) -> None:
        """Stop at a loss that is no number. On a GPU the one before is looked at, so that nothing waits."""
        held, self._before = self._before, (loss, epoch, number)
        if self.place.device.type == "cpu":
            held = self._before
        if held is not None and not math.isfinite(float(held[0])):
            self._stop(*held)

    def settle(self) -> None:
        """Look at the last step's loss too; before anything is kept."""
        if self._before is not None and not math.isfinite(float(self._before[0])):
            self._stop(*self._before)
        self._before = None

    def _stop(self, loss: Tensor, epoch: int, number: int) -> None:
        named = list(self.network.named_parameters())
        wrong = [name for name, value in named if not bool(torch.isfinite(value).all())]
        steep = [n for n, value in named if value.grad is not None and not bool(torch.isfinite(value.grad).all())]
        told = f"The loss is {float(loss)} at epoch {epoch + 1}, step {number + 1}"
        if wrong:
            told += f"; {len(wrong)} of {len(named)} parameters are no numbers any more, first {wrong[0]}"
        if steep:
            told += f"; the gradients of {len(steep)} parameters are no numbers, first {steep[0]}"
        raise TrainingError(f"{told}. Nothing of this step was kept. Try a smaller lr, or precision=fp32.")

    def _uncompiled(self, error: Exception) -> None:
        """The first step of a compiled network failed: most often there is no compiler. Go on as without."""
        self.forward, self._proven = self.wrapped, True
        self.say(f"not compiled ({type(error).__name__}); going on without")

    def _with_half(self, error: Exception) -> None:
        if self.part == 1:
            raise TrainingError(
                "Not even one sample fits into the device's memory. Use a smaller width, fewer "
                "rows or columns, or device=cpu."
            ) from error
        if self.place.world > 1:
            raise TrainingError(
                f"A process ran out of memory with batches of {self.config.batch}. Set batch={self.config.batch // 2} "
                f"accumulate={self.config.accumulate * 2} for all."
            ) from error
        self.part = (self.part + 1) // 2
        self.optimiser.zero_grad(set_to_none=True)
        if self.place.device.type == "cuda":
            torch.cuda.empty_cache()
        self.say(
            f"The device's memory is too small for {self.config.batch} samples at once: going on with {self.part} at a "
            "time, the gradients added up; batch norm then sees fewer."
        )

    @torch.no_grad()
    def logits(self, inputs: Tensor) -> Tensor:
        """What the network gives for inputs on the device, without learning: float32."""
        self.network.eval()
        with torch.autocast(self.place.device.type, torch.bfloat16, enabled=self.place.bf16):
            given: Tensor = self.network(inputs.contiguous(memory_format=self.layout))
        return given.float()

    def outputs(self, source: Source, samples: Samples, batch: int = 0) -> Iterator[tuple[Positions, Tensor, Tensor]]:
        """(positions, logits, truth) of all samples, as they are, batch by batch."""
        batch = batch or self.part
        for start in range(0, len(samples), batch):
            at = np.arange(start, min(start + batch, len(samples)))
            one = source.batch(samples, at)
            yield at, self.logits(one.inputs), one.truth


def _own_buffers() -> dict[str, Any]:
    """Every process keeps its own running statistics, said as this version of torch wants it."""
    known = inspect.signature(DistributedDataParallel.__init__).parameters
    return {"forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers": False}


def order(number: int, of_step: int, seed: int, epoch: int) -> list[Positions]:
    """The positions of each step of an epoch: all samples in a drawn order, those left over after whole steps not.

    Fewer samples than a step has come more than once in it.
    """
    drawn = np.random.default_rng([seed, epoch]).permutation(number)
    if number < of_step:
        return [np.resize(drawn, of_step)]
    return list(drawn[: number // of_step * of_step].reshape(-1, of_step))


def _optimiser(config: Config, network: nn.Module, fused: bool) -> torch.optim.Optimizer:
    parameters = list(network.parameters())
    if config.optimiser != "sgd":
        kind = torch.optim.AdamW if config.optimiser == "adamw" else torch.optim.Adam
        return kind(parameters, config.lr, weight_decay=config.weight_decay, fused=fused)
    return torch.optim.SGD(parameters, config.lr, config.momentum, weight_decay=config.weight_decay, fused=fused)


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, RuntimeError) and (
        isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()
    )
