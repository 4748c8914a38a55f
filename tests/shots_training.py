"""Pictures of the Train page: small trainings on simulated scans, a cross-validation and its tables, and the models.

python -m tests.shots_training OUT LIBRARY [SUFFIX]: LIBRARY is one that `prepare` made.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from workstation.ui import shots
from workstation.ui.main_window import MainWindow
from workstation.ui.shots import Save

SNAPSHOT, RUNS = "snapshot", "runs"
SETTINGS = ("width=0.0625", "rows=64", "columns=64", "batch=4", "lr=0.0005", "epochs=24")
TRAINED = (("small-a-resnet50-fold-0", ()), ("small-a-roi-only-fold-0", ("network=roi-only",)))
STOPPED = "small-a-vgg16-fold-0"
CROSSVAL = "small-a"


def prepare(source: Path, target: Path) -> None:
    """A copy of a library with a snapshot beside it, and trainings: two whole, one stopped after its first step."""
    shutil.copytree(source, target)
    data = target.parent / SNAPSHOT
    told = ["phantom", "lesions-3352", "--snapshot", str(data), "--patients", "60", "--seed", "5"]
    subprocess.run([sys.executable, "-m", "workstation", *told], check=True, capture_output=True)
    for name, changes in TRAINED:
        _train(data, target / RUNS / name, *changes)
    _train(data, target / RUNS / STOPPED, "network=vgg16", more=["--minutes", "0"])
    told = [word for change in (*SETTINGS, "epochs=3") for word in ("--set", change)]
    rows = ["small-a:resnet50", "small-a:tree"]
    _run("crossval", *rows, "--snapshot", str(data), "--out", str(target / RUNS / CROSSVAL), *told, "--threads", "1")
    noted = target / RUNS / CROSSVAL / "asked.json"  # as the window notes it
    noted.write_text(json.dumps({"commands": [], "snapshot": os.path.relpath(data, noted.parent)}))


def _train(data: Path, out: Path, *changes: str, more: list[str] | None = None) -> None:
    told = [word for change in (*SETTINGS, *changes) for word in ("--set", change)]
    _run("train", "small-a", "--snapshot", str(data), "--out", str(out), *told, "--threads", "1", *(more or []))


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "ml", *words], capture_output=True, text=True)
    if done.returncode not in (0, 1):  # 1: stopped before its end, as asked
        raise RuntimeError(done.stderr)


def pages(window: MainWindow, save: Save) -> None:
    page = window.train_page
    window.show_page(4)
    trainings = page.trainings
    _wait(lambda: trainings.known)
    assert trainings.folder is not None
    save("train-begin", window)
    trainings.choose_snapshot(trainings.folder.parent.parent / SNAPSHOT)
    _wait(lambda: trainings.snapshot is not None)
    _wait(lambda: bool(trainings.places.get("auto")))
    whole = [trainings.folder / name for name, _ in TRAINED]
    for name, runs in (("train", whole[:1]), ("train-compare", whole), ("train-stopped", [trainings.folder / STOPPED])):
        trainings.choose(runs)
        _wait(lambda runs=runs: len(trainings.curves) == len(runs))
        save(name, window)
    trainings.choose((trainings.folder / CROSSVAL,))
    page.detail.tables_button.click()
    _wait(lambda: page.evaluating.at is None)
    save("train-tables", window)
    page.models_button.click()
    _wait(lambda: page.models.known and not page.models.busy)
    save("train-models", window)


def _wait(ready: Callable[[], bool]) -> None:
    for _ in range(2000):
        if ready():
            return
        shots.settle(50)
    raise TimeoutError("the page did not come so far")


if __name__ == "__main__":
    suffix = sys.argv[3] if len(sys.argv) > 3 else ""
    for file in shots.write(Path(sys.argv[1]), Path(sys.argv[2]), suffix=suffix, reader="anna", pages=pages):
        print(file)
