"""The check that waits for a GPU (`make gpu`), one small part of it on the CPU: that it works, and that it can fail."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from ml.config import networks_of
from ml.engine import Engine
from ml.snapshot import Snapshot
from tests.bench.rows import Row
from tests.gpu import packs, plan
from tests.gpu.steps import networks, resumed, step
from tests.gpu.told import Table, as_json, failed, from_json
from tests.ml.learnable import make


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make(tmp_path_factory.mktemp("gpu") / "data", patients=24)


def test_a_step_here_is_the_cpus_and_another_is_not(data: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    good = {row.name: row for row in step(data, "roi-only", "cpu", 0.0625, compiled=False)}
    assert good["roi-only, fp32: a step beside the CPU's"].value == pytest.approx(1, abs=1e-6)
    assert all(row.ok for row in good.values()) and len(good) == 2
    right, calls = Engine._loss, []

    def wrong(engine: Engine, piece: object) -> torch.Tensor:
        """A device that adds up wrongly: every time but the first, which is the CPU's."""
        calls.append(1)
        return right(engine, piece) * (1.0 if len(calls) == 1 else 1.2)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "_loss", wrong)
    assert not any(row.ok for row in step(data, "roi-only", "cpu", 0.0625, compiled=False))


def test_a_resumed_curve_is_compared(data: Snapshot, tmp_path: Path) -> None:
    (row,) = resumed(data, "roi-only", "cpu", 0.0625, tmp_path)
    assert row.ok and row.value == 0
    assert all((tmp_path / name / "card.json").exists() for name in ("whole", "pieces"))


def test_every_network_is_checked() -> None:
    tasks = ("lesion", "patient", "detect", "metastases", "bladder", "sites")
    known = {name for task in tasks for name in networks_of(task)}
    assert set(networks()) == known - {"tree"}


def test_rows_are_told_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Row("a", 3.5, "x", 3.0, at_least=True), failed("b", "no device"), Row("c", 1.0, "samples/s")]
    monkeypatch.setenv("GPU_JSON", str(tmp_path / "rows.json"))
    table = Table(say=lambda line: None)
    table.add(rows[:1])
    assert table.good
    table.add(rows[1:])
    assert not table.good
    told = json.loads((tmp_path / "rows.json").read_text("utf-8"))
    assert [row["ok"] for row in told] == [True, False, None] and told[1]["value"] is None
    again = from_json(as_json(rows))
    assert math.isnan(again[1].value) and [row.ok for row in again] == [True, False, None]


def test_epochs_fill_a_groups_share_of_the_time() -> None:
    group = next(group for group in plan.GROUPS if group.name == "a")
    rates = {word: {"learnt": 10_000, "samples_per_second": 1000.0} for word in group.words if word != "paper-a:tree"}
    trainings = 5 + 5 + 3  # ResNet-50 and ROI-only in five folds, three comparators on one
    one = trainings * 10.0
    assert plan.epochs(group, rates, 3600) == int(0.7 * 0.55 * 3600 / one)
    assert plan.epochs(group, rates, 1) == 1 and plan.epochs(group, rates, 1e9) == 300  # the paper's
    assert sum(each.share for each in plan.GROUPS) == pytest.approx(1)
    for each in plan.GROUPS:
        for tiny in (False, True):
            assert {plan.config_of(word, plan.changes_of(each, tiny, "cpu")).device for word in each.words} == {"cpu"}


def test_what_is_packed_comes_back_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    for fold, done in ((0, True), (1, True), (2, False)):
        run = out / "a" / "paper-a-resnet50" / f"fold-{fold}"
        run.mkdir(parents=True)
        noise = torch.randint(0, 2**31, (3000,), generator=torch.Generator().manual_seed(fold)).tolist()
        for name in ("config.json", "metrics.jsonl", "predictions.csv", "best-0001.safetensors", "last.safetensors"):
            (run / name).write_text(f"{name} {fold} {noise}", encoding="utf-8")
        if done:
            (run / "card.json").write_text("{}", encoding="utf-8")
    (out / "plan.json").write_text("{}", encoding="utf-8")
    (out / "a" / "crossval.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(packs, "LARGEST", 20_000)
    made = packs.pack(out, tmp_path / "packs")
    assert len(made) > 1 and all(path.stat().st_size <= 20_000 for path in made)
    assert packs.unpack(tmp_path / "packs", tmp_path / "again") == 2 * 4 + 2
    there = sorted(path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*") if path.is_file())
    assert there == sorted(packs.kept(out)) and not any(path.suffix == ".safetensors" for path in there)
    assert all((tmp_path / "again" / path).read_bytes() == (out / path).read_bytes() for path in there)
    (tmp_path / "again" / "plan.json").write_text("kept", encoding="utf-8")
    assert packs.unpack(tmp_path / "packs", tmp_path / "again") == 0
    monkeypatch.setattr(packs, "MOST", 1)
    with pytest.raises(packs.PackError, match="only 1 may be"):
        packs.pack(out, tmp_path / "packs")
