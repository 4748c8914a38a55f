"""Trainings as processes: begun, let go, stopped, resumed, and refused, from the command line and from functions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.ml.learnable import TINY, make
from workstation.cli import main
from workstation.workflows import learning, run_folders
from workstation.workflows.errors import CallError
from workstation.workflows.learning import Asked, Learning
from workstation.workflows.progress import finish

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("learning") / "data").folder


@pytest.mark.skipif(os.name == "nt", reason="sessions and signals are POSIX's")
def test_let_go_stopped_resumed_and_interrupted(snapshot: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["train", "small-a", "--snapshot", str(snapshot), "--out", str(run), "--threads", "1", "--json"]
    for change in (*TINY, "epochs=400"):
        words += ["--set", change]
    begun = subprocess.run(
        [sys.executable, "-c", "import sys; from workstation.cli import main; sys.exit(main(sys.argv[1:]))", *words,
         "--detach"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    told = json.loads(begun.stdout)
    assert os.getsid(told["pid"]) == told["pid"] != os.getsid(0)  # a session of its own: no terminal can close it
    _until(lambda: (run / "metrics.jsonl").exists())  # it went on when the command had ended
    learning.ask_to_stop(run)
    _until(lambda: run_folders.status(run).get("state") == "stopped")
    assert "stopped in epoch" in run_folders.read_run(run, None).state
    epochs = len((run / "metrics.jsonl").read_text("utf-8").splitlines())
    assert 0 < epochs < 400
    resumed = subprocess.Popen(
        [sys.executable, "-c", "import sys; from workstation.cli import main; sys.exit(main(sys.argv[1:]))", *words,
         "--resume"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    _until(lambda: len((run / "metrics.jsonl").read_text("utf-8").splitlines()) > epochs)
    os.killpg(resumed.pid, signal.SIGINT)  # as Ctrl+C does: the command alone hears it, and asks the training to stop
    given, heard = resumed.communicate(timeout=60)
    assert resumed.returncode == 1 and json.loads(given)["epoch"] > epochs
    assert "resumed after epoch" in heard and "To go on: osteoscope train small-a" in heard and "--resume" in heard
    assert run_folders.status(run)["state"] == "stopped"
    noted = json.loads((run / "asked.json").read_text("utf-8"))
    assert len(noted["commands"]) == 2 and noted["commands"][0].startswith("osteoscope train small-a --snapshot data")
    assert (run / noted["snapshot"]).resolve() == snapshot.resolve()


@pytest.mark.parametrize(
    ("program", "code", "message"),
    [
        ("print('of other settings', file=sys.stderr); sys.exit(2)", 2, "of other settings"),
        ("print('the disk is full', file=sys.stderr); sys.exit(3)", 3, "the disk is full"),
        ("raise KeyError('ours')", 3, "KeyError: 'ours'"),  # Python's own code for it is that of a stopped training
        ("os.kill(os.getpid(), 9)", 3, "signal 9"),
    ],
)
def test_what_was_refused_or_failed_is_told_and_not_noted(
    program: str, code: int, message: str, snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "status.json").write_text(json.dumps({"state": "stopped", "at": time.time(), "pid": 1}), "utf-8")

    def start(arguments: list[str], said: Any, gave: Any) -> Any:
        return subprocess.Popen([sys.executable, "-c", f"import os, sys; {program}"], stdout=gave, stderr=said)

    monkeypatch.setattr(learning, "start", start)
    said: list[str] = []
    asked = Asked("train", ("small-a",), snapshot, tmp_path, resume=True)
    outcome = finish(learning.run(Learning(asked), said.append))
    assert (outcome.code, outcome.told) == (code, None) and message in outcome.message
    assert not (tmp_path / "asked.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_ctrl_c_between_two_looks_also_stops_the_training(
    snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = (
        "import signal, sys, time; signal.signal(15, lambda *_: "
        "(print('{}', flush=True), print('put away', file=sys.stderr, flush=True), sys.exit(1)));"
        "print('ready', file=sys.stderr, flush=True); time.sleep(60)"
    )

    def start(arguments: list[str], said: Any, gave: Any) -> Any:
        return subprocess.Popen([sys.executable, "-c", program], stdout=gave, stderr=said)

    def interrupted(job: Any) -> Any:
        while "ready" not in capsys.readouterr().err:
            next(job)
        raise KeyboardInterrupt

    monkeypatch.setattr(learning, "start", start)
    monkeypatch.setattr("workstation.workflows.progress.finish", interrupted)
    assert main(["train", "small-a", "--snapshot", str(snapshot), "--out", str(tmp_path / "run"), "--json"]) == 1
    heard = capsys.readouterr()
    assert json.loads(heard.out) == {} and "put away" in heard.err  # its last words, said after the last look


def _until(done: Any, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def test_a_cross_validation_and_its_tables(
    snapshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tree needs seconds: all folds, then the tables, which find the snapshot by what was noted."""
    run = tmp_path / "cv"
    words = ["crossval", "small-a:tree", "--snapshot", str(snapshot), "--out", str(run), "--set", "inner=0.2"]
    assert main([*words, "--threads", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["small-a-tree"]["folds"]) == ["0", "1"]
    assert main(["evaluate", str(run), "--json"]) == 0
    tables = json.loads(capsys.readouterr().out)
    third = next(each for each in tables["tables"] if each["number"] == "3")
    assert third["rows"][0]["key"] == "tree" and third["rows"][0]["cases"] == 40
    assert len(tables["commands"]) == 2 and "crossval small-a:tree --snapshot data" in tables["commands"][0]
    assert tables["absent"] == [] and (run / "evaluation" / "evaluation.html").is_file()
    assert main(["evaluate", str(run / "small-a-tree" / "fold-1")]) == 0  # one fold finds it too
    table = run / "small-a-tree/fold-0/predictions.csv"
    lines = table.read_text("utf-8").splitlines()
    cells = lines[1].split(",")
    cells[8] = "0.5"  # a score
    table.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n", "utf-8")
    assert main(["evaluate", str(run)]) == 3
    assert "was changed afterwards" in capsys.readouterr().err


def test_wrong_calls_are_refused_in_words(
    snapshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a folder `ml` lies in the way."""
    (tmp_path / "ml").mkdir()
    (tmp_path / "ml" / "__init__.py").write_text("raise RuntimeError('not this one')", "utf-8")
    monkeypatch.chdir(tmp_path)
    out = ["--snapshot", str(snapshot), "--out", "run"]
    assert main(["train", "small-q", *out]) == 2
    assert "There is no preset 'small-q'" in capsys.readouterr().err
    assert main(["train", "small-a", *out, "--set", "epochs=much", "--detach"]) == 2
    assert "whole number" in capsys.readouterr().err
    assert main(["crossval", "small-a", "--snapshot", "nowhere", "--out", "run"]) == 2
    assert "no snapshot" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    with pytest.raises(CallError):
        Learning(Asked("train", ("small-a",), tmp_path, tmp_path / "run"))


def test_how_far_a_run_is(tmp_path: Path) -> None:
    run = tmp_path / "cv" / "small-a-resnet50" / "fold-1"
    run.mkdir(parents=True)
    told = {"state": "training", "epoch": 3, "epochs": 12, "step": 10, "steps": 50}
    (run / "status.json").write_text(json.dumps(told), "utf-8")
    now = learning.progress(tmp_path / "cv")
    assert (now.done, now.total, now.what) == (110, 600, "small-a-resnet50, fold-1")
    (run / "status.json").write_text("{", "utf-8")  # half written by something else
    assert learning.progress(tmp_path / "cv").total is None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"state": "failed", "message": "the disk is full"}, "failed: the disk is full"),
        ({"state": "stopped", "epoch": 2, "epochs": 9}, "stopped in epoch 2 of 9; resume it"),
        ({"state": "training", "epoch": 2, "epochs": 9, "at": 0, "pid": 2**22 + 7}, "broken off in epoch 2 of 9"),
        ({"state": "training", "epoch": 2, "epochs": 9, "at": "now"}, "training now, in epoch 2 of 9"),
        (  # a process of ours has the number of theirs
            {"state": "training", "epoch": 2, "epochs": 9, "at": 0, "pid": os.getpid(), "machine": "elsewhere"},
            "broken off in epoch 2 of 9",
        ),
        ({"state": "training", "epoch": 2, "epochs": 9, "at": 10**400, "pid": 10**400}, "in epoch 2 of 9"),
        ({}, "nothing heard"),
    ],
)
def test_why_a_run_is_not_done(status: dict[str, Any], words: str, tmp_path: Path) -> None:
    settings = {"preset": "small-a", "network": "resnet50", "task": "lesion", "fold": 0, "snapshot": "x"}
    (tmp_path / "config.json").write_text(json.dumps(settings), "utf-8")
    if status.get("at") == "now":
        status = {**status, "at": time.time()}
    (tmp_path / "status.json").write_text(json.dumps(status), "utf-8")
    assert words in run_folders.read(tmp_path).absent["small-a-resnet50", 0]
