"""How fast a preset trains here, beside the plain reference loop and beside what the machine can do at all.

`python -m ml throughput PRESET --snapshot DIR`: samples a second of our engine and of ml.reference_loop (float32, and
on a GPU bf16 too), and the share of the machine's matrix rate, measured beside, that ours makes of it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from ml.batches import Source
from ml.config import Config
from ml.engine import Engine, order
from ml.model import loss_of, network_of
from ml.place import Place, pick
from ml.pool import Pool
from ml.reference_loop import samples_per_second
from ml.samples import divided, samples, scans_of
from ml.snapshot import Snapshot


def throughput(snapshot: Snapshot, config: Config, steps: int = 30) -> dict[str, Any]:
    """{device, batch, ours, reference, reference_bf16, times, gigaflops_a_sample, matrix_teraflops, share, load}.

    ours, reference: samples a second; times: ours over the reference. A step of ours is everything: making the batch,
    forward, backward, optimiser. The reference is given the machine after ours, with the same pictures in memory.
    """
    place = pick(config, 10**6)
    parts = divided(snapshot, config)
    scans = scans_of(snapshot, parts.train)
    learnt = samples(snapshot, scans, config)
    pool = Pool(snapshot, Path(os.devnull))
    engine = Engine(config, network_of(config)[0], loss_of(config), place, print)
    source = pool.source(config, scans, place.device)
    on_cpu = Source(pool.pictures(config, tuple(scans)), config, torch.device("cpu"))
    ours = _ours(engine, source, learnt, steps)
    flops = _flops(engine, on_cpu, learnt)

    def reference(bf16: bool) -> float:
        network, _ = network_of(config)
        return samples_per_second(network, engine.loss, on_cpu, learnt, config, place.device, steps, bf16)

    plain = reference(False)
    rate = matrix_rate(place)
    return {
        "device": place.words,
        "preset": config.preset,
        "network": config.network,
        "batch": config.batch,
        "ours": round(ours, 1),
        "reference": round(plain, 1),
        "reference_bf16": round(reference(True), 1) if place.device.type == "cuda" else None,
        "times": round(ours / plain, 2),
        "gigaflops_a_sample": round(flops / 1e9, 2),
        "matrix_teraflops": round(rate / 1e12, 3),
        "share": round(flops * ours / rate, 3),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _ours(engine: Engine, source: Source, learnt: Any, steps: int) -> float:
    warm = 12 if engine.place.device.type == "cuda" else 3
    plan = [at for epoch in range(steps + warm) for at in order(len(learnt), engine.samples_a_step, 0, epoch)]
    begun = 0.0
    for number in range(steps + warm):
        if number == warm:
            _wait(engine.place)
            begun = time.perf_counter()
        engine.step(source, learnt, plan[number], 0, number)
    _wait(engine.place)
    return steps * engine.samples_a_step / (time.perf_counter() - begun)


def _wait(place: Place) -> None:
    if place.device.type == "cuda":
        torch.cuda.synchronize(place.device)
    elif place.device.type == "mps":
        torch.mps.synchronize()


def _flops(engine: Engine, source: Source, learnt: Any) -> float:
    """Of a sample's forward and backward, as torch counts matrix products and convolutions."""
    import numpy as np

    network, _ = network_of(engine.config)
    batch = source.batch(learnt, np.arange(min(2, len(learnt))))
    with FlopCounterMode(display=False) as counted:
        engine.loss(network(batch.inputs), batch.truth).backward()  # type: ignore[no-untyped-call]
    return float(counted.get_total_flops()) / len(batch.inputs)


def matrix_rate(place: Place) -> float:
    """Floating-point operations a second of a large product of matrices, in the training's precision; best of 6."""
    side = 8192 if place.device.type == "cuda" else 1536
    kind = torch.bfloat16 if place.bf16 else torch.float32
    a, b = (torch.rand(side, side, device=place.device, dtype=kind) for _ in range(2))
    best = 1e9
    for _ in range(6):
        _wait(place)
        begun = time.perf_counter()
        _ = a @ b
        _wait(place)
        best = min(best, time.perf_counter() - begun)
    return 2 * side**3 / best
