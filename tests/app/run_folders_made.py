"""Run folders made by hand, as `ml.runfolder` says they are: for whoever reads them without training anything."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ml import runfolder
from ml.config import make

SNAPSHOT = "ab" * 32
FIGURE = "0.98765"  # of the test fold, and to be shown nowhere


def make_run(
    folder: Path, state: str = "training", epochs: int = 3, preset: str = "small-a", pid: int | None = None,
    snapshot: str = SNAPSHOT, **settings: Any,
) -> Path:  # fmt: skip
    """A run of this process, at its epoch after `epochs` whole ones. settings: key=value of the preset."""
    folder.mkdir(parents=True)
    told = make(preset, [f"{key}={value}" for key, value in settings.items()]).told()
    (folder / "config.json").write_text(json.dumps({**told, "snapshot": snapshot}))
    write(folder / "origin.json", {
        "snapshot": {"trained_on": "simulated"}, "split": {"train": 100, "inner": 12, "test": 30},
        "environment": {"device": "CPU (x86_64, 2 threads), fp32"},
    })  # fmt: skip
    write(folder / "status.json", {
        "state": state, "epoch": epochs + 1, "epochs": told["epochs"], "step": 30, "steps": 60, "loss": 0.3,
        "samples_per_second": 24.0, "seconds_left": 200, "memory_mb": 900, "message": "", "at": time.time(),
        "pid": os.getpid() if pid is None else pid, "machine": runfolder.machine(),
    })  # fmt: skip
    (folder / "log.txt").write_text("2026-01-01 10:00:00 weights: random initialisation\n")
    (folder / "metrics.jsonl").write_text("".join(row(epoch) for epoch in range(1, epochs + 1)))
    if state == "done":
        (folder / "card.json").write_text(f'{{"metrics": {{"test": {{"auc": {FIGURE}}}}}}}')
    return folder


def row(epoch: int, name: str = "auc") -> str:
    """A line of metrics.jsonl. The best epoch is the second."""
    told = {"epoch": epoch, "train_loss": 1 / epoch, "lr": 0.001, "inner_loss": 0.5 + epoch / 100,
            f"inner_{name}": 0.6 + 0.3 * (epoch == 2), "best": epoch <= 2}  # fmt: skip
    return json.dumps({**told, "took": {"seconds": 20.0, "samples_per_second": 24.0, "memory_mb": 900}}) + "\n"


def write(file: Path, told: Any) -> None:
    file.write_text(json.dumps(told))
