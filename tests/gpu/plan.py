"""What the networks of the papers are trained on at their full size in a given time, and for how many epochs.

The epochs are chosen once, from the samples a second measured before anything is trained, the same for all networks
that are compared, and written down; nothing that is learnt changes them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.config import Config, make
from tests.gpu.told import ROOT

FOLDS = 5
COMPARED = 1
"""The fold the comparators of paper A are tested on, and headed with."""
USED = 0.7
"""Of a group's time that steps may take; the rest is preparing, validation and testing."""


@dataclass(frozen=True)
class Job:
    """One process: networks, as `crossval` takes them, and the folds it does one after the other."""

    words: tuple[str, ...]
    folds: tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """Networks with the same epochs. out: the folder of their cross-validation. share: of the time.

    changes: settings beside the preset's. tiny: those that make it small enough to try.
    """

    name: str
    out: str
    share: float
    jobs: tuple[Job, ...]
    changes: tuple[str, ...]
    tiny: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """Every network once."""
        return list(dict.fromkeys(word for job in self.jobs for word in job.words))


def _each_fold(*words: str) -> tuple[Job, ...]:
    return tuple(Job(words, (fold,)) for fold in range(FOLDS))


FEW = ("schedule=cosine", "weights=")
"""Of a few epochs the rate falls to 0 over them; random weights, as files need not be there."""
FASTER = ("optimiser=adam", "lr=0.003")
"""Paper C's SGD learns little in a few epochs; see docs/training.md."""
SMALL = ("width=0.125", "batch=4", "inner=0.2")
GROUPS = (
    Group("a", "a", 0.55, (
        Job(("paper-a:tree",), tuple(range(FOLDS))), *_each_fold("paper-a", "paper-a:roi-only"),
        *(Job((f"paper-a:{name}",), (COMPARED,)) for name in ("inception", "vgg16", "densenet169")),
    ), FEW, (*SMALL, "rows=96", "columns=96")),
    Group("b", "b", 0.13, _each_fold("paper-b"), FEW, (*SMALL, "rows=64", "columns=32")),
    Group("c-detect", "c", 0.08, _each_fold("paper-c-detect"), FEW, (*SMALL, "rows=32", "columns=32")),
    Group("c-metastases", "c", 0.12, _each_fold("paper-c-metastases", "paper-c-metastases:unet"),
          (*FEW, *FASTER), (*SMALL, "rows=32", "columns=32")),
    Group("c-bladder", "c", 0.08, _each_fold("paper-c-bladder", "paper-c-bladder:unet"),
          (*FEW, *FASTER), (*SMALL, "rows=32", "columns=32")),
    Group("c-sites", "c", 0.04, _each_fold("paper-c-sites"), FEW, (*SMALL, "rows=64", "columns=64")),
)  # fmt: skip


def config_of(word: str, changes: Sequence[str]) -> Config:
    """The settings of a word of `crossval`."""
    preset, _, network = word.partition(":")
    return make(preset, changes, **({"network": network} if network else {}))


def changes_of(group: Group, tiny: bool, device: str) -> list[str]:
    """All but the epochs."""
    return [*group.changes, *(group.tiny if tiny else ()), f"device={device}", "compile=no"]


def planned(
    data: Path, seconds: float, tiny: bool, device: str, together: int, measured_for: float = 2.0
) -> dict[str, Any]:
    """Epochs by group, with the rates they come from. seconds: all the time there is."""
    begun = time.monotonic()
    command = [
        sys.executable, "-m", "tests.gpu.plan", str(data), device, str(int(tiny)), str(measured_for)
    ]  # fmt: skip

    def measure(_: int) -> list[dict[str, Any]]:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"The throughput could not be measured: {done.stderr[-500:]}")
        found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return found

    with ThreadPoolExecutor(together) as pool:
        each = list(pool.map(measure, range(together)))
    rates = {
        one["word"]: {"learnt": one["learnt"], "samples_per_second": round(sum(m[at]["rate"] for m in each), 1)}
        for at, one in enumerate(each[0])
    }
    left = max(seconds - (time.monotonic() - begun), 1.0)
    return {
        "seconds": round(seconds), "together": together, "device": device, "tiny": tiny, "rates": rates,
        "epochs": {group.name: epochs(group, rates, left) for group in GROUPS},
    }  # fmt: skip


def epochs(group: Group, rates: Mapping[str, Mapping[str, float]], seconds: float) -> int:
    """How many epochs of all the group's networks and folds its share of these seconds has room for; at least 1."""
    one = sum(
        len(job.folds) * rates[word]["learnt"] / max(rates[word]["samples_per_second"], 1e-9)
        for job in group.jobs
        for word in job.words
        if word in rates
    )
    most = max(config_of(word, ()).epochs for word in group.words)
    return max(1, min(most, int(USED * group.share * seconds / max(one, 1e-9))))


def _rates(data: Path, device: str, tiny: bool, seconds: float) -> list[dict[str, Any]]:
    """Of every network: how many samples an epoch has, going by 32 scans, and how many it learns from in a second."""
    from ml.engine import Engine, order
    from ml.model import loss_of, network_of
    from ml.place import pick
    from ml.pool import Pool
    from ml.samples import samples, scans_of
    from ml.snapshot import Snapshot
    from ml.splits import split

    snapshot = Snapshot.load(data, hashed=False)
    found = []
    for group in GROUPS:
        for word in group.words:
            config = config_of(word, changes_of(group, tiny, device))
            if config.network == "tree":
                continue
            scans = scans_of(snapshot, split(snapshot.manifest, 0, config.inner, config.seed).train)
            few = scans[:32]
            some = samples(snapshot, few, config)
            learnt = round(len(some) * len(scans) / len(few))
            place = pick(config)
            engine = Engine(config, network_of(config)[0], loss_of(config), place, print)
            source = Pool(snapshot, data).source(config, few, place.device)
            plan = order(len(some), engine.samples_a_step, 0, 0)
            for number in range(3):
                float(engine.step(source, some, plan[number % len(plan)], 0, number))
            begun, steps = time.perf_counter(), 0
            while time.perf_counter() - begun < seconds:
                float(engine.step(source, some, plan[steps % len(plan)], 1, steps))
                steps += 1
            rate = steps * engine.samples_a_step / (time.perf_counter() - begun)
            found.append({"word": word, "learnt": learnt, "rate": rate})
    return found


if __name__ == "__main__":
    print(json.dumps(_rates(Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "1", float(sys.argv[4]))))
