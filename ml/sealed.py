"""The sealed patients of a snapshot, predicted by model files: what two models are compared by, on the same cases.

Nothing is learnt or chosen here, and who was learnt from is not tested. Who calls this counts the opening first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ml.config import ConfigError
from ml.engine import Engine
from ml.finish import predict
from ml.model import loss_of
from ml.model_network import load
from ml.place import pick
from ml.pool import Pool
from ml.runfolder import to_stderr
from ml.snapshot import Snapshot
from ml.unseen import hold_to_unseen


def predict_sealed(
    snapshot: Snapshot, models: Sequence[Path], out: Path, hear: Callable[[str], None] = to_stderr
) -> list[dict[str, Any]]:
    """Write <out>/0.csv, <out>/1.csv, ... of the models in their order, as predictions.csv, fold 0; figures of each.

    Raises ConfigError where nobody is sealed; ModelError for what is no model, or learnt from somebody sealed.
    """
    sealed = frozenset(snapshot.manifest.sealed) & frozenset(snapshot.manifest.patients)
    if not sealed:
        raise ConfigError("No patient of this snapshot is sealed: there is nothing to open.")
    ready = [load(path) for path in models]
    for each in ready:
        hold_to_unseen(each.model.card, snapshot, sealed, str(each.model.path))
    pool = Pool(snapshot, out)
    found = []
    try:
        for number, each in enumerate(ready):
            hear(f"{each.model.path.stem}: {len(sealed)} sealed patients")
            engine = Engine(each.config, each.network, loss_of(each.config), pick(each.config), hear)
            table = out / f"{number}.csv"
            told = predict(engine, pool, snapshot, sealed, table, each.chosen, 0)
            found.append({"hash": each.model.hash, "table": table.name, "metrics": told["metrics"]})
    finally:
        pool.close()
    return found
