"""Ten steps of a small network, on one process or as one of several, each with a device:
`python -m tests.ml.ddp_steps DATA OUT ACCUMULATE [DEVICE]`.

Under torchrun with one process the gradients still go through DistributedDataParallel and its library.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from torch.nn.parallel import DistributedDataParallel

from ml.checkpoint import save
from ml.engine import Engine, _own_buffers, order
from ml.model import loss_of, network_of
from ml.place import pick
from ml.pool import Pool
from ml.samples import samples
from ml.snapshot import Snapshot
from tests.ml.learnable import config


def main(data: str, out: str, accumulate: str, device: str = "cpu") -> None:
    torch.set_num_threads(1)
    snapshot = Snapshot.load(data)
    asked = config(f"accumulate={accumulate}", f"device={device}", "precision=fp32")
    place = pick(asked)
    learnt = samples(snapshot, range(20), asked)
    engine = Engine(asked, network_of(asked)[0], loss_of(asked), place, print)
    if "TORCHELASTIC_RUN_ID" in os.environ and place.world == 1:
        torch.distributed.init_process_group("nccl" if place.device.type == "cuda" else "gloo")
        ids = [place.device.index] if place.device.type == "cuda" else None
        engine.wrapped = engine.forward = DistributedDataParallel(engine.network, device_ids=ids, **_own_buffers())
    joined = torch.distributed.get_backend() if torch.distributed.is_initialized() else "nothing"
    source = Pool(snapshot, Path(out).parent).source(asked, range(20), place.device)
    done = 0
    for epoch in range(10):
        for number, at in enumerate(order(len(learnt), engine.samples_a_step, 0, epoch)):
            if done < 10:
                engine.step(source, learnt, at, epoch, number)
                done += 1
    if place.rank == 0:
        weights = {name: value.cpu() for name, value in engine.network.state_dict().items()}
        save(Path(out), weights, {"world": place.world, "joined": joined})
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
