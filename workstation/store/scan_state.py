"""What the library holds of a scan itself, as one JSON value that the history builds up row by row.

The tables are a projection of this value, so verification can build it again from the history and compare.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from typing import Any

import numpy as np

from workstation.core.scan import Frame, View
from workstation.store.errors import decoding
from workstation.store.values import NewScan

State = dict[str, Any]

COLUMNS = (
    "patient", "day", "tumour", "sex", "age", "study", "series", "kind", "source", "sides", "upside_down", "reference",
    "excluded",
)  # fmt: skip
CORRECTABLE = ("day", "tumour", "sex", "age", "sides", "upside_down", "reference", "excluded")


def plain(value: object) -> Any:
    """The value as JSON can keep it: text, numbers, lists and objects; what has no number is null."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no text
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return plain(str(value))


def new_state(scan: NewScan) -> State:
    """The scan without frames and objects, which are put in as their files are known."""
    state: State = {name: plain(getattr(scan, name)) for name in COLUMNS}
    state["upside_down"] = int(scan.upside_down)
    return {**state, "facts": plain(scan.facts), "frames": {}, "objects": {}}


def frame_state(frame: Frame, original: str | None, path: str | None, digest: str | None) -> State:
    """A frame's facts; without a path its header only: sums over pixels that are not kept would prove nothing."""
    kept = path is not None
    return {
        "rows": frame.rows,
        "columns": frame.columns,
        "dtype": str(frame.counts.dtype),
        "sum": plain(frame.counts.sum(dtype=np.float64 if frame.counts.dtype == np.float32 else np.int64))
        if kept
        else None,
        "max": plain(frame.counts.max()) if kept else None,
        "row_spacing": None if frame.spacing_mm is None else plain(frame.spacing_mm[0]),
        "column_spacing": None if frame.spacing_mm is None else plain(frame.spacing_mm[1]),
        "how": None if frame.how is None else str(frame.how),
        "number": frame.number,
        "object": original,
        "path": path,
        "sha256": digest,
    }


def after(state: State | None, do: str, edit: State) -> State:
    """The scan after one row of its history. ValueError or KeyError where the row does not fit."""
    if do == "import":
        if state is not None:
            raise ValueError("a scan is imported once")
        return edit
    if state is None:
        raise ValueError("a scan is imported before anything is done to it")
    if do == "join":
        return {
            **state,
            "frames": {**state["frames"], **edit["frames"]},
            "objects": {**state["objects"], **edit["objects"]},
        }
    if do == "correct":
        for name, before in edit["before"].items():
            if state.get(name) != before:
                raise ValueError(f"{name} was not as the correction found it")
        return {**state, **edit["after"]}
    if do == "views":
        moved = {edit["views"].get(view, view): frame for view, frame in state["frames"].items()}
        if len(moved) != len(state["frames"]):
            raise ValueError("two frames cannot show the same view")
        corrected = set(edit["views"].values())
        return {**state, "frames": {v: {**f, "how": "user"} if v in corrected else f for v, f in moved.items()}}
    if do == "simulated":
        return {**state, "simulated": edit}
    raise ValueError(f"unknown step {do}")


def search_text(scan: str, state: State) -> str:
    """What a search looks through, in small letters."""
    words = (scan, state["patient"], state["day"], state["tumour"], state["source"], state["facts"].get("patient_name"))
    return " ".join(str(word) for word in words if word).casefold()


def insert(connection: sqlite3.Connection, scan: str, state: State, at: str) -> None:
    connection.execute("INSERT OR IGNORE INTO patients (id) VALUES (?)", (state["patient"],))
    marks = ", ".join("?" * (len(COLUMNS) + 3))
    connection.execute(
        f"INSERT INTO scans (id, {', '.join(COLUMNS)}, imported, search) VALUES ({marks})",
        (scan, *(state[name] for name in COLUMNS), at, search_text(scan, state)),
    )
    connection.execute("INSERT INTO facts VALUES (?, ?)", (scan, json.dumps(state["facts"])))
    insert_objects(connection, scan, state["objects"])
    insert_frames(connection, scan, state["frames"])


def insert_objects(connection: sqlite3.Connection, scan: str, objects: Mapping[str, State]) -> None:
    connection.executemany(
        "INSERT INTO objects (original, scan, name, path, sha256, bytes) VALUES (?,?,?,?,?,?)",
        [(key, scan, o["name"], o["path"], o["sha256"], o["bytes"]) for key, o in objects.items()],
    )


_FRAME_COLUMNS = (
    "rows", "columns", "dtype", "sum", "max", "row_spacing", "column_spacing", "how", "number", "object", "path",
    "sha256",
)  # fmt: skip


def insert_frames(connection: sqlite3.Connection, scan: str, frames: Mapping[str, State]) -> None:
    connection.executemany(
        f"INSERT INTO frames (scan, view, {', '.join(_FRAME_COLUMNS)}) VALUES ({', '.join('?' * 14)})",
        [(scan, view, *(frame[name] for name in _FRAME_COLUMNS)) for view, frame in frames.items()],
    )


def replace(connection: sqlite3.Connection, scan: str, state: State) -> None:
    """Bring the scan's rows to `state`; its objects are never taken away."""
    assigned = ", ".join(f"{name} = ?" for name in COLUMNS)
    connection.execute(
        f"UPDATE scans SET {assigned}, search = ? WHERE id = ?",
        (*(state[name] for name in COLUMNS), search_text(scan, state), scan),
    )
    connection.execute("DELETE FROM frames WHERE scan = ?", (scan,))
    insert_frames(connection, scan, state["frames"])


def read(connection: sqlite3.Connection, scan: str) -> State | None:
    """The state as the tables hold it; None where there is no such scan."""
    found = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM scans WHERE id = ?", (scan,)).fetchone()
    if found is None:
        return None
    kept = connection.execute("SELECT facts FROM facts WHERE scan = ?", (scan,)).fetchone()
    with decoding(scan):
        facts = dict(json.loads(kept[0])) if kept else {}
    frames = connection.execute(f"SELECT view, {', '.join(_FRAME_COLUMNS)} FROM frames WHERE scan = ?", (scan,))
    objects = connection.execute("SELECT original, name, path, sha256, bytes FROM objects WHERE scan = ?", (scan,))
    return {
        **dict(zip(COLUMNS, found, strict=True)),
        "facts": facts,
        "frames": {row[0]: dict(zip(_FRAME_COLUMNS, row[1:], strict=True)) for row in frames},
        "objects": {row[0]: dict(zip(("name", "path", "sha256", "bytes"), row[1:], strict=True)) for row in objects},
    }


def views(state: State) -> tuple[View, ...]:
    return tuple(view for view in View if str(view) in state["frames"])
