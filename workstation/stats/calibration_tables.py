"""How well networks' probabilities mean what they say, as a table: before and after their temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workstation.stats.bootstrap import RESAMPLES
from workstation.stats.calibration import brier, expected_calibration_error, log_loss
from workstation.stats.clustered import clustered_mean
from workstation.stats.evaluation import Cell, Interval, Row, Table
from workstation.stats.folds import FoldMean
from workstation.stats.measures import BOOTSTRAP
from workstation.stats.predictions import Predictions
from workstation.stats.truth import Floats

AFTER = ", after its temperature"
COLUMNS = ("brier", "log loss", "calibration error")


def calibration(
    paper: str, networks: Sequence[Predictions], after: Sequence[Floats] = (), resamples: int = RESAMPLES
) -> Table:
    """Brier score, log loss and expected calibration error of each network; scores are probabilities.

    after: for each network its probabilities divided by a temperature that was chosen without these cases. The
    calibration error has no interval: it is above 0 by chance alone, the more so the fewer the cases.
    """
    rows = []
    for at, given in enumerate(networks):
        rows.append(_row(given.model, given, resamples))
        if at < len(after):
            rows.append(_row(given.model + AFTER, replace(given, score=np.asarray(after[at], float)), resamples))
    notes = ("Calibration error: 10 equally wide bins.",)
    return Table(paper, "calibration", "Calibration", COLUMNS, tuple(rows), notes=notes)


def _row(key: str, given: Predictions, resamples: int) -> Row:
    folds = [given.of_fold(fold) for fold in given.folds]
    squares = (given.score - given.truth) ** 2
    found = clustered_mean(squares.tolist(), given.patient.tolist(), resamples)
    cells = {
        name: Cell(measure(given.truth, given.score), folds=FoldMean(tuple(measure(f.truth, f.score) for f in folds)))
        for name, measure in zip(COLUMNS, (brier, log_loss, expected_calibration_error), strict=True)
    }
    cells["brier"] = replace(cells["brier"], intervals=(Interval(BOOTSTRAP, found.low, found.high),))
    return Row(key, len(given), given.patients, given.folds, cells)
