"""Ten steps under torchrun on all devices there are, beside the same ten on one that accumulates."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import torch

from ml.checkpoint import load
from tests.bench.rows import Row
from tests.gpu.told import ROOT, failed

APART = {"cpu": 1e-5, "cuda": 1e-3}
"""The most a weight may differ: CUDA adds up in another order every time."""


def together(data: Path, out: Path, device: str) -> list[Row]:
    """Under torchrun with NCCL (Gloo on a CPU); with one device the gradients still go through it."""
    number = torch.cuda.device_count() if device == "cuda" else 2
    name = f"torchrun, {number} process{'es' if number > 1 else ''}: weights after 10 steps beside one process's"
    steps = ["tests.ml.ddp_steps", str(data)]
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={number}", "-m", *steps]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for command in ([sys.executable, "-m", *steps, str(out / "alone"), str(number), device],
                    [*run, str(out / "many"), "1", device]):  # fmt: skip
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            _, said = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its workers too
            process.communicate()
            return [failed(name, "not done after 120 s")]
        if process.returncode:
            return [failed(name, said)]
    one, many = load(out / "alone"), load(out / "many")
    learnt = [key for key in one.tensors if "running" not in key and "num_batches" not in key]
    apart = max(float((one.tensors[key] - many.tensors[key]).abs().max()) for key in learnt)
    return [Row(name, apart, "", APART[device], note=f"joined by {many.told['joined']}")]
