"""The sealed patients, predicted once all is decided: by each finished run with the weights and temperature it has.

Nothing is learnt or chosen here. Each run folder gets final.csv, of the same columns as predictions.csv; its fold is
that of the run. Of a segmentation it holds what all folds of that network say together, the mean of their
probabilities: pixels counted at a threshold could not be averaged afterwards. Who calls this counts the opening first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ml import checkpoint, predictions
from ml.config import SEGMENTS, Config, ConfigError
from ml.engine import Engine
from ml.finish import predict
from ml.model import loss_of, network_of
from ml.place import pick
from ml.pool import Pool
from ml.runfolder import read_config, to_stderr
from ml.samples import TARGETS, divided, outlined, samples, scans_of
from ml.scoring import Chosen
from ml.snapshot import Snapshot

TABLE = "final.csv"


def final(snapshot: Snapshot, folder: Path, hear: Callable[[str], None] = to_stderr) -> dict[str, Any]:
    """Predict the sealed patients by every finished run in `folder`, a run or a cross-validation; figures by run.

    Raises ConfigError where nobody is sealed, no run is finished or one is of another snapshot; CheckpointError where
    weights are not those of the card.
    """
    sealed = frozenset(snapshot.manifest.sealed) & frozenset(snapshot.manifest.patients)
    if not sealed:
        raise ConfigError("No patient of this snapshot is sealed: there is nothing to open.")
    runs = sorted(card.parent for card in folder.glob("*/fold-*/card.json"))
    runs = runs or [folder] * (folder / "card.json").exists()
    if not runs:
        raise ConfigError(f"{folder} has no run that is done.")
    pool = Pool(snapshot, folder)
    found: dict[str, Any] = {}
    try:
        for run in runs:
            name = run.relative_to(folder).as_posix()
            if name in found:
                continue
            hear(f"--- {name}: {len(sealed)} sealed patients")
            if read_config(run)[0].task in SEGMENTS:
                folds = [each for each in runs if each.parent == run.parent]
                metrics = _together(folds, snapshot, sealed, pool, hear)
                found |= {each.relative_to(folder).as_posix(): metrics for each in folds}
            else:
                found[name] = _by(run, snapshot, sealed, pool, hear)
    finally:
        pool.close()
    return found


def _by(run: Path, snapshot: Snapshot, sealed: frozenset[str], pool: Pool, hear: Callable[[str], None]) -> Any:
    config, card, chosen = _told(run, snapshot)
    if config.network == "tree":
        return _tree(run, snapshot, sealed, config, chosen, pool)
    engine = _engine(run, config, card, hear)
    return predict(engine, pool, snapshot, sealed, run / TABLE, chosen, config.fold)["metrics"]


def _together(
    runs: Sequence[Path], snapshot: Snapshot, sealed: frozenset[str], pool: Pool, hear: Callable[[str], None]
) -> dict[str, Any]:
    """What the folds of a segmentation say together, written to each: the mean of their probabilities."""
    told = [_told(run, snapshot) for run in runs]
    engines = [_engine(run, config, card, hear) for run, (config, card, _) in zip(runs, told, strict=True)]
    config, scans = told[0][0], scans_of(snapshot, sealed)
    asked = samples(snapshot, scans, config, tested=True)
    outlines = outlined(snapshot, list(dict.fromkeys(asked.scan.tolist())), config)
    source = pool.source(config, scans, engines[0].place.device)
    pieces, _ = predictions.frames(engines, source, asked, outlines)
    for run, (own, _, _) in zip(runs, told, strict=True):
        table = predictions.overlap_rows(snapshot, asked, pieces, own, own.fold, gated=False)
        predictions.write(run / TABLE, table, own)
    return predictions.overlap_figures(pieces)


def _told(run: Path, snapshot: Snapshot) -> tuple[Config, Any, list[Chosen]]:
    """What a finished run was asked, its card, and what it chose on inner validation patients."""
    config, data = read_config(run)
    if data != snapshot.manifest.hash:
        raise ConfigError(f"{run} was trained on another snapshot than this one.")
    try:
        card = json.loads((run / "card.json").read_text("utf-8"))
        told = [card["calibration"][name] for name in TARGETS[config.task]]
        chosen = [Chosen(float(one["temperature"]), float(one["threshold"])) for one in told]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{run / 'card.json'} is no card of a finished run: {error}.") from error
    return config, card, chosen


def _engine(run: Path, config: Config, card: Any, hear: Callable[[str], None]) -> Engine:
    """Its network with the weights its card was written for."""
    try:
        file, digest = str(card["weights"]["file"]), card["weights"]["sha256"]
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{run / 'card.json'} is no card of a finished run: {error}.") from error
    if Path(file).name != file or checkpoint.sha256_of(run / file) != digest:
        raise checkpoint.CheckpointError(f"{run / file} does not hold the weights its card was written for.")
    network, _ = network_of(config)
    engine = Engine(config, network, loss_of(config), pick(config), hear)
    checkpoint.put_into(network, checkpoint.load(run / file).of("network"), file)
    return engine


def _tree(
    run: Path, snapshot: Snapshot, sealed: frozenset[str], config: Config, chosen: Sequence[Chosen], pool: Pool
) -> Any:
    """It keeps no weights: fitted again on the same patients with the same seed it is the same."""
    from ml.tree_run import fitted, tested

    tree, _ = fitted(snapshot, divided(snapshot, config), config, pool.measured)
    return tested(tree, snapshot, sealed, config, chosen, pool.measured, run / TABLE)
