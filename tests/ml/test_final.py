"""The sealed patients are predicted by what was learnt without them, and by nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ml.checkpoint import CheckpointError
from ml.config import ConfigError
from ml.crossval import crossval
from ml.final import final
from ml.snapshot import Snapshot
from tests.ml.learnable import config, make

SEALED = ("P00", "P01", "P03")


def quiet(line: str) -> None:
    pass


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make(tmp_path_factory.mktemp("final") / "data", patients=24, sealed=SEALED)


def test_every_run_predicts_the_sealed_and_nobody_else(data: Snapshot, tmp_path: Path) -> None:
    networks = [config("epochs=1", "network=roi-only"), config("network=tree")]
    crossval(data, tmp_path / "cv", networks, hear=quiet)
    told = final(data, tmp_path / "cv", quiet)
    labels = {(row["scan"], row["lesion"]): row["label"] for row in data.lesions}
    tables = {name: rows(tmp_path / "cv" / name / "final.csv") for name in told}
    assert set(told) == {f"small-a-{name}/fold-{fold}" for name in ("roi-only", "tree") for fold in (0, 1)}
    for name, table in tables.items():
        assert {row["patient"] for row in table} == set(SEALED) and len(table) == 2 * len(SEALED)
        assert {row["fold"] for row in table} == {name[-1]}
        assert all((row["truth"] == "1") == (labels[row["scan"], row["lesion"]] == "malignant") for row in table)
    one, other = ([row["score"] for row in tables[f"small-a-roi-only/fold-{fold}"]] for fold in (0, 1))
    assert one != other  # each by its own weights
    before = {name: (tmp_path / "cv" / name / "final.csv").read_bytes() for name in told}
    final(data, tmp_path / "cv", quiet)
    assert {name: (tmp_path / "cv" / name / "final.csv").read_bytes() for name in told} == before
    weights = next((tmp_path / "cv/small-a-roi-only/fold-1").glob("best-*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(CheckpointError, match="does not hold the weights"):
        final(data, tmp_path / "cv", quiet)


def test_scores_do_not_depend_on_the_labels_of_the_sealed(data: Snapshot, tmp_path: Path) -> None:
    flipped = make(tmp_path / "flipped", patients=24, sealed=SEALED, flipped=frozenset(SEALED))
    found = []
    for at, snapshot in enumerate((data, flipped)):
        crossval(snapshot, tmp_path / str(at), [config("network=tree")], folds=[0], hear=quiet)
        final(snapshot, tmp_path / str(at), quiet)
        found.append(rows(tmp_path / str(at) / "small-a-tree/fold-0/final.csv"))
    assert [row["score"] for row in found[0]] == [row["score"] for row in found[1]]
    assert all(one["truth"] != other["truth"] for one, other in zip(*found, strict=True))


def test_nobody_sealed_and_nothing_done(data: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no run that is done"):
        final(data, tmp_path, quiet)
    with pytest.raises(ConfigError, match="nothing to open"):
        final(make(tmp_path / "whole", patients=8), tmp_path, quiet)
