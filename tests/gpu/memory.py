"""A device with too little memory for the batch: the step is done in halves, and said. On CUDA the limit is real."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ml.engine import Engine
from ml.model import loss_of, network_of
from ml.place import pick
from ml.pool import Pool
from ml.samples import samples
from ml.snapshot import Snapshot
from tests.bench.rows import Row
from tests.gpu.steps import config_of

BATCH = 64


def too_little(snapshot: Snapshot, device: str, width: float) -> list[Row]:
    """So much memory that half of the batch does not fit either, and an eighth does."""
    config = replace(config_of("resnet50", width, f"device={device}", "precision=fp32"), batch=BATCH)
    least, most = (_memory(snapshot, replace(config, batch=number)) for number in (BATCH // 8, BATCH))
    said: list[str] = []
    engine = _engine(snapshot, config, said.append)
    if device == "cpu":
        engine.loss = _limited(engine.loss)
    else:
        torch.cuda.empty_cache()
        allowed = least + 0.25 * (most - least)
        torch.cuda.set_per_process_memory_fraction(allowed / torch.cuda.get_device_properties(0).total_memory)
    loss = _step(snapshot, engine)
    told = any("too small" in line and f"going on with {engine.part} at a time" in line for line in said)
    where = "provoked" if device != "cpu" else "pretended, as a CPU has no limit of its own"
    note = f"{where}; loss {loss:.4f}; said: {said[-1] if said else 'nothing'}"
    good = told and math.isfinite(loss)
    return [
        Row("out of memory: samples at once after halving", engine.part if good else math.nan, "", BATCH / 2, note=note)
    ]


def _memory(snapshot: Snapshot, config: object) -> float:
    """Bytes a step with this batch takes at most; 0 on a CPU."""
    if not torch.cuda.is_available() or config.device == "cpu":  # type: ignore[attr-defined]
        return 0.0
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    _step(snapshot, _engine(snapshot, config, print))
    return float(torch.cuda.max_memory_reserved())


def _engine(snapshot: Snapshot, config: object, say: Callable[[str], None]) -> Engine:
    return Engine(config, network_of(config)[0], loss_of(config), pick(config), say)  # type: ignore[arg-type]


def _step(snapshot: Snapshot, engine: Engine) -> float:
    scans = range(len(snapshot.manifest.scans))
    learnt = samples(snapshot, scans, engine.config)
    source = Pool(snapshot, Path()).source(engine.config, scans, engine.place.device)
    return float(engine.step(source, learnt, np.arange(engine.config.batch) % len(learnt), 0, 0))


def _limited(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def small(logits: Tensor, truth: Tensor) -> Tensor:
        if len(logits) > BATCH // 8:
            raise torch.OutOfMemoryError("out of memory")
        return loss(logits, truth)

    return small
