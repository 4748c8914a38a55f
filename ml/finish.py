"""After the last epoch: temperature and threshold from inner validation, the test fold read once, the model card."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml import predictions
from ml.batches import channels_of
from ml.checkpoint import sha256_of, write_json
from ml.config import SEGMENTS, Config
from ml.engine import Engine
from ml.origin import code, hashes, of_snapshot
from ml.place import environment
from ml.pool import Pool
from ml.runfolder import RunFolder
from ml.samples import TARGETS, outlined, samples, scans_of, size_of
from ml.scoring import Chosen, choose, choose_cut
from ml.snapshot import Snapshot
from ml.splits import Split

CARD = 1
"""Format of card.json."""


def finish(
    engine: Engine,
    pool: Pool,
    snapshot: Snapshot,
    parts: Split,
    folder: RunFolder,
    rows: Sequence[dict[str, Any]],
    best: int,
    begun_from: str,
    classifier: Path | None = None,
) -> None:
    """Write inner.csv, predictions.csv and card.json of a network that has learnt; best: its epoch, from 0.

    classifier: the run whose positive sub-images are the ones segmented, beside segmenting all.
    """
    config = engine.config
    inner = predict(engine, pool, snapshot, parts.inner, folder.path / "inner.csv", None, -1)
    chosen = inner["chosen"]
    for name, one in zip(TARGETS[config.task], chosen, strict=True):
        folder.say(f"{name}: temperature {one.temperature:.3f}, threshold {one.threshold:.3f} (inner validation)")
    tested = None
    if parts.test:
        tested = predict(
            engine, pool, snapshot, parts.test, folder.path / "predictions.csv", chosen, config.fold, classifier
        )
        folder.say(f"test fold {config.fold}: {predictions.in_words(tested['metrics'])}")
    write_json(
        folder.path / "card.json",
        card(
            engine,
            snapshot,
            parts,
            rows,
            best,
            begun_from,
            chosen,
            inner["metrics"],
            tested and tested["metrics"],
            folder.path,
        ),
    )


def predict(
    engine: Engine,
    pool: Pool,
    snapshot: Snapshot,
    patients: frozenset[str],
    path: Path,
    chosen: Sequence[Chosen] | None,
    fold: int,
    classifier: Path | None = None,
) -> dict[str, Any]:
    """Predict on these patients and write the table; without `chosen`, choose on them."""
    config = engine.config
    scans = scans_of(snapshot, patients)
    asked = samples(snapshot, scans, config, tested=True)
    source = pool.source(config, scans, engine.place.device)
    if config.task in SEGMENTS:
        positive = None if classifier is None else predictions.called_positive(classifier, asked, snapshot, config)
        outlines = outlined(snapshot, list(dict.fromkeys(asked.scan.tolist())), config)
        pieces, gated = predictions.frames([engine], source, asked, outlines, positive)
        chosen = chosen or [Chosen(1.0, choose_cut(pieces))]
        tables = [predictions.overlap_rows(snapshot, asked, pieces, config, fold, gated=False)]
        metrics = predictions.overlap_figures(pieces)
        if positive is not None:
            tables.append(predictions.overlap_rows(snapshot, asked, gated, config, fold, gated=True))
            metrics |= {f"{name}_gated": value for name, value in predictions.overlap_figures(gated).items()}
        predictions.write(path, itertools.chain(*tables), config)
    else:
        if not len(asked):  # scans without a lesion, or without metastases where sites are asked for
            predictions.write(path, iter(()), config)
            return {"chosen": chosen, "metrics": {"samples": 0}}
        given = predictions.outputs(engine, source, asked)
        chosen = chosen or [choose(truth, logits) for truth, logits in zip(given.truth.T, given.logits.T, strict=True)]
        predictions.write(path, predictions.rows(snapshot, asked, given, chosen, config, fold), config)
        metrics = predictions.figures(given, config)
    return {"chosen": chosen, "metrics": metrics}


def card(
    engine: Engine,
    snapshot: Snapshot,
    parts: Split,
    rows: Sequence[dict[str, Any]],
    best: int,
    begun_from: str,
    chosen: Sequence[Chosen],
    inner: dict[str, Any],
    tested: dict[str, Any] | None,
    run: Path,
) -> dict[str, Any]:
    """What a model is, from what it was made, how good it was where, and what has to be done to a scan before it."""
    config = engine.config
    data = of_snapshot(snapshot)
    weights = run / f"best-{best + 1:04}.safetensors"
    return {
        "format": CARD,
        "name": predictions.model_name(config),
        "task": config.task,
        "targets": list(TARGETS[config.task]),
        "network": {
            "name": config.network, "width": config.width, "channels": channels_of(config),
            "outputs": len(TARGETS[config.task]), "parameters": sum(p.numel() for p in engine.network.parameters()),
        },
        "weights": {"file": weights.name, "sha256": sha256_of(weights)},
        "preprocessing": preprocessing(config),
        "calibration": {
            name: {"temperature": one.temperature, "threshold": one.threshold, "from": "inner validation"}
            for name, one in zip(TARGETS[config.task], chosen, strict=True)
        },
        "training": {
            "initialisation": begun_from, "epochs": len(rows), "best_epoch": best + 1, "selected_by": config.select,
            "seconds": round(sum(row["took"]["seconds"] for row in rows), 1), "settings": config.told(),
            "patients": {"train": len(parts.train), "inner": len(parts.inner), "test": len(parts.test)},
        },
        "metrics": {"inner": inner, "test": tested},
        "predictions": None if tested is None else predictions.told(run),
        "trained_on": data["trained_on"],
        "snapshot": data,
        "code": code(),
        "environment": environment(engine.place),
        "learnt_from": hashes(snapshot, parts.train | parts.inner, data["simulator"]),
        "made": time.strftime("%Y-%m-%d"),
    }  # fmt: skip


def preprocessing(config: Config) -> dict[str, Any]:
    """What is done to counts before the network sees them; see ml.pictures, ml.prepared and ml.batches."""
    size = size_of(config)
    return {
        "version": 1, "rows": config.rows, "columns": config.columns, "view_rows": size.rows,
        "view_columns": size.columns, "scale": config.scale, "percentile": 99.5, "clip": config.clip,
        "masks": config.masks,
    }  # fmt: skip
