"""A library: one folder with a database, the objects as kept, and their decoded pixels."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from workstation.core.clinical import Clinical
from workstation.core.edits import Session, Step
from workstation.core.lesion import ReadingKey
from workstation.core.pace import Pace
from workstation.core.people import Person, Role
from workstation.core.repeats import Item
from workstation.core.scan import Frame, Scan, View
from workstation.store import (
    backup,
    clinical,
    corrections,
    files,
    history,
    lists,
    people,
    queues,
    readings,
    scans,
    schema,
    sealed,
    simulations,
    verify,
)
from workstation.store.clinical import Told
from workstation.store.connection import Connections, open_reading
from workstation.store.errors import LibraryError, told
from workstation.store.lesion_lists import LesionLists
from workstation.store.lock import HOLDER, LOCK, WriterLock, holder
from workstation.store.moment import Moment
from workstation.store.queues import Asked, Place, Queue, QueueItem
from workstation.store.sealed import Opening
from workstation.store.sheet import Sheets
from workstation.store.values import KeptObject, NewScan, ScanQuery, ScanRow, Simulation, Verification

__all__ = [
    "KINDS", "KeptObject", "Library", "LibraryError", "NewScan", "ScanQuery", "ScanRow", "Verification",
]  # fmt: skip

_T = TypeVar("_T")

DATABASE = "library.db"
KINDS = ("research", "clinical")


class Library:
    """Open with `create` or `open`; methods may be called from any thread.

    folder, id, kind ("research" or "clinical"): as they are. read_only: nothing can be changed, either because so
    asked, or because another process writes, which `holder` then names, or because the folder cannot be written to.
    """

    def __init__(self, folder: Path, lock: WriterLock | None, writer: str | None) -> None:
        self.folder = folder
        self.read_only = lock is None
        self.holder = writer
        self._lock = lock
        self._connections = Connections(folder / DATABASE, self.read_only)
        self._readings = readings.Readings(self._connections)
        self._queues = queues.Queues(self._connections)
        self._sheets = Sheets()
        with self._connections.reading() as connection:
            said = dict(connection.execute("SELECT key, value FROM library"))
        self.id: str = said["id"]
        self.kind: str = said["kind"]

    @classmethod
    def create(cls, folder: Path, kind: str = "research") -> Self:
        """Make an empty library in a new or empty folder, and open it. LibraryError where that cannot be."""
        if kind not in KINDS:
            raise ValueError(f"a library is one of {', '.join(KINDS)}, got {kind}")
        if (folder / DATABASE).exists():
            raise LibraryError(f"{folder} is a library already: open it, or choose another folder.")
        new = folder / f"{DATABASE}.new"
        with told():
            folder.mkdir(parents=True, exist_ok=True)
            ours = {new.name, f"{new.name}-journal", LOCK, HOLDER, *files.FOLDERS}
            other = [item.name for item in folder.iterdir() if item.name not in ours and not item.name.startswith(".")]
            if other:
                raise LibraryError(f"{folder} holds other files and no library: choose an empty folder.")
            new.unlink(missing_ok=True)  # of a creation that was interrupted
            _create_database(new, kind)
            os.replace(new, folder / DATABASE)
            for name in files.FOLDERS:
                (folder / name).mkdir(exist_ok=True)
            files.sync_folder(folder)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path, read_only: bool = False) -> Self:
        """Open a library. LibraryError where it cannot be opened.

        It opens read-only where another process writes to it, which `holder` then names, and where its folder cannot
        be written to.
        """
        database = folder / DATABASE
        if not database.is_file():
            raise LibraryError(f"{folder} is no library: it holds no {DATABASE}.")
        found = _check_version(folder, database)
        lock = None if read_only else WriterLock(folder)
        with told():
            if lock is not None and not lock.take():
                lock = None
            try:
                if found < len(schema.MIGRATIONS):
                    if lock is None:
                        raise LibraryError(
                            f"{folder} was written by an older version. Open it once in the window, so that it is "
                            "copied and brought up to date."
                        )
                    _bring_up_to_date(database, found)
                held = lock is None and not read_only and os.access(folder, os.W_OK)
                library = cls(folder, lock, holder(folder) if held else None)
                if lock is not None:
                    scans.clean(library._connections, folder)
                return library
            except BaseException:
                if lock is not None:
                    lock.release()
                raise

    def close(self) -> None:
        self._connections.close()
        if self._lock is not None:
            self._lock.release()

    # --- scans ------------------------------------------------------------------------------------------------

    def add_scans(self, batch: Sequence[NewScan], who: str = "", headers_only: bool = False) -> list[str]:
        """Add scans in one durable transaction; their ids. headers_only keeps no pixels (for lists to be measured)."""
        return scans.add(self._connections, self.folder, batch, who, headers_only)

    def join_frame(self, scan: str, frame: Frame, kept: KeptObject | None = None, who: str = "") -> None:
        """Add the absent partner of a scan."""
        scans.join(self._connections, self.folder, scan, frame, kept, who)

    def correct(self, scan: str, who: str, **fields: Any) -> None:
        """Correct day, tumour, sex, age, sides, upside_down, reference (0, 1, None) or excluded of a scan."""
        scans.correct(self._connections, scan, who, fields, self.folder)

    def turn(self, scan: str, who: str) -> None:
        """Turn all views of a scan by half a circle: its feet were up. Once more turns them back."""
        scans.turn(self._connections, scan, who, self.folder)

    def tell_simulated(self, told: Mapping[str, Simulation], who: str) -> int:
        """Keep what a simulator tells of scans; of how many it was news."""
        return simulations.tell(self._connections, told, who)

    def assign_views(self, scan: str, views: Mapping[View, View], who: str) -> None:
        """Say which view each frame shows: present view -> right view; recognised by "user" from then on."""
        scans.assign_views(self._connections, self.folder, scan, views, who)

    def has_objects(self, originals: Iterable[str]) -> set[str]:
        """Those of the keyed hashes whose objects the library holds."""
        with self._connections.reading() as connection:
            return scans.known_objects(connection, originals)

    def find_partner(self, study: str, view: View) -> str | None:
        """The one scan of that acquisition that lacks `view`, or None."""
        with self._connections.reading() as connection:
            return scans.partner(connection, study, view)

    def load(self, scan: str) -> Scan:
        """The scan with its counts. LibraryError where it or its pixels are not there."""
        with self._connections.reading() as connection:
            return scans.load(connection, self.folder, scan)

    def spacing(self, scan: str) -> tuple[float, float] | None:
        """Row and column spacing (mm) of the scan's first view; None where the header does not tell."""
        with self._connections.reading() as connection:
            found = connection.execute(
                "SELECT row_spacing, column_spacing FROM frames WHERE scan = ? ORDER BY view LIMIT 1", (scan,)
            ).fetchone()
        return None if found is None or None in found else (float(found[0]), float(found[1]))

    def facts(self, scan: str) -> Mapping[str, object]:
        """What is kept of the header; needs no pixels."""
        with self._connections.reading() as connection:
            facts: Mapping[str, object] = corrections.known(connection, scan)["facts"]
        return facts

    def prints(self) -> dict[tuple[str, View], str]:
        """SHA-256 of every view's counts as kept: the same scan in another library has the same."""
        with self._connections.reading() as connection:
            found = connection.execute("SELECT scan, view, sha256 FROM frames WHERE sha256 IS NOT NULL").fetchall()
        return {(scan, View(view)): digest for scan, view, digest in found}

    def thumbnail(self, scan: str) -> bytes | None:
        """A small PNG of both views."""
        with self._connections.reading() as connection:
            found = connection.execute("SELECT png FROM thumbnails WHERE scan = ?", (scan,)).fetchone()
        return None if found is None else bytes(found[0])

    def objects(self, scan: str) -> list[Path]:
        """The files of the scan's objects as kept."""
        with self._connections.reading() as connection:
            found = connection.execute("SELECT path FROM objects WHERE scan = ? ORDER BY path", (scan,)).fetchall()
        return [self.folder / path for (path,) in found]

    # --- lists ------------------------------------------------------------------------------------------------

    def ids(self, query: ScanQuery | None = None) -> list[str]:
        """The ids of the scans asked for, sorted."""
        with self._connections.reading() as connection:
            return lists.ids(connection, query or ScanQuery(), self._sheets)

    def rows(self, ids: Sequence[str], reader: str | None = None) -> list[ScanRow]:
        """One row per scan, in the order of `ids`."""
        with self._connections.reading() as connection:
            return lists.rows(connection, ids, reader)

    def touched(self, since: int | None) -> tuple[int, set[str]]:
        """How far the history goes, and the scans whose rows may be others than when it went as far as `since`."""
        with self._connections.reading() as connection:
            return history.touched(connection, since)

    def priors(self, scan: str, reader: str | None = None) -> list[ScanRow]:
        """The same patient's earlier scans, the latest first."""
        with self._connections.reading() as connection:
            return lists.priors(connection, scan, reader)

    def of_patient(self, patient: str, reader: str | None = None) -> list[ScanRow]:
        """All scans of a patient, the first day first."""
        with self._connections.reading() as connection:
            return lists.of_patient(connection, patient, reader)

    def patients(self) -> set[str]:
        """The ids of all patients that ever had a scan here."""
        with self._connections.reading() as connection:
            return {row[0] for row in connection.execute("SELECT id FROM patients")}

    def lesions(self) -> LesionLists:
        """Lists of the lesions of all scans."""
        return LesionLists(self._connections)

    # --- clinical facts ---------------------------------------------------------------------------------------

    def clinical(self, patient: str) -> Clinical:
        """What the clinic knows of a patient; empty facts where nobody told any."""
        with self._connections.reading() as connection:
            return clinical.facts(connection, patient)

    def all_clinical(self) -> dict[str, Clinical]:
        """The facts of every patient of whom anything was told."""
        with self._connections.reading() as connection:
            return clinical.all_facts(connection)

    def clinical_told(self, patient: str) -> Told:
        """The facts with what undo and redo would do."""
        with self._connections.reading() as connection:
            return clinical.told(connection, patient)

    def tell_clinical(self, patient: str, after: Clinical, what: str, who: str, origin: str = "") -> bool:
        """Make `after` the facts of a patient and of their scans; False where they were so already."""
        return clinical.tell(self._connections, patient, after, what, who, origin)

    def undo_clinical(self, patient: str, who: str) -> str | None:
        """Take back what was told last of a patient; its name, None where nothing stands."""
        return clinical.undo(self._connections, patient, who)

    def redo_clinical(self, patient: str, who: str) -> str | None:
        """Tell again what was taken back last."""
        return clinical.redo(self._connections, patient, who)

    def exclusions(self) -> dict[str, str]:
        """Scans that the clinic or any reader excludes, with the reason; the clinic's before a reader's."""
        with self._connections.reading() as connection:
            return lists.exclusions(connection)

    # --- people and queues ------------------------------------------------------------------------------------

    def people(self) -> tuple[Person, ...]:
        """Everybody who was given a role here, by name."""
        with self._connections.reading() as connection:
            return people.everybody(connection)

    def role(self, name: str) -> Role | None:
        """What a person does here; None where nobody has said."""
        with self._connections.reading() as connection:
            return people.role(connection, name)

    def tell_role(self, person: Person, who: str) -> bool:
        """Give a person a role; False where it was theirs already."""
        return people.tell(self._connections, person, who)

    def make_queue(
        self, reader: str, items: Sequence[Item], blinded: bool, who: str, settings: Mapping[str, Any]
    ) -> Queue:
        """Freeze a queue for a reader, who can have one that is not ended. settings: how it was put together."""
        return self.make_queues([Asked(reader, items, blinded, settings)], who)[0]

    def make_queues(self, asked: Sequence[Asked], who: str) -> list[Queue]:
        """Freeze queues and give their readers their roles: all of it or, where one cannot be made, nothing."""
        return self._queues.make(asked, who)

    def end_queue(self, queue: str, who: str) -> None:
        """End a queue; its readings stay."""
        self._queues.end(queue, who)

    def queues(self, reader: str | None = None) -> list[Queue]:
        """All queues, or one reader's, the latest first."""
        with self._connections.reading() as connection:
            return queues.of_reader(connection, reader)

    def open_queue(self, reader: str) -> Queue | None:
        """The queue of a reader that is not ended."""
        return next((queue for queue in self.queues(reader) if not queue.ended), None)

    def queue_items(self, queue: str, start: int = 0, stop: int | None = None) -> list[QueueItem]:
        """The cases of a queue at these positions."""
        with self._connections.reading() as connection:
            return queues.items(connection, queue, start, stop)

    def queue_scans(self, queue: str, start: int, stop: int) -> list[tuple[str, bool]]:
        """Scan and whether it is done, at these positions of a queue."""
        with self._connections.reading() as connection:
            return queues.scans(connection, queue, start, stop)

    def first_left(self, queue: str, after: int = -1) -> int | None:
        """The first position of a queue behind `after` that is left."""
        with self._connections.reading() as connection:
            return queues.first_left(connection, queue, after)

    def queue_beside(self, queue: str, position: int, by: int) -> QueueItem | None:
        """The next case (by > 0) or the one before that the clinic does not exclude."""
        with self._connections.reading() as connection:
            return queues.beside(connection, queue, position, by)

    def place_in(self, queue: Queue) -> Place | None:
        """Where a queue is gone on with; None where all is done."""
        with self._connections.reading() as connection:
            return queues.place(connection, queue)

    def pace(self, queue: Queue) -> Pace:
        """How far the reader of a queue is, and how fast."""
        return self._queues.pace(queue)

    def come_back(self, queue: str) -> dict[str, int]:
        """Cases of a queue that have come back to their reader by now, with their present round."""
        with self._connections.reading() as connection:
            return queues.reached(connection, queue)

    def several_readings(self) -> list[str]:
        """Scans of which there is more than one reading, by id."""
        with self._connections.reading() as connection:
            found = connection.execute("SELECT scan FROM readings GROUP BY scan HAVING count(*) > 1 ORDER BY scan")
            return [scan for (scan,) in found]

    # --- snapshots --------------------------------------------------------------------------------------------

    @contextmanager
    def moment(self) -> Iterator[Moment]:
        """The library as it is now, also if it is edited while it is read."""
        with self._connections.snapshot() as connection:
            yield Moment(connection, self.folder)

    def sealed(self) -> tuple[str, ...]:
        """The patients kept for one final evaluation, for ever; empty where nobody was sealed."""
        with self._connections.reading() as connection:
            return sealed.patients(connection)

    def seal(self, patients: Sequence[str], who: str, settings: Mapping[str, Any]) -> None:
        """Seal patients, which is done once in a library. settings: how they were drawn."""
        sealed.seal(self._connections, patients, who, settings)

    def openings(self) -> tuple[Opening, ...]:
        """When the sealed patients were looked at."""
        with self._connections.reading() as connection:
            return sealed.openings(connection)

    def note_opening(self, run: str, snapshot: str, who: str) -> int:
        """Count one look at the sealed patients, before it is taken; how many there are with it."""
        return sealed.note_opening(self._connections, run, snapshot, who)

    # --- care -------------------------------------------------------------------------------------------------

    def verifying(self, head: str | None = None) -> Generator[tuple[int, int], None, Verification]:
        """`verify` step by step: yields (done, total), returns what was found. Works read-only."""
        self._connections.check()
        return verify.steps(self._connections, self.folder, head)

    def verify(self, head: str | None = None) -> Verification:
        """Check history, tables and files. head: a head noted earlier, which must still be in the history."""
        return _finish(self.verifying(head))

    def backing_up(self, file: Path) -> Generator[tuple[int, int], None, int]:
        """`backup` step by step: yields (done, total) bytes, returns the file's size. Closing it leaves nothing."""
        return backup.steps(self._connections, self.folder, file)

    def backup(self, file: Path) -> int:
        """Write a consistent copy into one file, while in use; its size in bytes."""
        return _finish(self.backing_up(file))

    @classmethod
    def restore(cls, file: Path, folder: Path) -> Self:
        """Unpack a backup into a new or empty folder, and open it."""
        backup.restore(file, folder)
        return cls.open(folder)

    # --- readings ---------------------------------------------------------------------------------------------

    def readings(self, scan: str) -> list[ReadingKey]:
        """The readings begun on a scan, the first first."""
        with self._connections.reading() as connection:
            return readings.of_scan(connection, scan)

    def key(self, scan: str, reader: str) -> ReadingKey:
        """A person's reading of a scan in the round they are in now: the first, unless they read blinded."""
        return ReadingKey(scan, reader)

    def session(self, key: ReadingKey) -> Session:
        """The reading with its undo stacks, empty where nothing was done yet."""
        return self._readings.session(key)

    def append(self, key: ReadingKey, step: Step, who: str) -> str:
        """Write one step; durable on disk when its row's hash comes back. EditError where it does not fit."""
        return self._readings.append(key, step, who)

    def history(self, scan: str) -> list[history.HistoryRow]:
        """What was done to the scan itself: import, join, corrections."""
        with self._connections.reading() as connection:
            return history.of_scan(connection, scan)


def _finish(steps: Generator[tuple[int, int], None, _T]) -> _T:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: _T = stop.value
            return result


def _create_database(file: Path, kind: str) -> None:
    from sqlite_utils import Database

    connection = sqlite3.connect(file, isolation_level=None)
    db = Database(connection, execute_plugins=False)
    try:
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        with db.atomic():
            schema.migrate(connection)
            db.table("library").insert_all(
                {"key": key, "value": value}
                for key, value in {"id": secrets.token_hex(16), "kind": kind, "created": history.now()}.items()
            )
    finally:
        db.close()


def _check_version(folder: Path, database: Path) -> int:
    """The library's schema version; LibraryError where this program cannot read it."""
    with told():
        connection = open_reading(database)
        try:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            found = schema.version(connection)
        finally:
            connection.close()
    if application != schema.APPLICATION_ID or found < 1:
        raise LibraryError(f"{folder} is no library: its {DATABASE} was made by another program.")
    if found > len(schema.MIGRATIONS):
        raise LibraryError(
            f"{folder} was written by a newer version (format {found}; this program knows {len(schema.MIGRATIONS)}). "
            "Update the program to open it."
        )
    return found


def _bring_up_to_date(database: Path, found: int) -> None:
    """Copy the older database beside itself, then take the missing steps as one transaction."""
    from sqlite_utils import Database

    copy = database.with_name(f"library-format-{found}.db")
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        if not copy.exists():
            part = copy.with_name(copy.name + ".part")
            part.unlink(missing_ok=True)
            target = sqlite3.connect(part)
            connection.backup(target)
            target.close()
            os.replace(part, copy)
            files.sync_folder(database.parent)
        connection.execute("PRAGMA synchronous = FULL")
        with Database(connection, execute_plugins=False).atomic():
            schema.migrate(connection)
    finally:
        connection.close()
