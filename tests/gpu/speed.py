"""How fast the papers' presets train, beside the plain loop, as `python -m ml throughput` measures it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.rows import Row
from tests.gpu.told import ROOT, failed

PRESETS = ("paper-a", "paper-b", "paper-c-detect", "paper-c-metastases", "paper-c-sites")
TIMES = 3.0
"""How many times as fast as the plain float32 loop training on a GPU has to be."""


def speed(
    preset: str, data: Path, device: str, steps: int, changes: Sequence[str] = (), seconds: float = 240
) -> list[Row]:
    """Samples a second of ours and of the plain loop, and what share of the matrix rate ours makes."""
    told = [word for change in ("weights=", f"device={device}", *changes) for word in ("--set", change)]
    command = ["-m", "ml", "throughput", preset, "--snapshot", str(data), "--steps", str(steps), "--json", *told]
    environment = dict(os.environ)
    if device != "cpu":
        environment.pop("OMP_NUM_THREADS", None)
    name = f"{preset}: ours over the plain float32 loop"
    try:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return [failed(name, f"not done after {seconds:.0f} s")]
    if done.returncode:
        return [failed(name, done.stderr)]
    found = json.loads(done.stdout)
    bar = TIMES if device != "cpu" else None
    rows = [
        Row(name, found["times"], "x", bar, at_least=True, note=f"{found['network']}, {found['device']}"),
        Row(f"{preset}: ours", found["ours"], "samples/s", note=f"batch {found['batch']}, load {found['load']}"),
        Row(f"{preset}: plain loop, float32", found["reference"], "samples/s"),
    ]
    if found["reference_bf16"] is not None:
        rows.append(Row(f"{preset}: plain loop, bf16", found["reference_bf16"], "samples/s"))
    note = f"{found['matrix_teraflops']} TFLOP/s, {found['gigaflops_a_sample']} GFLOP a sample"
    return [*rows, Row(f"{preset}: share of the matrix rate", found["share"], "", note=note)]
