"""Scans into a library: files, folders and archives are looked through, read, de-identified, joined and kept.

A batch of scans is durable as a whole before the next begins, so an import can be cancelled or killed at any moment and
simply be done again: what is there already is known by the keyed hash of its original bytes.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.core.ids import new_id
from workstation.core.lesion import ReadingKey
from workstation.core.scan import View
from workstation.store.values import Simulation
from workstation.workflows import clinical_csv, import_clinical, new_scan
from workstation.workflows import labels as label_tables
from workstation.workflows import truth as truths
from workstation.workflows.arriving import Arrived, Asks, Rules
from workstation.workflows.clinical_csv import ClinicalTable
from workstation.workflows.errors import WorkflowError
from workstation.workflows.identity import Identity, Patient, for_import
from workstation.workflows.joining import Joining, partner_in
from workstation.workflows.labels_given import Labels
from workstation.workflows.progress import Job, Progress
from workstation.workflows.sources import sources
from workstation.workflows.taking_in import taken_in
from workstation.workflows.truth import ScanTruth

if TYPE_CHECKING:
    from workstation.dicom.folder import Found
    from workstation.store.library import Library, NewScan

_BATCH_SCANS = 16
_BATCH_BYTES = 48 << 20
_WRITING = 2  # batches at once
_TOLD_AT_ONCE = 256  # scans of which a simulator tells, in one transaction


@dataclass(frozen=True)
class ImportOptions:
    """who: for the history. sides, pictures_only: what files show that do not tell it, see `Rules`; None refuses them.

    labels: an exported lesion table, a file of labelme or COCO, or a folder of them. clinical: facts of patients, which
    go in after the scans. new_key: import into a research library whose key is not on this machine. processes: how
    many to start for reading many files, None for as many as there are cores.
    """

    who: str = ""
    sides: str | None = None
    pictures_only: bool = False
    labels: Path | None = None
    clinical: ClinicalTable | None = None
    new_key: bool = False
    processes: int | None = None


@dataclass(frozen=True)
class Told:
    """What was found out about one path. As a refusal: why it was left out."""

    path: str
    reason: str


@dataclass(frozen=True)
class ImportResult:
    """scans: new ones. joined: views that completed a scan. duplicates: objects there already. labels: lesions.
    clinical: lines of clinical facts that said something new. readings: those the lesions are of, and empty ones.

    told: what is worth knowing of files that did come in (burnt-in text, assumed views, odd headers).
    asks: those of the refused that come in when a person says what they do not tell.
    """

    scans: int = 0
    joined: int = 0
    duplicates: int = 0
    labels: int = 0
    refused: tuple[Told, ...] = ()
    told: tuple[Told, ...] = ()
    ids: tuple[str, ...] = ()
    asks: tuple[tuple[str, Asks], ...] = ()
    clinical: int = 0
    readings: int = 0


def run(paths: Sequence[Path], library: Library, options: ImportOptions = ImportOptions()) -> Job[ImportResult]:
    """Import everything under `paths`. Closing the job keeps the batches that were finished."""
    from workstation.dicom.folder import walk

    if library.read_only:
        raise WorkflowError("The library is open read-only here: nothing can be imported into it.")
    inside = [path for path in paths if _within(path, library.folder)]
    if inside:
        raise WorkflowError(f"{inside[0]} lies in the library itself: its scans are there already.")
    if not paths and options.labels is None and options.clinical is not None:
        return (yield from _clinical_alone(options.clinical, library, options.who))
    given = sources(paths)
    tables = [] if options.labels is None else label_tables.load(options.labels)
    known = [clinical_csv.load(file) for folder in given.truths if (file := folder / "clinical.csv").is_file()]
    told = [] if options.clinical is None else [options.clinical]
    truth = truths.load(given.truths)
    identity = for_import(library, options.new_key)
    rules = Rules(identity.key, library.kind == "research", options.sides, options.pictures_only)
    importing = _Importing(library, identity, rules, options.who, {rules.kept_uid(uid): t for uid, t in truth.items()})
    total = 0
    for total, _ in enumerate(walk(given.objects), start=1):
        if total % 256 == 0:
            yield Progress(0, None, f"Looking through {total} files")
    yield Progress(0, total, "Importing")
    arriving = taken_in(importing.unknown(walk(given.objects)), rules, total, options.processes)
    try:
        for item in arriving:
            if item is not None:
                importing.take(item)
            yield Progress(importing.done, total, "Importing", len(importing.refused))
        importing.finish()
    finally:
        arriving.close()
        importing.writer.shutdown()
    yield Progress(total, total, "Importing", len(importing.refused))
    yield from importing.bring_labels(tables)
    yield from importing.bring_clinical(known, simulated=True)
    yield from importing.bring_clinical(told)
    return importing.result()


def _clinical_alone(table: ClinicalTable, library: Library, who: str) -> Job[ImportResult]:
    """Facts of patients that are there: lines in the library's own names need no key."""
    from workstation.workflows import identity

    brought = yield from import_clinical.run(table, library, identity.load(library.id), who)
    refused = tuple(Told(*refusal) for refusal in brought.refused)
    return ImportResult(refused=refused, told=tuple(Told(*note) for note in brought.notes), clinical=brought.told)


def _within(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        return False  # a path no file system takes; looking at it says so


def write_refused(result: ImportResult, file: Path) -> None:
    """The refused files and their reasons as CSV."""
    with open(file, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("path", "reason"))
        writer.writerows((told.path, told.reason) for told in result.refused)


@dataclass
class _Importing:
    """One import under way. truth: by SOP Instance UID as the library keeps it."""

    library: Library
    identity: Identity
    rules: Rules
    who: str
    truth: Mapping[str, ScanTruth]
    refused: list[Told] = field(default_factory=list)
    done: int = 0
    _told: list[Told] = field(default_factory=list)
    _ids: list[str] = field(default_factory=list)
    _asks: list[tuple[str, Asks]] = field(default_factory=list)
    _joined: int = 0
    _duplicates: int = 0
    _labels: int = 0
    _readings: int = 0
    _simulated: dict[str, Simulation] = field(default_factory=dict)  # of scans, not told to the library yet
    _clinical: int = 0
    _joining: Joining = field(default_factory=Joining)
    # Scans are written while the next ones are read: one batch is hashed while another waits for the disk.
    writer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_WRITING))
    _writing: deque[Future[list[str]]] = field(default_factory=deque)
    _batch: list[NewScan] = field(default_factory=list)
    _studies: set[str] = field(default_factory=set)  # of the scans that are not on disk yet
    _names: set[str] = field(default_factory=set)
    _bytes: int = 0
    _persons: list[Patient] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _of_object: dict[str, str] = field(default_factory=dict)  # kept SOP Instance UID -> scan
    _prints: dict[tuple[View, str], set[str]] | None = None  # view and SHA-256 of its counts -> scans
    _all_prints: Mapping[tuple[str, View], str] | None = None

    def unknown(self, found: Iterable[Found]) -> Iterator[tuple[str, str, bytes] | None]:
        """(name, keyed hash, bytes) of the files the library does not hold yet, None for each of the others."""
        from workstation.dicom.errors import DicomError

        for item in found:
            try:
                data = item.open()
            except DicomError as error:
                self._refuse(item.name, str(error))
                self.done += 1
                yield None
                continue
            original = self.identity.fingerprint(data)
            if original in self._seen or self.library.has_objects([original]):
                self._duplicates += 1
                self.done += 1
                yield None
                continue
            self._seen.add(original)
            yield item.name, original, data

    def take(self, arrived: Arrived) -> None:
        """Put one object where it belongs; full batches are made durable."""
        self.done += 1
        if arrived.reason is not None:
            self._refuse(arrived.name, arrived.reason)
            if arrived.asks is not None:
                self._asks.append((arrived.name, arrived.asks))
            return
        self._told.extend(Told(arrived.name, text) for text in arrived.told)
        for group in self._joining.add(arrived):
            self._keep(group)
        if len(self._batch) >= _BATCH_SCANS or self._bytes >= _BATCH_BYTES:
            self._flush()

    def finish(self) -> None:
        """What still waits for a partner comes in without one."""
        for group in self._joining.rest():
            self._keep(group)
        self._flush()
        self._settle()

    def bring_labels(self, tables: Sequence[Labels]) -> Iterator[Progress]:
        """Readings for what has come in, or was there: the truth beside it, and tables given along.

        A scan whose pixels are not there or damaged costs its own reading, and nothing of what has come in.
        """
        from workstation.store.errors import LibraryError

        if (self.truth.keys() - self._of_object.keys()) or tables:
            self._of_object = {**self._of_objects_there(), **self._of_object}
        scans = {self._of_object[uid]: truth for uid, truth in self.truth.items() if uid in self._of_object}
        total = len(scans) + len(tables)
        steps = [(truth.scan, partial(self._bring_truth, scan, truth)) for scan, truth in scans.items()]
        steps += [(labels.where, partial(self._bring_table, labels)) for labels in tables]
        for done, (where, step) in enumerate(steps, start=1):
            try:
                brought = step()
                self._readings += brought.readings
                self._labels += brought.lesions
            except (WorkflowError, LibraryError) as error:
                self._refuse(where, str(error))
            yield Progress(done, total, "Bringing in readings", len(self.refused))
        self._tell_simulated()

    def bring_clinical(self, tables: Sequence[ClinicalTable], simulated: bool = False) -> Iterator[Progress]:
        """Clinical facts of the patients that are there now."""
        for facts in tables:
            brought = yield from import_clinical.run(facts, self.library, self.identity, self.who, simulated)
            self._clinical += brought.told
            self.refused.extend(Told(*refusal) for refusal in brought.refused)
            self._told.extend(Told(*note) for note in brought.notes)

    def result(self) -> ImportResult:
        return ImportResult(
            len(self._ids), self._joined, self._duplicates, self._labels,
            tuple(self.refused), tuple(self._told), tuple(self._ids), tuple(self._asks), self._clinical, self._readings,
        )  # fmt: skip

    def _refuse(self, path: str, reason: str) -> None:
        self.refused.append(Told(path, reason))

    def _keep(self, group: tuple[Arrived, ...]) -> None:
        """One acquisition: the partner of a scan that is there, or a new scan of the batch."""
        self._persons.extend(item.person for item in group if item.person is not None)
        scan = self._partner(group[0]) if len(group) == 1 else None
        if scan is not None:
            self.identity.note(self._persons)
            self.library.join_frame(scan, group[0].frames[0], new_scan.kept(group[0], self.rules), self.who)
            self._joined += 1
        else:
            truth = next((t for item in group if (t := self.truth.get(item.fact("sop_uid")))), None)
            made = new_scan.made(group, self._id(group, truth), truth, self.rules)
            if made.upside_down:
                self._told.append(Told(group[0].name, "Its feet were up; it was turned round."))
            self._batch.append(made)
            self._studies.add(made.study)
            self._names.add(made.id)
            self._bytes += sum(len(item.data) for item in group)
            scan = made.id
        self._of_object.update({item.fact("sop_uid"): scan for item in group if item.fact("sop_uid")})

    def _partner(self, arrived: Arrived) -> str | None:
        from workstation.store.errors import LibraryError

        if arrived.fact("study_uid") in self._studies:
            self._flush()  # the partner may be among those not yet on disk
            self._settle()
        try:
            return partner_in(self.library, arrived)
        except LibraryError as error:  # the other view is there, but damaged
            self._told.append(Told(arrived.name, f"It came in as a scan of its own. {error}"))
            return None

    def _id(self, group: tuple[Arrived, ...], truth: ScanTruth | None) -> str:
        """A simulated scan keeps its cohort's name where that is free, so that both can be laid side by side."""
        name = truth.scan if truth is not None and all(item.facts.get("simulated") for item in group) else ""
        taken = name in self._names or bool(name and self.library.rows([name]))
        return name if new_scan.is_id(name) and not taken else new_id("S")

    def _flush(self) -> None:
        """Begin to make durable what has gathered: first who the patients are, then their scans."""
        self._settle(_WRITING - 1)
        if self._batch:
            self.identity.note(self._persons)
            self._writing.append(self.writer.submit(self.library.add_scans, self._batch, self.who))
            self._batch, self._persons, self._bytes = [], [], 0

    def _settle(self, under_way: int = 0) -> None:
        """Wait until all that was begun is on disk, but for the last `under_way` batches."""
        while len(self._writing) > under_way:
            self._ids.extend(self._writing.popleft().result())
        if not self._writing:
            self._studies = {made.study for made in self._batch}

    def _of_objects_there(self) -> dict[str, str]:
        there = {}
        for scan in self.library.ids():
            uid = self.library.facts(scan).get("sop_uid")
            if isinstance(uid, str):
                there[uid] = scan
        return there

    def _bring_truth(self, scan: str, truth: ScanTruth) -> label_tables.Brought:
        drawn = truths.drawn(truth, self.library.load(scan).frames)
        key, what = ReadingKey(scan, truths.READER), "Truth of the simulation"
        brought = label_tables.bring_in(self.library, key, drawn.lesions, truth.verdict, what, self.who)
        self._simulated[scan] = drawn.told
        if len(self._simulated) >= _TOLD_AT_ONCE:
            self._tell_simulated()
        return brought

    def _tell_simulated(self) -> None:
        told, self._simulated = self._simulated, {}
        if told:
            self.library.tell_simulated(told, self.who)

    def _bring_table(self, labels: Labels) -> label_tables.Brought:
        if labels.trouble is not None:
            raise WorkflowError(labels.trouble)
        if labels.ways:
            return self._bring_table(self._way(labels))
        scan = self._scan_of(labels)
        if scan is None:
            raise WorkflowError(
                f"{labels.where}: scan {labels.scan} is not in this library; its lesions were left out."
            )
        if labels.sizes and any(self._sha256(scan, view) not in ("", text) for view, text in labels.prints.items()):
            raise WorkflowError(
                f"{labels.where}: it was drawn on another picture than scan {scan} holds now; the reading was left out."
            )
        return label_tables.bring_in_labels(self.library, scan, labels, self.who)

    def _way(self, labels: Labels) -> Labels:
        """The first of the readings it may be whose views a scan holds."""
        for way in labels.ways:
            scan = self._scan_of(way)
            if scan is not None and all(self._sha256(scan, view) == text for view, text in way.prints.items()):
                return way
        raise WorkflowError(f"{labels.where}: no scan of this library shows its picture; its lesions were left out.")

    def _scan_of(self, labels: Labels) -> str | None:
        for uid in (self.rules.kept_uid(labels.sop_uid), labels.sop_uid) if labels.sop_uid else ():
            if uid in self._of_object:
                return self._of_object[uid]
        if not labels.sop_uid and self.library.rows([labels.scan]):
            return labels.scan
        return self._of_counts(labels)

    def _sha256(self, scan: str, view: View) -> str:
        """Of the view's counts, "" where they are not there."""
        if self._all_prints is None:
            self._all_prints = self.library.prints()
        return self._all_prints.get((scan, view), "")

    def _of_counts(self, labels: Labels) -> str | None:
        """The one scan with the counts that the lesions were drawn on; None where there is none, or several."""
        if self._prints is None:
            if self._all_prints is None:
                self._all_prints = self.library.prints()
            self._prints = {}
            for (scan, view), digest in self._all_prints.items():
                self._prints.setdefault((view, digest), set()).add(scan)
        found = set[str]().union(*(self._prints.get(item, ()) for item in labels.prints.items()))
        return found.pop() if len(found) == 1 else None
