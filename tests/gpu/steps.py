"""One training step of every network on the device, beside the same step on the CPU in float32.

The networks start from the same weights, the batch is drawn from the same seed, dropout is off as each device has its
own chance. In float32 the direction of the gradients of all weights together is compared, and the loss. In bf16 the
loss alone: through batch norm over four pictures its rounding turns the gradients of a network that knows nothing (on
a CPU the cosine is 0.5 for ResNet-50, 0.999 for a U-Net), so of them is asked that they are numbers.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ml.config import Config, make, networks_of
from ml.engine import Engine
from ml.model import loss_of, network_of
from ml.place import Place
from ml.pool import Pool
from ml.samples import samples
from ml.snapshot import Snapshot
from ml.stopping import Stopper
from ml.train import train
from tests.bench.rows import Row
from tests.gpu.told import failed

PRESETS = {
    "lesion": "paper-a", "patient": "paper-b", "detect": "paper-c-detect", "metastases": "paper-c-metastases",
    "sites": "paper-c-sites",
}  # fmt: skip
SIDES = {"lesion": 128, "patient": 128, "detect": 64, "metastases": 64, "sites": 128}
NEAR = 0.99
"""The least cosine between the gradients here and the CPU's, in float32."""
LOSS = {"fp32": 0.01, "bf16": 0.1}
"""The most a loss may differ, relative to the CPU's."""


def networks() -> list[str]:
    """Every network of the papers, once."""
    return list(dict.fromkeys(name for task in PRESETS for name in networks_of(task) if name != "tree"))


def config_of(network: str, width: float, *changes: str) -> Config:
    """A small picture, a batch of 4; what else the paper's preset says."""
    task = next(task for task in PRESETS if network in networks_of(task))
    side = SIDES[task]
    small = [f"width={width}", f"rows={side}", f"columns={side}", "batch=4", "weights=", "inner=0.2"]
    return make(PRESETS[task], [*small, *changes], network=network)


def step(snapshot: Snapshot, network: str, device: str, width: float, compiled: bool) -> list[Row]:
    """A row for each precision, and for each compiled where asked."""
    config = config_of(network, width, f"device={device}")
    loss, gradients = _learnt(snapshot, config, Place(torch.device("cpu"), False, False))
    rows = []
    for kind in ("fp32", "bf16"):
        for compile_it in (False, True) if compiled else (False,):
            name = f"{network}, {kind}{', compiled' if compile_it else ''}: a step beside the CPU's"
            torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False  # float32 is to be that
            place = Place(torch.device(device), kind == "bf16", compile_it)
            said: list[str] = []
            try:
                here, own = _learnt(snapshot, config, place, said)
            except Exception as error:
                rows.append(failed(name, f"{type(error).__name__}: {error}"))
                continue
            apart = abs(here - loss) / max(abs(loss), 1e-9)
            good = math.isfinite(here) and bool(torch.isfinite(own).all()) and not said
            note = f"loss {here:.4f}, the CPU's {loss:.4f}" + (f"; {said[0]}" if said else "")
            if kind == "fp32":
                alike = float(nn.functional.cosine_similarity(own, gradients, dim=0))
                good = good and apart <= LOSS[kind]
                rows.append(Row(name, alike if good else math.nan, "cosine", NEAR, at_least=True, note=note))
            else:
                rows.append(Row(name, apart if good else math.nan, "of the loss", LOSS[kind], note=note))
    return rows


def _learnt(
    snapshot: Snapshot, config: Config, place: Place, said: list[str] | None = None
) -> tuple[float, torch.Tensor]:
    """The loss of one step, and the gradients of all weights behind one another, in float64 on the CPU."""
    network, _ = network_of(config)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    engine = Engine(config, network, loss_of(config), place, (said if said is not None else []).append)
    asked = samples(snapshot, range(len(snapshot.manifest.scans)), config)
    source = Pool(snapshot, Path()).source(config, range(len(snapshot.manifest.scans)), place.device)
    loss = float(engine.step(source, asked, np.arange(config.batch), 0, 0))
    engine.settle()
    each = [p.grad if p.grad is not None else torch.zeros_like(p) for p in engine.network.parameters()]
    return loss, torch.cat([grad.detach().double().cpu().flatten() for grad in each])


class _After(Stopper):
    """Asks to stop at the n-th time it is asked."""

    def __init__(self, times: int) -> None:
        super().__init__()
        object.__setattr__(self, "left", [times])

    def asked(self, folder: Any) -> bool:
        left: list[int] = vars(self)["left"]
        left[0] -= 1
        return left[0] == 0


def resumed(snapshot: Snapshot, network: str, device: str, width: float, out: Path) -> list[Row]:
    """Stopped after two steps and taken up again, a deterministic training has the curve of one that was not."""
    config = config_of(network, width, f"device={device}", "epochs=2", "deterministic=yes", "select=last")
    name = f"{network}: curve after a resume beside the whole one's"
    curves = []
    try:
        for run, stopper in ((out / "whole", None), (out / "pieces", _After(2))):
            done = train(snapshot, run, config, stopper=stopper, hear=_quiet)
            while done.state != "done":
                done = train(snapshot, run, config, resume=True, hear=_quiet)
            lines = (run / "metrics.jsonl").read_text("utf-8").splitlines()
            curves.append([_values(line) for line in lines])
    except Exception as error:
        return [failed(name, f"{type(error).__name__}: {error}")]
    apart = float(np.abs(np.array(curves[0]) - np.array(curves[1])).max())
    return [Row(name, apart, "of the loss", 1e-6)]


def _values(line: str) -> list[float]:
    import json

    row = json.loads(line)
    return [row["train_loss"], row["inner_loss"]]


def _quiet(line: str) -> None:
    pass
