"""What a network says of scans, as a table, and of a segmentation how far it overlaps with the truth.

predictions.csv and inner.csv, a row for each sample and target:
    scan, patient, lesion (or empty), view (anterior, posterior, or empty for both), row (where a sub-image begins, in
    rows of the prepared view, or empty), target (malignant, metastasis, bladder, spine, pelvis, scapula, rib, femur,
    other), fold (-1: inner validation), model (preset and network), score (sigmoid of the logit), calibrated (after
    temperature scaling), truth (0 or 1)
For a segmentation a row for each scan and threshold, both views together, in pixels of the picture as it was taken:
    scan, patient, lesion, view, row, target, fold, model, threshold, intersection, predicted, actual, gated (1 where
    only sub-images the classifier calls positive were segmented, else 0)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ml.batches import Batch, Source
from ml.checkpoint import sha256_of, write_whole
from ml.config import SEGMENTS, Config
from ml.engine import Engine
from ml.prepared import DataError, Masks
from ml.samples import TARGETS, TILES, Samples
from ml.scoring import HALF, THRESHOLDS, Chosen, auc, dice, sigmoid
from ml.snapshot import Snapshot

COLUMNS = (
    "scan", "patient", "lesion", "view", "row", "target", "fold", "model", "score", "calibrated", "truth",
)  # fmt: skip
OVERLAP_COLUMNS = (
    "scan", "patient", "lesion", "view", "row", "target", "fold", "model", "threshold", "intersection", "predicted",
    "actual", "gated",
)  # fmt: skip
VIEWS = ("anterior", "posterior")
Row = Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Outputs:
    """logits and truth (n, targets) of samples; loss: the mean over them."""

    logits: NDArray[np.float64]
    truth: NDArray[np.float64]
    loss: float


def outputs(engine: Engine, source: Source, samples: Samples) -> Outputs:
    """What the network gives for samples that have one answer each (no segmentation)."""
    logits, truth, total = [], [], 0.0
    for at, given, right in engine.outputs(source, samples):
        total += float(engine.loss(given, right)) * len(at)
        logits.append(given.cpu().numpy())
        truth.append(right.cpu().numpy())
    return Outputs(np.concatenate(logits).astype(float), np.concatenate(truth).astype(float), total / len(samples))


def overlaps(engine: Engine, source: Source, samples: Samples) -> tuple[NDArray[np.float64], float]:
    """(scans, thresholds, 3) intersection, predicted and actual pixels, and the mean loss; scans in their order.

    Each sub-image for itself: what they share counts twice. Quick, for choosing; `frames` is what is reported.
    """
    scans = {scan: number for number, scan in enumerate(dict.fromkeys(samples.scan.tolist()))}
    pieces = np.zeros((len(scans), len(THRESHOLDS), 3))
    total = 0.0
    for at, logits, truth in engine.outputs(source, samples):
        total += float(engine.loss(logits, truth)) * len(at)
        found = _pieces(torch.sigmoid(logits), truth > 0.5)
        np.add.at(pieces, [scans[scan] for scan in samples.scan[at].tolist()], found)
    return pieces, total / len(samples)


def frames(
    engines: Sequence[Engine],
    source: Source,
    samples: Samples,
    outlines: Masks,
    positive: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Twice (scans, thresholds, 3) as `overlaps`, of whole views: of all sub-images, and of the positive ones alone.

    samples: every sub-image of each scan, in order; outlines: the truth of each scan, in the same order, at the size
    its picture was taken in, to which the probabilities are scaled up (bilinear). Several engines' probabilities are
    averaged. positive: which sub-images a classifier calls so; without it the second is empty. Where sub-images overlap
    their probabilities are averaged; where none is segmented there is none.
    """
    side, each = engines[0].config.rows, 2 * TILES
    found: tuple[list[NDArray[np.float64]], ...] = ([], [])
    for number, start in enumerate(range(0, len(samples), each)):
        at = np.arange(start, start + each)
        share = torch.stack([_shares(engine, source.batch(samples, at)) for engine in engines]).mean(0)
        actual = torch.zeros(outlines.shape, dtype=torch.bool)
        actual.view(-1)[torch.from_numpy(outlines.of(number)[0].astype(np.int64))] = True
        for kept, used in zip(found, (None, positive), strict=True):
            if kept is found[0] or used is not None:
                merged = _merged(share, side, None if used is None else used[at])
                kept.append(_pieces(_as_taken(merged, outlines.shape)[None], actual[None].to(share.device))[0])
    every, gated = (np.stack(kept) if kept else np.zeros((0, len(THRESHOLDS), 3)) for kept in found)
    return every, gated


def _shares(engine: Engine, batch: Batch) -> torch.Tensor:
    """The probability of every pixel of a scan's sub-images."""
    part = engine.part
    logits = [engine.logits(batch.part(start, start + part).inputs) for start in range(0, len(batch.inputs), part)]
    return torch.sigmoid(torch.cat(logits))


def _as_taken(views: torch.Tensor, shape: tuple[int, int, int]) -> torch.Tensor:
    """(2, rows, columns) at the size of the picture as it was taken."""
    if tuple(views.shape) == shape:
        return views
    return functional.interpolate(views[None], shape[1:], mode="bilinear", align_corners=False)[0]


def called_positive(classifier: Path, samples: Samples, snapshot: Snapshot, config: Config) -> NDArray[np.bool_]:
    """Which sub-images the classifier of this run folder, in its predictions.csv, calls positive for the target.

    Raises DataError if it did not predict on all of them: it tested another fold.
    """
    from ml.runfolder import read_config

    side = read_config(classifier)[0].rows
    with (classifier / "predictions.csv").open(encoding="utf-8", newline="") as file:
        said = {
            (row["scan"], row["view"], int(row["row"]) * config.rows // side): float(row["score"]) >= 0.5
            for row in csv.DictReader(file)
            if row["target"] == TARGETS[config.task][0]
        }
    names = [
        (snapshot.manifest.scans[scan], VIEWS[view], row)
        for scan, view, row in zip(samples.scan.tolist(), samples.view.tolist(), samples.row.tolist(), strict=True)
    ]
    if missing := [name for name in names if name not in said]:
        raise DataError(
            f"The classifier in {classifier.name} has not predicted on {len(missing)} of {len(names)} sub-images, such "
            f"as those of {missing[0][0]}: give one that tested the same fold of the same snapshot."
        )
    return np.array([said[name] for name in names], bool)


def _merged(tiles: torch.Tensor, side: int, used: NDArray[np.bool_] | None) -> torch.Tensor:
    """(2 x 7, 1, side, side) to (2, 4 side, side): means over the sub-images used; 0 where there is none."""
    tiles = tiles.reshape(2, TILES, side, side)
    counted = tiles.new_ones(2, TILES) if used is None else torch.from_numpy(used.reshape(2, TILES)).to(tiles)
    total = tiles.new_zeros(2, 4 * side, side)
    count = tiles.new_zeros(2, 4 * side, 1)
    for tile in range(TILES):
        rows = slice(tile * side // 2, tile * side // 2 + side)
        total[:, rows] += tiles[:, tile] * counted[:, tile, None, None]
        count[:, rows] += counted[:, tile, None, None]
    return total / count.clamp(min=1)


def _pieces(share: torch.Tensor, actual: torch.Tensor) -> NDArray[np.float64]:
    """(batch, thresholds, 3) pixels of (batch, ..., rows, columns)."""
    share, actual = share.flatten(1), actual.flatten(1)
    found = [
        torch.stack([((share >= cut) & actual).sum(1), (share >= cut).sum(1), actual.sum(1)], -1) for cut in THRESHOLDS
    ]
    return torch.stack(found, 1).cpu().numpy().astype(float)


def rows(
    snapshot: Snapshot, samples: Samples, given: Outputs, chosen: Sequence[Chosen], config: Config, fold: int
) -> Iterator[Row]:
    """The table's rows of samples that have one answer each."""
    for at in range(len(samples)):
        scan = int(samples.scan[at])
        view = int(samples.view[at])
        begin = int(samples.row[at]) if config.task == "detect" else ""
        for target, name in enumerate(TARGETS[config.task]):
            logit = given.logits[at, target]
            yield {
                "scan": snapshot.manifest.scans[scan],
                "patient": snapshot.manifest.patients[scan],
                "lesion": samples.names[at],
                "view": VIEWS[view] if view >= 0 else "",
                "row": begin,
                "target": name,
                "fold": fold,
                "model": model_name(config),
                "score": float(sigmoid(logit)),  # all its digits: of a network that is sure they tell cases apart
                "calibrated": float(sigmoid(logit / chosen[target].temperature)),
                "truth": int(given.truth[at, target]),
            }


def overlap_rows(
    snapshot: Snapshot, samples: Samples, pieces: NDArray[np.float64], config: Config, fold: int, gated: bool
) -> Iterator[Row]:
    """The table's rows of a segmentation."""
    for number, scan in enumerate(dict.fromkeys(samples.scan.tolist())):
        for cut, (both, predicted, actual) in zip(THRESHOLDS, pieces[number], strict=True):
            yield {
                "scan": snapshot.manifest.scans[scan],
                "patient": snapshot.manifest.patients[scan],
                "lesion": "", "view": "", "row": "",
                "target": TARGETS[config.task][0],
                "fold": fold,
                "model": model_name(config),
                "threshold": cut, "intersection": int(both), "predicted": int(predicted), "actual": int(actual),
                "gated": int(gated),
            }  # fmt: skip


def figures(given: Outputs, config: Config) -> dict[str, float | int | None]:
    """What a log and a card say of predictions: counts, loss, and of each target AUC, sensitivity, specificity at 0.5.

    Tables are made from predictions.csv, not from these.
    """
    found: dict[str, float | int | None] = {"samples": len(given.truth), "loss": given.loss}
    for number, name in enumerate(TARGETS[config.task]):
        truth, called = given.truth[:, number] > 0.5, given.logits[:, number] >= 0
        area = auc(given.truth[:, number], given.logits[:, number])
        found |= {
            f"auc_{name}": area if area == area else None,
            f"sensitivity_{name}": _mean(called[truth]),
            f"specificity_{name}": _mean(~called[~truth]),
        }
    return found


def overlap_figures(pieces: NDArray[np.float64]) -> dict[str, float | int | None]:
    """The same of a segmentation: mean Dice at 0.5 over scans that have the target, and over all with empty = 1."""
    there = pieces[:, 0, 2] > 0
    half = dice(pieces[:, HALF])
    return {
        "scans": len(pieces),
        "with_target": int(there.sum()),
        "dice": _mean(half[there]),
        "dice_all": _mean(half),
    }


def in_words(found: Mapping[str, float | int | None]) -> str:
    """Figures on one line."""
    shown = ((name, value) for name, value in found.items() if value is not None)
    return ", ".join(f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}" for name, value in shown)


def _mean(values: NDArray[np.generic]) -> float | None:
    return float(np.mean(np.asarray(values, np.float64))) if len(values) else None


def model_name(config: Config) -> str:
    """How a model is called in tables: preset and network."""
    return f"{config.preset}/{config.network}"


def told(run: Path) -> dict[str, str]:
    """Which table a card was written with, so that whoever evaluates it sees whether it is still that."""
    return {"file": "predictions.csv", "sha256": sha256_of(run / "predictions.csv")}


def write(path: Path, table: Iterator[Row], config: Config) -> None:
    """The table as CSV, whole or not at all."""
    text = io.StringIO()
    writer = csv.DictWriter(text, OVERLAP_COLUMNS if config.task in SEGMENTS else COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    write_whole(path, text.getvalue().encode())
