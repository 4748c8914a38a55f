"""`python -m tests.gpu`: everything that only a GPU can tell, as a table; exit code 1 where a bar is not kept.

    python -m tests.gpu [steps resumed memory processes published speed]     all by default; $GPU_JSON for the rows
    python -m tests.gpu results OUT --minutes M                              see tests.gpu.results
    python -m tests.gpu unpack PACKS OUT                                     what `results` packed, as runs again

`--device cpu --tiny` does all of it small on a CPU: to see that the program works, not how fast anything is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.rows import table as as_table
from tests.gpu.told import Table, as_json, in_processes

PARTS = ("steps", "resumed", "memory", "processes", "published", "speed")
RESUMED = ("resnet50", "patient", "residual-unet", "localiser")
PATIENTS = 60
"""Simulated for the throughput: enough for a batch of every task."""


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["results"] or words[:1] == ["unpack"]:
        from tests.gpu import results

        return results.main(words)
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="networks of a sixteenth of the width, two steps")
    parser.add_argument("--network", action="append", help="of steps and resumed: this one alone")
    parser.add_argument("--together", type=int, help="processes at once; a third of the cores by default, 8 at most")
    parser.add_argument("--not-compiled", action="store_true", help="leave the compiled steps out")
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if wrong := set(asked.parts) - set(PARTS) - {"step", "resume"}:
        parser.error(f"there is no part {min(wrong)!r}; there are {', '.join(PARTS)}")
    if asked.device == "cuda":
        import torch

        if not torch.cuda.is_available():
            print("There is no CUDA device here; --device cpu --tiny tries the program itself.", file=sys.stderr)
            return 2
    if asked.json:
        return _job(asked)
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        _check(asked, Path(name), table)
    print()
    print(as_table(table.rows))
    return 0 if table.good else 1


def _job(asked: argparse.Namespace) -> int:
    """One part in a process of its own: its rows as JSON, on the last line."""
    from ml.snapshot import Snapshot

    data, width = Snapshot.load(asked.data), 0.0625 if asked.tiny else 1.0
    (part,), found = asked.parts, []
    with tempfile.TemporaryDirectory() as name:
        if part == "step":
            from tests.gpu.steps import step

            found = step(data, asked.network[0], asked.device, width, not asked.not_compiled)
        elif part == "resume":
            from tests.gpu.steps import resumed

            found = resumed(data, asked.network[0], asked.device, width, Path(name))
        elif part == "memory":
            from tests.gpu.memory import too_little

            found = too_little(data, asked.device, width)
        elif part == "published":
            from tests.gpu.published import outputs

            found = outputs()
        elif part == "processes":
            from tests.gpu.processes import together

            found = together(asked.data, Path(name), asked.device)
    print(json.dumps(as_json(found)))
    return 0


def _check(asked: argparse.Namespace, scratch: Path, table: Table) -> None:
    from tests.gpu.steps import networks
    from tests.ml.learnable import make

    data = scratch / "learnable"
    make(data, patients=24)
    parts = asked.parts or PARTS
    more = ["--device", asked.device, "--data", str(data), *["--tiny"] * asked.tiny]
    more += ["--not-compiled"] * (asked.not_compiled or asked.device == "cpu")
    many = asked.together or max(1, min(8, (os.cpu_count() or 1) // 3))
    jobs = []
    if "steps" in parts:
        jobs += [["step", "--network", name, *more] for name in asked.network or networks()]
    if "resumed" in parts:
        jobs += [["resume", "--network", name, *more] for name in asked.network or RESUMED]
    in_processes(jobs, many, table)
    in_processes([[part, *more] for part in ("memory", "processes", "published") if part in parts], 1, table)
    if "speed" in parts:
        _speed(asked, scratch, data, table)


def _speed(asked: argparse.Namespace, scratch: Path, learnable: Path, table: Table) -> None:
    """Alone on the machine, one after the other."""
    from tests.gpu.results import simulated
    from tests.gpu.speed import PRESETS, speed

    if asked.tiny:
        tiny = ("width=0.0625", "rows=64", "columns=64", "batch=4", "inner=0.2")
        for preset in PRESETS:
            table.add(speed(preset, learnable, asked.device, 2, tiny))
        return
    simulated(scratch / "phantom", PATIENTS, 0)
    for preset in PRESETS:
        table.add(speed(preset, scratch / "phantom", asked.device, 30))


if __name__ == "__main__":
    sys.exit(main())
