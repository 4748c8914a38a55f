"""Ten steps of a small network, on one process or as one of two: `python -m tests.ml.ddp_steps DATA OUT ACCUMULATE`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from ml.checkpoint import save
from ml.engine import Engine, order
from ml.model import loss_of, network_of
from ml.place import pick
from ml.pool import Pool
from ml.samples import samples
from ml.snapshot import Snapshot
from tests.ml.learnable import config


def main(data: str, out: str, accumulate: str) -> None:
    torch.set_num_threads(1)
    snapshot = Snapshot.load(data)
    asked = config(f"accumulate={accumulate}", "device=cpu")
    place = pick(asked)
    learnt = samples(snapshot, range(20), asked)
    engine = Engine(asked, network_of(asked)[0], loss_of(asked), place, print)
    source = Pool(snapshot, Path(out).parent).source(asked, range(20), place.device)
    done = 0
    for epoch in range(10):
        for number, at in enumerate(order(len(learnt), engine.samples_a_step, 0, epoch)):
            if done < 10:
                engine.step(source, learnt, at, epoch, number)
                done += 1
    if place.rank == 0:
        save(Path(out), engine.network.state_dict(), {"world": place.world})
    if place.world > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
