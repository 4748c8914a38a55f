"""A training from snapshot to card: it learns, is the same after kill -9, and never looks at what it is tested on."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import runfolder
from ml.checkpoint import CheckpointError, load, sha256_of
from ml.config import Config, ConfigError
from ml.engine import TrainingError
from ml.origin import identity, keyed
from ml.prepared import DataError
from ml.runfolder import RunFolder, read_metrics
from ml.samples import TARGETS
from ml.scoring import auc
from ml.snapshot import Snapshot
from ml.stopping import Stopper
from ml.train import train
from tests.ml.learnable import TINY, config, make


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make(tmp_path_factory.mktemp("train") / "data")


def quiet(line: str) -> None:
    pass


def told(run: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((run / "card.json").read_text("utf-8"))
    return card


def curve(run: Path) -> list[dict[str, Any]]:
    """Everything of the curve but how long it took."""
    return [{key: value for key, value in row.items() if key != "took"} for row in read_metrics(run)]


def table(run: Path, name: str = "predictions.csv") -> list[dict[str, str]]:
    with (run / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TASKS = {
    "small-a": (),
    "small-b": ("columns=32",),
    "small-c-detect": ("rows=32", "columns=32"),
    "small-c-metastases": ("rows=32", "columns=32"),
    "small-c-bladder": ("rows=32", "columns=32"),
    "small-c-sites": (),
}


@pytest.mark.parametrize("preset", TASKS)
def test_every_task_from_snapshot_to_card(data: Snapshot, tmp_path: Path, preset: str) -> None:
    asked = config("epochs=1", *TASKS[preset], preset=preset)
    outcome = train(data, tmp_path / "run", asked, hear=quiet)
    card = told(outcome.run)
    assert outcome.state == "done" and card["task"] == asked.task
    assert json.loads((outcome.run / "status.json").read_text("utf-8"))["state"] == "done"
    assert card["training"]["initialisation"] == "random initialisation" and card["trained_on"] == "clinical"
    assert card["weights"]["sha256"] == sha256_of(outcome.run / card["weights"]["file"])
    rows = table(outcome.run)
    tested = {patient for patient, fold in data.manifest.folds.items() if fold == 0}
    assert {row["target"] for row in rows} == set(TARGETS[asked.task])
    assert {row["patient"] for row in rows} <= tested and {row["fold"] for row in rows} == {"0"}
    if "threshold" in rows[0]:
        actual = {row["scan"]: int(row["actual"]) for row in rows}
        for scan, pixels in actual.items():
            number = data.manifest.scans.index(scan)
            lesions = [n for n in np.flatnonzero(data.lesion_scan == number) if data.lesions[n]["label"] == "malignant"]
            mask = data.bladder(number)
            if asked.task == "metastases":
                mask = np.any([data.mask(n) for n in lesions] + [np.zeros(data.shape, bool)], axis=0)
            assert pixels == mask.sum()  # of the picture as it was taken, not as it was prepared
    else:
        assert all(0 <= float(row["score"]) <= 1 and 0 <= float(row["calibrated"]) <= 1 for row in rows)


def test_it_learns_and_the_card_says_how_well(tmp_path: Path) -> None:
    more = make(tmp_path / "data", patients=40)
    asked = config("epochs=8", "fold=1", "lr=0.003", "schedule=constant", "select=loss")
    run = train(more, tmp_path / "run", asked, hear=quiet).run
    rows = table(run)
    area = auc(np.array([float(row["truth"]) for row in rows]), np.array([float(row["score"]) for row in rows]))
    assert area > 0.9 and told(run)["metrics"]["test"]["auc_malignant"] == pytest.approx(area)
    best = [row for row in curve(run) if row["best"]][-1]
    assert told(run)["training"]["best_epoch"] == best["epoch"]
    assert best["inner_loss"] == min(row["inner_loss"] for row in curve(run))


def test_changing_test_and_sealed_labels_changes_no_checkpoint(tmp_path: Path) -> None:
    plain = make(tmp_path / "plain", sealed=("P00", "P01"))
    hidden = frozenset({patient for patient, fold in plain.manifest.folds.items() if fold == 0} | {"P00", "P01"})
    changed = make(tmp_path / "changed", sealed=("P00", "P01"), flipped=hidden)
    assert plain.manifest.folds == changed.manifest.folds and plain.manifest.hash != changed.manifest.hash
    runs = [train(one, tmp_path / f"run{n}", config(), hear=quiet).run for n, one in enumerate((plain, changed))]
    one, two = (load(run / told(run)["weights"]["file"]).tensors for run in runs)
    assert all((one[name] == two[name]).all() for name in one)
    assert curve(runs[0]) == curve(runs[1])
    assert (runs[0] / "inner.csv").read_bytes() == (runs[1] / "inner.csv").read_bytes()
    assert told(runs[0])["calibration"] == told(runs[1])["calibration"]
    before, after = (table(run) for run in runs)
    assert [row["score"] for row in before] == [row["score"] for row in after]
    assert all(a["truth"] != b["truth"] for a, b in zip(before, after, strict=True))
    assert not {"P00", "P01"} & {row["patient"] for row in (*before, *table(runs[0], "inner.csv"))}
    # and it does look at the labels it learns from
    learnt = make(tmp_path / "learnt", sealed=("P00", "P01"), flipped=frozenset(plain.manifest.folds) - hidden)
    other = train(learnt, tmp_path / "run2", config(), hear=quiet).run
    assert curve(other) != curve(runs[0])


def test_the_card_knows_whose_scans_it_learnt_from_without_naming_them(data: Snapshot, tmp_path: Path) -> None:
    run = train(data, tmp_path / "run", config("epochs=1"), hear=quiet).run
    kept = told(run)["learnt_from"]
    learnt = {patient for patient, fold in data.manifest.folds.items() if fold != 0}
    assert set(kept["patients"]) == {keyed(kept["key"], patient) for patient in learnt}
    counts = [np.ascontiguousarray(data.pictures[row], "<u2").tobytes() for row in range(20)]
    asked = [keyed(kept["key"], one) in kept["scans"] for one in counts]
    assert asked == [patient in learnt for patient in data.manifest.patients]
    assert not any(patient in (run / "card.json").read_text("utf-8") for patient in learnt)
    assert identity("P1", {"name": "c", "seed": 1}) != identity("P1", {"name": "c", "seed": 2})


class After(Stopper):
    """Asks to stop at the n-th time it is asked."""

    def __init__(self, times: int) -> None:
        super().__init__()
        object.__setattr__(self, "left", [times])

    def asked(self, folder: RunFolder) -> bool:
        left: list[int] = vars(self)["left"]
        left[0] -= 1
        return left[0] == 0


def test_stopped_anywhere_and_resumed_it_is_the_same(data: Snapshot, tmp_path: Path) -> None:
    whole = train(data, tmp_path / "whole", config(), hear=quiet).run
    run = tmp_path / "pieces"
    states = [train(data, run, config(), resume=n > 0, stopper=After(n + 2), hear=quiet).state for n in range(2)]
    assert states == ["stopped", "stopped"]
    assert train(data, run, config(), resume=True, hear=quiet).state == "done"
    assert curve(run) == curve(whole)
    for name in ("predictions.csv", "inner.csv", told(whole)["weights"]["file"]):
        assert (run / name).read_bytes() == (whole / name).read_bytes()
    assert train(data, run, config(), resume=True, hear=quiet).metrics["epoch"] == 2  # done stays done


def test_killed_at_random_it_resumes_to_the_same_curve(data: Snapshot, tmp_path: Path) -> None:
    changes = ("epochs=8", "checkpoint_minutes=0.0005")
    run = tmp_path / "killed"
    sets = [part for change in (*TINY, *changes) for part in ("--set", change)]
    command = [sys.executable, "-m", "ml", "train", "small-a", "--snapshot", str(data.folder), "--out", str(run), *sets]
    process = subprocess.Popen([*command, "--threads", "1"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 90
    while not (run / "metrics.jsonl").exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(random.uniform(0, 0.5))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL and not (run / "card.json").exists()
    done = len(read_metrics(run))
    assert 1 <= done < 8
    train(data, run, config(*changes), resume=True, hear=quiet)
    whole = train(data, tmp_path / "whole", config(*changes), hear=quiet).run
    assert curve(run) == curve(whole) and len(curve(run)) == 8
    assert (run / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()


def test_a_run_gives_signs_of_life_whatever_it_is_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder shared by machines nothing else tells one that tests for minutes from one that was killed."""
    monkeypatch.setattr(runfolder, "BEAT", 0.05)

    def status() -> dict[str, Any]:
        found: dict[str, Any] = json.loads((tmp_path / "status.json").read_text("utf-8"))
        return found

    folder = RunFolder(tmp_path, hear=quiet)
    folder.status(state="testing")
    (tmp_path / "status.json").unlink()
    with folder.beating():
        end = time.monotonic() + 10
        while not (tmp_path / "status.json").exists() and time.monotonic() < end:
            time.sleep(0.02)
        assert status()["state"] == "testing" and abs(status()["at"] - time.time()) < 10
    folder.status(state="done")
    (tmp_path / "status.json").unlink()
    time.sleep(0.2)
    assert not (tmp_path / "status.json").exists()  # it ends with what it is about


def test_patience_stops_early_on_the_inner_patients(data: Snapshot, tmp_path: Path) -> None:
    asked = config("epochs=8", "patience=1", "lr=1e-9", "flip=none")
    run = train(data, tmp_path / "run", asked, hear=quiet).run
    best = told(run)["training"]["best_epoch"]
    assert len(curve(run)) == best + 1 < 8


@pytest.mark.parametrize(
    ("change", "words"),
    [("seed=1", "other settings .seed=0"), ("network=vgg16", "network=resnet50"), ("fold=1", "fold=0")],
)
def test_a_run_is_not_taken_up_as_another(data: Snapshot, tmp_path: Path, change: str, words: str) -> None:
    begun(data, tmp_path / "run", config())
    with pytest.raises(ConfigError, match=words):
        train(data, tmp_path / "run", config(change), resume=True, hear=quiet)
    with pytest.raises(ConfigError, match="already holds a run"):
        train(data, tmp_path / "run", config(), hear=quiet)


def test_another_snapshot_is_not_gone_on_with(data: Snapshot, tmp_path: Path) -> None:
    begun(data, tmp_path / "run", config())
    other = make(tmp_path / "other", patients=16)
    with pytest.raises(ConfigError, match="another snapshot"):
        train(other, tmp_path / "run", config(), resume=True, hear=quiet)


def begun(data: Snapshot, run: Path, asked: Config) -> None:
    stopped = train(data, run, asked, stopper=After(1), hear=quiet)
    assert stopped.state == "stopped"


def test_data_nobody_can_learn_from_leave_nothing_behind(tmp_path: Path) -> None:
    flipped = frozenset(f"P{number:02}" for number in range(0, 20, 2))
    one_kind = make(tmp_path / "data", flipped=flipped)  # all are benign now
    with pytest.raises(DataError, match="none is malignant"):
        train(one_kind, tmp_path / "run", config(), hear=quiet)
    with pytest.raises(ConfigError, match="no fold 9|There is no fold 9"):
        try:
            train(one_kind, tmp_path / "run", config("fold=9"), hear=quiet)
        except ValueError as error:
            raise ConfigError(str(error)) from error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("network", ["roi-only", "tree"])
def test_a_fold_with_nothing_to_test_is_done_and_its_table_is_empty(tmp_path: Path, network: str) -> None:
    tested = frozenset(patient for patient, fold in make(tmp_path / "all").manifest.folds.items() if fold == 0)
    bare = make(tmp_path / "bare", bare=tested)
    run = train(bare, tmp_path / "run", config("epochs=1", "inner=0.4", f"network={network}"), hear=quiet).run
    assert table(run) == [] and table(run, "inner.csv") and told(run)["metrics"]["test"] == {"samples": 0}


def test_what_a_kill_left_while_a_run_was_begun_is_no_obstacle(data: Snapshot, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("origin.json", "config.json.0123.part"):
        (run / name).write_text("{", encoding="utf-8")
    asked = config("epochs=1", "network=roi-only")
    stopped = train(data, run, asked, stopper=Stopper.after(0), hear=quiet)
    (run / "last.safetensors.0123.part").write_bytes(b"half")
    assert stopped.state == "stopped" and train(data, run, asked, resume=True, hear=quiet).state == "done"
    assert not list(run.glob("*.part"))
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ConfigError, match="holds no run"):
        train(data, tmp_path, asked, hear=quiet)


def test_weights_broken_by_an_epochs_last_step_are_told_and_not_kept(data: Snapshot, tmp_path: Path) -> None:
    asked = config("network=roi-only", "batch=64", "lr=1e12")  # one step an epoch: its own loss is a number
    with pytest.raises(TrainingError, match="inner validation patients is (nan|inf) after epoch 1, which is not kept"):
        train(data, tmp_path / "run", asked, hear=quiet)
    status = json.loads((tmp_path / "run" / "status.json").read_text("utf-8"))
    assert status["state"] == "failed" and "smaller lr" in status["message"]
    assert not list((tmp_path / "run").glob("*.safetensors"))


def test_a_checkpoint_of_another_network_is_refused_in_words(data: Snapshot, tmp_path: Path) -> None:
    begun(data, tmp_path / "one", config())
    begun(data, tmp_path / "two", config("network=vgg16"))
    os.replace(tmp_path / "two" / "last.safetensors", tmp_path / "one" / "last.safetensors")
    with pytest.raises(CheckpointError, match="of another network: it lacks .* it has .* does not know"):
        train(data, tmp_path / "one", config(), resume=True, hear=quiet)
    (tmp_path / "one" / "last.safetensors").write_bytes(b"\x80\x04\x95 not a tensor")
    with pytest.raises(CheckpointError, match="is no checkpoint, or is damaged"):
        train(data, tmp_path / "one", config(), resume=True, hear=quiet)


def test_a_run_another_process_is_at_is_left_to_it(data: Snapshot, tmp_path: Path) -> None:
    asked = config("epochs=2")
    run = tmp_path / "run"
    train(data, run, asked, stopper=Stopper.after(0), hear=quiet)
    status = json.loads((run / "status.json").read_text("utf-8"))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        busy = {**status, "state": "training", "pid": other.pid, "at": time.time() + 1}
        (run / "status.json").write_text(json.dumps(busy), "utf-8")
        with pytest.raises(ConfigError, match="Another process is training"):
            train(data, run, asked, resume=True, hear=quiet)
        other.kill()
    assert train(data, run, asked, resume=True, hear=quiet).state == "done"
