"""From a snapshot to samples: sizes, masks, sub-images, who is left out, what is said of data of no use."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.batches import Source
from ml.config import make as make_config
from ml.pictures import areas, measured, resized
from ml.pool import Pool
from ml.prepared import FULL, DataError, Size, masks, pictures
from ml.samples import divided, hold_to_classes, samples, tiles_holding
from ml.snapshot import FrozenLesion, FrozenScan, Snapshot, Writer, to_runs
from ml.splits import split
from tests.ml.learnable import COLUMNS, ROWS, config, make


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make(tmp_path_factory.mktemp("samples") / "data")


def test_masks_of_runs_are_masks_made_small() -> None:
    rng = np.random.default_rng(0)
    full = [rng.random((2, 32, 16)) < share for share in (0.0, 0.02, 0.5, 1.0)]
    for rows, columns in ((16, 8), (32, 16), (24, 16)):
        small = masks((to_runs(mask) for mask in full), (2, 32, 16), rows, columns)
        for number, mask in enumerate(full):
            canvas = np.zeros(2 * rows * columns)
            pixels, cover = small.of(number)
            canvas[pixels] = cover / 255
            by_area = np.einsum("ri,vij,cj->vrc", areas(32, rows), mask, areas(16, columns))
            assert np.abs(canvas.reshape(by_area.shape) - by_area).max() < 0.5 / 255 + 1e-6


def test_resizing_keeps_the_mean() -> None:
    view = np.random.default_rng(0).poisson(5, (2, 1024, 256)).astype(np.uint16)
    for rows, columns in ((512, 128), (768, 256), (256, 64)):
        small = resized(view, rows, columns)
        assert small.shape == (2, rows, columns) and abs(small.mean() - view.mean()) < 1e-3


def test_scale_and_midline_leave_bladder_and_injection_out() -> None:
    """A body of 100 counts, a bladder and an arm of thousands, lying 6 columns off the middle."""
    row, column = np.ogrid[:256, :128]
    body = 100.0 * ((np.abs(column - 57.5) < 30) & (row > 20) & (row < 236))
    hot = body.copy()
    hot[112:124, 52:64] = 3000
    hot[80:86, 22:26] = 5000
    counts = np.random.default_rng(0).poisson(hot).astype(np.uint16)
    found = measured(counts)
    assert 100 < found.one < 140 and abs(found.midline - 57.5) <= 0.5
    assert measured(counts, "max").one == counts.max()
    assert measured(np.zeros((64, 32), np.uint16)).one == 0


def test_a_batch_is_counts_over_scale_beside_the_mask(data: Snapshot) -> None:
    asked = config("flip=none")
    all_of_them = samples(data, range(20), asked)
    prepared = pictures(data, range(20), Size(ROWS, COLUMNS, asked.scale, asked.clip))
    batch = Source(prepared, asked, torch.device("cpu")).batch(all_of_them, np.array([6, 0]))
    assert batch.inputs.shape == (2, 2, ROWS, 2 * COLUMNS)
    scan = int(all_of_them.scan[6])
    for view in range(2):
        half = batch.inputs[0, :, :, view * COLUMNS : (view + 1) * COLUMNS].numpy()
        counts = data.pictures[scan, view].astype(float)
        expected = np.clip(counts / measured(data.pictures[scan, view]).one, 0, 4)
        assert np.abs(half[0] - expected).max() < 4 / FULL
        assert np.array_equal(half[1] > 0, data.mask(6)[view])
    assert batch.truth.tolist() == [[0.0], [1.0]]


def test_one_sample_for_each_view_when_asked(data: Snapshot) -> None:
    asked = config("masks=per_view", "flip=none")
    both = samples(data, range(20), asked)
    assert len(both) == 2 * len(samples(data, range(20), config())) == 80
    prepared = pictures(data, range(20), Size(ROWS, COLUMNS, "max", 1.0))
    batch = Source(prepared, asked, torch.device("cpu")).batch(both, np.arange(2))
    drawn = [[bool(half.any()) for half in one[1].split(COLUMNS, -1)] for one in batch.inputs]
    assert drawn == [[True, False], [False, True]]


def test_the_lesion_alone_is_nothing_but_the_lesion(data: Snapshot) -> None:
    asked = config("network=roi-only", "flip=none")
    lesions = samples(data, range(20), asked)
    prepared = pictures(data, range(20), Size(ROWS, COLUMNS, "max", 1.0))
    batch = Source(prepared, asked, torch.device("cpu")).batch(lesions, np.arange(4))
    assert batch.inputs.shape == (4, 2, 32, 64)
    for number in range(4):
        picture, mask = batch.inputs[number].numpy()
        assert (picture[mask == 0] == 0).all() and (mask > 0).sum() == data.mask(number).sum()
        counts = data.pictures[lesions.scan[number]]
        shares = counts / counts.reshape(2, -1).max(axis=1)[:, None, None]
        assert abs(picture.sum() - shares[data.mask(number)].sum()) < 1e-2


def test_seven_sub_images_a_frame_and_what_they_hold() -> None:
    """A frame is four sides high: seven windows, half a side apart, told by cutting them out of the mask."""
    rng = np.random.default_rng(1)
    full = np.zeros((5, 2, 1024, 256), bool)
    for mask in full[1:]:
        for _ in range(3):
            view, row, column = rng.integers(2), rng.integers(1000), rng.integers(250)
            mask[view, row : row + 20, column : column + 3] = True
    small = masks((to_runs(mask) for mask in full), (2, 1024, 256), 1024, 256)
    held = tiles_holding(small, 256)
    assert held.shape == (5, 2, 7)
    for tile in range(7):
        assert np.array_equal(held[:, :, tile], full[:, :, tile * 128 : tile * 128 + 256].any(axis=(2, 3)))


def test_sub_images_for_detection_and_segmentation(data: Snapshot) -> None:
    side = ["rows=16", "columns=16", "width=0.0625", "rotation=0", "scaling=0", "flip=none"]
    detect = make_config("small-c-detect", ["rows=16", "columns=16", "flip=none"])
    every = samples(data, range(20), detect)
    assert len(every) == 20 * 14 and every.truth.shape == (280, 2)
    for preset, target in (("small-c-metastases", 0), ("small-c-bladder", 1)):
        asked = make_config(preset, side)
        learnt = samples(data, range(20), asked)
        assert len(learnt) == every.truth[:, target].sum()
        assert len(samples(data, range(20), asked, tested=True)) == 280
        prepared = pictures(data, range(20), Size(64, 16, "percentile", 2.0))
        batch = Source(prepared, asked, torch.device("cpu")).batch(learnt, np.arange(len(learnt)))
        assert batch.truth.shape == (len(learnt), 1, 16, 16)
        first = int(learnt.scan[0])
        whole = data.bladder(first) if target else data.mask(2 * first) | data.mask(2 * first + 1)
        window = whole[learnt.view[0], learnt.row[0] : learnt.row[0] + 16]
        assert np.array_equal(batch.truth[0, 0].numpy() > 0, window.reshape(16, 16, 2).mean(2) >= 0.5)
    plain = make_config("small-c-metastases", [*side, "network=unet"])
    assert len(samples(data, range(20), plain)) == 280


def test_sites_and_patients(data: Snapshot) -> None:
    sites = samples(data, range(20), config(preset="small-c-sites"))
    assert len(sites) == 10 and sites.truth.tolist() == [[1, 0, 0, 1, 0, 0], [0, 0, 0, 1, 1, 0]] * 5
    patients = samples(data, range(20), config(preset="small-b"))
    assert patients.truth[:, 0].tolist() == [1, 0] * 10


def test_labels_an_ai_had_a_part_in_are_learnt_from_and_not_tested_on(tmp_path: Path) -> None:
    touched = make(tmp_path / "ai", origin="AI accepted")
    for preset in ("small-a", "small-b", "small-c-sites"):
        assert len(samples(touched, range(20), config(preset=preset))) > 0
        assert len(samples(touched, range(20), config(preset=preset), tested=True)) == 0
        assert len(samples(touched, range(20), config("ai_tested=yes", preset=preset), tested=True)) > 0


def test_an_empty_class_is_told(data: Snapshot) -> None:
    with pytest.raises(DataError, match="all are malignant"):
        hold_to_classes(samples(data, [0, 2, 4], config()), config(), "The training part")
    with pytest.raises(DataError, match="none is metastasis"):
        hold_to_classes(samples(data, [1, 3], config(preset="small-b")), config(preset="small-b"), "The inner part")
    with pytest.raises(DataError, match="The inner part has no sample"):
        hold_to_classes(samples(data, [], config()), config(), "The inner part")


def test_pictures_and_masks_of_nothing_are_named(tmp_path: Path) -> None:
    counts = np.full((2, ROWS, COLUMNS), 7, np.uint16)
    cells = {"scan": "S0", "patient": "P0", "lesion": "1", "label": "benign", "tumour": "lung", "visible": "1"}
    with Writer(tmp_path / "flat") as writer:
        nothing = to_runs(np.zeros(counts.shape, bool))
        row = {"scan": "S0", "patient": "P0"}
        writer.add(FrozenScan(row, counts, nothing, (FrozenLesion(cells, nothing),)))
        writer.finish({"P0": "lung/clear"}, 2, 0, "hand")
    flat = Snapshot.load(tmp_path / "flat")
    with pytest.raises(DataError, match="every pixel being alike: S0"):
        pictures(flat, [0], Size(ROWS, COLUMNS, "percentile", 1.0))
    with pytest.raises(DataError, match="no pixel, such as 1 of S0"):
        samples(flat, [0], config())
    counts[0] = 0  # one view absent, the other one alike everywhere: still nothing
    with Writer(tmp_path / "half") as writer:
        writer.add(FrozenScan({"scan": "S0", "patient": "P0"}, counts, nothing, ()))
        writer.finish({"P0": "lung/clear"}, 2, 0, "hand")
    with pytest.raises(DataError, match="every pixel being alike: S0"):
        pictures(Snapshot.load(tmp_path / "half"), [0], Size(ROWS, COLUMNS, "percentile", 1.0))


def test_mapped_pictures_are_the_same_and_are_taken_away(data: Snapshot, tmp_path: Path) -> None:
    mapped = Pool(data, tmp_path)
    found = [
        pool.source(config(f"memory={how}"), range(4), torch.device("cpu"))
        for pool, how in ((mapped, "mapped"), (Pool(data, tmp_path), "host"))
    ]
    assert torch.equal(found[0].values, found[1].values)
    assert len(list(tmp_path.iterdir())) == (os.name == "nt")  # elsewhere a kill has nothing to leave
    mapped.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="only there room can be taken beforehand")
def test_a_disk_too_small_for_mapped_pictures_is_told(
    data: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DataError, match="No space left on device. Make room"):
        Pool(data, tmp_path).source(config("memory=mapped"), range(4), torch.device("cpu"))
    assert not list(tmp_path.iterdir())


def test_whoever_is_watched_has_both_kinds_where_anybody_has(tmp_path: Path) -> None:
    """Of few patients a tenth may have one kind alone; the tested decide nothing about that."""
    small = make(tmp_path / "small", patients=12)
    told, mended = small.manifest, 0

    def both(watched: frozenset[str]) -> bool:
        statuses = {told.strata[patient].rpartition("/")[2] for patient in watched}  # here lesions are as their patient
        return statuses == {"metastatic", "clear"}

    for seed in range(6):
        for fold in (0, 1):
            parts = divided(small, config(f"fold={fold}", f"seed={seed}", "inner=0.34"))
            plain = split(told, fold, 0.34, seed)
            assert parts.test == plain.test and parts.train | parts.inner == plain.train | plain.inner
            assert parts == plain if both(plain.inner) or not both(parts.inner) else parts.inner != plain.inner
            mended += both(parts.inner) and not both(plain.inner)
    assert mended
    tested = {patient for patient, fold in told.folds.items() if fold == 0}
    other = make(tmp_path / "flipped", patients=12, flipped=frozenset(tested))
    assert divided(other, config("fold=0", "inner=0.34")) == divided(small, config("fold=0", "inner=0.34"))
    alike = make(tmp_path / "alike", patients=12, flipped=frozenset(told.patients[1::2]))  # all malignant
    assert divided(alike, config("fold=0", "inner=0.34")) == split(alike.manifest, 0, 0.34, 0)
