"""The gradient-boosted tree as a run among those of networks: the same split, the same tables, no weights to keep.

It is fitted again from the same features in seconds, so a run is whole or is done anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml import predictions
from ml.config import Config
from ml.features import FEATURES, of_scan
from ml.finish import CARD
from ml.origin import code, hashes, of_snapshot
from ml.prepared import DataError
from ml.runfolder import RunFolder
from ml.samples import Samples, samples, scans_of, seen
from ml.scoring import Chosen, auc, choose
from ml.snapshot import Snapshot
from ml.splits import Split
from ml.trees import Tree, TreeError, fit

Measured = Callable[[int], dict[str, NDArray[np.float64]]]


def measuring(snapshot: Snapshot) -> Measured:
    """Measures a scan's lesions when first asked: features by the lesion's name, of all that a reader could see."""
    of: dict[int, list[int]] = {}
    for number, scan in enumerate(snapshot.lesion_scan.tolist()):
        if seen(snapshot.lesions[number]):
            of.setdefault(scan, []).append(number)
    held: dict[int, dict[str, NDArray[np.float64]]] = {}

    def measured(scan: int) -> dict[str, NDArray[np.float64]]:
        if scan not in held:
            numbers = of.get(scan, [])
            found = of_scan(np.asarray(snapshot.pictures[scan]), [snapshot.mask(number) for number in numbers])
            held[scan] = dict(zip((snapshot.lesions[number]["lesion"] for number in numbers), found, strict=True))
        return held[scan]

    return measured


def tree_run(
    snapshot: Snapshot,
    parts: Split,
    config: Config,
    folder: RunFolder,
    measured: Measured | None = None,
) -> list[dict[str, Any]]:
    """Fit, choose on the inner validation patients, read the test fold once; the rows of metrics.jsonl."""
    measured = measured or measuring(snapshot)
    begun = time.monotonic()
    tree, watched = fitted(snapshot, parts, config, measured)
    inner = given(tree.probability, watched, measured)
    chosen = [choose(inner.truth[:, 0], inner.logits[:, 0])]
    took = {"seconds": round(time.monotonic() - begun, 3), "samples_per_second": 0.0, "memory_mb": 0}
    row = {
        "epoch": 1, "train_loss": None, "lr": None, "inner_loss": inner.loss,
        "inner_auc": auc(inner.truth[:, 0], inner.logits[:, 0]), "rounds": tree.rounds, "best": True, "took": took,
    }  # fmt: skip
    folder.metrics([row])
    predictions.write(folder.path / "inner.csv", predictions.rows(snapshot, watched, inner, chosen, config, -1), config)
    metrics = None
    if parts.test:
        metrics = tested(tree, snapshot, parts.test, config, chosen, measured, folder.path / "predictions.csv")
        folder.say(f"test fold {config.fold}: {predictions.in_words(metrics)}")
    data = of_snapshot(snapshot)
    folder.json("card.json", {
        "format": CARD, "name": predictions.model_name(config), "task": config.task, "targets": ["malignant"],
        "network": {"name": config.network, "features": list(FEATURES), "rounds": tree.rounds},
        "calibration": {"malignant": {"temperature": chosen[0].temperature, "threshold": chosen[0].threshold,
                                      "from": "inner validation"}},
        "training": {"initialisation": "none", "settings": config.told(), "seconds": took["seconds"],
                     "patients": {"train": len(parts.train), "inner": len(parts.inner), "test": len(parts.test)}},
        "metrics": {"inner": predictions.figures(inner, config), "test": metrics},
        "predictions": None if metrics is None else predictions.told(folder.path),
        "trained_on": data["trained_on"], "snapshot": data, "code": code(),
        "learnt_from": hashes(snapshot, parts.train | parts.inner, data["simulator"]),
        "made": time.strftime("%Y-%m-%d"),
    })  # fmt: skip
    return [row]


def fitted(snapshot: Snapshot, parts: Split, config: Config, measured: Measured) -> tuple[Tree, Samples]:
    """The tree of these patients and seed, and the inner validation lesions it was stopped by. Raises DataError."""
    learnt, watched = (samples(snapshot, scans_of(snapshot, part), config) for part in (parts.train, parts.inner))
    try:
        tree = fit(
            _table(learnt, measured), learnt.truth[:, 0], _table(watched, measured), watched.truth[:, 0], config.seed
        )
    except TreeError as error:
        raise DataError(str(error)) from error
    return tree, watched


def tested(
    tree: Tree,
    snapshot: Snapshot,
    patients: frozenset[str],
    config: Config,
    chosen: Sequence[Chosen],
    measured: Measured,
    path: Path,
) -> dict[str, Any]:
    """Predict on these patients and write the table; its figures."""
    asked = samples(snapshot, scans_of(snapshot, patients), config, tested=True)
    if not len(asked):
        predictions.write(path, iter(()), config)
        return {"samples": 0}
    outputs = given(tree.probability, asked, measured)
    predictions.write(path, predictions.rows(snapshot, asked, outputs, chosen, config, config.fold), config)
    return predictions.figures(outputs, config)


def _table(asked: Samples, measured: Measured) -> NDArray[np.float64]:
    each = [measured(scan)[name] for scan, name in zip(asked.scan.tolist(), asked.names, strict=True)]
    return np.stack(each) if each else np.zeros((0, len(FEATURES)))


def given(probability: Callable[[Any], Any], asked: Samples, measured: Measured) -> predictions.Outputs:
    """What it says of lesions, as a network's outputs."""
    p = np.clip(probability(_table(asked, measured)), 1e-9, 1 - 1e-9)
    truth = asked.truth[:, 0].astype(float)
    loss = float(-np.mean(truth * np.log(p) + (1 - truth) * np.log1p(-p)))
    return predictions.Outputs((np.log(p) - np.log1p(-p))[:, None], truth[:, None], loss)
