"""The registry: the same model wherever its file goes, whole or not there, in use only after it was compared."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from ml.final import final
from ml.sealed import predict_sealed
from ml.snapshot import Snapshot
from ml.train import train
from tests.ml.learnable import config, make
from tests.workflows import ml_here
from tests.workflows.made_runs import read as rows_of
from workstation.workflows import learning, model_files, model_history, model_use, sealing
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.model_files import Entry, find, listed
from workstation.workflows.model_use import Considered, consider, take
from workstation.workflows.models import bring_in, give_out
from workstation.workflows.progress import finish

SEALED = ("P00", "P01", "P03", "P06")


def quiet(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make(tmp_path_factory.mktemp("models") / "data", patients=24, sealed=SEALED)


@pytest.fixture(scope="module")
def runs(data: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two that never saw the sealed, and one that learnt from everybody."""
    where = tmp_path_factory.mktemp("models")
    for seed, name in enumerate(("first", "second")):
        train(
            data,
            where / name,
            config("epochs=1", "inner=0.4", "network=roi-only", "fold=0", f"seed={seed}"),
            hear=quiet,
        )
    whole = make(where / "whole", patients=24)
    train(whole, where / "greedy", config("epochs=1", "inner=0.4", "network=roi-only", "fold=-1"), hear=quiet)
    return {name: where / name for name in ("first", "second", "greedy")}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: Snapshot) -> Iterator[None]:
    monkeypatch.setattr(learning, "start", ml_here.start)
    monkeypatch.setattr(model_files, "shipped_folder", lambda: tmp_path / "shipped")
    yield
    sealing.sidecar(data.folder).unlink(missing_ok=True)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def brought(source: Path, models: Path, name: str | None = None) -> Entry:
    return finish(bring_in(source, models, name)).entry


def looked_at(name: str, models: Path, snapshot: Snapshot | None = None) -> Considered:
    return finish(consider(name, models, snapshot and snapshot.folder, resamples=50))


def test_a_model_is_the_same_wherever_its_file_goes(
    runs: dict[str, Path], models: Path, data: Snapshot, tmp_path: Path
) -> None:
    mine = brought(runs["first"], models, "mine")
    assert (mine.name, mine.task, mine.network, mine.trained_on) == ("mine", "lesion", "small-a/roi-only", "clinical")
    card = json.loads((runs["first"] / "card.json").read_text("utf-8"))
    assert mine.snapshot == data.manifest.hash and mine.on == "test fold"
    assert mine.figures["auc_malignant"] == card["metrics"]["test"]["auc_malignant"]
    given = finish(give_out("mine", models, tmp_path / "out.safetensors"))
    assert given.file.read_bytes() == mine.path.read_bytes() and given.bytes == mine.bytes
    theirs = brought(given.file, tmp_path / "elsewhere")
    assert (theirs.hash, theirs.name) == (mine.hash, "out")
    found = predict_sealed(data, [mine.path, theirs.path], tmp_path, quiet)
    assert [each["hash"] for each in found] == [mine.hash] * 2
    one, other = (rows_of(tmp_path / f"{at}.csv") for at in (0, 1))
    final(data, runs["first"], quiet)
    expected = [(row["scan"], row["lesion"], row["score"]) for row in rows_of(runs["first"] / "final.csv")]
    assert one == other and [(row["scan"], row["lesion"], row["score"]) for row in one] == expected
    assert finish(bring_in(given.file, models)).already and len(listed(models)) == 1


def test_names(runs: dict[str, Path], models: Path, tmp_path: Path) -> None:
    one, other = (brought(runs[name], models) for name in ("first", "second"))
    assert one.name == "small-a-roi-only" and other.name == f"small-a-roi-only-{other.hash[:8]}"
    assert find(listed(models), other.hash[:10]).name == other.name
    for wrong in ("../up", "a/b", "", "-x", "x" * 81, "a\nb"):
        with pytest.raises(CallError, match="no name for a model"):
            finish(bring_in(runs["first"], tmp_path / "none", wrong))
    assert not (tmp_path / "none").exists()
    with pytest.raises(CallError, match="already, another one"):
        finish(bring_in(runs["greedy"], models, one.name))
    with pytest.raises(CallError, match="no model 'nobody'"):
        find(listed(models), "nobody")
    with pytest.raises(CallError, match="is there already"):
        finish(give_out(one.name, models, other.path))


def test_what_is_no_model_changes_nothing(runs: dict[str, Path], models: Path, tmp_path: Path) -> None:
    mine = brought(runs["first"], models)
    before = sorted(models.iterdir())
    changed = tmp_path / "changed.safetensors"
    content = bytearray(mine.path.read_bytes())
    content[-5] ^= 4
    changed.write_bytes(content)
    (tmp_path / "cv").mkdir()
    told = {"snapshot": "x", "networks": {"small-a-roi-only": "x"}, "folds": [0]}
    (tmp_path / "cv/crossval.json").write_text(json.dumps(told), "utf-8")
    shutil.copytree(runs["first"], tmp_path / "begun")
    (tmp_path / "begun/card.json").unlink()
    (tmp_path / "link.safetensors").symlink_to(mine.path)
    for source, words in (
        (changed, "its hash does not fit"), (tmp_path / "cv", "name the folder of a fold"), (tmp_path, "neither"),
        (tmp_path / "begun", "is not done"), (tmp_path / "link.safetensors", "is a link"),
        (next(runs["first"].glob("best-*")), "export the run instead"), (tmp_path / "none", "No such file"),
    ):  # fmt: skip
        with pytest.raises(WorkflowError, match=words):
            finish(bring_in(source, models))
    assert sorted(models.iterdir()) == before
    mine.path.write_bytes(content)
    (shown,) = listed(models)
    assert "its hash does not fit" in shown.problem and shown.name == mine.name and not shown.hash
    with pytest.raises(CallError, match="its hash does not fit"):
        finish(give_out(mine.name, models, tmp_path / "out.safetensors"))


def test_a_full_disk_leaves_nothing_half_written(
    runs: dict[str, Path], models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = brought(runs["first"], models)
    model_use.take(Considered(mine, None), models)
    before = {path.name: path.read_bytes() for path in models.iterdir()}
    whole = finish(give_out(mine.name, models, tmp_path / "whole.safetensors")).file

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    (tmp_path / "other").mkdir()
    (tmp_path / "out").mkdir()
    for job in (
        bring_in(whole, tmp_path / "other"), bring_in(runs["second"], tmp_path / "other"),
        give_out(mine.name, models, tmp_path / "out/x.safetensors"),
    ):  # fmt: skip
        with pytest.raises(WorkflowError, match="disk is full"):
            finish(job)
    with pytest.raises(WorkflowError, match="No space left"):
        model_use.take(Considered(mine, mine), models)
    assert not list((tmp_path / "other").iterdir()) and not list((tmp_path / "out").iterdir())
    assert {path.name: path.read_bytes() for path in models.iterdir()} == before


def test_what_a_kill_left_is_no_model_and_goes_in_time(runs: dict[str, Path], models: Path) -> None:
    mine = brought(runs["first"], models)
    old, now = models / ".part-0.safetensors", models / ".part-1.safetensors"
    for part in (old, now):
        part.write_bytes(mine.path.read_bytes()[:1000])
    os.utime(old, (0, 0))
    assert [each.name for each in listed(models)] == [mine.name]
    brought(runs["second"], models)
    assert not old.exists() and now.exists()  # another import may be at it


def test_a_new_model_is_in_use_only_after_both_were_compared_on_the_sealed(
    runs: dict[str, Path], models: Path, data: Snapshot, tmp_path: Path
) -> None:
    first, second = (brought(runs[name], models, name) for name in ("first", "second"))
    found = looked_at("first", models)
    assert found.current is None and found.comparison is None and not model_use.used(models)
    take(found, models, "anna")
    assert model_use.used(models)["lesion"].hash == first.hash
    with pytest.raises(CallError, match="Name a snapshot with sealed patients"):
        looked_at("second", models)
    found = looked_at("second", models, data)
    made = found.comparison
    assert made is not None and not found.recorded and (made.new, made.current) == (second.hash, first.hash)
    assert made.openings == 1 and made.sealed == len(SEALED) and not made.simulated
    assert len(sealing.sidecar(data.folder).read_text("utf-8").splitlines()) == 1
    assert model_use.used(models)["lesion"].hash == first.hash  # shown, and nothing changed
    areas, called = {}, {}
    for name in ("first", "second"):
        final(data, runs[name], quiet)
        told = rows_of(runs[name] / "final.csv")
        truth = [int(row["truth"]) for row in told]
        card = json.loads((runs[name] / "card.json").read_text("utf-8"))["calibration"]["malignant"]
        areas[name] = roc_auc_score(truth, [float(row["score"]) for row in told])
        called[name] = [float(row["calibrated"]) >= card["threshold"] for row in told]
    figures = {each.what: each for each in made.figures}
    area = figures["AUC"]
    assert (area.cases, area.patients) == (2 * len(SEALED), len(SEALED))
    assert area.difference == pytest.approx(areas["second"] - areas["first"])
    assert (area.new, area.current) == (pytest.approx(areas["second"]), pytest.approx(areas["first"]))
    right = {name: sum(c == bool(t) for c, t in zip(each, truth, strict=True)) for name, each in called.items()}
    assert figures["accuracy"].difference == pytest.approx((right["second"] - right["first"]) / len(truth))
    assert set(area.tests) == {"DeLong", "Obuchowski over patients"} and "exact McNemar" in figures["accuracy"].tests

    again = looked_at("second", models, data)
    assert again.recorded and again.comparison == made  # nobody is opened for it once more
    take(again, models, "anna")
    assert model_use.used(models)["lesion"].hash == second.hash
    back = looked_at("first", models)
    assert back.recorded and back.comparison is not None and back.comparison.new == first.hash
    turned = {each.what: each for each in back.comparison.figures}["AUC"]
    assert turned.difference == -area.difference and turned.new == area.current
    assert [tuple(each) for each in turned.intervals.values()] == [(-b, -a) for a, b in area.intervals.values()]
    take(back, models, "anna")
    assert len(sealing.sidecar(data.folder).read_text("utf-8").splitlines()) == 1
    uses = model_history.read(models).uses
    assert [(use.name, use.instead_of, use.who) for use in uses] == [
        ("first", "", "anna"), ("second", first.hash, "anna"), ("first", second.hash, "anna"),
    ]  # fmt: skip
    assert [use.compared_at for use in uses] == ["", made.at, made.at]
    with pytest.raises(WorkflowError, match="Another model came into use meanwhile"):
        take(back, models)
    first.path.unlink()
    assert "lesion" not in model_use.used(models)
    assert looked_at("second", models).missing == "first"


def test_a_comparison_on_cases_of_one_kind_takes_nobody(
    runs: dict[str, Path], models: Path, data: Snapshot
) -> None:
    for name in ("first", "second"):
        brought(runs[name], models, name)
    take(looked_at("first", models), models)
    found = looked_at("second", models, data)
    assert found.comparison is not None and found.comparison.tells
    silent = tuple(each for each in found.comparison.figures if each.what != "AUC")
    of_one_kind = replace(found, comparison=replace(found.comparison, figures=silent))
    with pytest.raises(WorkflowError, match="cannot tell which model is better"):
        take(of_one_kind, models)
    assert model_use.used(models)["lesion"].name == "first"


def test_who_saw_the_sealed_is_not_compared_and_nobody_is_opened(
    runs: dict[str, Path], models: Path, data: Snapshot, tmp_path: Path
) -> None:
    first, _ = brought(runs["first"], models, "first"), brought(runs["greedy"], models, "greedy")
    take(looked_at("first", models), models)
    with pytest.raises(CallError, match=f"greedy learnt from {len(SEALED)} of the {len(SEALED)} sealed patients"):
        looked_at("greedy", models, data)
    brought(runs["second"], models, "second")
    with pytest.raises(CallError, match="--sealed 10%"):
        looked_at("second", models, make(tmp_path / "open", patients=8))
    with pytest.raises(CallError, match="manifest"):
        finish(consider("second", models, tmp_path))
    assert not sealing.sidecar(data.folder).exists()
    assert model_use.used(models)["lesion"].hash == first.hash and not model_history.read(models).comparisons


def test_what_came_with_the_program_is_in_use_until_another_is_chosen(
    runs: dict[str, Path], models: Path, data: Snapshot, tmp_path: Path
) -> None:
    shipped = brought(runs["first"], tmp_path / "shipped", "small-a")
    (there,) = listed(models)
    assert there.shipped and model_use.used(models)["lesion"].name == "small-a"
    assert finish(bring_in(shipped.path, models)).already and not list(models.iterdir())
    second = brought(runs["second"], models, "second")
    take(looked_at("second", models, data), models)
    assert model_use.used(models)["lesion"].hash == second.hash
    take(looked_at("small-a", models), models)
    assert model_use.used(models)["lesion"].name == "small-a" and looked_at("small-a", models).already
    second.path.rename(second.path.with_stem("small-a"))  # two of one name are told apart by their hashes
    take(looked_at(second.hash[:12], models), models)
    assert model_use.used(models)["lesion"].hash == second.hash


def test_history_edited_by_hand_or_cut_off_by_a_kill(runs: dict[str, Path], models: Path) -> None:
    mine = brought(runs["first"], models, "mine")
    take(looked_at("mine", models), models)
    file = models / model_history.FILE
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"do": "used", "task": "les')
    assert model_use.used(models)["lesion"].hash == mine.hash
    model_use.take(Considered(mine, mine), models)
    assert file.read_bytes().startswith(whole) and len(model_history.read(models).uses) == 2
    for wrong in (b"{}\n", b"[]\n", b'{"do": "used"}\n', b"\xff\n", b'{"do": "eaten"}\n', b'{"do": "compared"}\n',
                  whole.replace(b'"lesion"', b"3")):  # fmt: skip
        file.write_bytes(whole + wrong)
        with pytest.raises(WorkflowError, match="line 2 is damaged"):
            model_use.used(models)
