"""Tables of the papers from what a training or a cross-validation predicted, with all that is needed to judge them."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.report import summary, writing
from workstation.report.evaluation import Evaluation, Study
from workstation.stats.bootstrap import RESAMPLES
from workstation.stats.evaluation import Row
from workstation.workflows import final, provenance
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.paper_tables import OURS, PAPERS, STUDIES, Network, Settings
from workstation.workflows.predictions import Frozen, find, joined, read, tested
from workstation.workflows.progress import Progress
from workstation.workflows.run_folders import Run, Trained
from workstation.workflows.run_folders import read as read_folder

if TYPE_CHECKING:
    from workstation.store.library import Library


@dataclass(frozen=True)
class Asked:
    """run: a folder of a training or a cross-validation. snapshot: where it is, if not where it was.

    out: of the report; a folder in that of the run by default. network: the one to call ours, by its name in tables.
    inner: thresholds chosen on inner validation patients, on calibrated probabilities, instead of 0.5. final: open the
    sealed patients. library: the one the snapshot was made from, to count that there too. who: opens them; the
    account's reader if not given. resamples: of the patient bootstrap.
    """

    run: Path
    snapshot: Path | None = None
    out: Path | None = None
    network: str | None = None
    inner: bool = False
    final: bool = False
    library: Path | Library | None = None
    resamples: int = RESAMPLES
    who: str = ""


@dataclass(frozen=True, eq=False)
class Reported:
    """An evaluation that was written down. page: the report. value: all of it as JSON's own types; document: as
    Markdown. heading and tables: what fits on a screen. absent: folds that are missing, a line each. sealed: how many
    patients are; openings: how often so far; final: this was one, and the tables are of them.
    """

    page: Path
    value: Mapping[str, object]
    document: str
    heading: Sequence[str]
    tables: Sequence[summary.Columns]
    absent: Sequence[str]
    sealed: int
    openings: int
    final: bool


def run(asked: Asked) -> Generator[Progress, None, Reported]:
    """Compute and write the report. Raises CallError and WorkflowError in words; a report is written whole or not."""
    found = yield from compute(asked)
    yield Progress(0, None, "drawing and writing the report")
    try:
        page = writing.write(found, asked.out or asked.run / ("evaluation-final" if asked.final else "evaluation"))
    except writing.ReportError as error:
        raise WorkflowError(str(error)) from error
    return Reported(
        page, writing.value(found), writing.document(found), summary.heading(found), summary.compared(found),
        found.absent, found.data.sealed, found.openings, found.final,
    )  # fmt: skip


def compute(asked: Asked) -> Generator[Progress, None, Evaluation]:
    """Read, check, compute. Raises CallError and WorkflowError in words; nothing is written.

    Folds that are missing are left out and told of in the result; with none at all there is nothing to evaluate.
    """
    yield Progress(0, None, "reading predictions")
    trained = read_folder(asked.run)
    done = [each for each in trained.runs if each.card is not None and each.fold >= 0]
    if not done:
        raise CallError(_nothing(trained))
    if strange := {each.task for each in done} - set(PAPERS):
        raise CallError(f"{trained.folder} has a training of an unknown kind: {min(strange)!r}.")
    frozen = find(trained.folder, trained.snapshot, asked.snapshot)
    if asked.final:
        openings = yield from final.opened(trained.folder, frozen, asked.library, asked.who)
    else:
        openings = final.openings(frozen)
    networks: dict[str, list[Network]] = {}
    for task, named in _by_task(done).items():
        short = _short(named)
        networks[task] = [_network(short[name], runs, frozen, asked.final) for name, runs in named.items()]
    _hold_to_asked(networks, asked.network)
    studies = []
    for paper in sorted({PAPERS[task] for task in networks}):
        yield Progress(0, None, f"computing the tables of paper {paper.upper()}")
        mine = {
            task: _ours_first(given, task, asked.network) for task, given in networks.items() if PAPERS[task] == paper
        }
        try:
            study = STUDIES[paper](mine, frozen, Settings(asked.inner, asked.resamples))
        except ValueError as error:
            raise WorkflowError(f"The tables of paper {paper.upper()} cannot be made: {error}.") from error
        studies.append(_with_absent(study, trained, paper))
    made = provenance.evaluation(trained, frozen, tuple(studies), "inner" if asked.inner else "paper")
    return replace(made, openings=openings, final=asked.final)


def _network(name: str, runs: Sequence[Run], frozen: Frozen, sealed: bool) -> Network:
    tables = [read(each, frozen, sealed) for each in runs]
    whom = frozenset[str]().union(*(tested(each, frozen, sealed) for each in runs))
    return Network(name, tuple(runs), final.averaged(tables) if sealed else joined(tables), whom, sealed)


def _nothing(trained: Trained) -> str:
    if any(each.fold < 0 for each in trained.runs):
        return f"{trained.folder} was trained on all patients (fold=-1): nobody was left to test it on."
    told = "; ".join(f"{name}, fold {fold}: {why}" for (name, fold), why in list(trained.absent.items())[:4])
    return f"{trained.folder} has no fold that is done ({told or 'it has none'}). Let it go on, then evaluate."


def _by_task(done: Sequence[Run]) -> dict[str, dict[str, list[Run]]]:
    found: dict[str, dict[str, list[Run]]] = {}
    for each in done:
        found.setdefault(each.task, {}).setdefault(each.name, []).append(each)
    return found


def _short(named: Mapping[str, Sequence[Run]]) -> dict[str, str]:
    """What tables call each network: its name, with its preset where two presets have it."""
    networks = [runs[0].network for runs in named.values()]
    return {name: runs[0].network if networks.count(runs[0].network) == 1 else name for name, runs in named.items()}


def _hold_to_asked(networks: Mapping[str, Sequence[Network]], name: str | None) -> None:
    names = sorted({each.name for given in networks.values() for each in given})
    if name is not None and name not in names:
        raise CallError(f"No fold of a network {name!r} is done here; there is {', '.join(names)}.")


def _ours_first(given: Sequence[Network], task: str, name: str | None) -> list[Network]:
    """The network asked for, else the paper's own, else any network before the tree; then the others."""
    ranked = sorted(
        given, key=lambda each: (each.name != name, each.runs[0].network != OURS[task], each.runs[0].network == "tree")
    )
    return [ranked[0], *(each for each in given if each is not ranked[0])]


def _with_absent(study: Study, trained: Trained, paper: str) -> Study:
    """A row that says so for each network none of whose folds is done."""
    there = {each.name for each in trained.runs if each.card is not None}
    lacking = [name for name in trained.networks if name not in there and _paper_of(name, trained) == paper]
    if not lacking:
        return study
    presets = {each.preset for each in trained.runs}
    short = {
        name: next((name.removeprefix(f"{p}-") for p in presets if name.startswith(f"{p}-")), name) for name in lacking
    }
    why = {name: trained.absent.get((name, trained.folds[0]), "not begun") for name in lacking}
    notes = tuple(f"{short[name]}: no fold is done ({reason})." for name, reason in why.items())
    return replace(
        study,
        tables=tuple(
            replace(
                table,
                rows=(*table.rows, *(Row(short[name], 0, 0, (), {}) for name in lacking)),
                notes=(*table.notes, *notes),
            )
            if summary.compares_networks(table)
            else table
            for table in study.tables
        ),
    )


def _paper_of(name: str, trained: Trained) -> str:
    """Of a network that may not have begun: that of its own runs, or of the preset another network shares with it."""
    for each in trained.runs:
        if each.name == name or name.startswith(f"{each.preset}-"):
            return PAPERS.get(each.task, "")
    return ""
