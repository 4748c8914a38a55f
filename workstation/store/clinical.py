"""Clinical facts of patients: told, taken back and told again, each a row of the history that no one can change.

What was told of a patient also stands in the columns of the patient's scans, by which lists search and sort: each
telling corrects the scans, and the rows of these corrections name the row of the telling, so that taking it back takes
them back as well.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workstation.core import clinical
from workstation.core.clinical import Clinical
from workstation.store import corrections, history, scan_state
from workstation.store.connection import Connections
from workstation.store.errors import LibraryError

TELL, UNDO, REDO = "clinical", "clinical undo", "clinical redo"
_ROWS = "SELECT seq, do, of, edit FROM history WHERE scan = '' AND json_extract(edit, '$.patient') = ? ORDER BY seq"
_TO_SCANS = ("tumour", "sex", "reference", "excluded")


@dataclass(frozen=True)
class Told:
    """A patient's facts, and the rows whose tellings stand or were taken back, oldest first."""

    facts: Clinical = Clinical()
    done: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    undone: tuple[tuple[int, Mapping[str, Any]], ...] = ()

    @property
    def undo_text(self) -> str | None:
        return self.done[-1][1]["what"] if self.done else None

    @property
    def redo_text(self) -> str | None:
        return self.undone[-1][1]["what"] if self.undone else None


def facts(connection: sqlite3.Connection, patient: str) -> Clinical:
    """What is known of a patient now; empty facts where nothing is."""
    found = connection.execute("SELECT facts FROM clinical WHERE patient = ?", (patient,)).fetchone()
    return Clinical() if found is None else _facts(patient, found[0])


def all_facts(connection: sqlite3.Connection) -> dict[str, Clinical]:
    """Of every patient of whom anything was ever told."""
    return {
        patient: _facts(patient, text) for patient, text in connection.execute("SELECT patient, facts FROM clinical")
    }


def told(connection: sqlite3.Connection, patient: str) -> Told:
    """The facts with both stacks, folded from the history. LibraryError where the history is damaged."""
    now: dict[str, Any] = {}
    done: list[tuple[int, Mapping[str, Any]]] = []
    undone: list[tuple[int, Mapping[str, Any]]] = []
    try:
        for seq, do, of, text in connection.execute(_ROWS, (patient,)):
            if do == TELL:
                edit = json.loads(text)
                now = _after(now, edit["before"], edit["after"])
                done.append((seq, edit))
                undone.clear()
            elif do == UNDO:
                _expect(done[-1][0], of)
                now = _after(now, done[-1][1]["after"], done[-1][1]["before"])
                undone.append(done.pop())
            elif do == REDO:
                _expect(undone[-1][0], of)
                now = _after(now, undone[-1][1]["before"], undone[-1][1]["after"])
                done.append(undone.pop())
        return Told(Clinical.from_json(now), tuple(done), tuple(undone))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise LibraryError(
            f"The clinical history of patient {patient} is damaged ({error}). Restore the last backup."
        ) from error


def tell(connections: Connections, patient: str, after: Clinical, what: str, who: str, origin: str = "") -> bool:
    """Make `after` the patient's facts; durable when this returns. False where they were so already.

    what: the step's name for the undo menu. origin: "table" or the role of who tells. LibraryError for a patient
    without scans.
    """
    with connections.writing() as db:
        connection = db.conn
        if connection.execute("SELECT 1 FROM patients WHERE id = ?", (patient,)).fetchone() is None:
            raise LibraryError(f"There is no patient {patient} in this library.")
        before = facts(connection, patient).to_json()
        new = after.to_json()
        changed = [name for name in sorted({*before, *new}) if before.get(name) != new.get(name)]
        if not changed:
            return False
        edit = {
            "patient": patient,
            "what": what,
            "before": {name: before.get(name) for name in changed},
            "after": {name: new.get(name) for name in changed},
        }
        seq, _ = history.append(connection, who, "", TELL, history.canonical(edit), origin=origin)
        _keep(connection, patient, after)
        _to_scans(connection, patient, after, changed, who, seq)
    return True


def undo(connections: Connections, patient: str, who: str) -> str | None:
    """Take back the last telling that stands; its name, None where there is none."""
    return _step(connections, patient, who, UNDO)


def redo(connections: Connections, patient: str, who: str) -> str | None:
    """Tell again what was taken back last."""
    return _step(connections, patient, who, REDO)


def carry(connection: sqlite3.Connection, patient: str, scan: str, who: str) -> None:
    """A scan that has just come in takes on what is known of its patient."""
    if connection.execute("SELECT 1 FROM clinical WHERE patient = ?", (patient,)).fetchone() is None:
        return
    first, now = _first_day(connection, patient), dict[str, Any]()
    for seq, edit in told(connection, patient).done:  # one by one, so that each can be taken back here as well
        now = {**now, **edit["after"]}
        known = Clinical.from_json({name: value for name, value in now.items() if value is not None})
        _to_scan(connection, scan, known, list(edit["after"]), first, who, seq)


def check(connection: sqlite3.Connection) -> list[str]:
    """Whether the table is as the history has it; a sentence for each patient of whom it is not."""
    held = dict(connection.execute("SELECT patient, facts FROM clinical"))
    in_history = connection.execute(
        "SELECT DISTINCT json_extract(edit, '$.patient') FROM history WHERE scan = '' AND do = ?", (TELL,)
    )
    problems = []
    for patient in sorted({str(row[0]) for row in in_history} | set(held)):
        expected = told(connection, patient)
        if held.get(patient) != history.canonical(expected.facts.to_json()) or not (expected.done or expected.undone):
            problems.append(f"The clinical facts of patient {patient} are not as the history has them.")
    return problems


def _step(connections: Connections, patient: str, who: str, do: str) -> str | None:
    with connections.writing() as db:
        connection = db.conn
        stands = told(connection, patient)
        stack = stands.done if do == UNDO else stands.undone
        if not stack:
            return None
        of, edit = stack[-1]
        before, after = (edit["after"], edit["before"]) if do == UNDO else (edit["before"], edit["after"])
        new = Clinical.from_json(_after(stands.facts.to_json(), before, after))
        seq, _ = history.append(connection, who, "", do, history.canonical({"patient": patient}), of=of)
        _keep(connection, patient, new)
        if do == UNDO:
            _take_back(connection, of, who)
        else:
            _to_scans(connection, patient, new, list(after), who, of)
    return str(edit["what"])


def _keep(connection: sqlite3.Connection, patient: str, now: Clinical) -> None:
    connection.execute(
        "INSERT INTO clinical (patient, facts) VALUES (?, ?) ON CONFLICT DO UPDATE SET facts = excluded.facts",
        (patient, history.canonical(now.to_json())),
    )


def _to_scans(
    connection: sqlite3.Connection, patient: str, now: Clinical, changed: list[str], who: str, of: int
) -> None:
    first = _first_day(connection, patient)
    for (scan,) in connection.execute("SELECT id FROM scans WHERE patient = ? ORDER BY id", (patient,)).fetchall():
        _to_scan(connection, scan, now, changed, first, who, of)


def _to_scan(
    connection: sqlite3.Connection,
    scan: str,
    now: Clinical,
    changed: list[str],
    first_day: str | None,
    who: str,
    of: int | None,
) -> None:
    """Reference and exclusion are the patient's; tumour and sex where told; an age only where the scan has none."""
    values = {
        name: getattr(now, name)
        for name in _TO_SCANS
        if name in changed and (getattr(now, name) is not None or name in ("reference", "excluded"))
    }
    if {"birth_year", "age"} & set(changed):
        day, age = connection.execute("SELECT day, age FROM scans WHERE id = ?", (scan,)).fetchone()
        told_age = clinical.age_at(now, day, first_day)
        if age is None and told_age is not None:
            values["age"] = told_age
    corrections.correct_within(connection, scan, who, values, of)


def _take_back(connection: sqlite3.Connection, of: int, who: str) -> None:
    """Undo the corrections of scans that the telling made, where they have not been corrected otherwise since."""
    rows = connection.execute(
        "SELECT scan, edit FROM history WHERE of = ? AND do = 'correct' ORDER BY seq DESC", (of,)
    ).fetchall()
    seen: set[str] = set()
    for scan, text in rows:
        if scan in seen:
            continue  # an earlier round of telling, undone and told again
        seen.add(scan)
        edit = json.loads(text)
        state = scan_state.read(connection, scan) or {}
        values = {name: edit["before"][name] for name, value in edit["after"].items() if state.get(name) == value}
        corrections.correct_within(connection, scan, who, values, None)


def _first_day(connection: sqlite3.Connection, patient: str) -> str | None:
    found = connection.execute("SELECT min(day) FROM scans WHERE patient = ?", (patient,)).fetchone()
    return None if found is None else found[0]


def _facts(patient: str, text: str) -> Clinical:
    try:
        return Clinical.from_json(json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise LibraryError(
            f"What the library holds of patient {patient} is damaged ({error}). Restore the last backup."
        ) from error


def _after(now: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in before.items():
        if now.get(name) != value:
            raise ValueError(f"{name} was not as the step found it")
    return {name: value for name, value in {**now, **after}.items() if value is not None}


def _expect(found: int, of: int | None) -> None:
    if found != of:
        raise ValueError("a step back of another step than the last")
