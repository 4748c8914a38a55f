"""Trainings followed by their files, whatever is in them; begun, killed, resumed and stopped as processes."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.config import make, presets
from tests.app.run_folders_made import make_run, row, write
from tests.ml import learnable
from workstation.app import training_words
from workstation.app.jobs import Jobs
from workstation.app.training import Trainings, wanted
from workstation.app.training_facts import differences, facts, last_epoch
from workstation.app.workbench import Workbench
from workstation.core.ticks import ticks
from workstation.workflows import crossvals, snapshot_seen, starting, trainings
from workstation.workflows import presets as preset_table
from workstation.workflows.errors import CallError
from workstation.workflows.metrics_tail import MetricsTail
from workstation.workflows.trainings import Finder, State

WAIT_MS = 30_000


def only(folder: Path) -> trainings.Training:
    (run,) = Finder().find(folder)
    return run


# The curves


def test_a_growing_file_is_read_on_and_a_replaced_one_anew(tmp_path: Path) -> None:
    tail, file = MetricsTail(tmp_path), tmp_path / "metrics.jsonl"
    assert tail.read().epoch.size == 0 and tail.read() is tail.read()
    file.write_text(row(1) + row(2)[:20])  # half a line: it is being written
    assert tail.read().epoch.tolist() == [1] and tail.read().skipped == 0
    file.write_text(row(1) + row(2) + row(3))
    curve = tail.read()
    assert curve.epoch.tolist() == [1, 2, 3] and curve is tail.read()
    assert curve.train_loss.tolist() == [1, 1 / 2, 1 / 3] and curve.score.tolist() == pytest.approx([0.6, 0.9, 0.6])
    assert (curve.score_name, curve.best) == ("AUC", 1)
    file.write_text(row(1).replace("0.001", "0.002") + row(2, "dice"))  # another run's, shorter
    assert tail.read().epoch.tolist() == [1, 2]
    file.unlink()
    assert tail.read().epoch.size == 0


def test_forty_thousand_lines_are_read_once_and_then_only_what_is_new(tmp_path: Path) -> None:
    tail, file = MetricsTail(tmp_path), tmp_path / "metrics.jsonl"
    file.write_text("".join(row(epoch) for epoch in range(1, 40_001)))
    while not tail.read().whole:
        pass
    assert tail.curve.epoch.tolist() == list(range(1, 40_001))
    with file.open("a") as more:
        more.write(row(40_001))
    taken = []
    tail._take = (lambda take: lambda line: (taken.append(line), take(line)))(tail._take)  # type: ignore[method-assign]
    assert tail.read().epoch.size == 40_001 and len(taken) == 1


def test_lines_that_make_no_sense_are_counted_and_the_rest_is_drawn(tmp_path: Path) -> None:
    bad = ["{", "[]", '"x"', '{"epoch": "2"}', '{"epoch": NaN}', '{"epoch": 1.5}', '{"epoch": 1}', '{"epoch": 1e999}',
           "[" * 5000, '{"epoch": -4}', "\x00\xff", '{"epoch": ' + "9" * 400 + "}"]  # fmt: skip
    good = '{"epoch": 7, "train_loss": Infinity, "inner_loss": "low", "inner_dice": 0.5, "best": "yes"}'
    (tmp_path / "metrics.jsonl").write_text(row(1) + "\n".join([*bad, good]) + "\n", "utf-8")
    curve = MetricsTail(tmp_path).read()
    assert curve.epoch.tolist() == [1, 7] and curve.skipped == len(bad)
    assert math.isnan(curve.train_loss[1]) and math.isnan(curve.inner_loss[1]) and curve.best == 0


# The runs


def test_states_as_the_files_tell_them(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name, state, pid in (("run", "training", None), ("killed", "training", dead.pid), ("off", "stopped", None),
                             ("whole", "done", None), ("bad", "failed", None)):  # fmt: skip
        make_run(tmp_path / name, state, pid=pid)
    write(tmp_path / "bad" / "status.json", {"state": "failed", "message": "The loss is not a number\n\x1b[31m" * 90})
    seen = {run.name: run for run in Finder().find(tmp_path)}
    assert {name: run.state for name, run in seen.items()} == {
        "run": State.TRAINING, "killed": State.BROKEN, "off": State.STOPPED, "whole": State.FINISHED,
        "bad": State.FAILED,
    }  # fmt: skip
    assert {name for name, run in seen.items() if run.state.resumable} == {"killed", "off", "bad"}
    assert training_words.state(seen["killed"]) == "Stopped" and "Resume" in training_words.sentence(seen["killed"])
    said = training_words.sentence(seen["bad"])
    assert said.startswith("Failed: The loss is not a number") and len(said) < 450 and said.isprintable()
    (tmp_path / "run" / "stop").touch()
    assert Finder().find(tmp_path / "run")[0].state is State.STOPPING


def test_the_number_of_a_process_given_to_another_is_no_sign_of_life(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", pid=os.getpid())
    status = json.loads((run / "status.json").read_text())
    write(run / "status.json", {**status, "at": time.time() - 30 * 86400})  # long before this process began
    expected = State.BROKEN if Path("/proc/self/stat").exists() else State.TRAINING
    assert only(tmp_path).state is expected


@pytest.mark.parametrize(("ago", "state"), [(30, State.TRAINING), (600, State.BROKEN)])
def test_a_run_on_another_machine_lives_while_it_is_heard_of(tmp_path: Path, ago: float, state: State) -> None:
    run = make_run(tmp_path / "run")
    status = json.loads((run / "status.json").read_text())
    write(run / "status.json", {**status, "machine": "another", "at": time.time() - ago})
    assert only(tmp_path).state is state


def test_folders_of_anything_are_listed_or_left_out_and_never_stop_it(tmp_path: Path) -> None:
    make_run(tmp_path / "good")
    for name, text in (("half", '{"preset": "sm'), ("list", "[1]"), ("deep", "[" * 100_000), ("latin", "\xff")):
        make_run(tmp_path / name)
        (tmp_path / name / "config.json").write_text(text, "latin-1")
    (tmp_path / "another program").mkdir()
    (tmp_path / "another program" / "config.json").write_text("{}")
    found = {run.name: run.state for run in Finder().find(tmp_path)}
    assert found == {"good": State.TRAINING, **dict.fromkeys(("half", "list", "deep", "latin"), State.DAMAGED)}
    assert Finder().find(tmp_path / "nowhere") == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=6,
)
KEYS = ("state", "epoch", "epochs", "step", "steps", "loss", "samples_per_second", "seconds_left", "memory_mb",
        "message", "at", "pid", "machine")  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(status=st.dictionaries(st.sampled_from(KEYS), JSON), origin=JSON, split=JSON)
def test_any_json_gives_plain_words(tmp_path: Path, status: dict, origin: object, split: object) -> None:
    run = tmp_path / "run" if (tmp_path / "run").exists() else make_run(tmp_path / "run")
    write(run / "status.json", status)
    write(run / "origin.json", {"split": split, "environment": origin, "snapshot": origin})
    seen = only(tmp_path)
    words = [training_words.state(seen), training_words.sentence(seen), training_words.epochs(seen),
             training_words.left(seen), *(value for _, value in facts(seen, trainings.facts(run)))]  # fmt: skip
    assert all(each.isprintable() and len(each) < 500 for each in words)


def test_no_figure_of_the_test_fold_is_told(tmp_path: Path) -> None:
    from tests.app.run_folders_made import FIGURE

    make_run(tmp_path / "run", "done")
    run = only(tmp_path)
    told = f"{run}{facts(run, trainings.facts(run.folder))}{training_words.sentence(run)}"
    assert FIGURE not in told and "random initialisation" in told and "CPU (x86_64, 2 threads), fp32" in told


def test_a_run_of_another_machine_gives_no_estimate_and_this_ones_does(tmp_path: Path) -> None:
    learnable.make(tmp_path / "data", patients=20)
    seen = snapshot_seen.seen(tmp_path / "data")
    (small,) = [preset for preset in preset_table.every() if preset.name == "small-a"]
    make_run(tmp_path / "runs" / "here", "done")
    # 60 steps of 16 at 24 a second for 100 patients: 0.4 s a patient and epoch; 9 learnt from here, 12 epochs
    (run,) = Finder().find(tmp_path / "runs")
    assert run.pace == pytest.approx(0.4) and seen.learnt(0) == pytest.approx(9)
    assert "about 44 s" in training_words.estimate([run], small, ["resnet50"], seen, 0, 12)
    assert "about 87 s" in training_words.estimate([run], small, ["resnet50"], seen, None, 12)
    assert "not known" in training_words.estimate([run], small, ["vgg16"], seen, 0, 12)
    both = training_words.estimate([run], small, ["resnet50", "vgg16", "tree"], seen, 0, 12)
    assert "44 s and more" in both and "VGG16" in both and "Tree" not in both
    assert "fitted at once" in training_words.estimate([run], small, ["tree"], seen, 0, 12)
    status = json.loads((run.folder / "status.json").read_text())
    write(run.folder / "status.json", {**status, "machine": "another"})
    assert only(tmp_path / "runs").pace is None


def test_what_differs_between_compared_runs_is_said(tmp_path: Path) -> None:
    for name, changes in (("a", {}), ("b", {"fold": 1}), ("c", {"seed": 3})):
        make_run(tmp_path / name, **changes)
    a, b, c = sorted(Finder().find(tmp_path), key=lambda run: run.name)
    assert "folds" in differences([a, b]) and "seeds" in differences([a, c]) and "different" not in differences([a, a])
    assert last_epoch([(a, MetricsTail(a.folder).read())]) == 12


# Snapshots and what is asked for


def test_a_snapshot_is_said_in_words_and_a_bad_one_too(tmp_path: Path) -> None:
    data = learnable.make(tmp_path / "data", patients=20, sealed=("P03",)).folder
    words = training_words.snapshot(snapshot_seen.seen(data))
    for part in (
        "20 scans of 20 patients, 10 with metastases",
        "20 malignant and 20 benign",
        "2 folds of",
        "1 patient",
    ):
        assert part in words.replace("1 patients", "1 patient"), words
    (data / "masks.npz").unlink()
    with pytest.raises(CallError, match=r"lacks masks\.npz"):
        snapshot_seen.seen(data)
    (data / "manifest.json").write_text((data / "manifest.json").read_text().replace('"P03"', '"P04"', 1))
    with pytest.raises(CallError):
        snapshot_seen.seen(data)
    with pytest.raises(CallError, match="no snapshot"):
        snapshot_seen.seen(tmp_path)


@pytest.mark.parametrize("preset", presets())
def test_a_runs_settings_lead_back_to_what_was_asked(preset: str) -> None:
    config = make(preset, ["epochs=7", "seed=3", "fold=2", "device=cpu", "lr=0.00025", "deterministic=yes"])
    assert make(preset, preset_table.changes_of(config.told())) == config
    assert preset_table.split_name(f"{preset}-{config.network}") == (preset, config.network)
    assert {preset.name for preset in preset_table.every()} == set(presets())


def test_what_is_asked_for_is_checked_before_anything_is_begun(tmp_path: Path) -> None:
    asked = starting.asked(wanted("small-a", "roi-only", tmp_path, 1, 5, 2, "cpu"), tmp_path)
    assert set(asked.changes) == {"network=roi-only", "epochs=5", "seed=2", "device=cpu", "fold=1"}
    make_run(asked.out)
    assert starting.asked(wanted("small-a", "roi-only", tmp_path, 1, 5, 2, "cpu"), tmp_path).out != asked.out
    every = starting.asked(wanted("small-a", "roi-only", tmp_path, None, 16, 0, "auto"), tmp_path)
    assert (every.kind, every.presets, every.changes) == ("crossval", ("small-a:roi-only",), ())
    assert every.out.name == "small-a"
    together = starting.asked(wanted("small-a", "", tmp_path, 1, 16, 0, "auto"), tmp_path)
    assert (together.kind, together.presets, together.folds) == ("crossval", ("small-a:all",), "1")
    with pytest.raises(CallError, match="network=unet"):
        starting.asked(wanted("small-a", "unet", tmp_path, 1, 5, 2, "cpu"), tmp_path)
    with pytest.raises(CallError, match="is not where it was"):
        starting.again(only(tmp_path), tmp_path)


def test_a_fold_is_taken_up_with_its_cross_validation(tmp_path: Path) -> None:
    data, out = learnable.make(tmp_path / "data", patients=20), tmp_path / "cv"
    hash_ = data.manifest.hash
    for fold in (0, 1):
        make_run(out / "small-a-roi-only" / f"fold-{fold}", "stopped", snapshot=hash_, network="roi-only", fold=fold,
                 lr=0.0003)  # fmt: skip
    write(out / "crossval.json", {"networks": {"small-a-roi-only": "", "small-a-tree": ""}, "folds": [0, 1]})
    write(out / "asked.json", {"snapshot": "../data"})
    for run in Finder().find(tmp_path):
        asked = starting.again(run, None)
        assert (asked.kind, asked.out, asked.snapshot) == ("crossval", out, data.folder)
        assert asked.presets == ("small-a:roi-only", "small-a:tree") and asked.changes == ("lr=0.0003",)
        assert asked.folds == "0,1"  # those it was begun with, however many the snapshot has
    (whole,) = crossvals.of(Finder().find(tmp_path))
    assert (whole.name, whole.done, whole.total, whole.state) == ("cv", 0, 4, State.STOPPED)
    small = {preset.name: preset for preset in preset_table.every()}
    joins = starting.may_join
    assert joins(whole, small["small-a"], ["vgg16"], hash_) and not joins(whole, small["small-a"], ["tree"], hash_)
    assert not joins(whole, small["small-a"], ["vgg16"], "f" * 64)
    assert not joins(whole, small["paper-a"], ["tree"], hash_)
    asked = starting.asked(wanted("small-a", "vgg16", data.folder, None, 99, 7, "cpu", whole.one), tmp_path)
    assert (asked.out, set(asked.changes)) == (out, {"lr=0.0003", "device=cpu"})  # its settings, not those of the form
    write(out / "crossval.json", {"networks": {"small-a-../..": ""}})
    with pytest.raises(CallError, match="does not know"):
        starting.again(run, None)


def test_between_two_trainings_a_cross_validation_is_at_work_until_its_process_is_gone(tmp_path: Path) -> None:
    run = make_run(tmp_path / "cv" / "small-a-tree" / "fold-0", "done", network="tree", fold=0)
    write(tmp_path / "cv" / "crossval.json", {"networks": {"small-a-tree": ""}, "folds": [0, 1]})
    assert crossvals.of(Finder().find(tmp_path))[0].state is State.PREPARING
    told = json.loads((run / "status.json").read_text())
    write(run / "status.json", {**told, "pid": 2**30})
    (whole,) = crossvals.of(Finder().find(tmp_path))
    assert whole.state is State.STOPPED and whole.state.resumable


# As a whole


@pytest.fixture
def following(tmp_path: Path, qapp: object):
    workbench = Workbench(tmp_path / "home")
    jobs = Jobs()
    made = Trainings(workbench, jobs)
    made.choose_folder(tmp_path / "runs")
    yield made
    jobs.stop()
    made.close()


@pytest.mark.soak  # torch alone takes seconds to load, twice
def test_a_training_is_begun_killed_seen_as_stopped_and_resumed(qtbot, tmp_path: Path, following: Trainings) -> None:
    """The real thing: a process, its files, kill -9, and on to its end."""
    data = learnable.make(tmp_path / "data", patients=16).folder
    made = following
    made.look(True)
    made.choose_snapshot(data)
    qtbot.waitUntil(lambda: made.snapshot is not None, timeout=WAIT_MS)
    changes = ["width=0.0625", "rows=64", "columns=64", "batch=4", "inner=0.2", "epochs=400", "fold=1"]
    from workstation.workflows.learning import Asked

    out = tmp_path / "runs" / "one"
    made._begin(lambda: Asked("train", ("small-a",), data, out, tuple(changes), threads=1))
    qtbot.waitUntil(lambda: made.one is not None and made.one.state is State.TRAINING, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: out in made.curves and made.curves[out].epoch.size > 1, timeout=WAIT_MS)
    assert made.facts[out].weights == "random initialisation" and made.one is not None and made.one.fold == 1
    os.kill(json.loads((out / "status.json").read_text())["pid"], signal.SIGKILL)
    qtbot.waitUntil(lambda: made.one is not None and made.one.state is State.BROKEN, timeout=WAIT_MS)
    done = made.curves[out].epoch.size
    made.snapshot = None  # its own place is noted in its folder
    made.trouble = ""
    made.resume(made.one)
    qtbot.waitUntil(lambda: made.one is not None and made.one.state is State.TRAINING, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: made.curves[out].epoch.size > done, timeout=WAIT_MS)
    assert "resumed after epoch" in (out / "log.txt").read_text()
    made.stop(made.one)
    qtbot.waitUntil(lambda: made.one is not None and made.one.state is State.STOPPED, timeout=WAIT_MS)
    assert made.curves[out].epoch.tolist() == list(range(1, made.curves[out].epoch.size + 1))
    made.look(False)
    assert not made.looking


def test_what_is_refused_is_said_and_nothing_is_left(qtbot, tmp_path: Path, following: Trainings) -> None:
    made = following
    made.look(True)
    made.choose_snapshot(tmp_path)
    qtbot.waitUntil(lambda: "no snapshot" in made.snapshot_problem, timeout=WAIT_MS)
    made.start(wanted("small-a", "resnet50", tmp_path, 0, 16, 0, "auto"))
    qtbot.waitUntil(lambda: "no snapshot" in made.trouble and not made.starting, timeout=WAIT_MS)
    assert not list((tmp_path / "runs").iterdir()) and made.runs == ()


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6), most=st.integers(2, 12), whole=st.booleans())
def test_marks_of_an_axis_are_round_and_as_many_as_fit(low: float, span: float, most: int, whole: bool) -> None:
    marks, decimals = ticks(low, low + span, most, whole)
    assert len(marks) <= most
    assert all(low - 1e-6 * span <= mark <= low + span * (1 + 1e-6) for mark in marks)
    steps = np.diff(marks)
    assert steps.size == 0 or np.allclose(steps, steps[0])
    assert len({f"{mark:.{decimals}f}" for mark in marks}) == len(marks)
    assert not whole or decimals == 0


def test_ticks_of_no_axis() -> None:
    with pytest.raises(ValueError):
        ticks(1, 1, 5)
