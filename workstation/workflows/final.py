"""The sealed patients, opened: counted first, then predicted by all trained networks, then averaged over the folds."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.workflows import sealing
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.home import default_reader
from workstation.workflows.ml_answer import answer
from workstation.workflows.predictions import SCORED, Columns, Frozen
from workstation.workflows.progress import Progress

if TYPE_CHECKING:
    from workstation.store.library import Library


def openings(frozen: Frozen) -> int:
    """How often the sealed patients of a snapshot were opened so far; printed beside every result."""
    return sealing.openings(frozen.folder, frozen.manifest)


def opened(run: Path, frozen: Frozen, library: Path | Library | None, who: str = "") -> Generator[Progress, None, int]:
    """Count the opening, then have every finished run predict the sealed patients; how many openings with this one.

    who: opens them; the account's reader if not given. CallError where nobody is sealed; WorkflowError where it cannot
    be counted (then nothing is opened) or predicted.
    """
    if not frozenset(frozen.manifest.sealed) & frozenset(frozen.manifest.patients):
        raise CallError(
            f"No patients are sealed in {frozen.folder}, so there is nothing to open. Evaluate without --final, or "
            "make a snapshot that seals some."
        )
    name = run.resolve().name
    number = sealing.opened(frozen.folder, frozen.manifest, name, who or default_reader(), library)
    try:
        yield from answer(["final", str(run), "--snapshot", str(frozen.folder)], "predicting the sealed patients")
    except WorkflowError as error:
        raise WorkflowError(f"The sealed patients were not predicted: {error}") from error
    return number


def averaged(tables: Sequence[Columns]) -> Columns:
    """One table of what several runs say of the same cases: the mean of their scores.

    Pixels of a segmentation were counted on the mean of all runs' probabilities: any run's table holds them. The mean
    stands under the first run's fold, so that each case is there once. WorkflowError where the runs do not speak of
    the same cases in one order.
    """
    first = tables[0]
    if "score" not in first:
        return first
    named = ("scan", "patient", "lesion", "view", "row", "target", "truth")
    if any(list(table[name]) != list(first[name]) for table in tables for name in named):
        raise WorkflowError("The runs have not predicted the same sealed cases. Open them again with all runs done.")
    means = {
        name: [repr(sum(map(float, values)) / len(tables)) for values in zip(*(t[name] for t in tables), strict=True)]
        for name in SCORED
        if name != "truth"
    }
    return {**first, **means}
