"""All folds of several networks: in slices, on several machines, each fold its patients, the results one table."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.at_work import _alive
from ml.config import ConfigError
from ml.config import make as make_config
from ml.crossval import crossval, take_in
from ml.runfolder import machine
from ml.scoring import auc, dice
from ml.snapshot import Snapshot
from ml.stopping import Stopper
from ml.train import train
from tests.ml.learnable import config, make


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make(tmp_path_factory.mktemp("crossval") / "data", patients=24, sealed=("P00", "P01"))


LINUX = sys.platform.startswith("linux")


def quiet(line: str) -> None:
    pass


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_scans_dealt_otherwise_are_another_data_set(data: Snapshot, tmp_path: Path) -> None:
    other = make(tmp_path / "other", patients=24, sealed=("P00", "P02"))
    assert other.manifest.hash == data.manifest.hash and other.manifest.dealt != data.manifest.dealt
    out, tree = tmp_path / "out", [config("network=tree")]
    crossval(data, out, tree, folds=[0], hear=quiet)
    with pytest.raises(ConfigError, match="dealt into other folds"):
        crossval(other, out, tree, hear=quiet)
    with pytest.raises(ConfigError, match="dealt into other folds"):
        take_in(other, tmp_path / "merged", tree, [out], hear=quiet)
    with pytest.raises(ConfigError, match="would have been learnt from"):
        train(other, out / "small-a-tree" / "fold-0", config("network=tree"), resume=True, hear=quiet)


def test_two_networks_in_slices_and_on_two_machines(data: Snapshot, tmp_path: Path) -> None:
    networks = [config("epochs=1", "network=roi-only"), config("network=tree")]
    out = tmp_path / "here"
    nothing = crossval(data, out, networks, stopper=Stopper.after(0), hear=quiet)
    assert len(nothing.left) == 4 and nothing.summary == {}
    (out / "stop").touch()  # of a time before
    crossval(data, out, networks, folds=[0], hear=quiet)
    there = tmp_path / "there"
    crossval(data, there, networks, folds=[1], hear=quiet)
    assert take_in(data, out, networks, [there], hear=quiet) == 2
    assert take_in(data, out, networks, [there], hear=quiet) == 0
    (out / "small-a-tree" / ".fold-1.part").mkdir()  # taken in while somebody was killed
    (out / "small-a-tree" / ".fold-1.part" / "card.json").touch()
    said: list[str] = []
    done = crossval(data, out, networks, hear=said.append)
    assert not done.left and not said  # nothing is trained again
    for name in ("small-a-roi-only", "small-a-tree"):
        table = rows(out / name / "predictions.csv")
        folds = {row["patient"]: int(row["fold"]) for row in table}
        assert folds == dict(data.manifest.folds)  # everybody once, but nobody who is sealed
        assert set(Counter((row["scan"], row["lesion"]) for row in table).values()) == {1}
        truth, score = (np.array([float(row[key]) for row in table]) for key in ("truth", "score"))
        summary = done.summary[name]
        assert summary["pooled"]["auc_malignant"] == pytest.approx(auc(truth, score))
        each = [summary["folds"][str(fold)]["auc_malignant"] for fold in (0, 1)]
        assert summary["mean"]["auc_malignant"] == pytest.approx(np.mean(each))
    assert json.loads((out / "summary.json").read_text("utf-8")) == json.loads(json.dumps(done.summary))


def test_segmentation_behind_the_classifier(data: Snapshot, tmp_path: Path) -> None:
    small = ["width=0.0625", "rows=32", "columns=32", "epochs=1", "inner=0.2"]
    networks = [make_config(f"small-c-{name}", small) for name in ("detect", "bladder")]
    crossval(data, tmp_path / "out", networks, folds=[0], hear=quiet)
    called = {
        row["scan"]: False for row in rows(tmp_path / "out" / "small-c-detect-subimage" / "fold-0" / "predictions.csv")
    }
    for row in rows(tmp_path / "out" / "small-c-detect-subimage" / "fold-0" / "predictions.csv"):
        called[row["scan"]] |= row["target"] == "bladder" and float(row["score"]) >= 0.5
    table = rows(tmp_path / "out" / "small-c-bladder-residual-unet" / "fold-0" / "predictions.csv")
    assert {row["gated"] for row in table} == {"0", "1"} and {row["scan"] for row in table} == set(called)
    for row in table:
        if row["gated"] == "1" and not called[row["scan"]]:
            assert row["predicted"] == row["intersection"] == "0"
    pieces = [
        [float(row[key]) for key in ("intersection", "predicted", "actual")]
        for row in table
        if row["gated"] == "1" and row["threshold"] == "0.5"
    ]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["small-c-bladder-residual-unet"]
    assert summary["pooled"]["dice_all_gated"] == pytest.approx(dice(np.array(pieces)).mean())


def test_what_does_not_belong_together_is_refused(data: Snapshot, tmp_path: Path) -> None:
    out, networks = tmp_path / "out", [config("network=tree")]
    crossval(data, out, networks, folds=[0], hear=quiet)
    with pytest.raises(ConfigError, match="no fold 5"):
        crossval(data, out, networks, folds=[5], hear=quiet)
    with pytest.raises(ConfigError, match="other settings"):
        crossval(data, out, [config("network=tree", "seed=1")], hear=quiet)
    other = make(tmp_path / "other", patients=16)
    with pytest.raises(ConfigError, match="another snapshot"):
        crossval(other, out, networks, hear=quiet)
    with pytest.raises(ConfigError, match="no cross-validation"):
        take_in(data, out, networks, [tmp_path / "other"], hear=quiet)
    with pytest.raises(ConfigError, match="not empty"):
        crossval(data, tmp_path / "other", networks, hear=quiet)


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({"pid": os.getppid(), "machine": machine(), "at": 4e9}, 1),  # another process, alive
        ({"pid": os.getppid(), "machine": machine(), "at": 0}, 0 if LINUX else 1),  # began later: a number given anew
        ({"pid": 2**22 + 1, "machine": machine(), "at": 4e9}, 0),  # killed
        ({"pid": 1, "machine": "elsewhere", "at": 4e9}, 1),
        ({"pid": 1, "machine": "elsewhere", "at": 0}, 0),
    ],
)
def test_a_run_another_process_is_at_is_left_to_it(
    data: Snapshot, tmp_path: Path, told: dict[str, Any], left: int
) -> None:
    out, networks = tmp_path / "out", [config("network=tree")]
    crossval(data, out, networks, folds=[], hear=quiet)
    run = out / "small-a-tree" / "fold-0"
    run.mkdir(parents=True)
    from ml.config import from_told

    asked = from_told({**networks[0].told(), "fold": 0})
    (run / "config.json").write_text(json.dumps({**asked.told(), "snapshot": data.manifest.hash}), encoding="utf-8")
    (run / "status.json").write_text(json.dumps({"state": "training", **told}), encoding="utf-8")
    there = tmp_path / "there"
    crossval(data, there, networks, folds=[0], hear=quiet)
    if left:
        assert take_in(data, out, networks, [there], hear=quiet) == 0  # nothing is taken away under it
    assert len(crossval(data, out, networks, folds=[0], hear=quiet).left) == left
    if not left:
        assert take_in(data, out, networks, [there], hear=quiet) == 0


@pytest.mark.skipif(not LINUX, reason="only /proc tells of a process that ended and was not waited for")
def test_a_killed_process_nobody_waited_for_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert _alive(process.pid, time.time())
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        os.kill(process.pid, 0)  # its number is still there
        assert not _alive(process.pid, time.time())
    finally:
        process.wait()
