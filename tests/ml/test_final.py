"""The sealed patients are predicted by what was learnt without them, and by nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.transform import resize

from ml.checkpoint import CheckpointError, load, put_into
from ml.config import ConfigError
from ml.config import make as make_config
from ml.crossval import crossval
from ml.final import final
from ml.model import network_of
from ml.pool import Pool
from ml.predictions import _as_taken
from ml.samples import samples
from ml.snapshot import Snapshot, to_mask
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


def test_folds_of_a_segmentation_speak_together(data: Snapshot, tmp_path: Path) -> None:
    """The mean of the folds' probabilities, before any threshold, against the picture as it was taken."""
    bladder = make_config("small-c-bladder", ["width=0.0625", "rows=32", "columns=32", "epochs=1", "inner=0.2"])
    assert data.shape == (2, 64, 32)  # prepared at 128 x 32: twice as high as taken
    crossval(data, tmp_path / "cv", [bladder], hear=quiet)
    final(data, tmp_path / "cv", quiet)
    runs = [tmp_path / f"cv/small-c-bladder-residual-unet/fold-{fold}" for fold in (0, 1)]
    scans = [row for row, patient in enumerate(data.manifest.patients) if patient in SEALED]
    asked = samples(data, scans, bladder, tested=True)
    inputs = Pool(data, tmp_path).source(bladder, scans, torch.device("cpu")).batch(asked, np.arange(len(asked))).inputs
    each = []
    for run in runs:
        network, _ = network_of(bladder)
        put_into(network, load(next(run.glob("best-*.safetensors"))).of("network"), "best")
        with torch.no_grad():
            p = torch.sigmoid(network.eval()(inputs)).numpy().reshape(len(scans), 2, 7, 32, 32)
        views, count = np.zeros((len(scans), 2, 128, 32)), np.zeros((128, 1))
        for tile in range(7):
            views[:, :, 16 * tile : 16 * tile + 32] += p[:, :, tile]
            count[16 * tile : 16 * tile + 32] += 1
        each.append(views / count)
    taken = np.mean(each, axis=0).reshape(len(scans), 2, 64, 2, 32).mean(3)
    tables = [rows(run / "final.csv") for run in runs]
    for at, scan in enumerate(scans):
        truth = to_mask(data.bladder_runs.of(scan), data.shape)
        for table, fold in zip(tables, "01", strict=True):
            own = [row for row in table if row["scan"] == data.manifest.scans[scan]]
            assert len(own) == 19 and {row["fold"] for row in own} == {fold}
            for row in own:
                found = taken[at] >= float(row["threshold"])
                assert int(row["actual"]) == truth.sum() == 2 * 4 * 4
                assert abs(int(row["predicted"]) - found.sum()) <= 2  # float32 beside float64, at the threshold
                assert abs(int(row["intersection"]) - (found & truth).sum()) <= 2
    assert len({row["predicted"] for row in tables[0]}) > 1


def test_probabilities_are_scaled_to_the_picture_as_it_was_taken() -> None:
    """As another program scales pictures up, by bilinear interpolation between the middles of pixels."""
    p = np.random.default_rng(1).random((2, 32, 8)).astype(np.float32)
    ours = _as_taken(torch.from_numpy(p), (2, 64, 16)).numpy()
    theirs = np.stack([resize(view, (64, 16), order=1, mode="edge", anti_aliasing=False) for view in p])
    assert np.abs(ours - theirs).max() < 1e-6


def test_nobody_sealed_and_nothing_done(data: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no run that is done"):
        final(data, tmp_path, quiet)
    with pytest.raises(ConfigError, match="nothing to open"):
        final(make(tmp_path / "whole", patients=8), tmp_path, quiet)
