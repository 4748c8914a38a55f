"""A library frozen into a data set to learn from; the layout is that of `ml.snapshot`.

What is decided is in `snapshot_plan`; here the scans go by one at a time, so that memory does not grow with their
number. All is written into a folder beside the one asked for, which gets its name when it is whole.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import resources
from workstation.core import framing, inclusion, not_bone
from workstation.core.clinical import SEXES
from workstation.core.cohort_tables import UNKNOWN
from workstation.core.framing import Framing
from workstation.core.lesion import Label, Lesion, Mask, Roi
from workstation.core.scan import VIEWS, Scan, View
from workstation.store.history import program_version
from workstation.store.values import ADJUDICATED, TRUTH, Simulation
from workstation.workflows.errors import CallError, WorkflowError, in_words
from workstation.workflows.progress import Job, Progress
from workstation.workflows.snapshot_names import Names
from workstation.workflows.snapshot_plan import Plan, Wanted, plan

if TYPE_CHECKING:
    from ml.snapshot import FrozenLesion, FrozenScan
    from workstation.store.library import Library
    from workstation.store.moment import Moment, ReadingThen, ScanThen

UNFINISHED = ".unfinished"
STANDING = "adjudicated, else first"
_FILES = ("pictures.npy", "masks.npz", "scans.csv", "lesions.csv", "manifest.json.part")
_BYTES = 1.1 * 2 * 2 * framing.ROWS * framing.COLUMNS  # of a scan, with its masks
_SIDES = ("left", "right", "midline")
_LABELS = (Label.MALIGNANT, Label.BENIGN, Label.UNCERTAIN)


@dataclass(frozen=True)
class SnapshotResult:
    """lesions: rows of lesions.csv. folds: the patients of each. made: all that was counted, as in the manifest."""

    out: Path
    scans: int
    lesions: int
    folds: tuple[tuple[str, ...], ...]
    sealed: tuple[str, ...]
    train_only: tuple[str, ...]
    hash: str
    made: Mapping[str, Any]


@dataclass
class _Tally:
    """What is counted while scans go by."""

    origins: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)
    bladders: Counter[str] = field(default_factory=Counter)
    simulators: Counter[tuple[str, str, int | None]] = field(default_factory=Counter)  # version, cohort, seed


def run(library: Library, out: Path, wanted: Wanted | None = None, who: str = "") -> Job[SnapshotResult]:
    """Freeze a library into `out`, a new or empty folder. Stopped, nothing is left but patients already sealed.

    who: under whose name patients are sealed, which needs a library open for writing.
    """
    _hold_to_place(library, out)
    unfinished = out.with_name(out.name + UNFINISHED)
    with library.moment() as moment:
        planned = plan(moment, wanted or Wanted())
        if planned.seal_now and library.read_only:
            raise WorkflowError("To seal patients the library must be open for writing. Close it elsewhere first.")
        try:
            _hold_to_disk(out, len(planned.included))
            _take_away(unfinished)
            return (yield from _write(library, moment, planned, unfinished, out, who))
        except OSError as error:  # told here: the library would take it for its own
            raise WorkflowError(f"The snapshot {out} could not be written. {in_words(error)}") from error


def _write(
    library: Library, moment: Moment, planned: Plan, unfinished: Path, out: Path, who: str
) -> Job[SnapshotResult]:
    from ml.snapshot import Writer

    names, tally, number = Names(library.kind, library.id), _Tally(), len(planned.included)
    yield Progress(0, number, "Freezing scans")
    with Writer(unfinished) as writer:
        for done, (scan, reading) in enumerate(planned.included, start=1):
            writer.add(_frozen(moment, scan, reading, planned, names, tally))
            yield Progress(done, number, "Freezing scans")
        yield Progress(0, None, "Hashing what was written")
        if planned.seal_now:
            wanted = planned.wanted
            library.seal(planned.seal_now, who, {"asked": wanted.sealed, "seed": wanted.seed, "of": number})
        manifest = writer.finish(
            {names.patient(patient): stratum for patient, stratum in planned.strata.items()},
            planned.wanted.folds,
            planned.wanted.seed,
            _labels_from(planned),
            sorted(map(names.patient, planned.sealed)),
            sorted(map(names.patient, planned.train_only)),
            _made(planned, tally, names),
        )
    if out.exists():
        out.rmdir()  # it was empty
    os.replace(unfinished, out)
    folds = tuple(
        tuple(patient for patient, own in manifest.folds.items() if own == fold) for fold in range(planned.wanted.folds)
    )
    lesions = sum(tally.labels.values())
    return SnapshotResult(
        out, number, lesions, folds, manifest.sealed, manifest.train_only, manifest.hash, manifest.made
    )


def _frozen(
    moment: Moment, scan: ScanThen, reading: ReadingThen, planned: Plan, names: Names, tally: _Tally
) -> FrozenScan:
    from ml.snapshot import FrozenScan, to_runs

    loaded = moment.load(scan.scan)
    ways = {view: framing.framing(loaded.frames[view].counts.shape, loaded.frames[view].spacing_mm) for view in VIEWS}
    tally.pictures.update(_treatment(loaded, ways))
    verdict, lesions = moment.read(reading)
    patient = names.patient(scan.patient)
    tumour = planned.strata[scan.patient].rpartition("/")[0]
    whose = {"scan": names.scan(scan.scan), "patient": patient, "tumour": tumour}
    simulation = (moment.simulated(scan.scan) if scan.simulated else None) or Simulation()
    if scan.simulated:
        tally.simulators[simulation.version, simulation.cohort, simulation.seed] += 1
    truth = simulation if reading.reader == TRUTH else Simulation()  # who reads a simulated scan knows nothing of it
    made = [
        _lesion(lesion, loaded, ways, {**whose, **truth.lesions.get(lesion.id, {})}, tally)
        for lesion in lesions
        if lesion.label in _LABELS
    ]
    tally.left_out["without a label"] += sum(lesion.label is None for lesion in lesions)
    marks = [lesion for lesion in lesions if lesion.label is Label.NOT_BONE]
    tally.marks.update(lesion.criterion or "other" for lesion in marks)
    bladder = [lesion.rois for lesion in marks if lesion.criterion == not_bone.BLADDER]
    tally.bladders["marked"] += bool(bladder)
    tally.bladders["simulated"] += truth.bladder is not None
    bladder += [] if truth.bladder is None else [truth.bladder]
    spacing = ways[View.ANTERIOR].spacing_mm
    row = {
        **whose,
        "day": names.day(scan.day, scan.patient),
        "tumour": "" if tumour == UNKNOWN else tumour,
        "sex": scan.sex if scan.sex in SEXES else "",
        "age": names.age(scan.age),
        "grade": "" if verdict.grade is None else verdict.grade,
        "malignant": int(any(lesion.label is Label.MALIGNANT for lesion in lesions)),
        "diffuse": int(verdict.diffuse),
        "spacing_mm": "" if spacing is None else f"{spacing[0]:g}",
    }
    counts = np.stack([framing.framed(loaded.frames[view].counts, ways[view]) for view in VIEWS])
    mask = np.logical_or.reduce([_nothing(), *(_mask(rois, loaded, ways) for rois in bladder)])
    return FrozenScan(row, counts, to_runs(mask), tuple(lesion for lesion in made if lesion is not None))


def _lesion(
    lesion: Lesion, scan: Scan, ways: Mapping[View, Framing], whose: Mapping[str, str], tally: _Tally
) -> FrozenLesion | None:
    from ml.snapshot import FrozenLesion, to_runs

    mask = _mask(lesion.rois, scan, ways)
    if not mask.any():
        tally.left_out["outside the frame"] += 1
        return None
    origin = inclusion.origin(lesion)
    tally.origins[str(origin)] += 1
    tally.labels[str(lesion.label)] += 1
    regions, criteria = resources.table("vocab/regions"), resources.table("vocab/criteria")
    row = {
        **whose,
        "lesion": lesion.id,
        "label": str(lesion.label),
        "region": lesion.region if lesion.region in regions else "",
        "side": lesion.side if lesion.side in _SIDES else "",
        "origin": str(origin),
        "criterion": lesion.criterion if lesion.criterion in criteria else "",
        "site6": regions[lesion.region]["site6"] if lesion.region in regions else "",
        "visible": 1,
    }
    return FrozenLesion(row, to_runs(mask))


def _mask(rois: Mapping[View, Roi], scan: Scan, ways: Mapping[View, Framing]) -> Mask:
    """(2, rows, columns) in the frame."""
    mask = _nothing()
    for place, view in enumerate(VIEWS):
        if view in rois:
            mask[place] = framing.framed_mask(rois[view].mask(scan.frames[view].counts.shape), ways[view])
    return mask


def _nothing() -> Mask:
    return np.zeros((len(VIEWS), framing.ROWS, framing.COLUMNS), bool)


def _treatment(scan: Scan, ways: Mapping[View, Framing]) -> Sequence[str]:
    """In words, for each thing that was done to a picture of the scan beyond copying it."""
    done = []
    if any(way.resampled for way in ways.values()):
        done.append("resampled")
    if any(way.moved for way in ways.values()):
        done.append("cropped or padded")
    if any(frame.counts.dtype != np.uint16 for frame in scan.frames.values()):
        done.append("rounded to whole counts")
    if any(float(frame.counts.max()) > np.iinfo(np.uint16).max for frame in scan.frames.values()):
        done.append("cut at 65,535")
    return done or ["as they were"]


def _labels_from(planned: Plan) -> str:
    if planned.readers == {TRUTH}:
        return TRUTH
    return STANDING if planned.wanted.reader is None else planned.wanted.reader


def _made(planned: Plan, tally: _Tally, names: Names) -> dict[str, Any]:
    """What the manifest tells of where the data are from, as JSON."""
    there = set(planned.strata)
    sources = Counter(
        reading.reader if reading.reader in (ADJUDICATED, TRUTH) else "one reader" for _, reading in planned.included
    )
    return {
        "version": program_version(),
        "library": names.origin,
        "simulated": sum(scan.simulated for scan, _ in planned.included),
        "simulators": [
            {"version": version, "cohort": cohort, "seed": seed, "scans": number}
            for (version, cohort, seed), number in sorted(tally.simulators.items(), key=str)
        ],
        "flow": {
            "collected": vars(planned.collected),
            "excluded": {why: vars(count) for why, count in planned.excluded.items()},
            "included": {"scans": len(planned.included), "patients": len(planned.strata)},
        },
        "readings": {**sources, "readers still to be adjudicated": planned.differing},
        "status": {
            **{name: getattr(planned.statuses, name) for name in ("reference", "grade", "lesions")},
            "conflicts": sorted(map(names.patient, planned.statuses.conflicts)),
            "unlike their lesions": sorted(map(names.patient, planned.statuses.beside_lesions)),
        },
        "lesions": {
            "labels": {str(label): tally.labels[label] for label in _LABELS},
            "origins": dict(sorted(tally.origins.items())),
            "left out": {why: number for why, number in sorted(tally.left_out.items()) if number},
            "not bone": dict(sorted(tally.marks.items())),
        },
        "bladders": {how: number for how, number in sorted(tally.bladders.items()) if number},
        "ai": {
            "readings": sum(reading.assisted for _, reading in planned.included),
            "patients": len(planned.assisted),
            "tested": planned.wanted.ai_labels,
        },
        "pictures": dict(sorted(tally.pictures.items())),
        "sealed": {
            "without a scan here": sorted(names.patient(name) for name in planned.sealed if name not in there),
            "by an AI": sorted(map(names.patient, set(planned.sealed) & set(planned.assisted))),
            "openings": planned.openings,
        },
    }


def _hold_to_place(library: Library, out: Path) -> None:
    inside = library.folder.resolve()
    if inside in (out.resolve(), *out.resolve().parents):
        raise CallError("The snapshot would lie inside the library itself: choose a folder outside it.")
    if out.exists() and not out.is_dir():
        raise CallError(f"{out} is not a folder. Name a new one.")
    if out.exists() and any(out.iterdir()):
        raise CallError(f"{out} is not empty. Name a new folder: a snapshot is never added to.")


def _hold_to_disk(out: Path, scans: int) -> None:
    path = Path(os.path.abspath(out))
    there = next(each for each in (path, *path.parents) if each.exists())
    needed, free = scans * _BYTES, shutil.disk_usage(there).free
    if needed > free:
        raise WorkflowError(
            f"{scans:,} scans need {needed / 1e9:.2g} GB, and there are {free / 1e9:.2g} GB free where {out} is to be. "
            "Make room, or name another place."
        )


def _take_away(unfinished: Path) -> None:
    """What a snapshot that was killed has left; nothing that is somebody's."""
    if not unfinished.exists():
        return
    strange = [] if unfinished.is_dir() else [unfinished]
    strange = strange or [path for path in unfinished.iterdir() if path.name not in _FILES or not path.is_file()]
    if strange:
        raise CallError(f"{unfinished} is in the way: move it elsewhere.")
    for path in unfinished.iterdir():
        path.unlink()
    unfinished.rmdir()
