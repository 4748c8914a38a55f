"""Scans into the library and out of it, each way with its line in the history."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from workstation.core.scan import Frame, How, Scan, View
from workstation.store import clinical, corrections, files, history, readings, scan_state
from workstation.store.connection import Connections
from workstation.store.corrections import known
from workstation.store.errors import LibraryError, decoding, told
from workstation.store.scan_state import State
from workstation.store.thumbnail import thumbnail
from workstation.store.values import KeptObject, NewScan

if TYPE_CHECKING:
    from sqlite_utils import Database

_IDENTIFIER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")  # it names files and folders


@dataclass(frozen=True)
class _Prepared:
    scan: str
    state: State
    picture: bytes | None
    files: tuple[files.NewFile, ...]


def _prepare(scan: NewScan, headers_only: bool) -> _Prepared:
    """Hash and encode before any lock is taken: this is where the time goes."""
    if not _IDENTIFIER.fullmatch(scan.id):
        raise ValueError(f"a scan's id is made of letters, digits, dot, dash and underline, got {scan.id!r}")
    if not scan.frames:
        raise ValueError("a scan has at least one view")
    state = scan_state.new_state(scan)
    if headers_only:
        state["frames"] = {str(v): scan_state.frame_state(f, None, None, None) for v, f in scan.frames.items()}
        return _Prepared(scan.id, state, None, ())
    added, new_files = _parts(scan.id, scan.frames, scan.objects)
    return _Prepared(scan.id, {**state, **added}, thumbnail(scan.frames, scan.upside_down), new_files)


def _parts(
    scan: str, frames: Mapping[View, Frame], objects: Sequence[KeptObject]
) -> tuple[State, tuple[files.NewFile, ...]]:
    kept, new_files, holds = {}, [], {}
    for item in objects:
        file = files.object_file(scan, item.data)
        new_files.append(file)
        kept[item.original] = {
            "name": scan_state.plain(item.name),
            "path": file.path,
            "sha256": file.sha256,
            "bytes": len(item.data),
        }
        holds.update(dict.fromkeys(item.views, item.original))
    states = {}
    for view, frame in frames.items():
        file = files.pixel_file(scan, frame)
        new_files.append(file)
        states[str(view)] = scan_state.frame_state(frame, holds.get(view), file.path, file.sha256)
    return {"frames": states, "objects": kept}, tuple(new_files)


def add(
    connections: Connections, folder: Path, batch: Sequence[NewScan], who: str, headers_only: bool = False
) -> list[str]:
    """Add scans as one durable transaction; the ids, in order. LibraryError where one is there already."""
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        prepared = list(pool.map(_prepare, batch, repeat(headers_only)))
    new_files = [file for item in prepared for file in item.files]
    with _arriving(connections, folder, new_files) as db:
        at = history.now()
        for item in prepared:
            _refuse_known(db.conn, item.state["objects"])
            if db.conn.execute("SELECT 1 FROM scans WHERE id = ?", (item.scan,)).fetchone():
                raise LibraryError(f"Scan {item.scan} is in the library already.")
            scan_state.insert(db.conn, item.scan, item.state, at)
            _keep_picture(db.conn, item.scan, item.picture)
            history.append(db.conn, who, item.scan, "import", history.canonical(item.state))
            if item.state["excluded"] is not None:
                readings.keep_shown(db.conn, item.scan)
            clinical.carry(db.conn, item.state["patient"], item.scan, who)
    return [item.scan for item in prepared]


def join(connections: Connections, folder: Path, scan: str, frame: Frame, kept: KeptObject | None, who: str) -> None:
    """Add the partner that was absent. LibraryError where the scan has that view already."""
    if frame.view is None:
        raise ValueError("a joining frame says which view it is")
    added, new_files = _parts(scan, {frame.view: frame}, () if kept is None else (kept,))
    with _arriving(connections, folder, new_files) as db:
        state = known(db.conn, scan)
        _refuse_known(db.conn, added["objects"])
        if str(frame.view) in state["frames"]:
            raise LibraryError(f"Scan {scan} has its {frame.view} view already.")
        scan_state.insert_objects(db.conn, scan, added["objects"])
        scan_state.insert_frames(db.conn, scan, added["frames"])
        joined = scan_state.after(state, "join", added)
        if all(part["path"] for part in joined["frames"].values()):
            _keep_picture(db.conn, scan, _picture(folder, joined))
        history.append(db.conn, who, scan, "join", history.canonical(added))


def correct(connections: Connections, scan: str, who: str, fields: Mapping[str, Any], folder: Path) -> None:
    """Change what is known of a scan: any of scan_state.CORRECTABLE."""
    unknown = set(fields) - set(scan_state.CORRECTABLE)
    if unknown:
        raise ValueError(f"a scan's {', '.join(sorted(unknown))} cannot be corrected")
    values = {name: plain_field(name, value) for name, value in fields.items()}
    with connections.writing() as db:
        if "upside_down" in values and known(db.conn, scan)["upside_down"] != values["upside_down"]:
            _refuse_drawn(db.conn, scan, "turned")
        corrected = corrections.correct_within(db.conn, scan, who, values)
        if "upside_down" in values and corrected and all(part["path"] for part in corrected["frames"].values()):
            _keep_picture(db.conn, scan, _picture(folder, corrected))


def turn(connections: Connections, scan: str, who: str, folder: Path) -> None:
    """Correct which way up a scan was stored to the other one."""
    with connections.reading() as connection:
        now = known(connection, scan)["upside_down"]
    correct(connections, scan, who, {"upside_down": not now}, folder)


def plain_field(name: str, value: object) -> Any:
    return int(bool(value)) if name == "upside_down" else scan_state.plain(value)


def assign_views(connections: Connections, folder: Path, scan: str, views: Mapping[View, View], who: str) -> None:
    """Say which view each frame shows: present view -> right view. Both to swap them, one to correct a single frame."""
    with connections.writing() as db:
        state = known(db.conn, scan)
        edit = {"views": {str(now): str(right) for now, right in views.items()}}
        if not set(edit["views"]) <= set(state["frames"]):
            raise ValueError(f"scan {scan} has no such view")
        try:
            corrected = scan_state.after(state, "views", edit)
        except ValueError as error:
            raise LibraryError(f"The views of scan {scan} stay as they are: {error}.") from error
        if any(now is not right for now, right in views.items()):
            _refuse_drawn(db.conn, scan, "exchanged")
        scan_state.replace(db.conn, scan, corrected)
        if all(part["path"] for part in corrected["frames"].values()):
            _keep_picture(db.conn, scan, _picture(folder, corrected))
        history.append(db.conn, who, scan, "views", history.canonical(edit))


def load(connection: sqlite3.Connection, folder: Path, scan: str) -> Scan:
    """The scan with its counts, head at row 0."""
    return _scan(folder, scan, known(connection, scan))


def known_objects(connection: sqlite3.Connection, originals: Iterable[str]) -> set[str]:
    found: set[str] = set()
    asked = list(originals)
    for start in range(0, len(asked), 500):
        block = asked[start : start + 500]
        marks = ",".join("?" * len(block))
        there = connection.execute(f"SELECT original FROM objects WHERE original IN ({marks})", block)
        found.update(row[0] for row in there)
    return found


def partner(connection: sqlite3.Connection, study: str, view: View) -> str | None:
    """The one scan of that acquisition which lacks `view`; None where there is none or several."""
    found = connection.execute(
        "SELECT id FROM scans WHERE study = ? AND NOT EXISTS (SELECT 1 FROM frames WHERE scan = scans.id AND view = ?)",
        (study, str(view)),
    ).fetchmany(2)
    return str(found[0][0]) if study and len(found) == 1 else None


def clean(connections: Connections, folder: Path) -> None:
    """Take away the files of imports that ended before their rows were written."""
    with connections.reading() as connection:
        left = [row[0] for row in connection.execute("SELECT path FROM incoming")]
    if left:
        _give_up(connections, folder, left)


@contextmanager
def _arriving(connections: Connections, folder: Path, new_files: Sequence[files.NewFile]) -> Iterator[Database]:
    """Write files, then give the transaction in which their rows are written.

    The files' names are noted durably beforehand, so that whatever a crash leaves behind is known and taken away.
    """
    paths = [file.path for file in new_files]
    if paths:
        with connections.writing() as db:
            db.conn.executemany("INSERT OR IGNORE INTO incoming VALUES (?)", [(path,) for path in paths])
    try:
        with told():
            files.write(folder, new_files)
        with connections.writing() as db:
            yield db
            db.conn.executemany("DELETE FROM incoming WHERE path = ?", [(path,) for path in paths])
    except Exception:
        with suppress(LibraryError):  # what cannot be taken away now will be when the library is opened next
            _give_up(connections, folder, paths)
        raise


def _give_up(connections: Connections, folder: Path, paths: Sequence[str]) -> None:
    with connections.writing() as db:
        for path in paths:
            named = "SELECT 1 FROM objects WHERE path = ?1 UNION ALL SELECT 1 FROM frames WHERE path = ?1"
            if db.conn.execute(named, (path,)).fetchone() is None:
                with told():
                    files.remove(folder, [path])
            db.conn.execute("DELETE FROM incoming WHERE path = ?", (path,))


def _refuse_known(connection: sqlite3.Connection, objects: Mapping[str, State]) -> None:
    there = known_objects(connection, objects)
    if there:
        names = ", ".join(sorted(objects[key]["name"] for key in there))
        raise LibraryError(f"The library holds {names} already.")


def _refuse_drawn(connection: sqlite3.Connection, scan: str, what: str) -> None:
    """Regions of interest belong to pixels of a view: they would lie elsewhere afterwards."""
    drawn = connection.execute(
        "SELECT count(*) FROM lesions JOIN readings ON readings.id = reading WHERE scan = ?", (scan,)
    ).fetchone()[0]
    if drawn:
        raise LibraryError(f"Scan {scan} has {drawn} lesions drawn. Delete them before its views are {what}.")


def _scan(folder: Path, scan: str, state: State) -> Scan:
    with decoding(scan):
        return _decoded(folder, scan, state)


def _decoded(folder: Path, scan: str, state: State) -> Scan:
    frames = {}
    if not [View(name) for name in state["frames"]]:
        raise ValueError("it has no view")
    for view in scan_state.views(state):
        part = state["frames"][str(view)]
        if part["path"] is None:
            raise LibraryError(f"Scan {scan} was added without its pixels; only its headers can be shown.")
        counts: Any = files.read_counts(folder, part["path"], (part["rows"], part["columns"]), part["dtype"])
        spacing = None if part["row_spacing"] is None else (part["row_spacing"], part["column_spacing"])
        how = None if part["how"] is None else How(part["how"])
        frames[view] = Frame(counts[::-1, ::-1] if state["upside_down"] else counts, view, how, part["number"], spacing)
    facts = MappingProxyType(state["facts"])
    return Scan(scan, state["patient"], frames, state["sides"], state["day"], facts)


def _picture(folder: Path, state: State) -> bytes:
    return thumbnail(_scan(folder, "", {**state}).frames)


def _keep_picture(connection: sqlite3.Connection, scan: str, picture: bytes | None) -> None:
    if picture is not None:
        connection.execute("INSERT OR REPLACE INTO thumbnails VALUES (?, ?)", (scan, picture))
