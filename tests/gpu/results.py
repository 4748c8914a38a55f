"""The papers' networks at full size on a simulated cohort, in the time there is: for docs/results.md.

    python -m tests.gpu results OUT --minutes 9 --of 18 --pack DIR      as often as needed: it goes on
    python -m tests.gpu unpack DIR OUT                                  then: osteoscope evaluate OUT/a --snapshot ...

OUT/data is the cohort, OUT/plan.json what is trained for how long, OUT/a, OUT/b, OUT/c cross-validations. Cut anywhere,
the same call goes on from the last checkpoint; on another machine, with `--from DIR`, from the last finished fold.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.gpu.packs import pack, unpack
from tests.gpu.plan import FOLDS, GROUPS, Group, Job, changes_of, config_of, planned
from tests.gpu.told import ROOT

COHORT = "lesions-3352"
PACKING = 0.7
"""Minutes kept for the last test fold and for packing."""


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    back = commands.add_parser("unpack")
    back.add_argument("packs", type=Path)
    back.add_argument("out", type=Path)
    run = commands.add_parser("results")
    run.add_argument("out", type=Path)
    run.add_argument("--minutes", type=float, required=True, help="of this call")
    run.add_argument("--of", type=float, help="minutes of all calls together, for which epochs are chosen once")
    run.add_argument("--pack", type=Path, help="where to put what is kept; OUT/packs if not given")
    run.add_argument("--from", type=Path, dest="packs", help="what an earlier call packed on another machine")
    run.add_argument("--patients", type=int, help="the first of the cohort; all if not given")
    run.add_argument("--seed", type=int, default=0, help="of the cohort")
    run.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    run.add_argument("--together", type=int, help="trainings at once; half of the cores by default, 9 at most")
    run.add_argument("--only", action="append", help=f"groups: {', '.join(group.name for group in GROUPS)}")
    run.add_argument("--tiny", action="store_true", help="an eighth of the width, small pictures: to try it")
    asked = parser.parse_args(words)
    if asked.command == "unpack":
        print(f"{unpack(asked.packs, asked.out)} files into {asked.out}")
        return 0
    return _results(asked)


def simulated(folder: Path, patients: int | None, seed: int) -> None:
    """The cohort as a snapshot, on all cores; left as it is where it is there."""
    if (folder / "manifest.json").is_file():
        return
    command = [sys.executable, "-m", "workstation", "phantom", COHORT, "--snapshot", str(folder), "--seed", str(seed)]
    done = subprocess.run([*command, *(["--patients", str(patients)] if patients else [])], cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"The cohort could not be simulated: exit code {done.returncode}.")


def _results(asked: argparse.Namespace) -> int:
    begun, out = time.monotonic(), asked.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    together = asked.together or max(1, min(9, (os.cpu_count() or 1) // 2))
    if asked.packs:
        print(f"{unpack(asked.packs, out)} files of earlier calls", flush=True)
    simulated(out / "data", asked.patients, asked.seed)
    print(f"cohort there after {time.monotonic() - begun:.0f} s", flush=True)
    plan = _plan(asked, out, begun, together)
    end = begun + 60 * (asked.minutes - min(PACKING, asked.minutes / 4))
    left = []
    try:
        for group in GROUPS:
            if asked.only and group.name not in asked.only:
                continue
            left += _trained(group, out, plan, end, together)
            pack(out, asked.pack or out / "packs")
    finally:
        made = pack(out, asked.pack or out / "packs")
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 2**20:.1f} MiB" for path in made)
    print(f"{sizes}; {time.monotonic() - begun:.0f} s in all")
    print(f"left to do: {'; '.join(left)}" if left else "all done")
    return 1 if left else 0


def _plan(asked: argparse.Namespace, out: Path, begun: float, together: int) -> dict[str, Any]:
    """The plan that was made, or a new one, written down before anything is trained."""
    file = out / "plan.json"
    if file.exists():
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return found
    seconds = 60 * (asked.of or asked.minutes) - (time.monotonic() - begun)
    plan = planned(out / "data", seconds, asked.tiny, asked.device, together, 0.3 if asked.tiny else 2.0)
    plan |= {"cohort": COHORT, "patients": asked.patients, "seed": asked.seed}
    file.write_text(json.dumps(plan, indent=1), encoding="utf-8")
    print(f"epochs {plan['epochs']}, after {time.monotonic() - begun:.0f} s", flush=True)
    return plan


def _trained(group: Group, out: Path, plan: dict[str, Any], end: float, together: int) -> list[str]:
    """Train a group's folds, so many at once, as far as time goes; what is left, in words."""
    from ml.crossval import begin, name_of
    from ml.snapshot import Snapshot

    folder, base = out / group.out, changes_of(group, plan["tiny"], plan["device"])
    base.append(f"epochs={plan['epochs'][group.name]}")
    names = {word: name_of(config_of(word, base)) for word in group.words}
    # noted for all at once: processes that begin together find it as they would write it
    snapshot = Snapshot.load(out / "data", hashed=False)
    begin(snapshot, folder, [config_of(word, base) for word in group.words], range(FOLDS))
    _noted(folder, group, base, plan)

    def lacking(job: Job) -> list[str]:
        return [
            f"{names[word]} fold {fold}"
            for word in job.words
            for fold in job.folds
            if not (folder / names[word] / f"fold-{fold}" / "card.json").exists()
        ]

    def run(job: Job) -> list[str]:
        minutes = (end - time.monotonic()) / 60
        if minutes > 0 and lacking(job):
            words = [*job.words, "--snapshot", str(out / "data"), "--out", str(folder), "--minutes", f"{minutes:.3f}"]
            words += ["--folds", ",".join(map(str, job.folds))]
            words += [word for change in base for word in ("--set", change)]
            log = out / f"{group.name}-{names[job.words[0]]}-{'-'.join(map(str, job.folds))}.log"
            _crossval(words, log, together)
        return lacking(job)

    with ThreadPoolExecutor(together) as pool:
        left = [name for each in pool.map(run, group.jobs) for name in each]
    done = sum(len(job.words) * len(job.folds) for job in group.jobs)
    print(f"{group.name}: {done - len(left)} of {done} trainings done", flush=True)
    return left


def _crossval(words: Sequence[str], log: Path, together: int) -> None:
    threads = str(max(1, (os.cpu_count() or 1) // together))
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads)}
    with log.open("a", encoding="utf-8") as file:
        command = [sys.executable, "-m", "ml", "crossval", *words]
        subprocess.run(command, cwd=ROOT, env=environment, stdout=file, stderr=file)  # its cards say what it did


def _noted(folder: Path, group: Group, changes: Sequence[str], plan: dict[str, Any]) -> None:
    """The commands that do the same, as `osteoscope evaluate` prints them beside the tables."""
    patients = f" --patients {plan['patients']}" if plan["patients"] else ""
    told: dict[str, Any] = {
        "snapshot": "../data",
        "commands": [f"osteoscope phantom {plan['cohort']} --snapshot data{patients} --seed {plan['seed']}"],
    }
    if (folder / "asked.json").exists():
        told = json.loads((folder / "asked.json").read_text("utf-8"))
    sets = " ".join(f"--set {change}" for change in changes)
    for words in dict.fromkeys(job.words for job in group.jobs):
        folds = sorted({fold for job in group.jobs if job.words == words for fold in job.folds})
        line = f"osteoscope crossval {' '.join(words)} --snapshot data --out {group.out} {sets}"
        if len(folds) < FOLDS:
            line += f" --folds {','.join(map(str, folds))}"
        if line not in told["commands"]:
            told["commands"].append(line)
    (folder / "asked.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
